# Ruby's faye-websocket, with EventMachine.
require "eventmachine"
require "faye/websocket"

$stdout.sync = true

def echo(socket, &done)
  socket.on(:message) do |event|
    command, number, reason = event.data.is_a?(String) ? event.data.split(" ", 3) : nil
    if command == "!close" then socket.close(number.to_i, reason)
    elsif command == "!send" then socket.send([0] * number.to_i)
    else socket.send(event.data)
    end
  end
  socket.on(:close) do |event|
    puts "closed #{event.code}"
    done&.call
  end
end

def connect(url, number, count)
  return EM.stop if number == count
  echo(Faye::WebSocket::Client.new("#{url}#{number}", [], max_length: 1 << 24)) do
    connect(url, number + 1, count)
  end
end

EM.run { connect(ARGV[1], 0, ARGV[2].to_i) }

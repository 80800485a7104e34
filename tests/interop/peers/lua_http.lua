-- lua-http.
local server = require "http.server"
local websocket = require "http.websocket"

local function echo(socket)
    while true do
        local data, kind = socket:receive()
        if not data then break end
        local command, number, reason = data:match "^(!%l+) (%d+) ?(.*)$"
        if kind == "text" and command == "!close" then
            socket:close(tonumber(number), reason)
        elseif kind == "text" and command == "!send" then
            socket:send(("\0"):rep(tonumber(number)), "binary")
        else
            socket:send(data, kind)
        end
    end
    print("closed " .. (socket.got_close_code or 1006))
end

io.stdout:setvbuf "line"
local role, url, count = table.unpack(arg)
if role == "client" then
    for number = 0, count - 1 do
        local socket = websocket.new_from_uri(url .. number)
        assert(socket:connect())
        echo(socket)
    end
else
    local listener = server.listen {
        host = "127.0.0.1", port = 0, tls = false,
        onstream = function(_, stream)
            local socket = assert(websocket.new_from_stream(stream, assert(stream:get_headers())))
            assert(socket:accept())
            echo(socket)
        end,
    }
    assert(listener:listen())
    print("listening " .. select(3, listener:localname()))
    assert(listener:loop())
end

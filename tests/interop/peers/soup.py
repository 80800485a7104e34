"""GNOME's libsoup."""

import sys

import gi

gi.require_version("Soup", "3.0")
from gi.repository import GLib, Soup  # noqa: E402

loop = GLib.MainLoop()
sockets = []


def echo(socket, done):
    sockets.append(socket)
    socket.set_max_incoming_payload_size(1 << 24)

    def message(socket, kind, data):
        words = data.get_data()[:100].split(b" ") if kind == Soup.WebsocketDataType.TEXT else [b""]
        if words[0] == b"!close":
            socket.close(int(words[1]), words[2].decode())
        elif words[0] == b"!send":
            socket.send_message(Soup.WebsocketDataType.BINARY, GLib.Bytes.new(bytes(int(words[1]))))
        else:
            socket.send_message(kind, data)

    def closed(socket):
        print("closed", socket.get_close_code() or 1006, flush=True)
        done()

    socket.connect("message", message)
    socket.connect("closed", closed)


def connect(number):
    if number == int(sys.argv[3]):
        return loop.quit()
    request = Soup.Message.new("GET", f"{sys.argv[2]}{number}")

    def connected(session, result):
        echo(session.websocket_connect_finish(result), lambda: connect(number + 1))

    session.websocket_connect_async(request, None, None, GLib.PRIORITY_DEFAULT, None, connected)


if sys.argv[1] == "client":
    session = Soup.Session()
    session.add_feature_by_type(Soup.WebsocketExtensionManager)
    connect(0)
else:
    server = Soup.Server()
    server.add_websocket_extension(Soup.WebsocketExtensionDeflate)
    server.add_websocket_handler(None, None, None,
                                 lambda server, message, path, socket: echo(socket, lambda: None))
    server.listen_local(0, Soup.ServerListenOptions.IPV4_ONLY)
    print("listening", server.get_uris()[0].get_port(), flush=True)
loop.run()

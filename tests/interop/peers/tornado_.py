"""Python's Tornado."""

import asyncio
import contextlib
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler, websocket_connect


class Echo(WebSocketHandler):
    def get_compression_options(self):
        return {}

    async def on_message(self, message):
        await reply(self, message)

    def on_close(self):
        print("closed", self.close_code or 1006, flush=True)


async def reply(socket, message):
    if isinstance(message, str) and message.startswith("!close"):
        _, code, reason = message.split(" ")
        socket.close(int(code), reason)
    elif isinstance(message, str) and message.startswith("!send"):
        await socket.write_message(bytes(int(message.split(" ")[1])), binary=True)
    else:
        await socket.write_message(message, binary=isinstance(message, bytes))


async def main(role, *rest):
    if role == "client":
        for number in range(int(rest[1])):
            socket = await websocket_connect(f"{rest[0]}{number}", compression_options={})
            while (message := await socket.read_message()) is not None:
                with contextlib.suppress(WebSocketClosedError):
                    await reply(socket, message)
            print("closed", socket.close_code or 1006, flush=True)
        return
    sockets = bind_sockets(0, "127.0.0.1")
    HTTPServer(Application([("/.*", Echo)])).add_sockets(sockets)
    print("listening", sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().create_future()


asyncio.run(main(*sys.argv[1:]))

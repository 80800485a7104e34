"""Python's websockets."""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


async def echo(socket):
    try:
        while True:
            message = await socket.recv()
            if isinstance(message, str) and message.startswith("!close"):
                _, code, reason = message.split(" ")
                await socket.close(int(code), reason)
            elif isinstance(message, str) and message.startswith("!send"):
                await socket.send(bytes(int(message.split(" ")[1])))
            else:
                await socket.send(message)
    except ConnectionClosed:
        pass
    print("closed", socket.close_code, socket.close_reason or "", flush=True)


async def main(role, *rest):
    if role == "client":
        for number in range(int(rest[1])):
            async with connect(f"{rest[0]}{number}", max_size=None, proxy=None) as socket:
                await echo(socket)
        return
    async with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


asyncio.run(main(*sys.argv[1:]))

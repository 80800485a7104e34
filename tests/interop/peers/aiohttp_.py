"""Python's aiohttp."""

import asyncio
import sys

from aiohttp import ClientSession, WSMsgType, web


async def echo(socket):
    async for message in socket:
        if message.type == WSMsgType.TEXT and message.data.startswith("!close"):
            _, code, reason = message.data.split(" ")
            await socket.close(code=int(code), message=reason.encode())
        elif message.type == WSMsgType.TEXT and message.data.startswith("!send"):
            await socket.send_bytes(bytes(int(message.data.split(" ")[1])))
        elif message.type == WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    print("closed", socket.close_code, flush=True)


async def serve(request):
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    await echo(socket)
    return socket


async def main(role, *rest):
    if role == "client":
        async with ClientSession() as session:
            for number in range(int(rest[1])):
                async with session.ws_connect(f"{rest[0]}{number}", compress=15,
                                              max_msg_size=0) as socket:
                    await echo(socket)
        return
    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("listening", runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().create_future()


asyncio.run(main(*sys.argv[1:]))

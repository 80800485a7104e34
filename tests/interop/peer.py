"""Python's websockets at the other end, as `peer.js` is Node's."""

import asyncio
import random
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory)

POOL = ["a", " the words that come again", "é", "€", "😀", '{"key": 1}', "\0", "~"]


def make_messages(seed, count):
    source = random.Random(seed)
    messages = []
    for _ in range(count):
        below = source.choice([1, 2, 60, 130, 700, 4000, 65536])
        length = source.randrange(below)
        if source.random() < 0.5:
            words, at = [], source.randrange(len(POOL))
            step, size = source.randrange(3), 0
            while size < length:
                words.append(POOL[at % len(POOL)])
                size += len(words[-1])
                at += step
            messages.append("".join(words))
        else:
            noise = source.choice([1, 4, 256])
            messages.append(bytes(at // 9 % 256 for at in range(length)) if noise == 1
                            else bytes(source.choices(range(noise), k=length)))
    return messages


async def exercise(socket, messages):
    assert "permessage-deflate" in socket.response.headers["Sec-WebSocket-Extensions"]
    room = asyncio.Semaphore(8)

    async def send():
        for message in messages:
            await room.acquire()
            await socket.send(message)

    sending = asyncio.create_task(send())
    for index, message in enumerate(messages):
        got = await socket.recv()
        room.release()
        assert got == message, f"message {index} came back changed"
    await sending
    print(f"ok {len(messages)}", flush=True)


async def main(role, *rest):
    url = None
    if role == "client":
        url, *rest = rest
    window, takeover, count, seed = map(int, rest)
    messages = make_messages(seed, count)
    options = {
        "server_no_context_takeover": not takeover, "client_no_context_takeover": not takeover,
        "server_max_window_bits": window, "client_max_window_bits": window}
    if role == "client":
        extension = ClientPerMessageDeflateFactory(**options)
        async with connect(url, compression=None, extensions=[extension], max_size=None,
                           proxy=None) as socket:
            await exercise(socket, messages)
        return

    async def handler(socket):
        if socket.request.path.startswith("/getCaseCount"):
            await socket.send("1")
        elif socket.request.path.startswith("/runCase"):
            await exercise(socket, messages)

    extension = ServerPerMessageDeflateFactory(**options)
    async with serve(handler, "127.0.0.1", 0, compression=None, extensions=[extension],
                     max_size=None) as server:
        print(f"listening {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.get_running_loop().create_future()


asyncio.run(main(*sys.argv[1:]))

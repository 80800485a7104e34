"""Python's uvicorn, with the engine that UVICORN_WS names."""

import asyncio
import os
import socket

import uvicorn


async def echo(scope, receive, send):
    assert scope["type"] == "websocket"
    while True:
        event = await receive()
        text = event.get("text") or ""
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.disconnect":
            print("closed", event.get("code") or 1005, flush=True)
            return
        elif text.startswith("!close"):
            _, code, reason = text.split(" ")
            await send({"type": "websocket.close", "code": int(code), "reason": reason})
            print("closed", code, flush=True)
            return
        elif text.startswith("!send"):
            await send({"type": "websocket.send", "bytes": bytes(int(text.split(" ")[1]))})
        else:
            event["type"] = "websocket.send"
            await send(event)


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening", listener.getsockname()[1], flush=True)
    config = uvicorn.Config(echo, ws=os.environ["UVICORN_WS"], log_level="error", lifespan="off")
    await uvicorn.Server(config).serve(sockets=[listener])


asyncio.run(main())

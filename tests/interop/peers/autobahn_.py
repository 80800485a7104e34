"""Python's autobahn, over asyncio."""

import asyncio
import sys

from autobahn.asyncio.websocket import (WebSocketClientFactory, WebSocketClientProtocol,
                                        WebSocketServerFactory, WebSocketServerProtocol)
from autobahn.websocket.compress import (PerMessageDeflateOffer, PerMessageDeflateOfferAccept,
                                         PerMessageDeflateResponse,
                                         PerMessageDeflateResponseAccept)


class Echo:
    def onMessage(self, payload, isBinary):
        if not isBinary and payload.startswith(b"!close"):
            _, code, reason = payload.decode().split(" ")
            self.sendClose(int(code), reason)
        elif not isBinary and payload.startswith(b"!send"):
            self.sendMessage(bytes(int(payload.split(b" ")[1])), True)
        else:
            self.sendMessage(payload, isBinary)

    def onClose(self, wasClean, code, reason):
        # Without a Close frame of the peer, the code is that of the library.
        print("closed", code if self.remoteCloseCode else 1006, flush=True)
        self.factory.closed.set()


class Client(Echo, WebSocketClientProtocol):
    pass


class Server(Echo, WebSocketServerProtocol):
    pass


def accept_response(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)


def accept_offers(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)


async def main(role, *rest):
    loop = asyncio.get_running_loop()
    if role == "client":
        for number in range(int(rest[1])):
            factory = WebSocketClientFactory(f"{rest[0]}{number}")
            factory.protocol, factory.closed = Client, asyncio.Event()
            factory.setProtocolOptions(perMessageCompressionOffers=[PerMessageDeflateOffer()],
                                       perMessageCompressionAccept=accept_response)
            await loop.create_connection(factory, factory.host, factory.port)
            await factory.closed.wait()
        return
    factory = WebSocketServerFactory()
    factory.protocol, factory.closed = Server, asyncio.Event()
    factory.setProtocolOptions(perMessageCompressionAccept=accept_offers)
    server = await loop.create_server(factory, "127.0.0.1", 0)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await loop.create_future()


asyncio.run(main(*sys.argv[1:]))

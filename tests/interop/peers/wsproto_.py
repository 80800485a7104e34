"""Python's wsproto, over plain sockets."""

import socket
import sys

from wsproto import ConnectionType, WSConnection
from wsproto.events import (AcceptConnection, BytesMessage, CloseConnection, Ping, Request,
                            TextMessage)
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import LocalProtocolError, RemoteProtocolError


def echo(stream, connection):
    code, message = 1006, None
    while data := stream.recv(65536):
        try:
            connection.receive_data(data)
            for event in connection.events():
                out = b""
                if isinstance(event, Request):
                    out = connection.send(AcceptConnection(extensions=[PerMessageDeflate()]))
                elif isinstance(event, Ping):
                    out = connection.send(event.response())
                elif isinstance(event, CloseConnection):
                    code = event.code
                    if connection.state.name == "REMOTE_CLOSING":
                        out = connection.send(event.response())
                elif isinstance(event, (TextMessage, BytesMessage)):
                    message = event.data if message is None else message + event.data
                    if event.message_finished:
                        out = connection.send(reply(message))
                        message = None
                stream.sendall(out)
        except RemoteProtocolError as error:
            stream.sendall(connection.send(CloseConnection(1002, str(error))))
        if code != 1006:
            break
    stream.close()
    print("closed", code, flush=True)


def reply(message):
    if isinstance(message, str) and message.startswith("!close"):
        _, code, reason = message.split(" ")
        return CloseConnection(int(code), reason)
    if isinstance(message, str) and message.startswith("!send"):
        return BytesMessage(bytes(int(message.split(" ")[1])))
    return (TextMessage if isinstance(message, str) else BytesMessage)(message)


def safely(stream, connection):
    try:
        echo(stream, connection)
    except (OSError, LocalProtocolError):
        print("closed", 1006, flush=True)


if sys.argv[1] == "client":
    address = sys.argv[2].split("/")[2]
    for number in range(int(sys.argv[3])):
        stream = socket.create_connection(address.split(":"))
        connection = WSConnection(ConnectionType.CLIENT)
        stream.sendall(connection.send(Request(host=address, target=f"/{number}",
                                               extensions=[PerMessageDeflate()])))
        safely(stream, connection)
else:
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening", listener.getsockname()[1], flush=True)
    while True:
        safely(listener.accept()[0], WSConnection(ConnectionType.SERVER))

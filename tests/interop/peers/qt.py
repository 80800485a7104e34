"""Qt's QWebSocket and QWebSocketServer."""

import sys

from PyQt5.QtCore import QCoreApplication, QUrl
from PyQt5.QtNetwork import QHostAddress
from PyQt5.QtWebSockets import QWebSocket, QWebSocketServer

app = QCoreApplication([])


def echo(socket, done):
    def text(message):
        words = message.split(" ")
        if words[0] == "!close":
            socket.close(int(words[1]), words[2])
        elif words[0] == "!send":
            socket.sendBinaryMessage(bytes(int(words[1])))
        else:
            socket.sendTextMessage(message)

    def closed():
        print("closed", socket.closeCode(), socket.closeReason(), flush=True)
        done()

    socket.textMessageReceived.connect(text)
    socket.binaryMessageReceived.connect(socket.sendBinaryMessage)
    socket.disconnected.connect(closed)


def connect(number):
    if number == int(sys.argv[3]):
        app.quit()
        return
    socket = QWebSocket()
    echo(socket, lambda: connect(number + 1))
    sockets.append(socket)
    socket.open(QUrl(f"{sys.argv[2]}{number}"))


sockets = []
if sys.argv[1] == "client":
    connect(0)
else:
    server = QWebSocketServer("", QWebSocketServer.NonSecureMode)
    server.listen(QHostAddress("127.0.0.1"), 0)
    print("listening", server.serverPort(), flush=True)

    def accept():
        sockets.append(server.nextPendingConnection())
        echo(sockets[-1], lambda: None)

    server.newConnection.connect(accept)
app.exec()

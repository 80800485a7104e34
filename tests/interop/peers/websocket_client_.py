"""Python's websocket-client."""

import sys

import websocket

for number in range(int(sys.argv[3])):
    socket = websocket.create_connection(f"{sys.argv[2]}{number}", timeout=60)
    code = 1006
    try:
        while True:
            opcode, data = socket.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big") if data else 1005
                break
            if opcode == websocket.ABNF.OPCODE_TEXT and data.startswith(b"!close"):
                _, status, reason = data.decode().split(" ")
                socket.send_close(int(status), reason.encode())
            elif opcode == websocket.ABNF.OPCODE_TEXT and data.startswith(b"!send"):
                socket.send_binary(bytes(int(data.split(b" ")[1])))
            elif opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                socket.send(data.decode() if opcode == 1 else data, opcode)
    except (websocket.WebSocketException, OSError):
        pass
    socket.shutdown()
    print("closed", code, flush=True)

// nhooyr, now coder/websocket, for Go.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"nhooyr.io/websocket"
)

func echo(socket *websocket.Conn) {
	ctx, code := context.Background(), 1006
	socket.SetReadLimit(1 << 24)
	for {
		kind, data, err := socket.Read(ctx)
		if status := websocket.CloseStatus(err); status != -1 {
			code = int(status)
		}
		if err != nil {
			break
		}
		words := strings.SplitN(string(data), " ", 3)
		switch {
		case kind == websocket.MessageText && words[0] == "!close":
			code, _ = strconv.Atoi(words[1])
			socket.Close(websocket.StatusCode(code), words[2])
		case kind == websocket.MessageText && words[0] == "!send":
			number, _ := strconv.Atoi(words[1])
			socket.Write(ctx, websocket.MessageBinary, make([]byte, number))
		default:
			socket.Write(ctx, kind, data)
		}
	}
	fmt.Println("closed", code)
}

func main() {
	mode := websocket.CompressionContextTakeover
	if os.Args[1] == "client" {
		count, _ := strconv.Atoi(os.Args[3])
		options := websocket.DialOptions{CompressionMode: mode}
		for number := 0; number < count; number++ {
			url := os.Args[2] + strconv.Itoa(number)
			if socket, _, err := websocket.Dial(context.Background(), url, &options); err == nil {
				echo(socket)
			} else {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		return
	}
	options := websocket.AcceptOptions{CompressionMode: mode}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if socket, err := websocket.Accept(w, r, &options); err == nil {
			echo(socket)
		}
	}))
}

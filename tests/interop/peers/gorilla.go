// Gorilla, for Go.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

func echo(socket *websocket.Conn) {
	defer socket.Close()
	code := 1006
	for {
		kind, data, err := socket.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			code = closed.Code
		}
		if err != nil {
			break
		}
		words := strings.SplitN(string(data), " ", 3)
		switch {
		case kind == websocket.TextMessage && words[0] == "!close":
			number, _ := strconv.Atoi(words[1])
			message := websocket.FormatCloseMessage(number, words[2])
			socket.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
		case kind == websocket.TextMessage && words[0] == "!send":
			number, _ := strconv.Atoi(words[1])
			socket.WriteMessage(websocket.BinaryMessage, make([]byte, number))
		default:
			socket.WriteMessage(kind, data)
		}
	}
	fmt.Println("closed", code)
}

func main() {
	if os.Args[1] == "client" {
		count, _ := strconv.Atoi(os.Args[3])
		dialer := websocket.Dialer{EnableCompression: true}
		for number := 0; number < count; number++ {
			if socket, _, err := dialer.Dial(os.Args[2]+strconv.Itoa(number), nil); err == nil {
				echo(socket)
			}
		}
		return
	}
	upgrader := websocket.Upgrader{EnableCompression: true}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if socket, err := upgrader.Upgrade(w, r, nil); err == nil {
			echo(socket)
		}
	}))
}

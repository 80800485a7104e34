// golang.org/x/net/websocket: no compression, no close codes.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/websocket"
)

// What tells text from binary, which the package leaves to its user.
type message struct {
	kind byte
	data []byte
}

var codec = websocket.Codec{
	Marshal: func(v interface{}) ([]byte, byte, error) {
		m := v.(message)
		return m.data, m.kind, nil
	},
	Unmarshal: func(data []byte, kind byte, v interface{}) error {
		*v.(*message) = message{kind, data}
		return nil
	},
}

func echo(socket *websocket.Conn) {
	socket.MaxPayloadBytes = 1 << 24
	defer socket.Close()
	for {
		var m message
		if codec.Receive(socket, &m) != nil {
			break
		}
		if words := strings.Split(string(m.data), " "); words[0] == "!close" {
			code, _ := strconv.Atoi(words[1])
			socket.WriteClose(code)
		} else if words[0] == "!send" {
			number, _ := strconv.Atoi(words[1])
			m = message{websocket.BinaryFrame, make([]byte, number)}
			codec.Send(socket, m)
		} else {
			codec.Send(socket, m)
		}
	}
	fmt.Println("closed")
}

func main() {
	if os.Args[1] == "client" {
		count, _ := strconv.Atoi(os.Args[3])
		for number := 0; number < count; number++ {
			url := os.Args[2] + strconv.Itoa(number)
			if socket, err := websocket.Dial(url, "", "http://127.0.0.1/"); err == nil {
				echo(socket)
			}
		}
		return
	}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, websocket.Server{Handler: echo})
}

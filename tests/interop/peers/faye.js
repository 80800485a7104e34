// Node's faye-websocket.
const http = require("http");
const WebSocket = require("faye-websocket");
const deflate = require("permessage-deflate");
const { connectAll, reply } = require("./echo.js");

const [, , role, url, count] = process.argv;
if (role === "client") {
  const Client = function (url) {
    return new WebSocket.Client(url, [], { extensions: [deflate] });
  };
  connectAll(Client, url, Number(count), console.log);
} else {
  const server = http.createServer();
  server.on("upgrade", (request, stream, body) => {
    const socket = new WebSocket(request, stream, body, [], { extensions: [deflate] });
    socket.on("message", ({ data }) =>
      reply(data, (data) => socket.send(typeof data === "string" ? data : Buffer.from(data)),
        (code, reason) => socket.close(code, reason)));
    socket.on("close", ({ code }) => console.log(`closed ${code}`));
  });
  server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
}

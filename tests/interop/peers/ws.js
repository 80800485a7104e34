// Node's ws.
const { WebSocket, WebSocketServer } = require("ws");
const { reply } = require("./echo.js");

function echo(socket, done) {
  socket.on("message", (data, isBinary) =>
    reply(isBinary ? data : data.toString(), (data) => socket.send(data),
      (code, reason) => socket.close(code, reason)));
  socket.on("error", () => {});
  socket.on("close", (code, reason) => {
    console.log(`closed ${code} ${reason}`);
    done();
  });
}

async function main(role, url, count) {
  if (role === "client") {
    for (let number = 0; number < count; number += 1) {
      await new Promise((done) => echo(new WebSocket(`${url}${number}`), done));
    }
    return;
  }
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true });
  server.on("listening", () => console.log(`listening ${server.address().port}`));
  server.on("connection", (socket) => echo(socket, () => {}));
}

main(...process.argv.slice(2));

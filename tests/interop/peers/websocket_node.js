// Node's websocket.
const http = require("http");
const { client: Client, server: Server } = require("websocket");
const { reply } = require("./echo.js");

const limits = { maxReceivedFrameSize: 1 << 24, maxReceivedMessageSize: 1 << 24 };

function echo(connection, done) {
  connection.on("message", ({ type, utf8Data, binaryData }) =>
    reply(type === "utf8" ? utf8Data : binaryData,
      (data) => (typeof data === "string" ? connection.sendUTF(data) : connection.sendBytes(Buffer.from(data))),
      (code, reason) => connection.close(code, reason)));
  connection.on("error", () => {});
  connection.on("close", (code) => {
    console.log(`closed ${code}`);
    done();
  });
}

async function main(role, url, count) {
  if (role === "client") {
    for (let number = 0; number < count; number += 1) {
      await new Promise((done) => {
        const client = new Client(limits);
        client.on("connect", (connection) => echo(connection, done));
        client.connect(`${url}${number}`);
      });
    }
    return;
  }
  const httpServer = http.createServer();
  httpServer.listen(0, "127.0.0.1", () => console.log(`listening ${httpServer.address().port}`));
  const server = new Server({ httpServer, ...limits });
  server.on("request", (request) => echo(request.accept(null, request.origin), () => {}));
}

main(...process.argv.slice(2));

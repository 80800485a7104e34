// Bun.
const { connectAll, reply } = require("./echo.js");

const [role, url, count] = process.argv.slice(2);
if (role === "client") {
  connectAll(WebSocket, url, Number(count), console.log);
} else {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("", { status: 400 })),
    websocket: {
      perMessageDeflate: true,
      maxPayloadLength: 1 << 24,
      backpressureLimit: 1 << 24,
      message: (socket, data) =>
        reply(data, (data) => socket.send(data), (code, reason) => socket.close(code, reason)),
      close: (socket, code, reason) => console.log(`closed ${code} ${reason}`),
    },
  });
  console.log(`listening ${server.port}`);
}

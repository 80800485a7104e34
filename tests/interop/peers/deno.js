// Deno.
import { createRequire } from "node:module";

const { connectAll, reply } = createRequire(import.meta.url)("./echo.js");
const [role, url, count] = Deno.args;
if (role === "client") {
  await connectAll(WebSocket, url, Number(count), console.log);
} else {
  const onListen = ({ port }) => console.log(`listening ${port}`);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) =>
      reply(data, (data) => socket.send(data), (code, reason) => socket.close(code, reason));
    socket.onclose = ({ code, reason }) => console.log(`closed ${code} ${reason}`);
    socket.onerror = () => {};
    return response;
  });
}

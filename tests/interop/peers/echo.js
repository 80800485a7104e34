// What every peer in JavaScript does with a message.
function reply(data, send, close) {
  if (typeof data !== "string" || !data.startsWith("!")) return send(data);
  const [command, number, reason] = data.split(" ");
  if (command === "!close") return close(Number(number), reason);
  return send(new Uint8Array(Number(number)));
}

// Connects with a WebSocket of the Web's interface, once for each scenario.
async function connectAll(WebSocket, url, count, report) {
  for (let number = 0; number < count; number += 1) {
    await new Promise((resolve) => {
      const socket = new WebSocket(`${url}${number}`);
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) =>
        reply(data, (data) => socket.send(data), (code, reason) => socket.close(code, reason));
      socket.onclose = async ({ code, reason }) => {
        await report(`closed ${code} ${reason}`);
        resolve();
      };
      socket.onerror = () => {};
    });
  }
}

if (typeof module !== "undefined") module.exports = { reply, connectAll };

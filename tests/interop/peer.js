// Node's ws at the other end: `node peer.js client URL ...` or `node peer.js server ...`, with
// WINDOW TAKEOVER COUNT SEED. A server plays the part of a fuzzing server with one case.
const { WebSocket, WebSocketServer } = require("ws");
const { makeMessages, isSame } = require("./messages.js");

const role = process.argv[2];
const rest = process.argv.slice(3);
const url = role === "client" ? rest.shift() : undefined;
const [window, takeover, count, seed] = rest.map(Number);
const deflate = {
  threshold: 0,
  serverMaxWindowBits: window,
  clientMaxWindowBits: window,
  serverNoContextTakeover: !takeover,
  clientNoContextTakeover: !takeover,
};
const messages = makeMessages(seed, count);

function fail(problem) {
  console.error(problem);
  process.exit(1);
}

// Sends all, with a few on their way at a time, and compares what comes back.
function exercise(socket, done) {
  if (!socket.extensions.includes("permessage-deflate")) fail("compression was not agreed to");
  let [sent, got] = [0, 0];
  const send = () => {
    while (sent < count && sent - got < 8) socket.send(messages[sent++]);
  };
  socket.on("message", (data, isBinary) => {
    const message = isBinary ? data : data.toString();
    if (!isSame(messages[got], message)) fail(`message ${got} came back changed`);
    got += 1;
    if (got === count) done();
    else send();
  });
  send();
}

if (role === "client") {
  const socket = new WebSocket(url, { perMessageDeflate: deflate });
  socket.on("error", fail);
  socket.on("open", () => exercise(socket, () => socket.close(1000)));
  socket.on("close", (code) => (code === 1000 ? console.log(`ok ${count}`) : fail(`closed: ${code}`)));
} else {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: deflate });
  server.on("listening", () => console.log(`listening ${server.address().port}`));
  server.on("connection", (socket, request) => {
    socket.on("error", fail);
    if (request.url.startsWith("/getCaseCount")) {
      socket.send("1");
      socket.close(1000);
    } else if (request.url.startsWith("/runCase")) {
      exercise(socket, () => {
        console.log(`ok ${count}`);
        socket.close(1000);
      });
    } else {
      socket.close(1000);
    }
  });
}

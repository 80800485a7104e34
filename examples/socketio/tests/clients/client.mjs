// What a stock socket.io-client does with the server, in Node and in a browser alike.

function once(emitter, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event}`)), 5000);
    emitter.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

function equal(actual, expected) {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

// Binary data is a Buffer in Node and an ArrayBuffer in a browser.
function bytes(data) {
  return [...new Uint8Array(data)];
}

// Recovery appends the position of an event in the log, as text.
function args(received) {
  return received.slice(0, -1);
}

const WAYS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

export async function run(io, url, print) {
  const sockets = [];
  const open = (namespace, options) => {
    const socket = io(url + namespace, { forceNew: true, reconnection: false, ...options });
    sockets.push(socket);
    return socket;
  };
  const test = async (name, body) => {
    try {
      await body();
      print(`ok ${name}`);
    } catch (error) {
      print(`not ok ${name}: ${error.message}`);
    }
    for (const socket of sockets.splice(0)) socket.disconnect();
  };

  for (const [way, transports] of Object.entries(WAYS)) {
    const connected = async (options) => {
      const socket = open("/", { transports, ...options });
      const auth = once(socket, "auth");
      const upgraded = once(socket.io, "open").then(
        () => way !== "upgrade" || once(socket.io.engine, "upgrade"),
      );
      await Promise.all([once(socket, "connect"), auth, upgraded]);
      equal(socket.io.engine.transport.name, transports.at(-1));
      return socket;
    };

    await test(`${way}: connects, with credentials`, async () => {
      const socket = open("/", { transports, auth: { name: "Zo\u00eb" } });
      equal(args(await once(socket, "auth")), [{ name: "Zo\u00eb" }]);
    });
    await test(`${way}: events come back in order`, async () => {
      const socket = await connected();
      const received = [];
      const all = new Promise((resolve) => {
        socket.on("message-back", (number, text) => {
          received.push(number);
          if (text === "last") resolve();
        });
      });
      for (let number = 0; number < 200; number++) {
        socket.emit("message", number, number === 199 ? "last" : "\u{1F600}\x1e");
      }
      await all;
      equal(received, [...Array(200).keys()]);
    });
    await test(`${way}: binary data at any depth, and an acknowledgement`, async () => {
      const socket = await connected();
      const data = [Uint8Array.of(1, 2, 3), { deep: [Uint8Array.of(255), "text"] }];
      const [first, second] = await socket.timeout(5000).emitWithAck("message-with-ack", data);
      equal([bytes(first), bytes(second.deep[0])], [[1, 2, 3], [255]]);
      equal(second.deep[1], "text");
    });
    await test(`${way}: the server asks, and gets the answer`, async () => {
      const socket = await connected();
      socket.on("question", (text, answer) => answer(`${text}!`));
      equal(await socket.timeout(5000).emitWithAck("ask-me", "why"), "why!");
    });
    await test(`${way}: 500 KB in one event`, async () => {
      const socket = await connected();
      const text = "0123456789".repeat(50_000);
      socket.emit("message", text);
      equal((await once(socket, "message-back"))[0] === text, true);
    });
    await test(`${way}: a room hears what a member says, and only the room`, async () => {
      const [speaker, member, stranger] = [await connected(), await connected(), await connected()];
      await speaker.timeout(5000).emitWithAck("join", "tea");
      await member.timeout(5000).emitWithAck("join", "tea");
      stranger.on("said", () => stranger.heard = true);
      speaker.on("said", () => speaker.heard = true);
      const said = once(member, "said");
      await speaker.timeout(5000).emitWithAck("say", "tea", "milk?", Uint8Array.of(7));
      const [text, data] = await said;
      equal([text, bytes(data)], ["milk?", [7]]);
      await stranger.timeout(5000).emitWithAck("message-with-ack", 1);
      equal([speaker.heard, stranger.heard], [undefined, undefined]);
    });
    await test(`${way}: namespaces over one session, and one that is unknown`, async () => {
      const socket = await connected();
      const custom = socket.io.socket("/custom", { auth: { a: 1 } });
      equal(args(await once(custom, "auth")), [{ a: 1 }]);
      const unknown = socket.io.socket("/unknown");
      equal((await once(unknown, "connect_error"))[0].message, "Invalid namespace");
      custom.disconnect();
      socket.emit("message", "still here");
      equal((await once(socket, "message-back"))[0], "still here");
    });
    await test(`${way}: middleware admits a token, and nothing else`, async () => {
      const refused = open("/admin", { transports, auth: { token: "guess" } });
      equal((await once(refused, "connect_error"))[0].message, "Not authorized");
      const admitted = open("/admin", { transports, auth: { token: "open sesame" } });
      await once(admitted, "connect");
    });
    await test(`${way}: the server disconnects`, async () => {
      const socket = await connected();
      socket.emit("disconnect-me");
      equal((await once(socket, "disconnect"))[0], "io server disconnect");
    });
    await test(`${way}: a lost connection is recovered, with what was said meanwhile`, async () => {
      const speaker = await connected();
      const lost = await connected({ reconnection: true, reconnectionDelay: 1000 });
      await lost.timeout(5000).emitWithAck("join", "news");
      const { id } = lost;
      lost.emit("message", "an offset");
      await once(lost, "message-back");
      const gone = once(lost, "disconnect");
      lost.io.engine.close();
      await gone;
      const heard = [];
      lost.on("said", (text) => heard.push(text));
      await speaker.timeout(5000).emitWithAck("say", "news", "one");
      await speaker.timeout(5000).emitWithAck("say", "news", "two");
      await once(lost, "connect");
      equal([lost.recovered, lost.id], [true, id]);
      await speaker.timeout(5000).emitWithAck("say", "news", "three");
      await lost.timeout(5000).emitWithAck("message-with-ack", 1);
      equal(heard, ["one", "two", "three"]);
    });
  }
  print("done");
}

// Several clients and a small server, with faults in an order that a seed decides.

import assert from "node:assert/strict";
import { test } from "node:test";

import { client, FakeClock, settled } from "./fakes.js";

const SEEDS = 60;
const STEPS = 250;

/** Random numbers that a seed decides (mulberry32). */
function randoms(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One room in memory, and for each connection what was not read and not delivered yet. */
class Server {
  epoch = 0;
  log = [];
  connections = new Map();

  /** Forgets everything, as a Redis that is flushed. */
  flush() {
    this.epoch += 1;
    this.log = [];
  }

  /** Reads all that a connection has sent. */
  read(socket) {
    const connection = this.connections.get(socket) ?? { read: 0, out: [], joined: false };
    this.connections.set(socket, connection);
    while (connection.read < socket.sent.length) this.#answer(connection, socket.sent[connection.read++]);
  }

  /** Delivers the oldest message to a connection. */
  deliver(socket) {
    const message = this.connections.get(socket)?.out.shift();
    if (message) socket.receive(message);
    return Boolean(message);
  }

  #place(offset) {
    return { roomId: "lobby", epoch: `e${this.epoch}`, offset };
  }

  #event(offset) {
    const { userId, content } = this.log[offset - 1];
    return { type: "message", ...this.#place(offset), userId, content, ts: 0 };
  }

  #answer(connection, { type, id, token, since, limit, key, content }) {
    const say = (message) => connection.out.push({ re: id, ...message });
    const top = this.log.length;
    if (type === "auth") {
      connection.user = token;
      say({ type: "ready", userId: token });
    } else if (type === "join") {
      const recovered = since?.epoch === `e${this.epoch}` && since.offset <= top;
      connection.joined = true;
      say({ type: "joined", ...this.#place(top), recovered, members: [] });
      for (let at = since?.offset + 1; recovered && at <= top; at += 1) connection.out.push(this.#event(at));
    } else if (type === "history") {
      const from = Math.max(1, top - limit + 1);
      const messages = Array.from({ length: top - from + 1 }, (_, i) => this.#event(from + i));
      say({ type: "page", epoch: `e${this.epoch}`, messages, more: from > 1 });
    } else if (type === "message") {
      const at = this.log.findIndex((stored) => stored.key === key);
      if (at >= 0) return say({ type: "ack", key, ...this.#place(at + 1), ts: 0, duplicate: true });
      this.log.push({ key, content, userId: connection.user });
      say({ type: "ack", key, ...this.#place(top + 1), ts: 0 });
      for (const other of this.connections.values()) {
        if (other !== connection && other.joined) other.out.push(this.#event(top + 1));
      }
    } else if (type === "ping") say({ type: "pong" });
  }
}

/** A client that checks the order of what it shows. */
function user(name, clock, random) {
  let keys = 0;
  const newKey = () => `${name}${++keys}`;
  const it = client({ token: () => name }, { clock, random, newKey });
  it.shown = [];
  it.rooms.on("reset", ({ messages }) => (it.shown = [...messages]));
  it.rooms.on("message", (message) => {
    const last = it.shown.at(-1);
    if (last) assert.deepEqual([message.epoch, message.offset], [last.epoch, last.offset + 1]);
    it.shown.push(message);
  });
  it.rooms.join("lobby");
  it.rooms.connect();
  return it;
}

async function run(seed) {
  const random = randoms(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const clock = new FakeClock();
  const server = new Server();
  const users = ["ann", "bob", "cleo"].map((name) => user(name, clock, random));
  const sent = [];

  const step = async (it) => {
    await settled();
    if (it.socket?.readyState === 0) await it.socket.open();
    if (it.socket?.readyState === 1) server.read(it.socket);
  };
  const drop = (it) => {
    server.connections.delete(it.socket);
    return it.socket?.drop();
  };
  const faults = [
    (it) => sent.push(it.rooms.send("lobby", String(sent.length))),
    (it) => sent.push(it.rooms.send("lobby", String(sent.length))),
    (it) => server.deliver(it.socket),
    (it) => server.deliver(it.socket),
    (it) => server.deliver(it.socket),
    () => clock.advance(random() * 1000),
    (it) => random() < 0.3 && drop(it),
    (it) => random() < 0.1 && it.window.fire("online"),
    () => random() < 0.02 && server.flush(),
    // A feed that doubles, loses and reorders what is live.
    (it) => {
      const { out = [] } = server.connections.get(it.socket) ?? {};
      const live = out.filter(({ type }) => type === "message");
      if (live.length > 0 && random() < 0.3) out.push(pick(live));
      else if (live.length > 0 && random() < 0.3) out.splice(out.indexOf(pick(live)), 1);
    },
    (it) => {
      const { out = [] } = server.connections.get(it.socket) ?? {};
      const at = out.length - 2;
      if (at >= 0 && [out[at], out[at + 1]].every(({ type }) => type === "message")) out.push(out.splice(at, 1)[0]);
    },
  ];
  for (let i = 0; i < STEPS; i += 1) {
    const it = pick(users);
    await step(it);
    await pick(faults)(it);
  }

  // Without faults, everything comes to rest. Whether the last one was lost, only the next one shows.
  for (const it of users) sent.push(it.rooms.send("lobby", String(sent.length)));
  for (let i = 0; i < 400; i += 1) {
    for (const it of users) {
      await step(it);
      while (server.deliver(it.socket));
    }
    await clock.advance(200);
  }
  for (const it of users) {
    assert.equal(it.rooms.state, "open");
    assert.deepEqual(it.rooms.pending, []);
    const shown = it.shown.map(({ content }) => content);
    const stored = server.log.map(({ content }) => content);
    assert.deepEqual(shown.slice(shown.length - stored.length), stored);
    it.rooms.dispose();
  }
  assert.equal(clock.pending, 0);
  const keys = server.log.map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length);
  if (server.epoch === 0) assert.deepEqual(keys.toSorted(), sent.toSorted());
  return { messages: sent.length, epochs: server.epoch + 1 };
}

test(`${SEEDS} runs of faults end with the same room everywhere, each message once and in order`, async (t) => {
  let messages = 0;
  let epochs = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    try {
      const done = await run(seed);
      messages += done.messages;
      epochs += done.epochs;
    } catch (error) {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    }
  }
  t.diagnostic(`${messages} messages in ${epochs} epochs`);
});

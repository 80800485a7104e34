import assert from "node:assert/strict";
import { test } from "node:test";

import { at, client, message, settled } from "./fakes.js";

const deliveries = (it) => it.of("delivery").map(({ key, status }) => [Number.parseInt(key, 16), status]);

/** Opens the next connection, which recovers the room with nothing missed. */
async function again(it, offset = 0) {
  await it.socket.drop();
  it.rooms.retryNow();
  await it.ready();
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(offset), recovered: true, members: [] });
}

/** A file whose bytes are their offsets. */
function blob(size) {
  const bytes = (from, to) => Uint8Array.from({ length: Math.min(to, size) - from }, (_, i) => from + i);
  return { size, name: "a.bin", slice: (from, to) => ({ arrayBuffer: async () => bytes(from, to).buffer }) };
}

const frames = (socket) => socket.sent.filter((sent) => sent instanceof Uint8Array);

test("a message is pending until it is stored", async () => {
  const it = client();
  await it.inRoom();
  const timers = it.clock.pending;
  const key = it.rooms.send("lobby", "hello");
  const { roomId, content } = it.socket.last("message");
  assert.deepEqual({ roomId, content }, { roomId: "lobby", content: "hello" });
  assert.deepEqual(deliveries(it), [[1, "pending"]]);
  assert.equal(it.rooms.pending.length, 1);
  await it.socket.answer("message", { type: "ack", key, roomId: "lobby", ...at(1), ts: 9 });
  assert.deepEqual(deliveries(it), [[1, "pending"], [1, "stored"]]);
  assert.equal(it.rooms.pending.length, 0);
  assert.equal(it.clock.pending, timers);
});

test("an own message takes the place that its ack names", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.send("lobby", "mine");
  await it.socket.answer("message", { type: "ack", key, roomId: "lobby", ...at(2), ts: 9 });
  assert.equal(it.of("message").length, 0);
  await it.socket.receive(message(1));
  await it.socket.receive(message(3));
  assert.deepEqual(it.of("message").map(({ content }) => content), ["m1", "mine", "m3"]);
  const mine = it.of("message")[1];
  assert.deepEqual([mine.userId, mine.key, mine.ts], ["ann", key, 9]);
});

test("what is sent offline is queued, and sent with its keys in the order of the calls", async () => {
  const it = client();
  it.rooms.join("lobby");
  const keys = ["a", "b", "c"].map((content) => it.rooms.send("lobby", content));
  it.rooms.connect();
  await it.ready();
  assert.equal(it.socket.all("message").length, 0, "not before the room is joined");
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(0), recovered: false, members: [] });
  for (const [i, key] of keys.entries()) {
    await it.socket.answer("message", { type: "ack", key, roomId: "lobby", ...at(i + 1), ts: 0 });
  }
  assert.deepEqual(it.socket.all("message").map(({ key }) => key), keys);
  assert.equal(it.rooms.pending.length, 0);
});

test("the queue is bounded", async () => {
  const it = client({ queueLimit: 2 });
  it.rooms.send("lobby", "a");
  it.rooms.send("lobby", "b");
  assert.throws(() => it.rooms.send("lobby", "c"), RangeError);
  assert.equal(it.rooms.pending.length, 2);
});

test("a message without an ack is sent again in each connection, with the same key", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.send("lobby", "hello");
  for (let i = 0; i < 3; i += 1) await again(it);
  const sent = it.sockets.map((socket) => socket.all("message").map((message) => message.key));
  assert.deepEqual(sent, [[key], [key], [key], [key]]);
});

test("an ack that was lost leads to one message: the replay and the second ack agree", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.send("lobby", "hello");
  await again(it, 1);
  await it.socket.receive({ ...message(1), userId: "ann", content: "hello" });
  await it.socket.answer("message", { type: "ack", key, roomId: "lobby", ...at(1), ts: 0, duplicate: true });
  assert.equal(it.of("message").length, 1);
  assert.equal(it.of("delivery").at(-1).status, "stored");
  assert.equal(it.of("delivery").at(-1).offset, 1);
});

test("a message without an answer is sent again after 15 s", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.send("lobby", "hello");
  const first = it.socket.last("message").id;
  await it.clock.advance(14_999);
  assert.equal(it.socket.all("message").length, 1);
  await it.clock.advance(1);
  assert.deepEqual(it.socket.all("message").map((message) => message.key), [key, key]);
  const ack = { type: "ack", key, roomId: "lobby", ...at(1), ts: 0 };
  await it.socket.receive({ re: first, ...ack });
  await it.socket.answer("message", { ...ack, duplicate: true });
  assert.deepEqual(deliveries(it), [[1, "pending"], [1, "stored"]]);
});

test("an ack that names no request is matched by its key", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.send("lobby", "hello");
  const ack = { type: "ack", key, roomId: "lobby", ...at(1), ts: 0 };
  await it.socket.receive(ack);
  await it.socket.receive(ack);
  assert.deepEqual(deliveries(it), [[1, "pending"], [1, "stored"]]);
  const file = it.rooms.upload("lobby", blob(10));
  await it.socket.receive({ type: "ack", key: file, roomId: "lobby", ...at(2), ts: 0, url: "/files/1" });
  assert.equal(it.of("file")[0].url, "/files/1");
});

test("one message of each room is under way", async () => {
  const it = client();
  await it.inRoom("lobby");
  it.rooms.join("other");
  await it.socket.answer("join", { type: "joined", roomId: "other", ...at(0), recovered: false, members: [] });
  for (const room of ["lobby", "lobby", "other"]) it.rooms.send(room, room);
  it.rooms.sendPrivate("bob", "psst");
  assert.deepEqual(it.socket.all("message").map(({ roomId }) => roomId), ["lobby", "other"]);
  assert.equal(it.socket.last("private").to, "bob");
});

test("a refused message is not overtaken, and waits as long as the refusal says", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.send("lobby", "a");
  it.rooms.send("lobby", "b");
  await it.socket.answer("message", { type: "error", code: "rate_limited", retryAfter: 4, message: "" });
  it.rooms.sendPrivate("bob", "psst");
  await it.clock.advance(3999);
  assert.equal(it.socket.all("message").length, 1);
  assert.equal(it.socket.all("private").length, 0, "the limit is that of the connection");
  await it.clock.advance(1);
  assert.deepEqual(it.socket.all("message").map(({ content }) => content), ["a", "a"]);
});

test("what is unavailable is tried again, with jitter", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.send("lobby", "a");
  await it.socket.answer("message", { type: "error", code: "unavailable", message: "" });
  await it.clock.advance(1500);
  assert.equal(it.socket.all("message").length, 2);
  assert.deepEqual(deliveries(it), [[1, "pending"]]);
});

test("what is unavailable is tried at once when the server is well again", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.send("lobby", "a");
  await it.socket.receive({ type: "degraded", on: true });
  await it.socket.answer("message", { type: "error", code: "unavailable", message: "" });
  assert.equal(it.socket.all("message").length, 1);
  await it.socket.receive({ type: "degraded", on: false });
  assert.equal(it.socket.all("message").length, 2);
});

test("any other refusal ends a message, and the next one is sent", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.send("lobby", "a");
  it.rooms.send("lobby", "b");
  await it.socket.answer("message", { type: "error", code: "too_large", message: "no" });
  assert.deepEqual(deliveries(it).at(-1), [1, "failed"]);
  assert.equal(it.of("delivery").at(-1).code, "too_large");
  assert.equal(it.socket.last("message").content, "b");
});

test("what the server closes with 1009 for is not sent again, and the rest is", async () => {
  const it = client();
  await it.inRoom();
  const long = it.rooms.send("lobby", "x".repeat(70_000));
  const short = it.rooms.sendPrivate("bob", "psst");
  await it.socket.drop(1009);
  const [failed] = it.of("delivery").filter(({ status }) => status === "failed");
  assert.deepEqual([failed.key, failed.code], [long, "too_large"]);
  it.rooms.retryNow();
  await it.ready();
  assert.deepEqual(it.rooms.pending.map(({ key }) => key), [short]);
  assert.equal(it.socket.last("private").key, short);
});

test("a file whose frames the server closes with 1009 for fails", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.upload("lobby", blob(40_000));
  it.rooms.send("lobby", "short");
  await settled();
  await it.socket.drop(1009);
  assert.equal(it.of("delivery").at(-1).key, key);
  assert.equal(it.of("delivery").at(-1).code, "too_large");
  assert.equal(it.rooms.pending.length, 1);
});

test("a private message is stored without a place in a room", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.sendPrivate("bob", "psst");
  await it.socket.answer("private", { type: "ack", key, ts: 1 });
  await it.socket.receive({ type: "private", from: "bob", content: "yes" });
  assert.deepEqual(deliveries(it).at(-1), [1, "stored"]);
  assert.equal(it.of("private")[0].from, "bob");
});

test("unsent messages survive a reload", async () => {
  const stored = new Map();
  const storage = { getItem: (name) => stored.get(name) ?? null, setItem: (name, value) => stored.set(name, value) };
  const before = client({}, { storage });
  const key = before.rooms.send("lobby", "hello");
  before.rooms.dispose();
  const it = client({}, { storage });
  assert.deepEqual(it.rooms.pending.map((entry) => entry.key), [key]);
  await it.inRoom();
  assert.equal(it.socket.last("message").key, key);
  await it.socket.answer("message", { type: "ack", key, roomId: "lobby", ...at(1), ts: 0 });
  assert.equal(client({}, { storage }).rooms.pending.length, 0);
});

test("a storage that fails costs nothing but the reload", () => {
  for (const stored of ["{", "{}", "7"]) {
    const storage = {
      getItem: () => stored,
      setItem: () => {
        throw new Error("full");
      },
    };
    const it = client({}, { storage });
    it.rooms.send("lobby", "hello");
    assert.equal(it.rooms.pending.length, 1);
  }
});

test("a file is sent in frames of its key and at most 32 KiB", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.upload("lobby", blob(70_000));
  await settled();
  const { type, roomId, name, size } = it.socket.last("file");
  assert.deepEqual([type, roomId, name, size], ["file", "lobby", "a.bin", 70_000]);
  const sent = frames(it.socket);
  assert.deepEqual(sent.map(({ length }) => length), [32_784, 32_784, 4480]);
  for (const frame of sent) assert.equal(Buffer.from(frame.slice(0, 16)).toString("hex"), key);
  const whole = Buffer.concat(sent.map((frame) => frame.slice(16)));
  assert.ok(whole.every((byte, i) => byte === i % 256));
  await it.socket.receive({ type: "progress", key, received: 65_536 });
  assert.equal(it.of("progress").length, 1);
  await it.socket.answer("file", { type: "ack", key, roomId: "lobby", ...at(1), ts: 0, url: "/files/1" });
  const [file] = it.of("file");
  assert.deepEqual([file.url, file.name, file.size, file.offset, file.userId], ["/files/1", "a.bin", 70_000, 1, "ann"]);
  assert.equal(it.of("delivery").at(-1).status, "stored");
});

test("an empty file has no frames", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.upload("lobby", blob(0));
  await settled();
  assert.equal(it.socket.last("file").size, 0);
  assert.equal(frames(it.socket).length, 0);
});

test("chunks wait while the socket's buffer is full", async () => {
  const it = client();
  await it.inRoom();
  it.socket.bufferedAmount = 256 * 1024 + 1;
  it.rooms.upload("lobby", blob(70_000));
  await it.clock.advance(1000);
  assert.equal(frames(it.socket).length, 0);
  it.socket.bufferedAmount = 0;
  await it.clock.advance(50);
  assert.equal(frames(it.socket).length, 3);
});

test("a file starts again in the next connection, with the same key", async () => {
  const it = client();
  await it.inRoom();
  it.socket.bufferedAmount = 1e9;
  const key = it.rooms.upload("lobby", blob(40_000));
  await again(it);
  await settled();
  assert.equal(it.socket.last("file").key, key);
  assert.equal(frames(it.socket).length, 2);
});

test("a chunk that was read for a lost connection is not sent in the next one", async () => {
  const it = client();
  await it.inRoom();
  const reads = [];
  const slice = (from) => ({ arrayBuffer: () => new Promise((resolve) => reads.push(() => resolve(new Uint8Array([from]).buffer))) });
  it.rooms.upload("lobby", { size: 1, name: "slow", slice });
  await again(it);
  assert.equal(reads.length, 2);
  for (const read of reads) read();
  await settled();
  assert.equal(frames(it.socket).length, 1);
});

test("files are sent one after the other", async () => {
  const it = client();
  await it.inRoom();
  const first = it.rooms.upload("lobby", blob(10));
  it.rooms.upload("lobby", blob(20));
  await settled();
  assert.equal(it.socket.all("file").length, 1);
  await it.socket.answer("file", { type: "ack", key: first, roomId: "lobby", ...at(1), ts: 0 });
  assert.deepEqual(it.socket.all("file").map(({ size }) => size), [10, 20]);
});

test("a refused file stops, and the next one follows", async () => {
  const it = client();
  await it.inRoom();
  it.socket.bufferedAmount = 1e9;
  it.rooms.upload("lobby", blob(1e6));
  it.rooms.upload("lobby", blob(20));
  await it.socket.answer("file", { type: "error", code: "too_large", message: "no" });
  assert.equal(it.of("delivery").at(-1).status, "failed");
  assert.equal(it.socket.last("file").size, 20);
  it.socket.bufferedAmount = 0;
  await it.clock.advance(1000);
  assert.deepEqual(frames(it.socket).map(({ length }) => length), [36]);
});

test("a refused file leaves no timer", async () => {
  const it = client();
  await it.inRoom();
  const timers = it.clock.pending;
  it.socket.bufferedAmount = 1e9;
  it.rooms.upload("lobby", blob(1e6));
  assert.equal(it.clock.pending, timers + 1);
  await it.socket.answer("file", { type: "error", code: "too_large", message: "no" });
  assert.equal(it.clock.pending, timers);
});

test("a file that is refused for now is sent again from its beginning", async () => {
  const it = client();
  await it.inRoom();
  const key = it.rooms.upload("lobby", blob(40_000));
  await settled();
  await it.socket.answer("file", { type: "error", code: "unavailable", message: "" });
  await it.clock.advance(1500);
  assert.deepEqual(it.socket.all("file").map((file) => file.key), [key, key]);
  assert.equal(frames(it.socket).length, 4);
});

test("a file that cannot be read fails", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.upload("lobby", { size: 5, name: "gone", slice: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) });
  await settled();
  const { status, code } = it.of("delivery").at(-1);
  assert.deepEqual([status, code], ["failed", "unreadable"]);
});

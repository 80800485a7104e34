import assert from "node:assert/strict";
import { test } from "node:test";

import { client, settled } from "./fakes.js";

const states = (it) => it.of("state").map(({ state }) => state);

test("is connecting until the server is ready, then open", async () => {
  const it = client();
  assert.equal(it.rooms.state, "closed");
  it.rooms.connect();
  assert.equal(it.rooms.state, "connecting");
  await it.ready();
  assert.equal(it.rooms.state, "open");
  assert.deepEqual(states(it), ["connecting", "open"]);
});

test("the first frame of each connection carries a token of its own", async () => {
  let tokens = 0;
  const it = client({ token: async () => `t${++tokens}` });
  it.rooms.connect();
  await it.ready();
  await it.socket.drop();
  await it.clock.advance(1000);
  await it.ready();
  const first = it.sockets.map((socket) => socket.sent[0]);
  assert.deepEqual(first, [{ type: "auth", token: "t1" }, { type: "auth", token: "t2" }]);
});

test("reconnects after any time below a bound that doubles from 1 s to 30 s", async () => {
  const it = client({}, { random: () => 0.999 });
  it.rooms.connect();
  await settled();
  const delays = [];
  for (let i = 0; i < 8; i += 1) {
    await it.socket.drop();
    const delay = it.of("state").at(-1).retryAt - it.clock.now();
    delays.push(delay);
    await it.clock.advance(delay);
  }
  assert.deepEqual(delays, [999, 1998, 3996, 7992, 15984, 29970, 29970, 29970]);
});

test("the jitter is full: the delay can be close to none", async () => {
  const it = client({}, { random: () => 0 });
  it.rooms.connect();
  await settled();
  await it.socket.drop();
  await it.clock.advance(0);
  assert.equal(it.sockets.length, 2);
});

test("only a stable connection resets the delays", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.clock.advance(9999);
  await it.socket.drop();
  assert.equal(it.of("state").at(-1).retryAt - it.clock.now(), 500);
  await it.clock.advance(500);
  await it.ready();
  await it.socket.drop();
  assert.equal(it.of("state").at(-1).retryAt - it.clock.now(), 1000, "lost too soon");
  await it.clock.advance(1000);
  await it.ready();
  await it.clock.advance(10_000);
  await it.socket.drop();
  assert.equal(it.of("state").at(-1).retryAt - it.clock.now(), 500, "after a stable connection");
});

test("tries at once when the network is back", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.socket.drop();
  await it.window.fire("online");
  assert.equal(it.sockets.length, 2);
  await it.clock.advance(60_000 - 1);
  assert.ok(it.sockets.length > 2, "the attempt without an answer was given up");
});

test("tries at once when the page becomes visible, and not when it is hidden", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.socket.drop();
  it.document.visibilityState = "hidden";
  await it.document.fire("visibilitychange");
  assert.equal(it.sockets.length, 1);
  it.document.visibilityState = "visible";
  await it.document.fire("visibilitychange");
  assert.equal(it.sockets.length, 2);
});

test("makes one attempt at a time", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.connect();
  it.rooms.retryNow();
  await it.document.fire("visibilitychange");
  assert.equal(it.sockets.length, 1);
  await it.ready();
  it.rooms.retryNow();
  await it.window.fire("online");
  await it.document.fire("visibilitychange");
  assert.equal(it.sockets.length, 1);
});

test("the network's return replaces an attempt that was begun without it", async () => {
  const it = client();
  it.rooms.connect();
  await settled();
  await it.window.fire("online");
  assert.equal(it.sockets.length, 2);
  assert.equal(it.sockets[0].closedWith, 1000);
  await it.ready();
  assert.equal(it.rooms.state, "open");
});

test("gives up an attempt that is not answered", async () => {
  const it = client();
  it.rooms.connect();
  await it.clock.advance(9999);
  await it.socket.open();
  assert.equal(it.socket.readyState, 1);
  await it.clock.advance(1);
  assert.equal(it.socket.readyState, 3);
  assert.equal(it.of("state").at(-1).reason, "no answer");
});

test("a token that cannot be had counts as a failed attempt", async () => {
  const it = client({ token: () => Promise.reject(new Error("offline")) });
  it.rooms.connect();
  await settled();
  assert.equal(it.sockets.length, 0);
  assert.deepEqual(it.of("state").at(-1), {
    kind: "state", state: "connecting", retryAt: it.clock.now() + 500, reason: "no token: offline",
  });
});

test("a token that its provider refuses ends it", async () => {
  const it = client({ token: () => Promise.reject(Object.assign(new Error("signed out"), { code: "unauthorized" })) });
  it.rooms.connect();
  await settled();
  assert.equal(it.rooms.state, "closed");
  assert.equal(it.of("state").at(-1).reason, "unauthorized: signed out");
  assert.equal(it.clock.pending, 0);
});

test("a token that comes after its attempt was given up opens no connection", async () => {
  const given = [];
  const it = client({ token: () => new Promise((resolve) => given.push(resolve)) });
  it.rooms.connect();
  await it.clock.advance(10_500);
  assert.equal(given.length, 2);
  given[0]("late");
  await settled();
  assert.equal(it.sockets.length, 0);
  given[1]("in time");
  await settled();
  assert.equal(it.sockets.length, 1);
});

test("an attempt that was given up cannot disturb the next one", async () => {
  const refuse = [];
  const it = client({ token: () => new Promise((_, reject) => refuse.push(reject)) });
  it.rooms.connect();
  await it.clock.advance(10_500);
  refuse[0](new Error("late"));
  await settled();
  assert.equal(it.of("state").at(-1).reason, "no answer");
  assert.equal(it.of("state").at(-1).retryAt, null, "the second attempt goes on");
});

test("1008 unauthorized ends it, until connect is called again", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.socket.drop(1008, "unauthorized: the token has expired");
  assert.equal(it.rooms.state, "closed");
  await it.window.fire("online");
  await it.document.fire("visibilitychange");
  await it.clock.advance(600_000);
  assert.equal(it.sockets.length, 1);
  assert.equal(it.clock.pending, 0);
  it.rooms.connect();
  await it.ready();
  assert.equal(it.rooms.state, "open");
});

for (const [code, reason] of [[1008, "too many messages"], [1012, "drain"], [1013, "slow"], [1006, ""]]) {
  test(`${code} ${reason} is followed by another attempt`, async () => {
    const it = client();
    it.rooms.connect();
    await it.ready();
    await it.socket.drop(code, reason);
    assert.equal(it.rooms.state, "recovering");
    assert.equal(it.of("state").at(-1).reason, reason || "the connection was lost");
    await it.clock.advance(500);
    assert.equal(it.sockets.length, 2);
  });
}

test("pings after 25 s of silence, and measures the pong", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.clock.advance(24_999);
  assert.equal(it.socket.all("ping").length, 0);
  await it.clock.advance(1);
  assert.equal(it.socket.last("ping").t, it.clock.now());
  await it.clock.advance(42);
  await it.socket.receive({ type: "pong", t: it.socket.last("ping").t });
  assert.equal(it.rooms.latency, 42);
  await it.clock.advance(24_999);
  assert.equal(it.socket.all("ping").length, 1);
  assert.equal(it.rooms.state, "open");
});

test("without a pong within 10 s, the connection counts as lost", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.clock.advance(35_000 - 1);
  assert.equal(it.rooms.state, "open");
  await it.clock.advance(1);
  assert.equal(it.rooms.state, "recovering");
  assert.equal(it.of("state").at(-1).reason, "no pong");
});

test("whatever arrives is a sign of life", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.clock.advance(25_000);
  await it.socket.receive({ type: "typing", roomId: "lobby", userId: "bob", on: true });
  await it.clock.advance(24_999);
  assert.equal(it.rooms.state, "open");
  assert.equal(it.socket.all("ping").length, 1);
});

test("an offline event asks the connection, which may still work", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.window.fire("offline");
  assert.equal(it.socket.all("ping").length, 1);
  await it.socket.receive({ type: "pong" });
  await it.clock.advance(10_000);
  assert.equal(it.rooms.state, "open");
  await it.window.fire("offline");
  await it.clock.advance(10_000);
  assert.equal(it.rooms.state, "recovering");
});

test("another doubt gives the pong no more time", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.window.fire("offline");
  await it.clock.advance(9000);
  await it.window.fire("offline");
  await it.clock.advance(1000);
  assert.equal(it.rooms.state, "recovering");
  assert.equal(it.socket.all("ping").length, 1);
});

test("a lost connection is not heard any more", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  const first = it.socket;
  await it.clock.advance(35_500);
  await it.ready();
  await first.receive({ type: "error", code: "bad_request", message: "late" });
  await first.drop(1008, "unauthorized");
  assert.equal(it.rooms.state, "open");
  assert.equal(it.of("error").length, 0);
});

test("what is no message is passed over", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  for (const data of ["{", "null", "[]", "7", '{"type":1}', new ArrayBuffer(4)]) {
    it.socket.onmessage({ data });
  }
  assert.equal(it.rooms.state, "open");
  assert.deepEqual(states(it), ["connecting", "open"]);
});

test("is degraded while the server says so", async () => {
  const it = client();
  it.rooms.connect();
  await it.ready();
  await it.socket.receive({ type: "degraded", on: true });
  assert.equal(it.rooms.state, "degraded");
  await it.socket.receive({ type: "degraded", on: false });
  assert.equal(it.rooms.state, "open");
  await it.socket.receive({ type: "degraded", on: true });
  await it.socket.drop();
  await it.clock.advance(500);
  await it.ready();
  assert.equal(it.rooms.state, "open", "another node may be well");
});

test("renews its token when the server asks", async () => {
  let tokens = 0;
  const it = client({ token: () => `t${++tokens}` });
  it.rooms.connect();
  await it.ready();
  await it.socket.receive({ type: "renew" });
  assert.equal(it.socket.last("renew").token, "t2");
  await it.socket.answer("renew", { type: "ok", expires: 1 });
  assert.equal(it.of("error").length, 0);
});

test("tells when a token could not be renewed", async () => {
  let tokens = 0;
  const it = client({ token: () => (++tokens === 2 ? Promise.reject(new Error("offline")) : "t") });
  it.rooms.connect();
  await it.ready();
  await it.socket.receive({ type: "renew" });
  await it.socket.receive({ type: "renew" });
  await it.socket.answer("renew", { type: "error", code: "unauthorized", message: "refused" });
  assert.deepEqual(it.of("error").map(({ message }) => message), ["offline", "refused"]);
});

test("dispose leaves no timer, no listener, no handler and no connection", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.send("lobby", "hello");
  it.rooms.typing("lobby", true);
  it.rooms.upload("lobby", { size: 1e6, slice: () => new Promise(() => {}) }, "a");
  assert.equal(it.window.listeners, 2);
  assert.equal(it.document.listeners, 1);
  it.rooms.dispose();
  assert.equal(it.clock.pending, 0);
  assert.equal(it.window.listeners, 0);
  assert.equal(it.document.listeners, 0);
  assert.equal(it.socket.closedWith, 1000);
  const events = it.seen.length;
  await it.socket.receive({ type: "typing", roomId: "lobby", userId: "bob", on: true });
  await it.socket.drop();
  await it.window.fire("online");
  assert.equal(it.seen.length, events);
  assert.equal(it.sockets.length, 1);
});

test("dispose within a handler leaves no timer", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.on("presence", () => it.rooms.dispose());
  await it.socket.receive({ type: "message", roomId: "lobby", epoch: "e1", offset: 2 });
  await it.socket.receive({ type: "presence", roomId: "lobby", userId: "bob", status: "online" });
  assert.equal(it.clock.pending, 0);
});

test("dispose during an attempt opens no connection", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.dispose();
  await it.clock.advance(60_000);
  assert.equal(it.sockets.length, 0);
  assert.equal(it.clock.pending, 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { at, client, message } from "./fakes.js";

const contents = (it) => it.of("message").map(({ content }) => content);

/** Loses the connection, and opens the next one. */
async function again(it) {
  await it.socket.drop();
  await it.clock.advance(500);
  await it.ready();
}

test("shows a room from its history, and then what follows", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  assert.equal(it.socket.last("join").since, undefined);
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(2), recovered: false, members: ["bob"] });
  assert.deepEqual(it.socket.last("history").limit, 50);
  await it.socket.answer("history", { type: "page", messages: [message(2), message(1)], more: true });
  const [{ messages, more }] = it.of("reset");
  assert.deepEqual(messages.map(({ offset }) => offset), [1, 2]);
  assert.equal(more, true);
  await it.socket.receive(message(3));
  assert.deepEqual(contents(it), ["m3"]);
});

test("what arrives while the history is loaded follows it, once", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(2), recovered: false, members: [] });
  await it.socket.receive(message(3));
  await it.socket.receive(message(4));
  assert.deepEqual(contents(it), []);
  const page = [message(1), message(2), message(3)];
  await it.socket.answer("history", { type: "page", messages: page, more: false });
  assert.equal(it.of("reset").length, 1);
  assert.deepEqual(contents(it), ["m4"]);
  await it.clock.advance(5000);
  assert.equal(it.socket.all("join").length, 1, "nothing is missing");
});

test("delivers in order and without a duplicate, however messages arrive", async () => {
  const it = client();
  await it.inRoom();
  for (const offset of [2, 3, 1, 1, 2, 5, 4, 4, 6]) await it.socket.receive(message(offset));
  assert.deepEqual(contents(it), ["m1", "m2", "m3", "m4", "m5", "m6"]);
  assert.equal(it.socket.all("join").length, 1);
});

test("a message that stays away for 2 s makes it join again from where it is", async () => {
  const it = client();
  await it.inRoom();
  await it.socket.receive(message(1));
  await it.socket.receive(message(3));
  await it.clock.advance(1999);
  assert.equal(it.socket.all("join").length, 1);
  await it.clock.advance(1);
  assert.deepEqual(it.socket.last("join").since, at(1));
  assert.equal(it.rooms.state, "recovering");
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(3), recovered: true, members: [] });
  await it.socket.receive(message(2));
  await it.socket.receive(message(3));
  assert.deepEqual(contents(it), ["m1", "m2", "m3"]);
  assert.equal(it.rooms.state, "open");
});

test("a gap that closes in time joins nothing", async () => {
  const it = client();
  await it.inRoom();
  await it.socket.receive(message(2));
  await it.clock.advance(1000);
  await it.socket.receive(message(1));
  await it.clock.advance(5000);
  assert.equal(it.socket.all("join").length, 1);
});

test("more than 1,000 messages behind a missing one do not wait for it", async () => {
  const it = client();
  await it.inRoom();
  for (let offset = 2; offset <= 1002; offset += 1) await it.socket.receive(message(offset));
  assert.equal(it.socket.all("join").length, 2);
  assert.deepEqual(it.socket.last("join").since, at(0));
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(2), recovered: true, members: [] });
  await it.socket.receive(message(1));
  await it.socket.receive(message(2));
  assert.deepEqual(contents(it), ["m1", "m2"]);
});

test("no more than 1,000 messages wait for the answer to a join", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  for (let offset = 1; offset <= 1500; offset += 1) await it.socket.receive(message(offset));
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(0), recovered: false, members: [] });
  await it.socket.answer("history", { type: "page", messages: [], more: false });
  assert.equal(contents(it).length, 1000);
  await it.socket.receive(message(1501));
  await it.clock.advance(2000);
  assert.deepEqual(it.socket.last("join").since, at(1000));
});

test("rejoins with its offset, even before any message came", async () => {
  const it = client();
  await it.inRoom();
  await again(it);
  assert.deepEqual(it.socket.last("join").since, at(0));
});

test("is recovering until the last missed message is there", async () => {
  const it = client();
  await it.inRoom();
  await it.socket.receive(message(1));
  await again(it);
  assert.deepEqual(it.socket.last("join").since, at(1));
  assert.equal(it.rooms.state, "recovering");
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(3), recovered: true, members: [] });
  assert.equal(it.of("joined").at(-1).recovered, true);
  await it.socket.receive(message(2));
  assert.equal(it.rooms.state, "recovering");
  await it.socket.receive(message(3));
  assert.equal(it.rooms.state, "open");
  assert.deepEqual(contents(it), ["m1", "m2", "m3"]);
  assert.equal(it.of("reset").length, 1, "the first one");
});

test("a live message between the join and its answer is neither lost nor early", async () => {
  const it = client();
  await it.inRoom();
  await again(it);
  await it.socket.receive(message(3));
  assert.deepEqual(contents(it), []);
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(2), recovered: true, members: [] });
  await it.socket.receive(message(1));
  await it.socket.receive(message(2));
  assert.deepEqual(contents(it), ["m1", "m2", "m3"]);
});

test("recovered: false reloads the room by its history", async () => {
  const it = client();
  await it.inRoom();
  await it.socket.receive(message(1));
  await again(it);
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(7, "e2"), recovered: false, members: [] });
  assert.equal(it.rooms.state, "recovering");
  const page = [message(6, "e2"), message(7, "e2")];
  await it.socket.answer("history", { type: "page", messages: page, more: true });
  assert.deepEqual(it.of("reset").at(-1).messages, page);
  assert.equal(it.rooms.state, "open");
  await it.socket.receive(message(8, "e2"));
  assert.deepEqual(contents(it), ["m1", "m8"]);
});

test("recovered: false reloads the room in the same epoch too", async () => {
  const it = client();
  await it.inRoom();
  await again(it);
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(9000), recovered: false, members: [] });
  assert.equal(it.of("joined").at(-1).recovered, false);
  await it.socket.answer("history", { type: "page", messages: [message(9000)], more: true });
  await it.socket.receive(message(9001));
  assert.deepEqual(contents(it), ["m9001"]);
});

test("what arrived before the answer to a join is judged by the epoch of that answer", async () => {
  const it = client();
  await it.inRoom();
  await again(it);
  await it.socket.receive(message(8, "e1"));
  await it.socket.receive(message(9, "e1"));
  await it.socket.receive(message(8, "e2"));
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(7, "e2"), recovered: false, members: [] });
  await it.socket.answer("history", { type: "page", messages: [message(7, "e2")], more: false });
  assert.deepEqual(it.of("message").map(({ offset, epoch }) => [offset, epoch]), [[8, "e2"]]);
});

test("a connection that is lost before the answer to a join is followed by another join", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  await again(it);
  assert.equal(it.socket.all("join").length, 1);
});

test("a recovery in another epoch is not believed", async () => {
  const it = client();
  await it.inRoom();
  await again(it);
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(0, "e2"), recovered: true, members: [] });
  assert.equal(it.socket.all("history").length, 1);
});

test("a live message of another epoch makes it join again", async () => {
  const it = client();
  await it.inRoom();
  await it.socket.receive(message(1));
  await it.socket.receive(message(2, "e2"));
  assert.deepEqual(it.socket.last("join").since, at(1));
  assert.deepEqual(contents(it), ["m1"]);
});

test("a history of another epoch than the join's is not shown", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(1), recovered: false, members: [] });
  await it.socket.answer("history", { type: "page", messages: [message(1, "e2")], more: false });
  assert.equal(it.of("reset").length, 0);
  assert.equal(it.socket.all("join").length, 2);
  assert.equal(it.socket.last("join").since, undefined);
});

test("a connection that is lost while the history is loaded leaves no offset behind", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  await it.socket.answer("join", { type: "joined", roomId: "lobby", ...at(5), recovered: false, members: [] });
  await again(it);
  assert.equal(it.socket.last("join").since, undefined);
});

test("drops the stale answer of an earlier join", async () => {
  const it = client();
  const leave = it.rooms.join("lobby");
  it.rooms.connect();
  await it.ready();
  const first = it.socket.last("join");
  leave();
  it.rooms.join("lobby");
  const joined = { type: "joined", roomId: "lobby", recovered: false };
  await it.socket.receive({ re: first.id, ...joined, ...at(1), members: ["stale"] });
  assert.equal(it.of("joined").length, 0);
  await it.socket.answer("join", { ...joined, ...at(2), members: ["fresh"] });
  assert.deepEqual(it.of("joined").map(({ members }) => members), [["fresh"]]);
});

test("drops the stale history of an earlier join", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  const joined = { type: "joined", roomId: "lobby", ...at(1), recovered: false, members: [] };
  await it.socket.answer("join", joined);
  const stale = it.socket.last("history").id;
  it.rooms.leave("lobby");
  it.rooms.join("lobby");
  await it.socket.answer("join", joined);
  await it.socket.receive({ re: stale, type: "page", messages: [message(1)], more: false });
  assert.equal(it.of("reset").length, 0);
});

test("keeps the members of a room", async () => {
  const it = client();
  await it.inRoom();
  await it.socket.receive({ type: "presence", roomId: "lobby", userId: "bob", status: "online" });
  await it.socket.receive({ type: "presence", roomId: "lobby", userId: "ann", status: "offline" });
  assert.deepEqual(it.of("presence").map(({ members }) => members), [["ann", "bob"], ["bob"]]);
});

test("a room that is refused is given up, with what waits for it", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("secret");
  const key = it.rooms.send("secret", "hello");
  await it.ready();
  await it.socket.answer("join", { type: "error", code: "forbidden", message: "no" });
  assert.deepEqual(it.of("refused"), [{ kind: "refused", roomId: "secret", code: "forbidden", message: "no" }]);
  assert.equal(it.of("delivery").at(-1).status, "failed");
  assert.equal(it.of("delivery").at(-1).key, key);
  await again(it);
  assert.equal(it.socket.all("join").length, 0);
});

test("a join that cannot be answered now is sent again", async () => {
  const it = client();
  it.rooms.connect();
  it.rooms.join("lobby");
  await it.ready();
  await it.socket.answer("join", { type: "error", code: "unavailable", message: "" });
  await it.clock.advance(1499);
  assert.equal(it.socket.all("join").length, 1);
  await it.clock.advance(1);
  assert.equal(it.socket.all("join").length, 2);
});

test("a room that was left is not joined again, and its messages are not shown", async () => {
  const it = client();
  await it.inRoom();
  it.rooms.leave("lobby");
  assert.equal(it.socket.last("leave").roomId, "lobby");
  await it.socket.receive(message(1));
  assert.deepEqual(contents(it), []);
  await again(it);
  assert.equal(it.socket.all("join").length, 0);
});

test("fetches older messages, and says when it cannot", async () => {
  const it = client();
  await assert.rejects(it.rooms.history("lobby", 10), /no connection/);
  await it.inRoom();
  const older = it.rooms.history("lobby", 3);
  assert.equal(it.socket.last("history").before, 3);
  await it.socket.answer("history", { type: "page", messages: [message(2), message(1)], more: false });
  assert.deepEqual((await older).messages, [message(1), message(2)]);
  const lost = assert.rejects(it.rooms.history("lobby", 3), /lost/);
  await it.socket.drop();
  await lost;
});

test("tells at most every 3 s that the user is typing, and at once that it ends", async () => {
  const it = client();
  await it.inRoom();
  for (let i = 0; i < 5; i += 1) it.rooms.typing("lobby", true);
  assert.equal(it.socket.all("typing").length, 1);
  await it.clock.advance(3000);
  it.rooms.typing("lobby", true);
  it.rooms.typing("lobby", false);
  it.rooms.typing("lobby", true);
  assert.deepEqual(it.socket.all("typing").map(({ on }) => on), [true, true, false, true]);
});

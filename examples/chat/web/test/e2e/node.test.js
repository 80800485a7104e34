// The module without a browser: in Node, against a real server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Rooms } from "../../rooms.js";
import { service } from "./fixture.js";
import { missingServer } from "./server.js";

const skip = globalThis.WebSocket ? missingServer() : "this Node has no WebSocket; `npm run e2e` enables that of Node 20";

function user(t, url, name) {
  const rooms = new Rooms({
    url: new URL("ws", url.replace("http", "ws")).href,
    token: async () => (await (await fetch(`${url}token?user=${name}`)).json()).token,
  });
  t.after(() => rooms.dispose());
  rooms.join("lobby");
  rooms.connect();
  return { rooms, next: (event) => new Promise((resolve) => rooms.on(event, resolve)) };
}

test("the module works in Node: messages, files, and a connection that is cut", { skip }, async (t) => {
  const { url, proxy } = await service(t);
  const ann = user(t, url, "ann");
  const bob = user(t, url, "bob");
  await Promise.all([ann.next("reset"), bob.next("reset")]);

  const received = bob.next("message");
  ann.rooms.send("lobby", "hello");
  const { userId, content, offset } = await received;
  assert.deepEqual([userId, content, offset], ["ann", "hello", 1]);

  const joined = ann.next("joined");
  proxy.cut();
  assert.equal((await joined).recovered, true);

  const file = bob.next("file");
  ann.rooms.upload("lobby", new Blob(["x".repeat(100_000)]), "x.txt");
  const { name, url: path } = await file;
  assert.equal(name, "x.txt");
  assert.equal((await (await fetch(new URL(path, url))).text()).length, 100_000);
});

// The page against two nodes over Redis, of which one is killed.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { end } from "./browser.js";
import { enter, inState, SECRET, say, service, shows, texts, token, withBrowser } from "./fixture.js";
import { missingRedis, startNode, startRedis } from "./server.js";

const skip = missingRedis();
const it = withBrowser(skip);

test("a node is killed: the page recovers on the other, without a gap or a duplicate", { skip }, async (t) => {
  const redis = await startRedis();
  after(() => redis.stop());
  const args = ["--redis", redis.url, "--jwt-secret", SECRET];
  const { url, node, proxy } = await service(t, ...args);
  const second = await startNode(...args);
  t.after(() => end(second.child, "SIGKILL"));
  const ann = await enter(t, it.browser, url, "ann", token("ann"));
  const bob = await enter(t, it.browser, `http://127.0.0.1:${second.port}/`, "bob", token("bob"));

  await say(ann, "before");
  await shows(bob, ["before"]);
  await say(ann, "at the moment");
  await end(node.child, "SIGKILL");
  await inState(ann, "recovering");
  await say(bob, "missed");
  await say(ann, "meanwhile");
  proxy.target = second.port;
  await inState(ann, "open");
  await say(ann, "after");

  await bob.until("document.querySelectorAll('.message').length >= 5");
  const order = await texts(bob);
  assert.deepEqual(order.toSorted(), ["after", "at the moment", "before", "meanwhile", "missed"]);
  assert.equal(order.at(-1), "after");
  await shows(bob, order);
  await shows(ann, order);
});

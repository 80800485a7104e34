// The page against nodes over Redis, of which one is killed, drained, or loses its Redis.

import assert from "node:assert/strict";
import { test } from "node:test";

import { end } from "./browser.js";
import { enter, inState, SECRET, say, service, shows, statuses, texts, token, withBrowser } from "./fixture.js";
import { missingRedis, startNode, startRedis } from "./server.js";

const skip = missingRedis();
const it = withBrowser(skip);

/** Starts two nodes, and a user on each; the first one is reached through a proxy. */
async function cluster(t) {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const args = ["--redis", redis.url, "--jwt-secret", SECRET];
  const { url, node, proxy } = await service(t, ...args);
  const second = await startNode(...args);
  t.after(() => end(second.child, "SIGKILL"));
  const ann = await enter(t, it.browser, url, "ann", token("ann"));
  const bob = await enter(t, it.browser, `http://127.0.0.1:${second.port}/`, "bob", token("bob"));
  return { redis, node, second, proxy, ann, bob };
}

test("a node is killed: the page recovers on the other, without a gap or a duplicate", { skip }, async (t) => {
  const { node, second, proxy, ann, bob } = await cluster(t);
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

test("a node is drained: the page goes to the other, and nobody sees the user leave", { skip }, async (t) => {
  const { node, second, proxy, ann, bob } = await cluster(t);
  await bob.until("document.querySelectorAll('#members li').length === 2");
  await bob.value(`(window.least = 2, new MutationObserver(() => {
    window.least = Math.min(window.least, document.querySelectorAll("#members li").length);
  }).observe(document.getElementById("members"), { childList: true }))`);
  proxy.target = second.port;
  await end(node.child, "SIGTERM");
  await say(ann, "from the second node");
  await shows(bob, ["from the second node"]);
  await inState(ann, "open");
  assert.equal(await bob.value("window.least"), 2);
});

test("Redis is gone: the page says so, and what was sent is stored when it is back", { skip }, async (t) => {
  const { redis, ann, bob } = await cluster(t);
  redis.child.kill("SIGSTOP");
  await inState(ann, "degraded");
  await say(ann, "patience");
  assert.deepEqual(await statuses(ann), ["pending"]);
  redis.child.kill("SIGCONT");
  await shows(ann, ["patience"]);
  await shows(bob, ["patience"]);
  await inState(ann, "open");
});

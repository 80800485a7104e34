// The page in a real browser, against a real server without Redis.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { KEYS } from "./browser.js";
import { enter, inState, SECRET, say, service, shows, statuses, texts, token, withBrowser } from "./fixture.js";
import { missing } from "./server.js";

const skip = missing();
const it = withBrowser(skip);
const page = (t, url, name, token) => enter(t, it.browser, url, name, token);

test("a message reaches the other window, and is shown as text", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  const bob = await page(t, url, "bob");
  const text = "<img src=x onerror=alert(1)> <b>bold</b> & 👋";
  await say(ann, text);
  await shows(ann, [text]);
  await shows(bob, [text]);
  assert.equal(await bob.value("document.querySelectorAll('.body *').length"), 0);
  assert.equal(await bob.value("document.querySelector('.who b').textContent"), "ann");
});

test("members and typing are shown while they last", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  const bob = await page(t, url, "bob");
  await ann.until("document.getElementById('members').textContent === 'ann (you)bob'");
  await bob.type("#text", "h");
  await ann.until("document.getElementById('typing').textContent === 'bob is typing…'");
  await say(bob, "i");
  await shows(ann, ["hi"]);
  await ann.until("document.getElementById('typing').textContent === ''");
});

test("a room in the background counts what is unread", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  const bob = await page(t, url, "bob");
  await ann.type("#join-name", `tea${KEYS.Enter}`);
  await ann.until("document.getElementById('room-name').textContent === 'tea'");
  await say(bob, "one");
  await say(bob, "two");
  await ann.until("document.querySelector('.unread')?.textContent === '2 unread'");
  assert.equal(await ann.value("document.title"), "(2) Rooms");
  await ann.click("#rooms li:first-child button");
  await shows(ann, ["one", "two"]);
  assert.equal(await ann.value("document.title"), "Rooms");
});

test("a private message opens a conversation on the other side", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  const bob = await page(t, url, "bob");
  await ann.until("document.querySelectorAll('#members li').length === 2");
  await ann.click("#members li:last-child button");
  await say(ann, "psst");
  await shows(ann, ["psst"]);
  await bob.until("document.getElementById('rooms').textContent.includes('@ann1 unread')");
  await bob.click("#rooms li:last-child button");
  await shows(bob, ["psst"]);
});

test("a connection that is cut recovers, without a gap or a duplicate", { skip }, async (t) => {
  const { url, proxy } = await service(t);
  const ann = await page(t, url, "ann");
  const bob = await page(t, url, "bob");
  const said = [];
  for (let i = 0; i < 6; i += 1) {
    said.push(`ann ${i}`, `bob ${i}`);
    await say(ann, `ann ${i}`);
    await say(bob, `bob ${i}`);
    proxy.cut();
  }
  await inState(ann, "open");
  await inState(bob, "open");
  await ann.until("document.querySelectorAll('.message').length >= 12");
  const order = await texts(ann);
  assert.deepEqual(order.toSorted(), said.toSorted());
  await shows(ann, order);
  await shows(bob, order);
});

test("what is sent offline is pending, and stored when the network is back", { skip }, async (t) => {
  const { url, proxy } = await service(t);
  const ann = await page(t, url, "ann");
  const bob = await page(t, url, "bob");
  const offline = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
  await ann.cdp("Network.enable", {});
  await ann.cdp("Network.emulateNetworkConditions", { offline: true, ...offline });
  proxy.block();
  await inState(ann, "recovering");
  await say(ann, "from the tunnel");
  assert.deepEqual(await statuses(ann), ["pending"]);
  await ann.until("document.getElementById('countdown').textContent.startsWith('next attempt in')");
  assert.equal(await ann.value("document.getElementById('retry').hidden"), false);
  proxy.restore();
  await ann.cdp("Network.emulateNetworkConditions", { offline: false, ...offline });
  await shows(ann, ["from the tunnel"]);
  await inState(ann, "open");
  await shows(bob, ["from the tunnel"]);
});

test("unsent messages survive a reload of the page", { skip }, async (t) => {
  const { url, proxy } = await service(t);
  const ann = await page(t, url, "ann");
  proxy.block();
  await inState(ann, "recovering");
  await say(ann, "kept");
  assert.deepEqual(await statuses(ann), ["pending"]);
  proxy.restore();
  await ann.ask("POST", "/refresh", {});
  await ann.until("document.querySelector('dialog').open");
  await ann.click("dialog button");
  await shows(ann, ["kept"]);
});

test("a message that is too long fails, and the connection comes back", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  await ann.value("(document.getElementById('text').value = 'x'.repeat(70000), document.getElementById('compose').requestSubmit())");
  await ann.until("document.querySelector('.message[data-status=failed]')?.textContent.includes('longer than the server accepts')");
  await say(ann, "short");
  await ann.until("document.querySelector('.message[data-status=stored]')?.textContent.includes('short')");
  await inState(ann, "open");
});

test("a file is uploaded with progress, and downloaded unchanged", { skip }, async (t) => {
  const { url } = await service(t);
  const folder = await mkdtemp(join(tmpdir(), "rooms-page-"));
  t.after(() => rm(folder, { recursive: true }));
  const bytes = randomBytes(3_000_000);
  await writeFile(join(folder, "random.bin"), bytes);
  const ann = await page(t, url, "ann");
  const bob = await page(t, url, "bob");
  await ann.value(`(window.seen = [], new MutationObserver(() => {
    const bar = document.querySelector("progress");
    if (bar) window.seen.push(bar.value);
  }).observe(document.body, { subtree: true, childList: true, attributes: true }))`);
  await ann.type("#file", join(folder, "random.bin"));
  await shows(ann, ["random.bin (2.9 MiB)"]);
  await shows(bob, ["random.bin (2.9 MiB)"]);
  const seen = await ann.value("window.seen");
  assert.ok(new Set(seen).size > 3, `progress: ${seen}`);
  for (const window of [ann, bob]) {
    const href = await window.value("document.querySelector('.body a').href");
    const file = Buffer.from(await (await fetch(href)).arrayBuffer());
    assert.ok(file.equals(bytes));
  }
});

test("an upload that is cut begins again", { skip }, async (t) => {
  const { url, proxy } = await service(t);
  const folder = await mkdtemp(join(tmpdir(), "rooms-page-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "big.bin"), randomBytes(20_000_000));
  const ann = await page(t, url, "ann");
  await ann.type("#file", join(folder, "big.bin"));
  await ann.until("document.querySelector('progress')?.value > 0");
  proxy.cut();
  await shows(ann, ["big.bin (19.1 MiB)"]);
});

test("earlier messages are loaded on request", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  const said = Array.from({ length: 60 }, (_, i) => `message ${i}`);
  for (const text of said) await say(ann, text);
  await shows(ann, said);
  const bob = await page(t, url, "bob");
  await shows(bob, said.slice(10));
  await bob.click(".view > button");
  await shows(bob, said);
  assert.equal(await bob.value("document.querySelector('.view > button').hidden"), true);
});

test("the page needs no mouse", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  const focus = () => ann.value("document.activeElement.id || document.activeElement.className");
  assert.equal(await focus(), "text");
  for (let i = 0; i < 12 && (await focus()) !== "skip"; i += 1) await ann.press([KEYS.Shift, KEYS.Tab]);
  await ann.press(KEYS.Enter);
  assert.equal(await focus(), "text", "by the link that skips everything before it");
  await ann.press("h", "i", [KEYS.Shift, KEYS.Enter], "y", "o", "u", KEYS.Enter);
  await shows(ann, ["hi\nyou"]);
  await ann.press([KEYS.Shift, KEYS.Tab]);
  assert.equal(await focus(), "view");
  await ann.press([KEYS.Shift, KEYS.Tab], [KEYS.Shift, KEYS.Tab], [KEYS.Shift, KEYS.Tab]);
  assert.equal(await focus(), "join-name");
  await ann.press("t", "e", "a", KEYS.Enter);
  await ann.until("document.getElementById('room-name').textContent === 'tea'");
  assert.equal(await focus(), "text");
  await ann.press([KEYS.Alt, KEYS.Up]);
  await ann.until("document.getElementById('room-name').textContent === 'lobby'");
  await ann.press([KEYS.Alt, KEYS.Up]);
  await ann.until("document.getElementById('room-name').textContent === 'tea'");
});

test("assistive technology finds names, roles and news", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  await say(ann, "hello");
  await shows(ann, ["hello"]);
  const { nodes } = await ann.cdp("Accessibility.getFullAXTree", {});
  const shown = nodes.filter(({ ignored }) => !ignored);
  const roles = new Set(shown.map(({ role }) => role.value));
  for (const role of ["banner", "navigation", "main", "complementary", "log", "status", "textbox", "heading"]) {
    assert.ok(roles.has(role), `${role} in ${[...roles]}`);
  }
  for (const { role, name } of shown) {
    if (["button", "textbox", "link"].includes(role.value)) assert.ok(name.value, `a ${role.value} has no name`);
  }
});

test("320 pixels are wide enough", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "a".repeat(64));
  await ann.size(320, 568);
  await ann.ask("POST", "/refresh", {});
  await ann.until("document.querySelector('dialog').open");
  await ann.click("dialog button");
  await inState(ann, "open");
  await say(ann, `a long word: ${"x".repeat(200)}`);
  await ann.until("document.querySelectorAll('.message').length === 1");
  await ann.click("summary");
  const { wide, outside } = await ann.value(`({
    wide: [...document.querySelectorAll("html, nav, aside, .view")]
      .filter((element) => element.scrollWidth > element.clientWidth).map((element) => element.localName),
    outside: [...document.querySelectorAll("button, a:not(.skip), textarea, #state, #members, .who b, .body")]
      .filter((element) => element.checkVisibility() && element.id !== "latest").filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width === 0 || box.left < 0 || box.right > 320 || box.bottom > 568;
      }).map((element) => element.outerHTML),
  })`);
  assert.deepEqual([wide, outside], [[], []]);
});

test("no script but that of the server runs", { skip }, async (t) => {
  const { url } = await service(t);
  const ann = await page(t, url, "ann");
  const blocked = await ann.value(`(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    return window.ran !== true;
  })()`);
  assert.ok(blocked);
});

test("a token of another service lets in, and its expiry is told", { skip }, async (t) => {
  const { url } = await service(t, "--jwt-secret", SECRET);
  const ann = await page(t, url, "ann", token("ann", 8));
  await say(ann, "hello");
  await shows(ann, ["hello"]);
  await inState(ann, "closed");
  await ann.until("document.getElementById('sign-in-why').textContent.includes('expired')");
});

test("the three transports deliver the same messages", { skip }, async (t) => {
  const { url, proxy } = await service(t);
  const compare = await it.browser.open(`${url}compare`);
  t.after(() => compare.ask("DELETE", "/window"));
  await compare.value("(document.getElementById('count').value = 40, document.getElementById('rate').value = 20)");
  await compare.click("#start");
  await compare.until("document.getElementById('state').textContent === 'Done'");
  const rows = await compare.value("[...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))");
  assert.deepEqual(rows.map(([name, count]) => [name, count]), [["WebSocket", "40"], ["Server-sent events", "40"], ["Long polling", "40"]]);
  for (const row of rows) t.diagnostic(row.join(" | "));
  for (const { path, up, down } of proxy.counts) {
    if (/ws|events|poll/.test(path)) t.diagnostic(`on the wire, ${path}: ${up} bytes up, ${down} bytes down`);
  }
});

// What the tests of the page share: a browser, a server behind a proxy, and users in windows.

import { createHmac } from "node:crypto";
import { after, before } from "node:test";

import { Browser, end, KEYS } from "./browser.js";
import { Proxy } from "./proxy.js";
import { startNode } from "./server.js";

export const SECRET = "the secret of these tests";

/** Starts a browser before the tests of a file, unless something is missing. */
export function withBrowser(missing) {
  const it = {};
  before(async () => {
    if (!missing) it.browser = await Browser.start();
  });
  after(() => it.browser?.close());
  return it;
}

/** Starts a node behind a proxy, for one test. */
export async function service(t, ...args) {
  const node = await startNode(...args);
  const proxy = await Proxy.start(node.port);
  t.after(async () => {
    proxy.close();
    await end(node.child, "SIGKILL");
  });
  return { node, proxy, url: `http://127.0.0.1:${proxy.port}/` };
}

/** Opens the page in a new window, and signs in. */
export async function enter(t, browser, url, name, token) {
  const page = await browser.open(url);
  t.after(() => page.ask("DELETE", "/window"));
  await page.until("document.querySelector('dialog').open");
  await page.type("#name", name + KEYS.Enter);
  if (token) {
    await page.until("!document.getElementById('token-field').hidden && document.querySelector('dialog').open");
    await page.type("#token", token + KEYS.Enter);
  }
  await inState(page, "open");
  await page.until("document.querySelectorAll('#members li').length > 0");
  return page;
}

export function inState(page, state) {
  return page.until(`document.getElementById("state").dataset.state === ${JSON.stringify(state)}`);
}

/** A token of HS256 for a server with the secret of these tests. */
export function token(user, seconds = 3600) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + seconds;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, exp })}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

/** Sends a text to the room that is shown. */
export async function say(page, text) {
  await page.type("#text", text + KEYS.Enter);
}

const SHOWN = "[...document.querySelectorAll('.view:not([hidden]) .message')]";

/** The texts of the messages that are shown, and what became of them. */
export const texts = (page) => page.value(`${SHOWN}.map((li) => li.querySelector('.body').textContent)`);
export const statuses = (page) => page.value(`${SHOWN}.map((li) => li.dataset.status)`);

/** Waits until exactly these messages are shown, all of them stored. */
export async function shows(page, expected) {
  const list = JSON.stringify(JSON.stringify(expected));
  await page.until(
    `JSON.stringify(${SHOWN}.map((li) => li.querySelector('.body').textContent)) === ${list} &&
     ${SHOWN}.every((li) => li.dataset.status === 'stored')`,
  );
}

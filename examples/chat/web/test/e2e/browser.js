// Headless Chromium by WebDriver, as far as the tests of the page need it.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";

const ARGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
  "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--force-prefers-reduced-motion",
];
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const PATIENCE = 20_000;

/** What keys are called in WebDriver. */
export const KEYS = { Enter: "\uE007", Tab: "\uE004", Shift: "\uE008", Alt: "\uE00A", Up: "\uE013", Down: "\uE015" };

/** Says what is missing for tests in a browser, or `false`. */
export function missingBrowser() {
  for (const command of ["chromedriver", "chromium"]) {
    if (spawnSync(command, ["--version"]).error) return `${command} is not installed`;
  }
  return false;
}

/** What runs, and must not outlive these tests. */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill()));

/** Starts a command; resolves with it and what `pattern` finds in its output. */
export async function start(command, args, pattern, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let output = "";
  const found = await new Promise((resolve, reject) => {
    const look = (data) => {
      output += data;
      const match = pattern.exec(output);
      if (match) resolve(match[1]);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${command} ended with ${code}: ${output}`)));
  });
  return { child, found };
}

/** Ends a process, and waits until it has ended. */
export async function end(child, signal = "SIGTERM") {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

/** A browser with windows. */
export class Browser {
  #driver;
  #base;
  /** The window that stays, for commands that need any. */
  #first;
  #window = null;

  static async start() {
    const { child, found } = await start("chromedriver", ["--port=0"], /successfully on port (\d+)/);
    const browser = new Browser();
    browser.#driver = child;
    browser.#base = `http://127.0.0.1:${found}/session`;
    const options = { browserName: "chrome", "goog:chromeOptions": { args: ARGS } };
    const { sessionId } = await browser.#ask("POST", "", { capabilities: { alwaysMatch: options } });
    browser.#base += `/${sessionId}`;
    browser.#first = await browser.#ask("GET", "/window");
    return browser;
  }

  async close() {
    await this.#ask("DELETE", "").catch(() => {});
    await end(this.#driver);
  }

  /** Opens a URL in a new window. */
  async open(url) {
    const { handle } = await this.ask(this.#first, "POST", "/window/new", { type: "window" });
    const page = new Page(this, handle);
    await page.ask("POST", "/url", { url });
    return page;
  }

  async #ask(method, path, body) {
    const response = await fetch(this.#base + path, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${path}: ${value.message}`);
    return value;
  }

  /** Sends a command to a window. */
  async ask(window, method, path, body) {
    if (window !== this.#window) await this.#ask("POST", "/window", { handle: window });
    this.#window = window;
    return this.#ask(method, path, body);
  }
}

/** One window. */
class Page {
  #browser;
  #window;

  constructor(browser, window) {
    this.#browser = browser;
    this.#window = window;
  }

  ask(method, path, body) {
    return this.#browser.ask(this.#window, method, path, body);
  }

  /** The value of an expression in the page. */
  value(expression) {
    return this.ask("POST", "/execute/sync", { script: `return (${expression});`, args: [] });
  }

  /** Waits until an expression is true in the page; returns its value. */
  async until(expression) {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const value = await this.value(expression);
      if (value) return value;
      if (Date.now() > deadline) {
        const text = await this.value("document.body.innerText");
        assert.fail(`not in time: ${expression}\nin a page with: ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #element(selector) {
    const found = await this.ask("POST", "/element", { using: "css selector", value: selector });
    return `/element/${found[ELEMENT]}`;
  }

  async click(selector) {
    return this.ask("POST", `${await this.#element(selector)}/click`, {});
  }

  /** Types into an element; into a file input, a path. */
  async type(selector, text) {
    return this.ask("POST", `${await this.#element(selector)}/value`, { text });
  }

  /** Presses keys one after the other, where the focus is; those of an inner list together. */
  async press(...keys) {
    const actions = [];
    for (const chord of keys.map((key) => [key].flat())) {
      for (const key of chord) actions.push({ type: "keyDown", value: key });
      for (const key of chord.toReversed()) actions.push({ type: "keyUp", value: key });
    }
    return this.ask("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  /** Sends a command of the Chrome DevTools Protocol. */
  cdp(cmd, params) {
    return this.ask("POST", "/goog/cdp/execute", { cmd, params });
  }

  size(width, height) {
    return this.cdp("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  dark(on) {
    const features = [{ name: "prefers-color-scheme", value: on ? "dark" : "light" }];
    return this.cdp("Emulation.setEmulatedMedia", { features });
  }

  async screenshot(path) {
    const data = await this.ask("GET", "/screenshot");
    await writeFile(path, Buffer.from(data, "base64"));
  }
}

// One authenticated connection at a time, and the next one after it is lost.

import { Timers } from "./env.js";

export class Link {
  #env;
  #options;
  #handlers;
  #timers;
  /** The attempt under way, or the connection: `{ socket, ready }`. */
  #current = null;
  #stopped = true;
  /** Attempts since the last stable connection. */
  #tries = 0;
  #pingSent = 0;

  /** When the next attempt begins, by the clock; `null` if none is scheduled. */
  retryAt = null;
  /** The last measured time from a ping to its pong, in milliseconds. */
  latency = null;

  /**
   * The handlers are `up(ready)`, `down({ code, reason, final })`, `message(message)`, and
   * `changed()` for a new `retryAt`.
   */
  constructor(env, options, handlers) {
    this.#env = env;
    this.#options = options;
    this.#handlers = handlers;
    this.#timers = new Timers(env.clock);
    env.window?.addEventListener("online", this.#online);
    env.window?.addEventListener("offline", this.#doubted);
    env.document?.addEventListener("visibilitychange", this.#visible);
  }

  get ready() {
    return this.#current?.ready ?? false;
  }

  get stopped() {
    return this.#stopped;
  }

  get bufferedAmount() {
    return this.#current?.socket?.bufferedAmount ?? 0;
  }

  /** Connects, and stays connected until `stop`. */
  start() {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#tries = 0;
    this.#attempt();
  }

  /** Closes the connection and makes no other one. */
  stop() {
    this.#stopped = true;
    this.#abandon();
    this.#timers.clearAll();
    this.retryAt = null;
  }

  /** Stops, and removes every listener. */
  dispose() {
    this.stop();
    this.#env.window?.removeEventListener("online", this.#online);
    this.#env.window?.removeEventListener("offline", this.#doubted);
    this.#env.document?.removeEventListener("visibilitychange", this.#visible);
  }

  /** Ends the pause before the next attempt. */
  retryNow() {
    if (this.#stopped || this.#current) return;
    this.#attempt();
  }

  /** Sends a message as JSON, or bytes as they are; returns whether there was a connection. */
  send(message) {
    const { socket, ready } = this.#current ?? {};
    if (!ready || socket.readyState !== 1) return false;
    socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
    return true;
  }

  // A network that is back makes an attempt pointless that was begun without it.
  #online = () => {
    if (this.#stopped) return;
    if (this.ready) return this.#probe();
    this.#abandon();
    this.#attempt();
  };

  // Browsers report `offline` while another network still works, so the connection is asked.
  #doubted = () => this.#probe();

  #visible = () => {
    if (this.#env.document.visibilityState !== "visible") return;
    this.#probe();
    this.retryNow();
  };

  #attempt() {
    this.#timers.clear("retry");
    this.retryAt = null;
    const current = { socket: null, ready: false };
    this.#current = current;
    this.#handlers.changed();
    this.#timers.set("open", this.#options.openTimeout, () => this.#lost(current, 1006, "no answer"));
    Promise.resolve().then(this.#options.token).then(
      (token) => this.#dial(current, token),
      // A provider that says so by `code` ends it like a server that refuses its token.
      (error) => error.code === "unauthorized"
        ? this.#lost(current, 1008, `unauthorized: ${error.message}`)
        : this.#lost(current, 1006, `no token: ${error.message}`),
    );
  }

  #dial(current, token) {
    if (current !== this.#current) return;
    const socket = new this.#env.WebSocket(this.#options.url);
    current.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token }));
    socket.onmessage = ({ data }) => this.#receive(current, data);
    socket.onclose = ({ code, reason }) => this.#lost(current, code, reason);
  }

  #receive(current, data) {
    const message = parse(data);
    if (!message) return;
    this.#alive(current);
    if (message.type === "ready" && !current.ready) {
      current.ready = true;
      this.#timers.clear("open");
      this.#timers.set("stable", this.#options.stableAfter, () => (this.#tries = 0));
      this.#alive(current);
      this.#handlers.up(message);
    } else if (message.type === "pong") {
      this.latency = this.#env.clock.now() - this.#pingSent;
    } else if (current.ready) {
      this.#handlers.message(message);
    }
  }

  /** Whatever arrives shows that the server is there. */
  #alive(current) {
    if (!current.ready) return;
    this.#timers.clear("pong");
    this.#timers.set("ping", this.#options.pingInterval, () => this.#probe());
  }

  #probe() {
    const current = this.#current;
    if (!current?.ready || this.#timers.has("pong")) return;
    this.#pingSent = this.#env.clock.now();
    this.send({ type: "ping", t: this.#pingSent });
    this.#timers.set("pong", this.#options.pongTimeout, () => this.#lost(current, 1006, "no pong"));
  }

  #lost(current, code, reason) {
    if (current !== this.#current) return;
    this.#abandon();
    const final = code === 1008 && /unauthorized/i.test(reason);
    this.#stopped ||= final;
    if (!final) this.#schedule();
    this.#handlers.down({ code, reason, final });
  }

  /** Full jitter: any time up to a bound that doubles with each attempt. */
  #schedule() {
    const { retryBase, retryCap } = this.#options;
    const bound = Math.min(retryCap, retryBase * 2 ** this.#tries);
    const delay = Math.round(this.#env.random() * bound);
    this.#tries += 1;
    this.retryAt = this.#env.clock.now() + delay;
    this.#timers.set("retry", delay, () => this.#attempt());
  }

  /** Forgets the connection: what its socket still reports is not heard. */
  #abandon() {
    const socket = this.#current?.socket;
    this.#current = null;
    for (const name of ["open", "stable", "ping", "pong"]) this.#timers.clear(name);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }
}

/** Returns the object that a text frame carries, or `null`. */
function parse(data) {
  try {
    const message = JSON.parse(data);
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}

// What the client needs of its surroundings. Each part can be replaced: by a test, or in Node.

/** Returns the surroundings, with the parts that are given in place of the global ones. */
export function environment(given = {}) {
  return {
    WebSocket: globalThis.WebSocket,
    clock: {
      now: () => Date.now(),
      setTimeout: (run, ms) => setTimeout(run, ms),
      clearTimeout: (timer) => clearTimeout(timer),
    },
    random: Math.random,
    newKey,
    // Keeps unsent messages over a reload: `sessionStorage`, for example.
    storage: null,
    // Event targets: `online` comes from the window, `visibilitychange` from the document.
    window: globalThis.document ? globalThis.window : null,
    document: globalThis.document ?? null,
    ...given,
  };
}

/** Returns a new key of 16 random bytes, as hexadecimal digits. */
export function newKey() {
  // `crypto.randomUUID` exists only on pages that were loaded over TLS or from this machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns the 16 bytes of a key. */
export function keyBytes(key) {
  return Uint8Array.from(key.match(/../g), (digits) => Number.parseInt(digits, 16));
}

/** Timers by name: setting one replaces the timer of that name. */
export class Timers {
  #clock;
  #running = new Map();
  #ended = false;

  constructor(clock) {
    this.#clock = clock;
  }

  set(name, ms, run) {
    this.clear(name);
    if (this.#ended) return;
    const timer = this.#clock.setTimeout(() => {
      this.#running.delete(name);
      run();
    }, ms);
    this.#running.set(name, timer);
  }

  has(name) {
    return this.#running.has(name);
  }

  clear(name) {
    this.#clock.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  clearAll() {
    for (const name of [...this.#running.keys()]) this.clear(name);
  }

  /** Clears all timers, and sets none from now on. */
  end() {
    this.clearAll();
    this.#ended = true;
  }
}

/** Handlers by the name of their event. */
export class Emitter {
  #handlers = new Map();

  /** Adds a handler, and returns a function that removes it. */
  on(name, handler) {
    if (!this.#handlers.has(name)) this.#handlers.set(name, new Set());
    this.#handlers.get(name).add(handler);
    return () => this.#handlers.get(name)?.delete(handler);
  }

  emit(name, event) {
    for (const handler of [...(this.#handlers.get(name) ?? [])]) handler(event);
  }

  clear() {
    this.#handlers.clear();
  }
}

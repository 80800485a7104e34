// A clock, a socket, a window and a server that do only what a test tells them.

import { Rooms } from "../rooms.js";

export class FakeClock {
  #now = 1_000_000;
  #timers = new Map();
  #last = 0;

  now() {
    return this.#now;
  }

  setTimeout(run, ms) {
    this.#timers.set(++this.#last, { at: this.#now + ms, run });
    return this.#last;
  }

  clearTimeout(timer) {
    this.#timers.delete(timer);
  }

  get pending() {
    return this.#timers.size;
  }

  /** Lets time pass, and runs what is due in its order. */
  async advance(ms) {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end);
      if (due.length === 0) break;
      const [timer, { at, run }] = due.reduce((a, b) => (b[1].at < a[1].at ? b : a));
      this.#timers.delete(timer);
      this.#now = at;
      run();
      await settled();
    }
    this.#now = end;
  }
}

/** Waits until all promises that can settle have done so. */
export function settled() {
  return new Promise(setImmediate);
}

/** An event target that knows how many listeners it has. */
export class FakeTarget extends EventTarget {
  listeners = 0;
  visibilityState = "visible";

  addEventListener(...args) {
    this.listeners += 1;
    super.addEventListener(...args);
  }

  removeEventListener(...args) {
    this.listeners -= 1;
    super.removeEventListener(...args);
  }

  fire(name) {
    this.dispatchEvent(new Event(name));
    return settled();
  }
}

/** Returns the class of sockets for one client, and the list of those that it has opened. */
function fakeSockets() {
  const sockets = [];
  class FakeSocket {
    readyState = 0;
    bufferedAmount = 0;
    /** Everything that was sent: messages, and bytes. */
    sent = [];

    constructor(url) {
      this.url = url;
      sockets.push(this);
    }

    send(data) {
      this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
    }

    close(code) {
      this.readyState = 3;
      this.closedWith = code;
    }

    // The server's side.

    open() {
      this.readyState = 1;
      this.onopen();
      return settled();
    }

    receive(message) {
      this.onmessage?.({ data: JSON.stringify(message) });
      return settled();
    }

    drop(code = 1006, reason = "") {
      this.readyState = 3;
      this.onclose?.({ code, reason });
      return settled();
    }

    all(type) {
      return this.sent.filter((message) => message.type === type);
    }

    last(type) {
      return this.all(type).at(-1);
    }

    /** Answers the last request of a type. */
    answer(type, message) {
      return this.receive({ re: this.last(type).id, ...message });
    }
  }
  return { FakeSocket, sockets };
}

export const EVENTS = [
  "state", "joined", "reset", "message", "file", "presence", "typing", "private", "delivery",
  "progress", "refused", "error",
];

/** A client in fake surroundings, and what it has reported. */
export function client(options = {}, env = {}) {
  const { FakeSocket, sockets } = fakeSockets();
  const clock = new FakeClock();
  const window = new FakeTarget();
  const document = new FakeTarget();
  let keys = 0;
  const rooms = new Rooms({
    url: "ws://test/ws",
    token: () => "secret",
    env: {
      WebSocket: FakeSocket,
      clock,
      window,
      document,
      random: () => 0.5,
      newKey: () => (++keys).toString(16).padStart(32, "0"),
      ...env,
    },
    ...options,
  });
  const seen = [];
  for (const name of EVENTS) rooms.on(name, (event) => seen.push({ kind: name, ...event }));
  return {
    rooms, clock, window, document, sockets, seen,
    get socket() {
      return sockets.at(-1);
    },
    /** The events of one name so far. */
    of: (name) => seen.filter(({ kind }) => kind === name),
    /** Opens the newest connection as the server would. */
    async ready() {
      await settled();
      await this.socket.open();
      await this.socket.receive({ type: "ready", userId: "ann", connection: "c", node: "n", heartbeat: 25_000 });
    },
    /** Connects, and joins a room that has no messages. */
    async inRoom(roomId = "lobby") {
      rooms.connect();
      rooms.join(roomId);
      await this.ready();
      await this.socket.answer("join", { type: "joined", roomId, ...at(0), recovered: false, members: ["ann"] });
      await this.socket.answer("history", { type: "page", messages: [], more: false });
    },
  };
}

/** A position in the usual epoch. */
export function at(offset, epoch = "e1") {
  return { epoch, offset };
}

/** A message of another user. */
export function message(offset, epoch) {
  return { type: "message", roomId: "lobby", ...at(offset, epoch), userId: "bob", content: `m${offset}`, ts: 0 };
}

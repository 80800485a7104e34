// The client of Rooms: it stays connected, and delivers every message of a room once, in order.
//
//   const rooms = new Rooms({ url: "wss://example.com/ws", token: async () => "..." });
//   rooms.on("message", ({ roomId, userId, content }) => ...);
//   rooms.connect();
//   const leave = rooms.join("lobby");
//   rooms.send("lobby", "hello");
//
// README.md has the events. `dispose` ends all of it.

import { Emitter, environment, Timers } from "./env.js";
import { Link } from "./link.js";
import { Room } from "./room.js";
import { Sender, TEMPORARY } from "./sender.js";

/** Times are in milliseconds. */
const DEFAULTS = {
  retryBase: 1000,
  retryCap: 30_000,
  // How long a connection has to last before the next failure counts as the first.
  stableAfter: 10_000,
  openTimeout: 10_000,
  // How long the server may be silent before it is pinged, and how long the pong may take.
  pingInterval: 25_000,
  pongTimeout: 10_000,
  // A message without an answer is sent again, with the same key.
  ackTimeout: 15_000,
  // How long a missing message may take before the room is joined again.
  gapTimeout: 2000,
  // How often others are told that the user goes on typing.
  typingInterval: 3000,
  queueLimit: 500,
  historyLimit: 50,
  storageName: "rooms.queue",
};

export class Rooms {
  #env;
  #options;
  #link;
  #timers;
  #events = new Emitter();
  #sender;
  #rooms = new Map();
  /** What to do with the answer to each request of this connection. */
  #requests = new Map();
  #lastRequest = 0;
  /** Rooms in which messages of a lost connection are still missing. */
  #returning = new Set();
  #degraded = false;
  #reason = "";
  #shown = "";

  /** Who the server says that the user is; `null` before the first connection. */
  userId = null;

  /**
   * `url` and `token`, a function that returns a token or a promise of one, are required. `env` has
   * parts of the surroundings to replace, and the other options are those of `DEFAULTS`.
   */
  constructor({ env, ...options }) {
    this.#env = environment(env);
    this.#options = { ...DEFAULTS, ...options };
    this.#timers = new Timers(this.#env.clock);
    this.#link = new Link(this.#env, this.#options, {
      up: (ready) => this.#up(ready),
      down: (cause) => this.#down(cause),
      message: (message) => this.#receive(message),
      changed: () => this.#changed(),
    });
    this.#sender = new Sender(this.#env, this.#options, this.#link, this.#timers, {
      request: (message, answered) => this.#request(message, answered),
      emit: (name, event) => this.#events.emit(name, event),
      joined: (roomId) => this.#rooms.get(roomId)?.joined ?? false,
      pause: (refusal) => this.#pause(refusal),
      stored: (message) => this.#take({ ...message, userId: this.userId }),
    });
  }

  /** Calls a handler at each event of this name; returns a function that ends it. */
  on(name, handler) {
    return this.#events.on(name, handler);
  }

  /** `connecting`, `open`, `recovering`, `degraded` or `closed`. */
  get state() {
    if (this.#link.stopped) return "closed";
    if (!this.#link.ready) return this.userId === null ? "connecting" : "recovering";
    if (this.#returning.size > 0) return "recovering";
    return this.#degraded ? "degraded" : "open";
  }

  /** Messages that are not stored yet, oldest first: `{ key, roomId, to, content }`. */
  get pending() {
    return this.#sender.pending;
  }

  /** The time from the last ping to its pong, in milliseconds; `null` before the first. */
  get latency() {
    return this.#link.latency;
  }

  connect() {
    this.#reason = "";
    this.#link.start();
  }

  /** Tries again now, if the next attempt is scheduled for later. */
  retryNow() {
    this.#link.retryNow();
  }

  /** Closes the connection, and removes every timer, listener and handler. */
  dispose() {
    this.#link.dispose();
    this.#timers.end();
    this.#sender.lost();
    this.#requests.clear();
    this.#events.clear();
  }

  /** Becomes a member of a room, in this connection and the following; returns a function that leaves. */
  join(roomId) {
    if (!this.#rooms.has(roomId)) {
      const room = new Room(roomId);
      this.#rooms.set(roomId, room);
      if (this.#link.ready) this.#join(room);
    }
    return () => this.leave(roomId);
  }

  leave(roomId) {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    this.#forget(room, "left");
    this.#request({ type: "leave", roomId }, () => {});
  }

  /** Sends a text to a room, now or as soon as possible; returns its key. Throws if too much waits. */
  send(roomId, content) {
    return this.#sender.enqueue({ roomId, content });
  }

  /** Sends a text to all connections of one user; otherwise like `send`. */
  sendPrivate(to, content) {
    return this.#sender.enqueue({ to, content });
  }

  /** Sends a file to a room; returns its key. */
  upload(roomId, blob, name = blob.name) {
    return this.#sender.upload(roomId, blob, name);
  }

  /** Tells the others whether the user is typing, if that can be told now. */
  typing(roomId, on) {
    const timer = `typing ${roomId}`;
    if (!this.#rooms.get(roomId)?.joined || (on && this.#timers.has(timer))) return;
    if (on) this.#timers.set(timer, this.#options.typingInterval, () => {});
    else this.#timers.clear(timer);
    this.#link.send({ type: "typing", roomId, on });
  }

  /** Fetches older messages of a room: `{ messages, more }`, oldest first. */
  history(roomId, before) {
    return new Promise((resolve, reject) => {
      const limit = this.#options.historyLimit;
      const sent = this.#request({ type: "history", roomId, before, limit }, (answer) => {
        if (answer?.type === "page") resolve({ ...answer, messages: inOrder(answer.messages) });
        else reject(new Error(answer?.message ?? "the connection was lost"));
      });
      if (!sent) reject(new Error("there is no connection"));
    });
  }

  // The connection.

  #up({ userId }) {
    const returns = this.userId !== null;
    this.userId = userId;
    this.#degraded = false;
    this.#reason = "";
    if (returns) this.#returning = new Set(this.#rooms.values());
    for (const room of this.#rooms.values()) this.#join(room);
    this.#changed();
    this.#sender.flush();
  }

  #down({ code, reason }) {
    this.#reason = reason || (code === 1006 ? "the connection was lost" : `code ${code}`);
    this.#timers.clearAll();
    if (code === 1009) this.#sender.tooLong();
    this.#sender.lost();
    for (const room of this.#rooms.values()) room.lost();
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const answered of requests) answered(null);
    this.#changed();
  }

  #changed() {
    const event = { state: this.state, retryAt: this.#link.retryAt, reason: this.#reason };
    const shown = JSON.stringify(event);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#events.emit("state", event);
  }

  /** Sends a request; its answer, or `null` when the connection is lost, goes to `answered`. */
  #request(message, answered) {
    const id = ++this.#lastRequest;
    if (!this.#link.send({ ...message, id })) return null;
    this.#requests.set(id, answered);
    return id;
  }

  #receive(message) {
    const { type, roomId, re } = message;
    const room = this.#rooms.get(roomId);
    if (type === "progress") return this.#events.emit("progress", message);
    const answered = this.#requests.get(re);
    if (answered) {
      this.#requests.delete(re);
      return answered(message);
    }
    if (type === "ack") {
      this.#sender.acked(message);
    } else if (type === "message" || type === "file") {
      this.#take(message);
    } else if (type === "presence") {
      if (!room) return;
      room.present(message);
      this.#events.emit("presence", { ...message, members: [...room.members] });
    } else if (type === "degraded") {
      this.#degraded = message.on;
      this.#changed();
      if (!message.on) this.#sender.resume();
    } else if (type === "renew") {
      this.#renew();
    } else {
      this.#events.emit(type, message);
    }
  }

  #renew() {
    const failed = ({ message }) => this.#events.emit("error", { code: "unauthorized", message });
    Promise.resolve().then(this.#options.token).then((token) => {
      this.#request({ type: "renew", token }, (answer) => answer?.type === "error" && failed(answer));
    }, failed);
  }

  // The rooms.

  #join(room) {
    const id = this.#request({ type: "join", roomId: room.id, since: room.since }, (answer) => {
      if (!room.awaits(id)) return;
      if (answer.type === "error") return this.#refused(room, answer);
      const messages = room.answered(answer);
      this.#events.emit("joined", { roomId: room.id, recovered: room.loaded, members: [...room.members] });
      if (room.loaded) this.#deliver(room, messages);
      else this.#load(room);
      this.#sender.flush();
    });
    room.joining(id);
  }

  /** Shows a room from its history, because there is nothing to continue. */
  #load(room) {
    const { joins } = room;
    const request = { type: "history", roomId: room.id, limit: this.#options.historyLimit };
    this.#request(request, (answer) => {
      if (joins !== room.joins || answer === null) return;
      if (answer.type === "error") return this.#refused(room, answer);
      const messages = inOrder(answer.messages);
      if (messages.some(({ epoch }) => epoch !== room.epoch)) return this.#resume(room);
      const later = room.load(messages);
      this.#events.emit("reset", { roomId: room.id, messages, more: answer.more });
      this.#deliver(room, later);
    });
  }

  #refused(room, refusal) {
    const { code, message } = refusal;
    if (TEMPORARY.includes(code)) {
      this.#timers.set(`join ${room.id}`, this.#pause(refusal), () => this.#join(room));
    } else {
      this.#forget(room, code);
      this.#events.emit("refused", { roomId: room.id, code, message });
    }
  }

  /** Joins a room again from where it is. */
  #resume(room) {
    room.lost();
    this.#returning.add(room);
    this.#changed();
    this.#join(room);
  }

  #forget(room, why) {
    room.lost();
    this.#rooms.delete(room.id);
    this.#returning.delete(room);
    for (const name of ["join", "gap", "typing"]) this.#timers.clear(`${name} ${room.id}`);
    this.#sender.drop(room.id, why);
    this.#changed();
  }

  #take(message) {
    const room = this.#rooms.get(message.roomId);
    if (!room) return;
    const ready = room.accept(message);
    if (ready) this.#deliver(room, ready);
    else this.#resume(room);
  }

  #deliver(room, messages) {
    for (const message of messages) this.#events.emit(message.type, message);
    const gap = `gap ${room.id}`;
    if (!room.gap) this.#timers.clear(gap);
    else if (!this.#timers.has(gap)) {
      this.#timers.set(gap, this.#options.gapTimeout, () => this.#resume(room));
    }
    if (room.current) this.#returning.delete(room);
    this.#changed();
  }

  /** A pause in milliseconds, from a refusal that may name one in seconds. */
  #pause({ retryAfter }) {
    return retryAfter ? retryAfter * 1000 : this.#options.retryBase * (1 + this.#env.random());
  }
}

function inOrder(messages) {
  return [...messages].sort((a, b) => a.offset - b.offset);
}

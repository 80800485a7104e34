// What the user sends, from the call until the server has stored it.

import { Outbox } from "./outbox.js";
import { CHUNK, Upload } from "./upload.js";

/** Codes of refusals that pass: the same request is sent again. */
export const TEMPORARY = ["rate_limited", "unavailable"];

export class Sender {
  #env;
  #options;
  #link;
  #timers;
  #host;
  #outbox;
  /** Files, in the order that they are sent in; the first may be under way. */
  #uploads = [];

  /**
   * The host has `request(message, answered)`, `emit(name, event)`, `joined(roomId)`,
   * `pause(refusal)` in milliseconds, and `stored(message)` for what takes its place in a room.
   */
  constructor(env, options, link, timers, host) {
    this.#env = env;
    this.#options = options;
    this.#link = link;
    this.#timers = timers;
    this.#host = host;
    this.#outbox = new Outbox(options.queueLimit, env.storage, options.storageName);
  }

  get pending() {
    return this.#outbox.entries;
  }

  enqueue(message) {
    const entry = { key: this.#env.newKey(), ...message };
    this.#outbox.add(entry);
    this.#host.emit("delivery", { ...entry, status: "pending" });
    this.flush();
    return entry.key;
  }

  upload(roomId, blob, name) {
    if (this.#uploads.length >= this.#options.queueLimit) throw new RangeError("too many files wait");
    const upload = new Upload(this.#link, this.#timers, { key: this.#env.newKey(), roomId, blob, name });
    this.#uploads.push(upload);
    this.#host.emit("delivery", { key: upload.key, roomId, name, size: blob.size, status: "pending" });
    this.flush();
    return upload.key;
  }

  /** Sends all that can be sent now. */
  flush() {
    if (!this.#link.ready || this.#timers.has("pause")) return;
    for (const entry of this.#outbox.due()) {
      if (entry.to || this.#host.joined(entry.roomId)) this.#transmit(entry);
    }
    const [upload] = this.#uploads;
    if (upload && !upload.active && this.#host.joined(upload.roomId)) this.#transfer(upload);
  }

  /** Ends the pause after a refusal. */
  resume() {
    this.#timers.clear("pause");
    this.flush();
  }

  /** Reports that the connection is lost: all that has no answer is sent again in the next one. */
  lost() {
    this.#outbox.unsent();
    this.#uploads[0]?.stop();
  }

  /** Gives up the longest of what was under way: sent again, it would end the next connection too. */
  tooLong() {
    const refusal = { code: "too_large", message: "longer than the server accepts" };
    const under = this.#outbox.entries.filter(({ sent }) => sent);
    const longest = under.toSorted((a, b) => b.content.length - a.content.length)[0];
    const upload = this.#uploads.find(({ active }) => active);
    if (upload && (longest?.content.length ?? 0) < CHUNK) this.#fail(this.#finish(upload), refusal);
    else if (longest) this.#fail(this.#remove(longest.key), refusal);
  }

  /** Takes an ack that names no request of this connection. */
  acked(ack) {
    const upload = this.#uploads.find(({ key }) => key === ack.key);
    if (upload) this.#settle(this.#finish(upload), ack);
    else if (this.#outbox.has(ack.key)) this.#settle(this.#remove(ack.key), ack);
  }

  /** Gives up what is meant for a room. */
  drop(roomId, code) {
    for (const entry of this.#outbox.entries) {
      if (entry.roomId === roomId) this.#fail(this.#remove(entry.key), { code });
    }
    for (const upload of this.#uploads.filter((upload) => upload.roomId === roomId)) {
      this.#fail(this.#finish(upload), { code });
    }
  }

  #transmit(entry) {
    const { key, roomId, to, content } = entry;
    entry.sent = true;
    this.#timers.set(`ack ${key}`, this.#options.ackTimeout, () => {
      this.#outbox.unsent(key);
      this.flush();
    });
    this.#host.request({ type: to ? "private" : "message", roomId, to, key, content }, (answer) => {
      if (answer === null || !this.#outbox.has(key)) return;
      if (!TEMPORARY.includes(answer.code)) return this.#settle(this.#remove(key), answer);
      this.#outbox.unsent(key);
      this.#hold(answer);
    });
  }

  #transfer(upload) {
    const { key, roomId, name, size } = upload;
    this.#host.request({ type: "file", roomId, key, name, size }, (answer) => {
      upload.stop();
      if (answer === null || !this.#uploads.includes(upload)) return;
      if (TEMPORARY.includes(answer.code)) return this.#hold(answer);
      this.#settle(this.#finish(upload), answer);
    });
    upload.start(({ message }) => {
      this.#fail(this.#finish(upload), { code: "unreadable", message });
      this.flush();
    });
  }

  #remove(key) {
    this.#timers.clear(`ack ${key}`);
    return this.#outbox.remove(key);
  }

  #finish(upload) {
    upload.stop();
    this.#uploads = this.#uploads.filter((other) => other !== upload);
    return upload;
  }

  #settle(entry, answer) {
    if (answer.type === "error") this.#fail(entry, answer);
    else {
      const { key, roomId, to, content, name, size } = entry;
      const { epoch, offset, ts, url } = answer;
      this.#host.emit("delivery", { key, roomId, to, epoch, offset, ts, status: "stored" });
      const message = content === undefined ? { type: "file", name, size, url } : { type: "message", content };
      if (roomId) this.#host.stored({ ...message, roomId, epoch, offset, ts, key });
    }
    this.flush();
  }

  #fail({ key, roomId, to }, { code, message }) {
    this.#host.emit("delivery", { key, roomId, to, code, message, status: "failed" });
  }

  /** Sends nothing for as long as a refusal says. */
  #hold(refusal) {
    this.#timers.set("pause", this.#host.pause(refusal), () => this.flush());
  }
}

// The order of one room: which message is the next, which is a duplicate, and what is missing.

/** How many messages may wait for one that is missing. */
const AHEAD = 1000;

export class Room {
  epoch = null;
  offset = 0;
  members = new Set();
  /** Whether everything up to `offset` was handed over in this or an earlier connection. */
  loaded = false;
  /** Whether the server has confirmed the membership in this connection. */
  joined = false;
  /** Counts the joins, so that what belongs to an earlier one can be told. */
  joins = 0;
  #joinRequest = null;
  /** Messages that came before one of a lower offset. */
  #ahead = new Map();
  /** The offset up to which the server replays. */
  #target = 0;

  constructor(id) {
    this.id = id;
  }

  /** Where a recovery begins; `undefined` if there is nothing to continue. */
  get since() {
    return this.loaded ? { epoch: this.epoch, offset: this.offset } : undefined;
  }

  /** Whether nothing is missing that the last answer to a join has announced. */
  get current() {
    return this.joined && this.loaded && this.offset >= this.#target;
  }

  /** Whether messages wait for one that is missing. */
  get gap() {
    return this.joined && this.loaded && this.#ahead.size > 0;
  }

  /** Reports that a join was sent, which makes answers to earlier ones stale. */
  joining(request) {
    this.joins += 1;
    this.#joinRequest = request;
    this.joined = false;
  }

  /** Reports that the connection is lost. */
  lost() {
    this.joining(null);
    this.#ahead.clear();
  }

  /** Whether an answer belongs to the last join. */
  awaits(request) {
    return request !== null && request === this.#joinRequest;
  }

  /** Takes the answer to the last join; returns the messages that are now in order. */
  answered({ epoch, offset, recovered, members }) {
    this.#joinRequest = null;
    this.joined = true;
    this.members = new Set(members);
    this.#target = offset;
    for (const [at, message] of this.#ahead) {
      if (message.epoch !== epoch) this.#ahead.delete(at);
    }
    if (this.loaded && recovered && epoch === this.epoch) return this.#drain();
    this.loaded = false;
    this.epoch = epoch;
    this.offset = offset;
    return [];
  }

  /** Takes the newest page of the history; returns the later messages that have arrived meanwhile. */
  load(messages) {
    this.loaded = true;
    this.offset = Math.max(this.offset, messages.at(-1)?.offset ?? 0);
    return this.#drain();
  }

  /** Takes a change of a member's presence. */
  present({ userId, status }) {
    if (status === "offline") this.members.delete(userId);
    else this.members.add(userId);
  }

  /**
   * Takes a message; returns those that are now in order, each once, or `null` if the room has to
   * be joined again: for another epoch, or because too much is missing.
   */
  accept(message) {
    const live = this.joined && this.loaded;
    const full = this.#ahead.size >= AHEAD;
    if (live && (full || message.epoch !== this.epoch)) return null;
    if (full) return [];
    // What arrives before the answer to a join is kept: it may be newer than that answer.
    const earlier = this.#ahead.get(message.offset);
    if (earlier?.epoch !== message.epoch) this.#ahead.set(message.offset, message);
    return live ? this.#drain() : [];
  }

  #drain() {
    const ready = [];
    for (const at of this.#ahead.keys()) {
      if (at <= this.offset) this.#ahead.delete(at);
    }
    for (;;) {
      const message = this.#ahead.get(this.offset + 1);
      if (!message) return ready;
      this.offset += 1;
      this.#ahead.delete(this.offset);
      ready.push(message);
    }
  }
}

// Messages until they are stored: bounded, in order within a room, and kept over a reload.

export class Outbox {
  #limit;
  #storage;
  #name;
  #entries = new Map();

  constructor(limit, storage, name) {
    this.#limit = limit;
    this.#storage = storage;
    this.#name = name;
    for (const entry of this.#stored()) this.#entries.set(entry.key, { ...entry, sent: false });
  }

  get size() {
    return this.#entries.size;
  }

  /** The entries, oldest first. */
  get entries() {
    return [...this.#entries.values()];
  }

  has(key) {
    return this.#entries.has(key);
  }

  /** Adds an entry; throws if as many as allowed wait already. */
  add(entry) {
    if (this.#entries.size >= this.#limit) throw new RangeError("the queue of unsent messages is full");
    this.#entries.set(entry.key, { ...entry, sent: false });
    this.#store();
  }

  /** Removes an entry, and returns it. */
  remove(key) {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    this.#store();
    return entry;
  }

  /** Marks an entry as one that has to be sent again; without a key, all of them. */
  unsent(key) {
    for (const entry of this.#entries.values()) {
      if (key === undefined || entry.key === key) entry.sent = false;
    }
  }

  /**
   * The entries to send now: the oldest of each room or addressee, unless it was sent already. With
   * one under way for each, a refused message is never overtaken by a later one.
   */
  due() {
    const lanes = new Map();
    for (const entry of this.#entries.values()) {
      const lane = entry.roomId ? `room ${entry.roomId}` : `user ${entry.to}`;
      if (!lanes.has(lane)) lanes.set(lane, entry);
    }
    return [...lanes.values()].filter((entry) => !entry.sent);
  }

  #stored() {
    try {
      const stored = JSON.parse(this.#storage?.getItem(this.#name));
      return Array.isArray(stored) ? stored : [];
    } catch {
      return [];
    }
  }

  #store() {
    try {
      const entries = this.entries.map(({ sent, ...entry }) => entry);
      this.#storage?.setItem(this.#name, JSON.stringify(entries));
    } catch {
      // A full storage costs the queue its survival of a reload, and nothing else.
    }
  }
}

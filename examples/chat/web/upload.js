// A file on its way: frames of its key and a chunk, no faster than the connection takes them.

import { keyBytes } from "./env.js";

/** Bytes of a file in one frame. */
export const CHUNK = 32 * 1024;
/** Bytes in the socket's buffer above which the next chunk waits, and how long until another look. */
const HIGH_WATER = 256 * 1024;
const LOOK_AGAIN = 50;

export class Upload {
  /** Whether its chunks are being sent. */
  active = false;
  #link;
  #timers;
  /** Counts the starts: reads that belong to an earlier one are dropped. */
  #starts = 0;

  constructor(link, timers, { key, roomId, blob, name }) {
    this.#link = link;
    this.#timers = timers;
    Object.assign(this, { key, roomId, blob, name, size: blob.size });
  }

  /** Sends all chunks from the beginning, behind a request that was sent already. */
  start(failed) {
    this.active = true;
    this.#starts += 1;
    this.#pump(this.#starts, 0, failed);
  }

  /** Stops sending; a later start begins anew. */
  stop() {
    this.active = false;
    this.#starts += 1;
    this.#timers.clear("upload");
  }

  async #pump(start, from, failed) {
    for (let at = from; at < this.size; at += CHUNK) {
      if (this.#link.bufferedAmount > HIGH_WATER) {
        this.#timers.set("upload", LOOK_AGAIN, () => this.#pump(start, at, failed));
        return;
      }
      let chunk;
      try {
        chunk = await this.blob.slice(at, at + CHUNK).arrayBuffer();
      } catch (error) {
        if (start === this.#starts) failed(error);
        return;
      }
      if (start !== this.#starts) return;
      const frame = new Uint8Array(16 + chunk.byteLength);
      frame.set(keyBytes(this.key));
      frame.set(new Uint8Array(chunk), 16);
      this.#link.send(frame);
    }
  }
}

// A TCP proxy that can lose the network, and counts what passes.

import net from "node:net";

export class Proxy {
  /** The port that connections go to. */
  target;
  /** `{ path, up, down }`, in bytes, for each connection and path that was requested over it. */
  counts = [];
  #blocked = false;
  #server;
  #sockets = new Set();

  /** Listens on a free port. */
  static async start(target) {
    const proxy = new Proxy();
    proxy.target = target;
    proxy.#server = net.createServer((near) => proxy.#connect(near));
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port() {
    return this.#server.address().port;
  }

  /** Resets all connections. */
  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resets all connections, and each new one, until `restore`. */
  block() {
    this.#blocked = true;
    this.cut();
  }

  restore() {
    this.#blocked = false;
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #connect(near) {
    if (this.#blocked) return near.resetAndDestroy();
    const far = net.connect(this.target, "127.0.0.1");
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    this.#count(near, far);
  }

  #count(near, far) {
    const counts = new Map();
    let counted;
    near.on("data", (data) => {
      const path = /^GET (\/[^? ]*)/.exec(data.subarray(0, 100).toString("latin1"))?.[1];
      if (path && !counts.has(path)) {
        counts.set(path, { path, up: 0, down: 0 });
        this.counts.push(counts.get(path));
      }
      if (path) counted = counts.get(path);
      counted.up += data.length;
    });
    far.on("data", (data) => (counted.down += data.length));
  }
}

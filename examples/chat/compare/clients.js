// A connection to each of the services, behind the same face: `join(room)`, `say(room, content)`, and
// `onmessage(content)` for what others say.

import WebSocket from "ws";

class Client {
  #waiting = new Map();
  #last = 0;
  onmessage = () => {};

  constructor(url) {
    this.ws = new WebSocket(url, { perMessageDeflate: false });
    this.ws.on("message", (data) => this.take(data.toString()));
    this.ready = new Promise((resolve, reject) => {
      this.isReady = resolve;
      this.ws.on("error", reject);
    });
  }

  /** Sends the request that `make` returns for a number; resolves with its answer. */
  ask(make) {
    const id = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.ws.send(make(id));
    });
  }

  answered(id) {
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }
}

/** Rooms, this service. */
export class RoomsClient extends Client {
  static async open(address, user) {
    const { token } = await (await fetch(`http://${address}/token?user=${user}`)).json();
    return new RoomsClient(`ws://${address}/ws?token=${token}`);
  }

  take(text) {
    const message = JSON.parse(text);
    if (message.type === "ready") this.isReady();
    if (message.type === "message") this.onmessage(message.content);
    if (message.type === "error") throw new Error(text);
    if (message.re) this.answered(message.re);
  }

  join(roomId) {
    return this.ask((id) => JSON.stringify({ type: "join", id, roomId }));
  }

  say(roomId, content) {
    return this.ask((id) => JSON.stringify({ type: "message", id, roomId, key: `${content}`, content }));
  }
}

/** The server on `ws`. */
export class WsClient extends Client {
  static async open(address) {
    const client = new WsClient(`ws://${address}/`);
    client.ws.on("open", client.isReady);
    return client;
  }

  take(text) {
    const message = JSON.parse(text);
    if (message.type === "message") this.onmessage(message.content);
    else this.answered(message.id);
  }

  join(room) {
    return this.ask((id) => JSON.stringify({ type: "join", id, room }));
  }

  say(room, content) {
    return this.ask((id) => JSON.stringify({ type: "message", id, room, content }));
  }
}

/** The server on Socket.IO, by its protocol, so that all clients cost the same. */
export class SocketIoClient extends Client {
  static async open(address) {
    return new SocketIoClient(`ws://${address}/socket.io/?EIO=4&transport=websocket`);
  }

  take(text) {
    if (text.startsWith("0")) this.ws.send("40");
    else if (text === "2") this.ws.send("3");
    else if (text.startsWith("40")) this.isReady();
    else if (text.startsWith("42")) this.onmessage(JSON.parse(text.slice(2))[1]);
    else if (text.startsWith("43")) this.answered(Number.parseInt(text.slice(2), 10));
  }

  join(room) {
    return this.ask((id) => `42${id}${JSON.stringify(["join", room])}`);
  }

  say(room, content) {
    return this.ask((id) => `42${id}${JSON.stringify(["message", room, content])}`);
  }
}

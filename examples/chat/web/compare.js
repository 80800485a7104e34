// The same messages over WebSocket, server-sent events and long polling, measured side by side.

import { newKey } from "./env.js";
import { Rooms } from "./rooms.js";

const $ = (id) => document.getElementById(id);
const UTF8 = new TextEncoder();
/** How long the last messages may take. */
const PATIENCE = 10_000;

/** What arrives by one transport. */
class Measured {
  requests = 0;
  bytes = 0;
  latencies = [];

  constructor(name) {
    this.name = name;
  }

  /** Takes a message of the room, which says when it was sent. */
  take({ type, content }) {
    if (type === "message") this.latencies.push(performance.now() - Number.parseFloat(content));
  }

  quantile(q) {
    const sorted = this.latencies.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  }

  row() {
    const count = this.latencies.length;
    const ms = (q) => (count ? `${this.quantile(q).toFixed(1)} ms` : "");
    const each = count ? Math.round(this.bytes / count) : "";
    return [this.name, count, this.requests, this.bytes, each, ms(0.5), ms(0.99)];
  }
}

/** Receives by a WebSocket until the signal; resolves when it has joined. */
function webSocket(measured, room, token, signal) {
  const socket = new WebSocket(new URL("ws", location.href.replace(/^http/, "ws")));
  measured.requests += 1;
  signal.addEventListener("abort", () => socket.close());
  const send = (message) => socket.send(JSON.stringify(message));
  return new Promise((resolve, reject) => {
    socket.onopen = () => send({ type: "auth", token });
    socket.onerror = () => reject(new Error("the WebSocket failed"));
    socket.onmessage = ({ data }) => {
      const length = UTF8.encode(data).length;
      measured.bytes += length + (length < 126 ? 2 : length < 65_536 ? 4 : 10);
      const message = JSON.parse(data);
      if (message.type === "ready") send({ type: "join", id: 1, roomId: room });
      if (message.type === "joined") resolve();
      measured.take(message);
    };
  });
}

/** Receives by server-sent events until the signal; resolves when it has joined. */
async function serverSentEvents(measured, room, token, signal) {
  const response = await get(`events?room=${room}`, token, signal);
  measured.requests += 1;
  const reader = response.body.getReader();
  const text = new TextDecoder();
  let rest = "";
  return new Promise((resolve, reject) => {
    const pump = async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        measured.bytes += value.length;
        const events = (rest + text.decode(value, { stream: true })).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          const data = event.split("\n").find((line) => line.startsWith("data:"));
          if (!data) continue;
          const message = JSON.parse(data.slice(5));
          if (message.type === "joined") resolve();
          measured.take(message);
        }
      }
    };
    pump().catch(reject);
  });
}

/** Receives by long polling until the signal; resolves when it has the first position. */
async function longPolling(measured, room, token, signal) {
  const poll = async (since) => {
    const response = await get(`poll?room=${room}${since}`, token, signal);
    measured.requests += 1;
    for (const [name, value] of response.headers) measured.bytes += name.length + value.length + 4;
    const body = await response.arrayBuffer();
    measured.bytes += "HTTP/1.1 200 OK\r\n\r\n".length + body.byteLength;
    const { epoch, offset, messages } = JSON.parse(new TextDecoder().decode(body));
    for (const message of messages) measured.take(message);
    return `&since=${encodeURIComponent(`${epoch}:${offset}`)}`;
  };
  let since = await poll("");
  const pump = async () => {
    for (;;) since = await poll(since);
  };
  pump().catch(() => {}); // the end of the measurement, or of the server
}

async function get(url, token, signal) {
  const response = await fetch(url, { signal, headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return response;
}

async function run(count, rate, size) {
  const room = `compare-${newKey()}`;
  const issued = await fetch("token?user=compare");
  if (!issued.ok) throw new Error("this server gives no tokens");
  const { token } = await issued.json();
  const end = new AbortController();
  const all = [
    [new Measured("WebSocket"), webSocket],
    [new Measured("Server-sent events"), serverSentEvents],
    [new Measured("Long polling"), longPolling],
  ];
  const measured = all.map(([measured]) => measured);
  const publisher = new Rooms({ url: new URL("ws", location.href.replace(/^http/, "ws")).href, token: () => token });
  const drawing = setInterval(() => draw(measured), 250);
  try {
    const joined = new Promise((resolve) => publisher.on("reset", resolve));
    publisher.connect();
    publisher.join(room);
    await joined;
    await Promise.all(all.map(([measured, receive]) => receive(measured, room, token, end.signal)));
    for (let sent = 0; sent < count; sent += 1) {
      publisher.send(room, `${performance.now()} ${noise(size)}`);
      await pause(1000 / rate);
    }
    const deadline = performance.now() + PATIENCE;
    while (measured.some(({ latencies }) => latencies.length < count) && performance.now() < deadline) {
      await pause(50);
    }
  } finally {
    clearInterval(drawing);
    end.abort();
    publisher.dispose();
    draw(measured);
  }
}

/** Returns a text that compresses about as well as prose: to a little more than half. */
function noise(size) {
  let text = "";
  while (text.length < size) text += newKey();
  return text.slice(0, size);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function draw(measured) {
  const rows = measured.map((measured) => {
    const row = document.createElement("tr");
    for (const [i, value] of measured.row().entries()) {
      const cell = document.createElement(i === 0 ? "th" : "td");
      if (i === 0) cell.scope = "row";
      cell.textContent = typeof value === "number" ? value.toLocaleString("en") : value;
      row.append(cell);
    }
    return row;
  });
  $("results").replaceChildren(...rows);
}

$("run").onsubmit = async (event) => {
  event.preventDefault();
  $("start").disabled = true;
  $("state").textContent = "Measuring…";
  try {
    await run($("count").valueAsNumber, $("rate").valueAsNumber, $("size").valueAsNumber);
    $("state").textContent = "Done";
  } catch (error) {
    $("state").textContent = `Failed: ${error.message}`;
  }
  $("start").disabled = false;
};

draw([]);

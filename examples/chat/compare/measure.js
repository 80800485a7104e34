// Measures Rooms, Socket.IO and `ws` on the same work, in turns: from a publish to its deliveries, the CPU
// time that a delivery costs, and the memory of a connection. Each service is one process over one Redis.
//
// node measure.js [--connections 1000] [--rooms 100] [--rate 50] [--seconds 10] [--rounds 5] [--chat PATH]

import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { RoomsClient, SocketIoClient, WsClient } from "./clients.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: args } = parseArgs({
  options: {
    connections: { type: "string", default: "1000" },
    rooms: { type: "string", default: "100" },
    rate: { type: "string", default: "50" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
    chat: { type: "string", default: here("../target/release/chat") },
  },
});
const [connections, rooms, rate, seconds, rounds] =
  ["connections", "rooms", "rate", "seconds", "rounds"].map((name) => Number(args[name]));
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
/** How many connections are opened at the same time. */
const AT_ONCE = 50;

/** Starts a process that is killed at the end. */
function run(command, options) {
  const child = spawn(command, options, { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill("SIGKILL"));
  return child;
}

/** Resolves with the first line of a process that matches. */
function line(child, pattern) {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const match = pattern.exec(text);
      if (match) resolve(match);
    });
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The CPU time that a process has taken, in microseconds. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6;
}

/** The resident memory of a process in KiB. */
const memory = (pid) => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

class Service {
  #clients = [];
  #latencies = [];
  #cpu = 0;
  #redisCpu = 0;

  constructor(name, Client, command, options) {
    Object.assign(this, { name, Client });
    this.child = run(command, options);
  }

  async open() {
    const [, address] = await line(this.child, /http:\/\/([^/]+)\//);
    const before = memory(this.child.pid);
    for (let from = 0; from < connections; from += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, connections - from) }, async (_, index) => {
        const number = from + index;
        // Users are in every room, so no room has many.
        const client = await this.Client.open(address, `user${Math.floor(number / rooms)}`);
        client.onmessage = (sent) => this.#latencies.push(performance.now() - Number(sent));
        await client.ready;
        await client.join(`room${number % rooms}`);
        return client;
      });
      this.#clients.push(...(await Promise.all(some)));
    }
    this.memory = (memory(this.child.pid) - before) / connections;
  }

  /** Publishes for some seconds; the first time is to warm up. */
  async round(redis, counts) {
    const [server, store] = [cpu(this.child.pid), cpu(redis.pid)];
    const asked = [];
    const start = performance.now();
    for (let tick = 0; tick < rate * seconds; tick++) {
      await sleep(start + (tick * 1000) / rate - performance.now());
      // A step that has no factor in common with usual numbers of connections.
      const number = (tick * 7919) % connections;
      asked.push(this.#clients[number].say(`room${number % rooms}`, String(performance.now())));
    }
    await Promise.all(asked);
    await sleep(500);
    if (!counts) this.#latencies = [];
    else {
      this.#cpu += cpu(this.child.pid) - server;
      this.#redisCpu += cpu(redis.pid) - store;
    }
  }

  /** A row of the table. */
  row() {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const wanted = rate * seconds * rounds * (connections / rooms - 1);
    if (sorted.length !== wanted) throw new Error(`${this.name}: ${sorted.length} of ${wanted} arrived`);
    const ms = (q) => `${quantile(sorted, q).toFixed(1)} ms`;
    const each = (micros) => `${(micros / sorted.length).toFixed(0)} µs`;
    const cells = [this.name, ms(0.5), ms(0.99), each(this.#cpu), each(this.#redisCpu), `${this.memory.toFixed(0)} KiB`];
    return `| ${cells.join(" | ")} |`;
  }
}

const port = await freePort();
const redis = run("redis-server", ["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""]);
await line(redis, /Ready to accept connections/);
const url = `redis://127.0.0.1:${port}/`;
const services = [
  new Service("Rooms", RoomsClient, args.chat, ["--listen", "127.0.0.1:0", "--redis", url]),
  new Service("Socket.IO, Redis Streams", SocketIoClient, process.execPath, [here("server-socketio.js"), url]),
  new Service("`ws`, Redis publish/subscribe", WsClient, process.execPath, [here("server-ws.js"), url]),
];
for (const service of services) await service.open();
console.log(`${connections} connections in ${rooms} rooms, ${rate} messages/s, ${rounds} rounds of ${seconds} s`);
for (let round = 0; round <= rounds; round++) {
  for (const service of services) await service.round(redis, round > 0);
  console.log(`round ${round}, load ${loadavg()[0]}`);
}
console.log("| | p50 | p99 | CPU for each delivery | of Redis | memory for each connection |\n|---|---|---|---|---|---|");
for (const service of services) console.log(service.row());
process.exit();

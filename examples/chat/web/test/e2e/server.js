// The chat server, and the Redis that joins several.

import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { end, missingBrowser, start } from "./browser.js";

const TARGET = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../../../target", import.meta.url));
/** The server that was built last. */
const BINARY = newest(["release", "debug"].map((profile) => join(TARGET, profile, "chat")));

/** Says what is missing for tests of the module, or `false`. */
export function missingServer() {
  return BINARY ? false : "the server is not built";
}

/** Says what is missing for tests of the page, or `false`. */
export function missing() {
  return missingServer() || missingBrowser();
}

/** Says what is missing for tests with two nodes, or `false`. */
export function missingRedis() {
  return spawnSync("redis-server", ["--version"]).error ? "redis-server is not installed" : missing();
}

/** Starts a node; resolves with its process and port. */
export async function startNode(...args) {
  const { child, found } = await start(BINARY, ["--listen", "127.0.0.1:0", ...args], /listening: http:\/\/127\.0\.0\.1:(\d+)\//);
  return { child, port: Number(found) };
}

/** Starts a Redis without persistence; resolves with its URL and how to stop it. */
export async function startRedis() {
  const folder = await mkdtemp(join(tmpdir(), "rooms-redis-"));
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const { child } = await start("redis-server", args, /Ready to accept (connections)/);
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true });
  };
  return { child, url: `redis://127.0.0.1:${port}/`, stop };
}

function newest(paths) {
  const time = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const latest = paths.toSorted((a, b) => time(b) - time(a))[0];
  return time(latest) > 0 ? latest : undefined;
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

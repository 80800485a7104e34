// Starts the server, and returns its URL.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export async function start([program, ...args]) {
  const server = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => server.kill());
  for await (const line of createInterface({ input: server.stdout })) {
    return line.replace("listening: ", "").replace(/\/$/, "");
  }
  throw new Error("the server does not listen");
}

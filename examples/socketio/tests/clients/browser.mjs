// The client in a browser, from a page of another origin: node browser.mjs BROWSER SERVER [OPTION ...]

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./server.mjs";

const [browser, ...server] = process.argv.slice(2);
const FILES = {
  "/client.mjs": "client.mjs",
  // The minified module of 4.8.1 renames the member `_placeholder` of binary events.
  "/socket.io.js": "node_modules/socket.io-client/dist/socket.io.js",
};
let url;

const PAGE = () => `<!DOCTYPE html><meta charset="utf-8"><title>socket.io-client</title>
<script src="/socket.io.js"></script>
<script type="module">
  import { run } from "/client.mjs";
  let sent = Promise.resolve();
  const print = (line) => sent = sent.then(() => fetch("/", { method: "POST", body: line }));
  await run(io, ${JSON.stringify(url)}, print);
</script>`;

const page = createServer((request, response) => {
  if (request.method === "POST") {
    let line = "";
    request.on("data", (data) => line += data).on("end", () => {
      response.end();
      console.log(line.replace(/^(not )?ok /, "$&Chromium: "));
      if (line === "done") stop();
    });
  } else if (FILES[request.url]) {
    response.setHeader("Content-Type", "text/javascript").end(readFileSync(FILES[request.url]));
  } else {
    response.setHeader("Content-Type", "text/html").end(PAGE());
  }
});
await new Promise((resolve) => page.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${page.address().port}`;
url = await start([...server, "--origin", origin]);
const profile = mkdtempSync(join(tmpdir(), "socketio-"));
const child = spawn(browser, [
  "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`, origin,
], { stdio: "ignore", detached: true });
process.on("exit", kill);

/** Ends the browser with its children, which write to its profile too. */
function kill() {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function stop() {
  child.once("exit", () => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    process.exit();
  });
  kill();
}

// The client in Node: node node.mjs SERVER [OPTION ...]

import { io } from "socket.io-client";
import { run } from "./client.mjs";
import { start } from "./server.mjs";

const url = await start(process.argv.slice(2));
await run(io, url, (line) => console.log(line.replace(/^(not )?ok /, "$&Node: ")));
process.exit();

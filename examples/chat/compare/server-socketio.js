// Rooms on Socket.IO: its adapter for Redis Streams carries every message to every node.

import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import Redis from "ioredis";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { adapter: createAdapter(new Redis(process.argv[2])) });
io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    done();
  });
  socket.on("message", (room, content, done) => {
    socket.to(room).emit("message", content);
    done();
  });
});
http.listen(0, "127.0.0.1", () => console.log(`listening: http://127.0.0.1:${http.address().port}/`));

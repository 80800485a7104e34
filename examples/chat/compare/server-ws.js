// Rooms on the package `ws`: publish/subscribe of Redis carries every message to every node.

import Redis from "ioredis";
import { WebSocketServer } from "ws";

const url = process.argv[2];
const publisher = new Redis(url);
const subscriber = new Redis(url);
const rooms = new Map();

subscriber.on("message", (room, text) => {
  const { from, content } = JSON.parse(text);
  const message = JSON.stringify({ type: "message", room, content });
  for (const member of rooms.get(room) ?? []) {
    if (member.id !== from) member.send(message);
  }
});

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
let connections = 0;
server.on("connection", (ws) => {
  ws.id = ++connections;
  ws.on("message", async (data) => {
    const { type, id, room, content } = JSON.parse(data);
    if (type === "join") {
      if (!rooms.has(room)) {
        rooms.set(room, new Set());
        await subscriber.subscribe(room);
      }
      rooms.get(room).add(ws);
      ws.on("close", () => rooms.get(room).delete(ws));
    } else {
      await publisher.publish(room, JSON.stringify({ from: ws.id, content }));
    }
    ws.send(JSON.stringify({ type: "ack", id }));
  });
});
server.on("listening", () => console.log(`listening: http://127.0.0.1:${server.address().port}/`));

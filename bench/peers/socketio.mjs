// Socket.IO 4 with its Redis adapter, as its documentation sets it up.
//   REDIS_URL=… node socketio.mjs serve PORT
//   REDIS_URL=… node socketio.mjs publish      publishes from another process, as told on standard input
import { openSync, readSync, closeSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";
import { Server } from "socket.io";

const connect = () => createClient({ url: process.env.REDIS_URL }).connect();

async function serve(port) {
  const [pub, sub] = await Promise.all([connect(), connect()]);
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter(pub, sub) });
  io.on("connection", (socket) => {
    socket.on("subscribe", (room) => {
      socket.join(room);
      socket.emit("subscribed", room);
    });
  });
  http.listen({ port, host: "127.0.0.1", backlog: 2048 });
}

// bench/pace.py in JavaScript: the same steady pace, the same closed loop.
async function* steady({ count, rate, numbered = true }) {
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const wait = started + (i * 1000) / rate - performance.now();
    if (wait > 0) await sleep(wait);
    yield numbered ? i + 1 : 0;
  }
}

async function* flood({ seconds, window, burst = 1, progress }) {
  const ends = performance.now() + seconds * 1000;
  const file = openSync(progress, "r");
  const bytes = new BigUint64Array(1);
  let following = 1;
  let reached = 0;
  let movedAt = performance.now();
  while (performance.now() < ends) {
    readSync(file, bytes, 0, 8, 0);
    if (Number(bytes[0]) > reached) movedAt = performance.now();
    reached = Number(bytes[0]);
    if (following - reached > window && performance.now() - movedAt < 500) {
      await sleep(1);
      continue;
    }
    for (let i = 0; i < burst; i++) yield following++;
    await new Promise(setImmediate); // lets the Redis client write
  }
  closeSync(file);
}

async function publish() {
  const room = new Emitter(await connect()).to("custom");
  for await (const line of createInterface({ input: process.stdin })) {
    const { body, ...command } = JSON.parse(line);
    let published = 0;
    for await (const n of command.seconds ? flood(command) : steady(command)) {
      const stamp = Math.round((performance.timeOrigin + performance.now()) * 1e6);
      room.emit("bench:event", { stamp, n, ...body });
      published += 1;
    }
    console.log(JSON.stringify({ published }));
  }
  process.exit(0);
}

const [what, port] = process.argv.slice(2);
await (what === "serve" ? serve(Number(port)) : publish());

// A server in a test: it answers as the real one does, and the test says what is published, refused and broken.
//
//     const server = new FakeServer();
//     const intraday = createIntraday({ url: "ws://intraday.test", WebSocket: server.WebSocket });
//     server.publish("backlog:update", { total_items: 5, … });

import type { WebSocketClass } from "../config.js";
import type { LogMessage } from "../protocol/messages.js";
import type { ByStream } from "../protocol/positions.js";
import { hears, scopeOfRoom, streamOfRoom, type Scope } from "../protocol/rooms.js";
import type { Problem } from "../protocol/types.js";
import { FakeSocket, type Sent } from "./socket.js";

export { FakeSocket, type Sent };

export class FakeServer {
  /** To be handed to `createIntraday`. */
  readonly WebSocket: WebSocketClass;
  /** All that were opened, the newest last. */
  readonly sockets: FakeSocket[] = [];
  readonly log: LogMessage[] = [];
  /** The items of snapshots, by the stream and then by what they are about. */
  readonly state = new Map<string, Map<string, unknown>>();
  /** Rooms that nobody may hear. */
  readonly refused = new Set<string>();
  /** Rooms that are granted as others, as for a token that is limited to departments. */
  readonly granted = new Map<string, string[]>();
  /** Requests that get no answer, by their event. */
  readonly silent = new Set<string>();
  /** Whether sockets can be opened. */
  up = true;
  epoch = "e1";
  /** The end of the credentials that `authenticated` says; null where nothing expires. */
  expiresAt: string | null = null;
  user = "ann";
  /** The server's clock minus that of the test, in milliseconds. */
  clockOffset = 0;
  /** The most items in one part of a snapshot. */
  itemsPerPart = Infinity;

  constructor(readonly organization = "org_123") {
    const opened = (url: string): FakeSocket => this.#opened(url);
    this.WebSocket = function (url: string) {
      return opened(url);
    } as unknown as WebSocketClass;
  }

  /** The newest. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nobody has connected");
    return socket;
  }

  head(stream: string): number {
    return this.log.filter((message) => message.stream === stream).length;
  }

  /** An event of the log: it changes the state, and who is connected hears it. */
  publish(event: string, data: object, more: Partial<LogMessage> = {}): LogMessage {
    const stream = `${channelOf(event)}:org:${this.organization}`;
    const ts = new Date().toISOString();
    const message: LogMessage = { event, data, stream, epoch: this.epoch, seq: this.head(stream) + 1, ts, ...more };
    this.log.push(message);
    if (!event.endsWith(":resync")) this.remember(message);
    for (const socket of this.sockets) if (this.isHeard(socket.rooms, message)) socket.hear(message);
    return message;
  }

  /** The state has changed, but the event was lost. */
  remember({ event, stream, data }: LogMessage): void {
    const items = this.state.get(stream) ?? new Map<string, unknown>();
    const { department_id, queue_name, alert_id } = data as Record<string, string | undefined>;
    if (event.startsWith("alert:") || event.endsWith(":update")) {
      items.set(alert_id ?? JSON.stringify([department_id, queue_name]), data);
    }
    this.state.set(stream, items);
  }

  /** The connection breaks; the client comes back by itself. */
  drop(code = 1006, reason = ""): void {
    this.socket.end(code, reason);
  }

  isHeard(rooms: Iterable<string>, { stream, data }: LogMessage): boolean {
    return [...rooms].some((room) => streamOfRoom(room) === stream && hears(scopeOfRoom(room), data as Scope));
  }

  answer(socket: FakeSocket, { event, data, id }: Sent): void {
    if (this.silent.has(event)) return;
    if (event === "authenticate") this.#authenticate(socket, id);
    else if (event === "subscribe") this.#subscribe(socket, data.rooms ?? [], data.since ?? {}, id);
    else if (event === "unsubscribe") {
      for (const room of data.rooms ?? []) socket.rooms.delete(room);
      socket.say("unsubscribed", { rooms: data.rooms }, { id });
    } else if (event === "ping") {
      socket.say("pong", { server_time: new Date(Date.now() + this.clockOffset).toISOString() }, { id });
    }
  }

  #opened(url: string): FakeSocket {
    const socket = new FakeSocket(url, (message) => this.answer(socket, message));
    this.sockets.push(socket);
    setTimeout(() => (this.up ? socket.open() : socket.end(1006)), 1);
    return socket;
  }

  #authenticate(socket: FakeSocket, id: string | undefined): void {
    const who = { user_id: this.user, organization_id: this.organization, role: "analyst" };
    socket.say("authenticated", { ...who, expires_at: this.expiresAt }, { id });
  }

  #subscribe(socket: FakeSocket, asked: string[], since: ByStream, id: string | undefined): void {
    const refused = Object.fromEntries(asked.filter((room) => this.refused.has(room)).map((room) => [room, FORBIDDEN]));
    const allowed = asked.filter((room) => !this.refused.has(room));
    if (!allowed.length) return socket.say("error", { ...FORBIDDEN, id, refused }, { id });
    const granted = Object.fromEntries([...this.granted].filter(([room]) => allowed.includes(room)));
    const rooms = allowed.flatMap((room) => granted[room] ?? [room]);
    const streams = [...new Set(rooms.map(streamOfRoom))];
    const first = (stream: string): boolean => ![...socket.rooms].some((room) => streamOfRoom(room) === stream);
    const resumed = streams.filter((name) => first(name) && since[name]?.epoch === this.epoch);
    for (const room of rooms) socket.rooms.add(room);
    const position = Object.fromEntries(resumed.map((name) => [name, since[name]]));
    const more = { ...(this.granted.size && { granted }), ...(allowed.length < asked.length && { refused }) };
    socket.say("subscribed", { rooms, position, recovered: resumed.length === streams.length, ...more }, { id });
    for (const stream of streams) {
      if (resumed.includes(stream)) this.#replay(socket, stream, since[stream]?.seq ?? 0, rooms);
      else this.#snapshot(socket, stream, rooms);
    }
  }

  #replay(socket: FakeSocket, stream: string, after: number, rooms: string[]): void {
    for (const message of this.log) {
      const missed = message.stream === stream && message.seq > after && this.isHeard(rooms, message);
      if (missed) socket.hear({ ...message, replayed: true });
    }
  }

  #snapshot(socket: FakeSocket, stream: string, asked: string[]): void {
    const rooms = asked.filter((room) => streamOfRoom(room) === stream);
    const items = [...(this.state.get(stream)?.values() ?? [])].filter((data) =>
      rooms.some((room) => hears(scopeOfRoom(room), data as Scope)),
    );
    const more = { stream, epoch: this.epoch, ts: new Date().toISOString() };
    const event = `${stream.split(":")[0] ?? ""}:snapshot`;
    let start = 0;
    for (; items.length - start > this.itemsPerPart; start += this.itemsPerPart) {
      const some = items.slice(start, start + this.itemsPerPart);
      socket.say(event, { rooms: start ? [] : rooms, items: some, complete: false }, { ...more, seq: 0 });
    }
    const last = { rooms: start ? [] : rooms, items: items.slice(start), complete: true };
    socket.say(event, last, { ...more, seq: this.head(stream) });
  }
}

const FORBIDDEN: Problem = { code: "forbidden", message: "You may not hear this room." };
const CHANNELS = new Map([
  ...["kpi", "backlog", "attendance", "system"].map((name): [string, string] => [name, name]),
  ["alert", "alerts"],
  ["alerts", "alerts"],
]);

/** Names of one's own are heard in the channel `custom`. */
const channelOf = (event: string): string => CHANNELS.get(event.split(":")[0] ?? "") ?? "custom";

// A server in the test: it answers as the real one does, and each test scripts what goes wrong.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { RealtimeClient } from "../src/client.js";
import type { ClientOptions } from "../src/config.js";
import type { Alert, BacklogUpdate, KPIUpdate, LogMessage } from "../src/protocol/messages.js";
import type { ByStream } from "../src/protocol/positions.js";
import { hears, scopeOfRoom, streamOfRoom, type Scope } from "../src/protocol/rooms.js";

export interface Sent {
  event: string;
  data: { rooms?: string[]; since?: ByStream; [name: string]: unknown };
  id?: string;
}

/** An event as the Python tests wrote it down. */
export function golden(event: string): LogMessage {
  const path = join(import.meta.dirname, `../../../tests/golden/${event.replace(":", ".")}.json`);
  return JSON.parse(readFileSync(path, "utf8")) as LogMessage;
}

export class FakeSocket {
  static readonly OPEN = 1;
  readyState = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Sent[] = [];
  readonly rooms = new Set<string>();

  constructor(
    readonly url: string,
    private server: FakeServer,
  ) {
    server.sockets.push(this);
    if (server.up) setTimeout(() => this.open(), 1);
    else setTimeout(() => this.end(1006), 1);
  }

  open(): void {
    if (this.readyState !== 0) return;
    this.readyState = FakeSocket.OPEN;
    this.say("welcome", { connection_id: "c1", protocol: "intraday", version: 1, heartbeat_seconds: 20 });
  }

  send(text: string): void {
    const message = JSON.parse(text) as Sent;
    this.sent.push(message);
    queueMicrotask(() => this.server.answer(this, message));
  }

  close(): void {
    this.readyState = 3;
  }

  /** The server, or the network, ends it. */
  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  say(event: string, data: object, more: object = {}): void {
    this.hear({ event, data, ...more });
  }

  hear(message: object): void {
    if (this.readyState === FakeSocket.OPEN) this.onmessage?.({ data: JSON.stringify(message) });
  }

  asked(event: string): Sent[] {
    return this.sent.filter((message) => message.event === event);
  }
}

export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly log: LogMessage[] = [];
  /** What a snapshot holds, by the stream and then by what it is about. */
  readonly state = new Map<string, Map<string, unknown>>();
  readonly refused = new Set<string>();
  up = true;
  epoch = "e1";
  expiresAt: string | null = null;
  /** Answers that a test wants to give itself. */
  readonly silent = new Set<string>();
  /** The server's clock minus that of the test. */
  clockOffset = 0;

  constructor() {
    const sockets = (url: string): FakeSocket => new FakeSocket(url, this);
    vi.stubGlobal(
      "WebSocket",
      Object.assign(
        function (url: string) {
          return sockets(url);
        },
        { OPEN: FakeSocket.OPEN },
      ),
    );
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nobody has connected");
    return socket;
  }

  head(stream: string): number {
    return this.log.filter((message) => message.stream === stream).length;
  }

  publish(event: string, data: object, more: Partial<LogMessage> = {}): LogMessage {
    const stream = `${channelOf(event)}:org:org_123`;
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

  isHeard(rooms: Iterable<string>, { stream, data }: LogMessage): boolean {
    return [...rooms].some((room) => streamOfRoom(room) === stream && hears(scopeOfRoom(room), data as Scope));
  }

  answer(socket: FakeSocket, { event, data, id }: Sent): void {
    if (this.silent.has(event)) return;
    if (event === "authenticate") {
      const who = { user_id: "ann", organization_id: "org_123", role: "analyst", expires_at: this.expiresAt };
      socket.say("authenticated", who, { id });
    } else if (event === "subscribe") this.subscribe(socket, data.rooms ?? [], data.since ?? {}, id);
    else if (event === "unsubscribe") {
      for (const room of data.rooms ?? []) socket.rooms.delete(room);
      socket.say("unsubscribed", { rooms: data.rooms }, { id });
    } else if (event === "ping") {
      socket.say("pong", { server_time: new Date(Date.now() + this.clockOffset).toISOString() }, { id });
    }
  }

  subscribe(socket: FakeSocket, rooms: string[], since: ByStream, id: string | undefined): void {
    const refused = rooms.find((room) => this.refused.has(room));
    if (refused) return socket.say("error", { code: "forbidden", message: `not ${refused}`, id }, { id });
    const streams = [...new Set(rooms.map(streamOfRoom))];
    const positions = Object.fromEntries(streams.map((name) => [name, { epoch: this.epoch, seq: this.head(name) }]));
    const first = (stream: string): boolean => ![...socket.rooms].some((room) => streamOfRoom(room) === stream);
    const resumed = new Set(streams.filter((name) => first(name) && since[name]?.epoch === this.epoch));
    for (const room of rooms) socket.rooms.add(room);
    for (const name of resumed) positions[name] = since[name] ?? { epoch: "", seq: 0 };
    socket.say("subscribed", { rooms, position: positions, recovered: resumed.size === streams.length }, { id });
    for (const stream of streams) {
      if (resumed.has(stream)) this.replay(socket, stream, since[stream]?.seq ?? 0, rooms);
      else
        this.snapshot(
          socket,
          stream,
          rooms.filter((room) => streamOfRoom(room) === stream),
        );
    }
  }

  private replay(socket: FakeSocket, stream: string, after: number, rooms: string[]): void {
    for (const message of this.log) {
      const missed = message.stream === stream && message.seq > after && this.isHeard(rooms, message);
      if (missed) socket.hear({ ...message, replayed: true });
    }
  }

  private snapshot(socket: FakeSocket, stream: string, rooms: string[]): void {
    const items = [...(this.state.get(stream)?.values() ?? [])].filter((data) =>
      rooms.some((room) => hears(scopeOfRoom(room), data as Scope)),
    );
    const more = { stream, epoch: this.epoch, seq: this.head(stream), ts: new Date().toISOString() };
    socket.say(`${stream.split(":")[0] ?? ""}:snapshot`, { rooms, items }, more);
  }
}

const channelOf = (event: string): string => (event.split(":")[0] ?? "").replace(/^alert$/, "alerts");

export const connectedClient = (options: ClientOptions = { url: "ws://server.test/ws" }): RealtimeClient =>
  new RealtimeClient(options);

/** Time passes, and what it sets off happens. */
export const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

/** The golden backlog, of this scope (the organization without one), now. */
export function backlog(total: number, scope: Scope = {}, more: object = {}): BacklogUpdate {
  const data = { ...(golden("backlog:update").data as BacklogUpdate), timestamp: new Date().toISOString() };
  delete data.department_id;
  delete data.queue_name;
  return Object.assign(data, scope, { total_items: total }, more);
}

/** The golden alert, pending, of the queue `support`, now. */
export function alert(alert_id: string, more: Partial<Alert> = {}): Alert {
  const now = new Date().toISOString();
  const data = golden("alert:triggered").data as Alert;
  return { ...data, triggered_at: now, last_seen_at: now, message: "50 items wait", alert_id, ...more };
}

/** The golden KPIs, of this scope (the organization without one), now. */
export function kpi(utilization: number | null, scope: Scope = {}, more: Partial<KPIUpdate> = {}): KPIUpdate {
  const data = golden("kpi:update").data as KPIUpdate;
  delete data.department_id;
  delete data.queue_name;
  const timestamp = new Date().toISOString();
  const measured = { ...data.utilization, current_utilization: utilization };
  return Object.assign(data, scope, { timestamp, utilization: measured }, more);
}

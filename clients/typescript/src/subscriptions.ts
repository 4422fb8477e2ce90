// Which rooms are listened to, and where in each stream we stand: asks, resumes, drops what was heard before, acks.

import { Acks } from "./acks.js";
import { type Answer, isOfLog, isResync, isSnapshot, type LogMessage, type Message } from "./protocol/messages.js";
import { Patches } from "./protocol/patches.js";
import { type ByStream, Positions } from "./protocol/positions.js";
import { streamOfRoom } from "./protocol/rooms.js";
import { Timer } from "./timing.js";
import type { Requests } from "./protocol/types.js";

export interface Problem {
  code: string;
  message: string;
}

export interface Link {
  readonly ready: boolean;
  send<Name extends keyof Requests>(event: Name, data: Requests[Name], id?: string): void;
  ping(id?: string): void;
  caughtUp(): void;
}

export interface Sink {
  onEvent(message: LogMessage): void;
  onSnapshot(message: LogMessage): void;
  /** The server does not let us into this room, or no longer. */
  onRefused(room: string, problem: Problem): void;
}

export interface SubscriptionOptions {
  /** Ask for merge patches instead of whole payloads: fewer bytes, a little more work here. */
  delta?: boolean | undefined;
  /** Ask for one message per so many milliseconds, only the newest of each scope in it. */
  batch_ms?: number | undefined;
}

interface Asked {
  rooms: string[];
  position: Partial<ByStream>; // as `subscribed` says
}

const ROOMS_A_MESSAGE = 200; // of 64 KB at most
const REFETCH_AFTER = 250; // one refetch for a burst of reasons
const ASK_AGAIN_AFTER = 2_000;
const PASSING = new Set(["unavailable", "access_changed"]);

export class Subscriptions {
  #link: Link;
  #sink: Sink;
  #wanted = new Map<string, number>(); // room -> how many want it
  #held = new Set<string>(); // asked for on this connection
  #known = new Set<string>(); // whose state we hold up to the position of its stream
  #refused = new Set<string>();
  #positions = new Positions();
  #asked = new Map<string, Asked>(); // by the id of the request
  #requests = 0;
  #flushing = false;
  #refetch = new Set<string>(); // rooms
  #later = new Timer();
  #acks: Acks;
  #patches = new Patches();

  constructor(
    link: Link,
    sink: Sink,
    private options: () => SubscriptionOptions,
  ) {
    this.#link = link;
    this.#sink = sink;
    this.#acks = new Acks((ack) => link.send("ack", ack));
  }

  /** Listen to a room until the function that is returned is called. With `state`, its snapshot is sent anew. */
  want(room: string, { state }: { state: boolean }): () => void {
    this.#wanted.set(room, (this.#wanted.get(room) ?? 0) + 1);
    if (state && (this.#held.has(room) || this.#known.has(room))) this.#refetch.add(room);
    this.#refused.delete(room);
    this.#flushSoon();
    return () => {
      this.#wanted.set(room, (this.#wanted.get(room) ?? 0) - 1);
      this.#flushSoon();
    };
  }

  /** Nothing that was heard counts any more: the next connection is somebody else's. */
  forget(): void {
    this.#positions.clear();
    this.#known.clear();
    this.#refused.clear();
    this.#acks.clear();
    this.#patches.clear();
  }

  onReady(): void {
    this.#held.clear();
    this.#refused.clear(); // rights may have changed meanwhile
    this.#flush();
    if (!this.#asked.size) this.#link.caughtUp();
  }

  onLost(): void {
    this.#held.clear();
    this.#asked.clear();
    this.#later.stop();
  }

  // --- asking --------------------------------------------------------------------------------------------------------
  /** After all that this turn of the event loop mounts and unmounts: one message for many hooks. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    this.#leave();
    if (!this.#link.ready) return;
    for (const room of this.#refetch) this.#known.delete(room);
    const missing = [...this.#wanted.keys()].filter((room) => this.#lacks(room));
    this.#refetch.clear();
    this.#ask(
      missing.filter((room) => this.#known.has(room)),
      { resume: true },
    );
    this.#ask(
      missing.filter((room) => !this.#known.has(room)),
      { resume: false },
    );
  }

  #lacks(room: string): boolean {
    return !this.#refused.has(room) && (this.#refetch.has(room) || !this.#held.has(room));
  }

  #leave(): void {
    const gone = [...this.#wanted].filter(([, count]) => count === 0).map(([room]) => room);
    const held = gone.filter((room) => this.#held.has(room));
    for (const room of gone) {
      for (const rooms of [this.#wanted, this.#held, this.#known, this.#refetch]) rooms.delete(room);
    }
    if (held.length) this.#link.send("unsubscribe", { rooms: held });
    this.#positions.keepOnly(this.#wanted.keys());
  }

  /** All known rooms in one message: the server replays a stream once, over all of them. */
  #ask(rooms: string[], { resume }: { resume: boolean }): void {
    for (let start = 0; start < rooms.length; start += ROOMS_A_MESSAGE) {
      const some = rooms.slice(start, start + ROOMS_A_MESSAGE);
      this.#askFor(some, resume ? this.#positions.since(some) : undefined);
    }
  }

  #askFor(rooms: string[], since?: ByStream): void {
    const id = `subscribe-${++this.#requests}`;
    const { delta, batch_ms } = this.options();
    this.#asked.set(id, { rooms, position: {} });
    for (const room of rooms) this.#held.add(room);
    this.#link.send(
      "subscribe",
      { rooms, ...(since && { since }), ...(delta && { delta }), ...(batch_ms && { batch_ms }) },
      id,
    );
    this.#link.ping(id);
  }

  #refetchSoon(rooms: Iterable<string>): void {
    for (const room of rooms) this.#refetch.add(room);
    if (!this.#later.running) this.#later.start(REFETCH_AFTER, () => this.#flush());
  }

  // --- answers -------------------------------------------------------------------------------------------------------
  onMessage(message: Message): void {
    if (isOfLog(message)) this.#take(message);
    else this.#answered(message);
  }

  #answered(message: Answer): void {
    if (message.event === "batch") for (const each of message.data.events as unknown as LogMessage[]) this.#take(each);
    else if (message.event === "subscribed") this.#subscribed(message.data.position, String(message.id));
    else if (message.event === "pong") this.#complete(String(message.id));
    else if (message.event === "heartbeat") this.#positions.advance(message.data.position);
    else if (message.event === "unsubscribed" && message.id === undefined) this.#lostRooms(message.data.rooms);
    else if (message.event === "error") this.#failed(message.data, String(message.id));
  }

  #subscribed(position: Partial<ByStream>, id: string): void {
    const asked = this.#asked.get(id);
    if (asked) asked.position = position;
  }

  /** The pong after a subscribe: its snapshot or its missed events have all come. */
  #complete(id: string): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    for (const room of asked.rooms) if (this.#held.has(room)) this.#known.add(room);
    for (const [stream, position] of Object.entries(asked.position)) {
      if (position) this.#positions.moveTo(stream, position);
    }
    if (!this.#asked.size) this.#link.caughtUp();
  }

  #lostRooms(rooms: string[]): void {
    for (const room of rooms.filter((each) => this.#wanted.has(each))) {
      this.#refuse(room, { code: "forbidden", message: "Your access has changed." });
    }
  }

  #failed(problem: Problem, id: string): void {
    if (problem.code === "rate_limited") return this.#askAllAgain(); // it was not read, so not even its id is known
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    const { rooms } = asked;
    if (PASSING.has(problem.code)) this.#askLater(rooms);
    else if (rooms.length > 1) this.#askInHalves(rooms);
    else for (const room of rooms) this.#refuse(room, problem);
    if (!this.#asked.size) this.#link.caughtUp();
  }

  /** One room that is refused refuses all that were named with it: find it. */
  #askInHalves(rooms: string[]): void {
    const middle = Math.ceil(rooms.length / 2);
    for (const half of [rooms.slice(0, middle), rooms.slice(middle)]) this.#askFor(half, this.#positions.since(half));
  }

  #askAllAgain(): void {
    this.#askLater([...this.#asked.values()].flatMap(({ rooms }) => rooms));
    this.#asked.clear();
  }

  #askLater(rooms: string[]): void {
    for (const room of rooms) this.#held.delete(room);
    this.#later.start(ASK_AGAIN_AFTER, () => this.#flush());
  }

  #refuse(room: string, problem: Problem): void {
    this.#held.delete(room);
    this.#known.delete(room);
    this.#refused.add(room);
    this.#sink.onRefused(room, problem);
  }

  // --- events of the log ---------------------------------------------------------------------------------------------
  #take(message: LogMessage): void {
    if (isSnapshot(message)) return this.#takeSnapshot(message);
    const old = message.redelivered ? this.#acks.has(message) : this.#positions.isOld(message);
    if (!old) this.#deliver(message);
    if (message.requires_ack) this.#acks.add(message);
  }

  #deliver(message: LogMessage): void {
    this.#positions.moveTo(message.stream, message);
    if (isResync(message)) return this.#refetchSoon(this.#roomsOf(message.stream));
    const whole = this.#patches.whole(message);
    if (whole) this.#sink.onEvent(whole);
    else this.#refetchSoon(this.#roomsOf(message.stream));
  }

  #takeSnapshot(message: LogMessage): void {
    this.#positions.moveTo(message.stream, message);
    this.#sink.onSnapshot(message);
  }

  #roomsOf(stream: string): string[] {
    return [...this.#wanted.keys()].filter((room) => streamOfRoom(room) === stream);
  }
}

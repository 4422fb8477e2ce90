// Which rooms are listened to, and where in each stream we stand: asks, resumes, drops what was heard before, acks.

import { Acks } from "./acks.js";
import { Assembly } from "./assembly.js";
import { inMessages } from "./chunks.js";
import type { Link, Refused, Sink, SubscriptionOptions } from "./link.js";
import { type Answer, isOfLog, isResync, isSnapshot, type LogMessage, type Message } from "./protocol/messages.js";
import { Patches } from "./protocol/patches.js";
import { type ByStream, Positions } from "./protocol/positions.js";
import { streamOfRoom } from "./protocol/rooms.js";
import type { Problem, Subscribed } from "./protocol/types.js";
import { Requests } from "./requests.js";
import { Rights } from "./rights.js";
import { elapsed, Timer } from "./timing.js";

const FLUSH_EVERY = 100; // milliseconds; rows that scroll by are joined and left together
const REFETCH_AFTER = 250; // one refetch for a burst of reasons
const ASK_AGAIN_AFTER = 2_000;
const PASSING = new Set(["unavailable", "access_changed"]);
const ACCESS_CHANGED = { code: "forbidden", message: "Your access has changed." };

export class Subscriptions {
  #link: Link;
  #sink: Sink;
  #wanted = new Map<string, number>(); // room -> how many want it
  #held = new Set<string>(); // asked for on this connection
  #known = new Set<string>(); // whose state we hold up to the position of its stream
  #rights = new Rights();
  #positions = new Positions();
  #requests = new Requests();
  #refetch = new Set<string>(); // rooms
  #assembly = new Assembly();
  #flushing = false;
  #flushedAt = -Infinity;
  #soon = new Timer();
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
    const refusal = this.#rights.refusal(room);
    if (refusal) this.#sink.onRefused(room, refusal);
    else this.#rights.forgive(room);
    this.#flushSoon();
    return () => {
      this.#wanted.set(room, (this.#wanted.get(room) ?? 0) - 1);
      this.#flushSoon();
    };
  }

  isRefused(room: string): boolean {
    return this.#rights.isRefused(room);
  }

  /** Nothing that was heard counts any more: the next connection is somebody else's. */
  forget(): void {
    this.#positions.clear();
    this.#known.clear();
    this.#rights.clear();
    this.#acks.clear();
    this.#patches.clear();
  }

  onReady(): void {
    this.#held.clear();
    this.#requests.takeAll();
    this.#rights.clear(); // they may have changed meanwhile
    this.#flush();
    if (this.#requests.none) this.#link.caughtUp();
  }

  /** Signed in anew on the same connection: who was limited may be so no more. */
  onRenewed(): void {
    for (const room of this.#rights.conditional) {
      this.#rights.forgive(room);
      if (this.#held.has(room)) this.#refetch.add(room);
    }
    this.#flushSoon();
  }

  onLost(): void {
    this.#held.clear();
    this.#requests.takeAll();
    this.#assembly.clear();
    this.#later.stop();
    this.#soon.stop();
    this.#flushing = false; // what waits is asked for by the next connection
    this.#flushedAt = -Infinity;
  }

  // --- asking --------------------------------------------------------------------------------------------------------
  /** After all that this turn of the event loop mounts and unmounts, and what the next ones do: few messages for many. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    const wait = this.#flushedAt + FLUSH_EVERY - elapsed();
    if (wait <= 0) queueMicrotask(() => this.#flush());
    else this.#soon.start(wait, () => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    this.#flushedAt = elapsed();
    this.#soon.stop();
    this.#leave();
    if (!this.#link.ready) return;
    for (const room of this.#refetch) this.#known.delete(room);
    const missing = [...this.#wanted.keys()].filter((room) => this.#lacks(room));
    this.#refetch.clear();
    const known = missing.filter((room) => this.#known.has(room));
    this.#ask(inMessages(known), { resume: true });
    this.#ask(inMessages(missing.filter((room) => !known.includes(room))), { resume: false });
  }

  #lacks(room: string): boolean {
    return !this.#rights.isRefused(room) && (this.#refetch.has(room) || !this.#held.has(room));
  }

  #leave(): void {
    const gone = [...this.#wanted].filter(([, count]) => count === 0).map(([room]) => room);
    const heard = gone.filter((room) => this.#held.has(room)).flatMap((room) => this.#rights.roomsOf(room));
    for (const room of gone) {
      for (const rooms of [this.#wanted, this.#held, this.#known, this.#refetch]) rooms.delete(room);
    }
    this.#unsubscribe(heard);
    this.#positions.keepOnly(this.#wanted.keys());
    this.#rights.keepOnly(this.#wanted);
  }

  /** Rooms as the server knows them; two that were asked for may have been granted as the same. */
  #unsubscribe(rooms: readonly string[]): void {
    const needed = new Set([...this.#held].flatMap((room) => this.#rights.roomsOf(room)));
    const left = rooms.filter((room) => !needed.has(room));
    for (const some of inMessages(left)) this.#link.send("unsubscribe", { rooms: some });
  }

  /** The server replays a stream once, with the first message that names it: rooms in later ones get their snapshot. */
  #ask(messages: string[][], { resume }: { resume: boolean }): void {
    const replayed = new Set<string>();
    for (const rooms of messages) {
      for (const room of rooms) if (replayed.has(streamOfRoom(room))) this.#known.delete(room);
      this.#askFor(rooms, resume ? this.#positions.since(rooms) : undefined);
      for (const room of rooms) replayed.add(streamOfRoom(room));
    }
  }

  #askFor(rooms: string[], since?: ByStream): void {
    const id = this.#requests.add(rooms);
    const { delta, batch_ms } = this.options();
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
    else if (message.event === "subscribed") this.#subscribed(message.data, String(message.id));
    else if (message.event === "pong") this.#complete(String(message.id));
    else if (message.event === "heartbeat") this.#positions.advance(message.data.position);
    else if (message.event === "unsubscribed" && message.id === undefined) this.#lostRooms(message.data);
    else if (message.event === "error") this.#failed(message.data, String(message.id));
  }

  #subscribed({ position, granted = {}, refused = {} }: Subscribed, id: string): void {
    const asked = this.#requests.get(id);
    if (!asked) return;
    asked.position = position;
    this.#refuseAll(refused);
    asked.rooms = asked.rooms.filter((room) => !refused[room]);
    this.#unsubscribe(this.#rights.grant(asked.rooms, granted));
  }

  /** The pong after a subscribe: its snapshot or its missed events have all come. */
  #complete(id: string): void {
    const asked = this.#requests.get(id);
    if (asked) asked.answered = true;
    for (const each of this.#requests.takeComplete((stream) => this.#assembly.isUnfinished(stream))) {
      for (const [stream, position] of Object.entries(each.position)) {
        if (position) this.#positions.moveTo(stream, position);
      }
      for (const room of each.rooms) if (this.#held.has(room)) this.#arrived(room);
    }
    if (this.#requests.none) this.#link.caughtUp();
  }

  #arrived(room: string): void {
    if (this.#refetch.has(room)) return; // it is asked for once more
    this.#known.add(room);
    this.#sink.onReady(room);
  }

  #lostRooms({ rooms, code, message }: { rooms: string[]; code?: string; message?: string }): void {
    const problem = { ...ACCESS_CHANGED, ...(code && { code }), ...(message && { message }) };
    const heard = [...this.#wanted.keys()].filter((room) => !this.#rights.isRefused(room));
    for (const { room, lost, left } of this.#rights.take(new Set(rooms), heard)) {
      if (left) this.#sink.onNarrowed(room, lost);
      else this.#refuse(room, problem);
    }
  }

  #failed({ code, message, refused }: Problem & { refused?: Refused }, id: string): void {
    if (code === "rate_limited") return this.#askAllAgain(); // it was not read, so not even its id is known
    const asked = this.#requests.take(id);
    if (!asked) return;
    const { rooms } = asked;
    if (refused) this.#refuseAll(refused);
    else if (PASSING.has(code)) this.#askLater(rooms);
    else if (rooms.length > 1) this.#askInHalves(rooms);
    else for (const room of rooms) this.#refuse(room, { code, message });
    if (this.#requests.none) this.#link.caughtUp();
  }

  /** A server that does not name the rooms it refuses, refuses all that were asked for with them: find those. */
  #askInHalves(rooms: string[]): void {
    const middle = Math.ceil(rooms.length / 2);
    this.#ask([rooms.slice(0, middle), rooms.slice(middle)], { resume: rooms.every((room) => this.#known.has(room)) });
  }

  #askAllAgain(): void {
    this.#askLater(this.#requests.takeAll().flatMap(({ rooms }) => rooms));
  }

  #askLater(rooms: string[]): void {
    for (const room of rooms) this.#held.delete(room);
    this.#later.start(ASK_AGAIN_AFTER, () => this.#flush());
  }

  #refuseAll(refused: Refused): void {
    for (const [room, problem] of Object.entries(refused)) if (problem) this.#refuse(room, problem);
  }

  #refuse(room: string, problem: Problem): void {
    this.#held.delete(room);
    this.#known.delete(room);
    this.#rights.refuse(room, problem);
    this.#sink.onRefused(room, problem);
  }

  // --- events of the log ---------------------------------------------------------------------------------------------
  #take(message: LogMessage): void {
    if (isSnapshot(message)) return this.#takeSnapshot(message);
    if (this.#assembly.hold(message)) return;
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
    const whole = this.#assembly.add(message);
    if (!whole) return;
    this.#positions.moveTo(message.stream, message);
    this.#sink.onSnapshot(whole.snapshot);
    for (const each of whole.held) this.#take(each);
    this.#complete("");
  }

  #roomsOf(stream: string): string[] {
    return [...this.#wanted.keys()].filter((room) => streamOfRoom(room) === stream);
  }
}

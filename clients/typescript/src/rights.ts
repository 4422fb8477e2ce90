import type { Problem } from "./protocol/types.js";
import { elapsed } from "./timing.js";

const REFUSED_FOR = 10_000; // milliseconds; who asks for the same room sooner gets the same answer

/** The answers of the server to the rooms asked for: refused, or granted as others. */
export class Rights {
  #refused = new Map<string, { problem: Problem; at: number }>();
  #granted = new Map<string, readonly string[]>();

  isRefused(room: string): boolean {
    return this.#refused.has(room);
  }

  /** Why a room was refused a moment ago. */
  refusal(room: string): Problem | undefined {
    const refused = this.#refused.get(room);
    return refused && elapsed() - refused.at < REFUSED_FOR ? refused.problem : undefined;
  }

  refuse(room: string, problem: Problem): void {
    this.#granted.delete(room);
    this.#refused.set(room, { problem, at: elapsed() });
  }

  /** Somebody asks again. */
  forgive(room: string): void {
    this.#refused.delete(room);
  }

  /** Notes the answer. Returns what these rooms were granted as before and are no more. */
  grant(rooms: readonly string[], granted: Readonly<Record<string, readonly string[] | undefined>>): string[] {
    const before = rooms.filter((room) => this.#granted.has(room)).flatMap((room) => this.roomsOf(room));
    for (const room of rooms) {
      const found = granted[room];
      if (found) this.#granted.set(room, found);
      else this.#granted.delete(room);
    }
    const now = new Set(rooms.flatMap((room) => this.roomsOf(room)));
    return before.filter((room) => !now.has(room));
  }

  /** The rooms that the server knows this one as. */
  roomsOf(room: string): readonly string[] {
    return this.#granted.get(room) ?? [room];
  }

  /** Takes rooms away, as the server names them. Returns which of them each asked room has lost, and what is left. */
  take(lost: ReadonlySet<string>, asked: Iterable<string>): { room: string; lost: string[]; left: number }[] {
    const changes = [];
    for (const room of asked) {
      const before = this.roomsOf(room);
      const left = before.filter((each) => !lost.has(each));
      if (left.length === before.length) continue;
      if (left.length) this.#granted.set(room, left);
      changes.push({ room, lost: before.filter((each) => lost.has(each)), left: left.length });
    }
    return changes;
  }

  /** Asked rooms whose answer depends on who asks: refused ones, and those that were granted as others. */
  get conditional(): string[] {
    return [...this.#refused.keys(), ...this.#granted.keys()];
  }

  /** Drops what nobody wants any more; a refusal is kept for as long as it counts. */
  keepOnly(wanted: ReadonlyMap<string, number>): void {
    for (const room of this.#granted.keys()) if (!wanted.has(room)) this.#granted.delete(room);
    for (const [room, { at }] of this.#refused) {
      if (!wanted.has(room) && elapsed() - at >= REFUSED_FOR) this.#refused.delete(room);
    }
  }

  clear(): void {
    this.#refused.clear();
    this.#granted.clear();
  }
}

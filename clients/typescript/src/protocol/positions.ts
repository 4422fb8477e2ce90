import type { LogMessage } from "./messages.js";
import { streamOfRoom } from "./rooms.js";
import type { Position } from "./types.js";

export type ByStream = Record<string, Position>;

/** Positions in each stream: every event up to there has arrived. */
export class Positions {
  #known = new Map<string, Position>();

  /** Never back, but for a new epoch. */
  moveTo(stream: string, { epoch, seq }: Position): void {
    const known = this.#known.get(stream);
    if (known?.epoch !== epoch || seq > known.seq) this.#known.set(stream, { epoch, seq });
  }

  /** A heartbeat: what lies before will not come any more. A stream whose snapshot is still to come is left alone. */
  advance(positions: Partial<ByStream>): void {
    for (const [stream, position] of Object.entries(positions)) {
      if (position && this.#known.get(stream)?.epoch === position.epoch) this.moveTo(stream, position);
    }
  }

  isOld({ stream, epoch, seq }: LogMessage): boolean {
    const known = this.#known.get(stream);
    return known?.epoch === epoch && seq <= known.seq;
  }

  /** Of the streams of these rooms. */
  since(rooms: Iterable<string>): ByStream {
    const streams = streamsOf(rooms);
    return Object.fromEntries([...this.#known].filter(([stream]) => streams.has(stream)));
  }

  /** Forgets the streams in which no room is wanted any more. */
  keepOnly(rooms: Iterable<string>): void {
    const streams = streamsOf(rooms);
    for (const stream of this.#known.keys()) if (!streams.has(stream)) this.#known.delete(stream);
  }

  clear(): void {
    this.#known.clear();
  }
}

const streamsOf = (rooms: Iterable<string>): Set<string> => new Set([...rooms].map(streamOfRoom));

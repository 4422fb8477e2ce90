import { streamOfRoom } from "./protocol/rooms.js";
import type { ByStream } from "./protocol/positions.js";

export interface Asked {
  rooms: string[];
  position: Partial<ByStream>; // as `subscribed` says
  /** Its pong has come, and with it all that was asked for, but for parts of a snapshot. */
  answered: boolean;
}

/** The requests that are not complete yet, by the id of their message. */
export class Requests {
  #open = new Map<string, Asked>();
  #count = 0;

  get none(): boolean {
    return this.#open.size === 0;
  }

  add(rooms: string[]): string {
    const id = `subscribe-${++this.#count}`;
    this.#open.set(id, { rooms, position: {}, answered: false });
    return id;
  }

  get(id: string): Asked | undefined {
    return this.#open.get(id);
  }

  take(id: string): Asked | undefined {
    const asked = this.#open.get(id);
    this.#open.delete(id);
    return asked;
  }

  takeAll(): Asked[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    return all;
  }

  /** Takes those that were answered and wait for no stream. */
  takeComplete(isWaiting: (stream: string) => boolean): Asked[] {
    const complete = [...this.#open].filter(
      ([, { answered, rooms }]) => answered && !rooms.some((room) => isWaiting(streamOfRoom(room))),
    );
    return complete.flatMap(([id]) => this.take(id) ?? []);
  }
}

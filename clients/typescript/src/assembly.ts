import type { LogMessage, Snapshot } from "./protocol/messages.js";

interface Unfinished {
  rooms: string[];
  items: unknown[];
  held: LogMessage[];
}

/** Puts snapshots together that come in parts. Events of their streams wait until they are whole. */
export class Assembly {
  #unfinished = new Map<string, Unfinished>(); // by stream

  /** Returns the whole snapshot, and the events that waited for it; nothing while parts are missing. */
  add(message: LogMessage): { snapshot: LogMessage; held: LogMessage[] } | undefined {
    const { rooms, items, complete } = message.data as Snapshot<unknown>;
    const before = this.#unfinished.get(message.stream);
    const more = rooms.length ? undefined : before; // a part that names rooms begins anew
    const sofar = { rooms: more?.rooms ?? rooms, items: [...(more?.items ?? []), ...items], held: before?.held ?? [] };
    this.#unfinished.set(message.stream, sofar);
    if (complete === false) return undefined;
    this.#unfinished.delete(message.stream);
    return { snapshot: { ...message, data: { rooms: sofar.rooms, items: sofar.items } }, held: sofar.held };
  }

  /** Returns whether the event has to wait. */
  hold(message: LogMessage): boolean {
    const unfinished = this.#unfinished.get(message.stream);
    unfinished?.held.push(message);
    return unfinished !== undefined;
  }

  isUnfinished(stream: string): boolean {
    return this.#unfinished.has(stream);
  }

  clear(): void {
    this.#unfinished.clear();
  }
}

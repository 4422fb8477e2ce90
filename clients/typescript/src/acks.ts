import type { LogMessage } from "./protocol/messages.js";
import { conflated } from "./timing.js";
import type { Ack } from "./protocol/types.js";

const AT_MOST_EVERY = 250; // milliseconds; the server takes a hundred messages a second
const KEPT = 1_000;

/** Tells the server what was taken in, cumulatively per stream, and remembers it: acks get lost. */
export class Acks {
  #taken = new Set<string>();
  #due = new Map<string, number>();
  #flush: () => void;

  constructor(private send: (ack: Ack) => void) {
    this.#flush = conflated(() => this.#sendAll(), AT_MOST_EVERY);
  }

  add(message: LogMessage): void {
    const { stream, seq } = message;
    this.#taken.add(nameOf(message));
    if (this.#taken.size > KEPT) this.#taken = new Set([...this.#taken].slice(KEPT / 2));
    this.#due.set(stream, Math.max(seq, this.#due.get(stream) ?? 0));
    this.#flush();
  }

  has(message: LogMessage): boolean {
    return this.#taken.has(nameOf(message));
  }

  clear(): void {
    this.#taken.clear();
    this.#due.clear();
  }

  #sendAll(): void {
    for (const [stream, seq] of this.#due) this.send({ stream, seq });
    this.#due.clear();
  }
}

const nameOf = ({ stream, epoch, seq }: LogMessage): string => `${stream} ${epoch} ${seq}`;

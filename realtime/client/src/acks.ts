import { conflated } from "./timing.js";

const AT_MOST_EVERY = 250; // milliseconds; the server takes a hundred messages a second

/** Tells the server what was taken in, cumulatively per stream. */
export class Acks {
  #due = new Map<string, number>();
  #flush: () => void;

  constructor(private send: (event: "ack", data: { stream: string; seq: number }) => void) {
    this.#flush = conflated(() => this.#sendAll(), AT_MOST_EVERY);
  }

  add(stream: string, seq: number): void {
    this.#due.set(stream, Math.max(seq, this.#due.get(stream) ?? 0));
    this.#flush();
  }

  #sendAll(): void {
    for (const [stream, seq] of this.#due) this.send("ack", { stream, seq });
    this.#due.clear();
  }
}

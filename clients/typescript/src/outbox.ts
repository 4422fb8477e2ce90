import { elapsed, Timer } from "./timing.js";

const BURST = 40;
const PER_SECOND = 40; // the server takes a hundred, in a burst and then each second

/** Sends in order, and never more than the budget: a page that asks for much waits a little, and is never too fast. */
export class Outbox<T> {
  #waiting: T[] = [];
  #allowance = BURST;
  #countedAt = -Infinity; // full
  #later = new Timer();

  constructor(private write: (message: T) => void) {}

  send(message: T): void {
    this.#waiting.push(message);
    this.#flush();
  }

  /** Drop the messages that wait: their connection has ended. The next one has a budget of its own. */
  clear(): void {
    this.#waiting = [];
    this.#countedAt = -Infinity;
    this.#later.stop();
  }

  #flush = (): void => {
    this.#refill();
    while (this.#waiting.length && this.#allowance >= 1) {
      this.#allowance -= 1;
      this.write(this.#waiting.shift() as T);
    }
    if (this.#waiting.length && !this.#later.running) this.#later.start(1_000 / PER_SECOND, this.#flush);
  };

  #refill(): void {
    const now = elapsed();
    this.#allowance = Math.min(BURST, this.#allowance + ((now - this.#countedAt) * PER_SECOND) / 1_000);
    this.#countedAt = now;
  }
}

import { elapsed } from "./timing.js";

const SLACK = 1_000; // milliseconds; clocks a little apart are no news to anybody

/** Tells the server's time. The browser's clock may be set meanwhile, and its machine may sleep. */
export class ServerClock {
  #ahead = wallAhead(); // the server's time minus `elapsed`
  #wallAhead = this.#ahead; // the browser's, when the server's was measured
  #askedAt = 0;
  #asking = false;

  get now(): number {
    return elapsed() + this.#ahead;
  }

  /** The server's clock minus that of the browser, as it is set now. */
  get offset(): number {
    return Math.round(this.#ahead - wallAhead());
  }

  /** The browser's clock was set, or its machine slept, since the server's time was measured. */
  get isDoubtful(): boolean {
    return !this.#asking && Math.abs(wallAhead() - this.#wallAhead) > SLACK;
  }

  asked(): void {
    this.#askedAt = elapsed();
    this.#asking = true;
  }

  /** The answer to `asked`. Returns whether the time has moved. */
  answered(serverTime: number): boolean {
    this.#asking = false;
    this.#wallAhead = wallAhead();
    const ahead = serverTime - (this.#askedAt + elapsed()) / 2;
    const moved = Math.abs(ahead - this.#ahead) > SLACK;
    if (moved) this.#ahead = ahead;
    return moved;
  }
}

const wallAhead = (): number => Date.now() - elapsed();

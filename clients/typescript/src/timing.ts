// Timers, and time that only grows. Tabs in the background have their timers slowed down to one a minute: nothing here
// relies on a timer being in time.

/** Milliseconds since some moment: setting the clock does not move them. Some machines stop counting in their sleep. */
export const elapsed = (): number => performance.now();

/** One timer that can be asked whether it runs. No program of Node.js stays for one that is `idle`. */
export class Timer {
  #id: ReturnType<typeof setTimeout> | undefined;

  constructor(private idle = false) {}

  get running(): boolean {
    return this.#id !== undefined;
  }

  start(milliseconds: number, run: () => void): void {
    this.stop();
    this.#id = setTimeout(
      () => {
        this.#id = undefined;
        run();
      },
      Math.min(milliseconds, LONGEST),
    );
    if (this.idle) (this.#id as { unref?: () => void }).unref?.();
  }

  stop(): void {
    clearTimeout(this.#id);
    this.#id = undefined;
  }
}

const LONGEST = 24 * 3600 * 1000; // a timer of more than 24.8 days would fire at once

/** Full jitter: anything up to a bound that doubles, so that many pages do not come back at once. */
export const fullJitter = (attempt: number, first: number, longest: number): number =>
  Math.random() * Math.min(longest, first * 2 ** attempt);

export interface Conflated {
  (): void;
  /** Runs without waiting for the rest of the interval. */
  now: () => void;
}

/** Runs at once, and then at most once per interval however often it is called; the last call is never lost. */
export function conflated(run: () => void, interval: number): Conflated {
  const later = new Timer();
  let last = -Infinity;
  const now = (): void => {
    later.stop();
    last = elapsed();
    run();
  };
  const call = (): void => {
    const wait = last + interval - elapsed();
    if (wait <= 0) now();
    else if (!later.running) later.start(wait, now);
  };
  return Object.assign(call, { now });
}

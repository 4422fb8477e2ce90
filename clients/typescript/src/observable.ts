/** A store as Svelte means it, and what `useSyncExternalStore` takes: the same object until something changes. */
export interface Readable<T> {
  getState: () => T;
  /** Calls the listener now and after each change, until the function that is returned is called. */
  subscribe: (listener: (state: T) => void) => () => void;
}

/** Calls every listener; one that throws neither stops the others nor the socket. */
export function callAll<A>(listeners: Iterable<(argument: A) => void>, argument: A): void {
  for (const listener of [...listeners]) {
    try {
      listener(argument);
    } catch (error) {
      console.error("A listener failed:", error);
    }
  }
}

export class Observable<T> implements Readable<T> {
  #listeners = new Set<(state: T) => void>();

  constructor(private state: T) {}

  getState = (): T => this.state;

  subscribe = (listener: (state: T) => void): (() => void) => {
    const own = (state: T): void => listener(state); // the same function may listen twice
    this.#listeners.add(own);
    callAll([own], this.state);
    return () => void this.#listeners.delete(own);
  };

  set(state: T): void {
    this.state = state;
    callAll(this.#listeners, state);
  }
}

/** What `useSyncExternalStore` takes: the same object until something changes. */
export interface Readable<T> {
  getState: () => T;
  subscribe: (listener: () => void) => () => void;
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
  #listeners = new Set<() => void>();

  constructor(private state: T) {}

  getState = (): T => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  set(state: T): void {
    this.state = state;
    callAll(this.#listeners, undefined);
  }
}

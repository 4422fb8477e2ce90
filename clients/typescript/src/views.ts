// Views: the state behind a hook, which follows the events of one selection while a component uses it.

import type { LogMessage } from "./protocol/messages.js";
import { callAll, Observable, type Readable } from "./observable.js";
import { type Channel, hears, roomOf, scopeOfRoom, type Scope, type Selection } from "./protocol/rooms.js";
import type { Problem } from "./protocol/types.js";
import { conflated } from "./timing.js";

/** A listener to the events of a room. */
export interface Listener {
  readonly channel: Channel;
  readonly selection: Selection;
  readonly room: string;
  /** Whether it needs the current state when it begins to listen. */
  readonly stateful: boolean;
  onEvent(message: LogMessage): void;
  onSnapshot(message: LogMessage): void;
  /** Its state has come, with all that was missed. */
  onReady(): void;
  onRefused(problem: Problem): void;
  /** The server no longer grants these rooms. */
  onNarrowed(lost: string[]): void;
  /** The estimate of the server's time has changed. */
  onTime(): void;
}

export interface Feed {
  attach(listener: Listener): () => void;
}

const CHANGES_AT_MOST_EVERY = 50; // milliseconds

export abstract class View<State, Payload> implements Readable<State>, Listener {
  readonly stateful = true;
  readonly room: string;
  protected problem: Problem | undefined;
  protected ready = false;
  #state: Observable<State>;
  #live = new Set<(payload: Payload) => void>();
  #watchers = 0;
  #detach: (() => void) | undefined;

  constructor(
    private feed: Feed,
    readonly channel: Channel,
    readonly selection: Selection,
    initial: State,
  ) {
    this.room = roomOf(channel, selection);
    this.#state = new Observable(initial);
  }

  getState = (): State => this.#state.getState();

  /** Follow the state, from now on. It is conflated: many events at once are one change. */
  subscribe = (listener: (state: State) => void): (() => void) => {
    const stop = this.#state.subscribe(listener);
    return this.#watched(stop);
  };

  /** Hear each live event of the selection itself; replayed ones only change the state. */
  onLive = (listener: (payload: Payload) => void): (() => void) => {
    this.#live.add(listener);
    return this.#watched(() => this.#live.delete(listener));
  };

  abstract onEvent(message: LogMessage): void;
  abstract onSnapshot(message: LogMessage): void;
  protected abstract build(): State;
  protected abstract clear(): void;
  /** Drops the state of these scopes, whose present one follows. */
  protected abstract drop(covers: (scope: Scope) => boolean): void;
  /** Drops all that was known of these scopes. */
  protected abstract lose(covers: (scope: Scope) => boolean): void;

  /** Shows at once what was missed: the connection calls itself live right after this. */
  onReady(): void {
    this.ready = true;
    this.problem = undefined;
    this.changed.now();
  }

  onNarrowed(lost: string[]): void {
    this.lose(coveredBy(lost));
    this.changed();
  }

  onTime(): void {
    this.changed();
  }

  onRefused(problem: Problem): void {
    this.clear();
    this.ready = false;
    this.problem = problem;
    this.changed();
  }

  protected changed = conflated(() => this.#state.set(this.build()), CHANGES_AT_MOST_EVERY);

  protected tellLive(payload: Payload): void {
    callAll(this.#live, payload);
  }

  protected hears(scope: Scope): boolean {
    return hears(this.selection, scope);
  }

  #watched(stop: () => void): () => void {
    this.#watchers += 1;
    this.#detach ??= this.feed.attach(this);
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      stop();
      this.#watchers -= 1;
      queueMicrotask(() => this.#leaveUnwatched()); // React mounts, unmounts and mounts again in strict mode
    };
  }

  #leaveUnwatched(): void {
    if (this.#watchers || !this.#detach) return;
    this.#detach();
    this.#detach = undefined;
    this.problem = undefined;
    this.ready = false;
    this.clear();
    this.#state.set(this.build());
  }
}

/** The scopes whose state a snapshot of these rooms holds. */
export const coveredBy = (rooms: string[]): ((scope: Scope) => boolean) => {
  const scopes = rooms.map(scopeOfRoom);
  return (scope) => scopes.some((each) => hears(each, scope));
};

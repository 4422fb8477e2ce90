// The interface between the connection below and the views above the subscriptions.

import type { LogMessage } from "./protocol/messages.js";
import type { Problem, Requests } from "./protocol/types.js";

export interface Link {
  readonly ready: boolean;
  send<Name extends keyof Requests>(event: Name, data: Requests[Name], id?: string): void;
  ping(id?: string): void;
  caughtUp(): void;
}

export interface Sink {
  onEvent(message: LogMessage): void;
  onSnapshot(message: LogMessage): void;
  /** The state of this room, as the server has it, has come. */
  onReady(room: string): void;
  /** The server does not let us into this room, or no longer. */
  onRefused(room: string, problem: Problem): void;
  /** Of this room we no longer hear the parts that are named by `lost`. */
  onNarrowed(room: string, lost: string[]): void;
}

export interface SubscriptionOptions {
  /** Ask for merge patches instead of whole payloads: fewer bytes, a little more work here. */
  delta?: boolean | undefined;
  /** Ask for one message per so many milliseconds, only the newest of each scope in it. */
  batch_ms?: number | undefined;
}

export type Refused = Readonly<Record<string, Problem | undefined>>;

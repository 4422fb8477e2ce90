// Messages on the wire, in the terms of the generated types.

import type { Answers, Events } from "./types.js";

/** An event of the log. `replayed`: it happened before we listened; `redelivered`: it was sent before. */
export interface LogMessage<Name extends string = string, Data = unknown> {
  event: Name;
  data: Data;
  stream: string;
  epoch: string;
  seq: number;
  ts: string;
  requires_ack?: boolean;
  replayed?: boolean;
  redelivered?: number;
  /** `data` is a merge patch against the event of this seq. */
  base?: number;
}

export interface Snapshot<T> {
  rooms: string[];
  items: T[];
  /** False in all but the last of its parts. Snapshots that listeners get are whole. */
  complete?: boolean;
}

export type Answer = {
  [Name in keyof Answers]: { event: Name; data: Answers[Name]; id?: string | number };
}[keyof Answers];

export type KPIUpdate = Events["kpi:update"];
export type BacklogUpdate = Events["backlog:update"];
export type AttendanceUpdate = Events["attendance:update"];
/** The record that every `alert:*` event carries. */
export type Alert = Omit<Events["alert:triggered"], "reminder"> & { reminder?: boolean };

/** Whatever came: an answer, or an event of the log. */
export type Message = Answer | LogMessage;

export const isOfLog = (message: object): message is LogMessage => "seq" in message && "stream" in message;

/** The first word of a stream is its channel. An event of the customer's own may end in the same words. */
export const isSnapshot = ({ event, stream }: LogMessage): boolean => event === `${channelOf(stream)}:snapshot`;

export const isResync = ({ event, stream }: LogMessage): boolean => event === `${channelOf(stream)}:resync`;

export const isUpdate = ({ event, stream }: LogMessage): boolean => event === `${channelOf(stream)}:update`;

const channelOf = (stream: string): string => stream.slice(0, stream.indexOf(":"));

/** JSON merge patch (RFC 7396), but what it removes becomes null: payloads say null where nothing is known. */
export function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) result[name] = merged(result[name], value);
  return result;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Scopes and rooms: `{channel}:org:{org}[:dept:{dept}][:queue:{queue}]`.

import type { Channels } from "./types.js";

export type Channel = keyof Channels;

/** The selection of a hook or a view. A queue may be named without its department. */
export interface Selection {
  organization_id: string;
  department_id?: string | undefined;
  queue_name?: string | undefined;
}

/** As the server spells the names of queues: what is typed as two signs, `u` and a diaeresis, is one. */
export const normalized = (selection: Selection): Selection =>
  selection.queue_name ? { ...selection, queue_name: selection.queue_name.normalize("NFC") } : selection;

/** The part of an organization that a payload speaks of. */
export interface Scope {
  department_id?: string | undefined;
  queue_name?: string | undefined;
}

/** The name of the root room: all events of a channel in an organization, in one order. */
export const streamOf = (channel: Channel, organization: string): string => `${channel}:org:${organization}`;

export function roomOf(channel: Channel, selection: Selection): string {
  const department = selection.department_id ? `:dept:${selection.department_id}` : "";
  const queue = selection.queue_name ? `:queue:${percentEncoded(selection.queue_name)}` : "";
  return streamOf(channel, selection.organization_id) + department + queue;
}

/** As the server spells it: everything but letters, digits and `_.-~`. */
const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** The scope that a room is named after. */
export function scopeOfRoom(room: string): Scope {
  const parts = room.split(":");
  const after = (word: string): string | undefined => parts[parts.indexOf(word, 3) + 1 || parts.length];
  const queue = after("queue");
  return { department_id: after("dept"), queue_name: queue && decodeURIComponent(queue) };
}

export const streamOfRoom = (room: string): string => room.split(":", 3).join(":");

/** One string per department and queue; equal for equal scopes. */
export const scopeKey = ({ department_id, queue_name }: Scope): string =>
  JSON.stringify([department_id ?? "", queue_name ?? ""]);

export const selectionKey = (channel: Channel, selection: Selection): string =>
  JSON.stringify([channel, selection.organization_id, selection.department_id ?? "", selection.queue_name ?? ""]);

/** Whether the room of this selection hears events of that scope: its own and those inside it. */
export function hears(selection: Scope, scope: Scope): boolean {
  return (
    (!selection.department_id || selection.department_id === scope.department_id) &&
    (!selection.queue_name || selection.queue_name === scope.queue_name)
  );
}

/** Whether it is the very scope that was asked for. A queue asked for without its department is that queue. */
export function isAsked(selection: Selection, scope: Scope): boolean {
  if (selection.queue_name || selection.department_id) {
    return hears(selection, scope) && !selection.queue_name === !scope.queue_name;
  }
  return !scope.department_id && !scope.queue_name;
}

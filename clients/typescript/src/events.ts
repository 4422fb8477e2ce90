// The events of a channel, typed: their names say what their data is.

import type { LogMessage } from "./protocol/messages.js";
import type { Channels, CustomEvent, Events, Reserved } from "./protocol/types.js";

/**
 * The events of your own: their names, and what their payloads hold.
 *
 *     declare module "intraday-realtime" {
 *       interface CustomEvents { "acme:order": { order_id: string } }
 *     }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by those who use it
export interface CustomEvents {}

type Name = `${string}:${string}`;
type ReservedName = `${Reserved["namespace"]}:${string}` | `${string}:${Reserved["name"]}`;

/** The names of declared events; never those that the server keeps for itself. */
type OwnName = Exclude<keyof CustomEvents, ReservedName>;

/** The events of the channel `custom` by name; any name where none is declared. */
export type CustomMessage = [OwnName] extends [never]
  ? LogMessage<Name, CustomEvent>
  : { [Own in OwnName]: LogMessage<Own & string, OwnEvent<Own>> }[OwnName];

type OwnEvent<Own extends keyof CustomEvents> = Omit<CustomEvent, "name" | "payload"> & {
  name: Own;
  payload: CustomEvents[Own];
};

type Known<Event extends keyof Events> = { [Each in Event]: LogMessage<Each, Events[Each]> }[Event];

/** A live event of a channel; without a channel, of any. */
export type LiveEvent<Channel extends keyof Channels = keyof Channels> = {
  [Each in Channel]: Each extends "custom" ? CustomMessage : Known<Channels[Each] & keyof Events>;
}[Channel];

// Suggestions of the server and noted actions, in words. No React here.

import type { ActionNoted } from "intraday-realtime";
import type { Scope } from "../session/payloads.js";
import { clock, DASH, percent, plural } from "../kit/words.js";

export interface Effect {
  department_id: string | null;
  queue_name: string;
  target_service_level: number;
  interval_end: string;
  agents_before: number | null;
  agents_after: number | null;
  service_level_before: number | null;
  service_level_after: number | null;
  day_end_service_level_before: number | null;
  day_end_service_level_after: number | null;
  outlook_risk_before: number | null;
  outlook_risk_after: number | null;
}

export interface Suggestion {
  kind: "move" | "hold_breaks" | "call_in" | "time_off";
  department_id: string | null;
  queue_name: string;
  agents: number;
  from_department_id: string | null;
  from_queue_name: string | null;
  starts_at: string;
  until: string;
  effects: Effect[];
  text: string;
}

export interface Suggestions {
  as_of: string;
  time_zone: string;
  /** Servers before this page do not say. */
  suggestions?: Suggestion[];
}

/** An interval that ended after an action; with the prediction where it was of this one. */
export interface MeasuredInterval {
  department_id: string | null;
  queue_name: string;
  end: string;
  service_level: number | null;
  target_service_level: number;
  predicted?: number | null;
}

export interface Action extends ActionNoted {
  measured: MeasuredInterval[];
}

export const ACTIONS = "/api/intraday/actions";
export const SUGGESTIONS = "/api/intraday/kpi/suggestions";

interface QueuePlace {
  department_id: string | null;
  queue_name: string;
}

/** The name of a queue; with its department where another queue of that name is among these. */
export function queueAmong({ department_id, queue_name }: QueuePlace, others: readonly QueuePlace[]): string {
  const isShared = others.some((each) => each.queue_name === queue_name && each.department_id !== department_id);
  return isShared && department_id ? `${queue_name} · ${department_id}` : queue_name;
}

/** The queues that suggestions tell of. */
export const queuesIn = (suggestions: readonly Suggestion[]): QueuePlace[] =>
  suggestions.flatMap(({ effects, ...each }) => [each, ...sourceOf(each), ...effects]);

/** None, or the queue that agents come from. */
const sourceOf = ({ from_department_id, from_queue_name }: Omit<Suggestion, "effects">): QueuePlace[] =>
  from_queue_name === null ? [] : [{ department_id: from_department_id, queue_name: from_queue_name }];

/** `Move 2 agents from billing`, `Hold 3 breaks`, as the head of a card. */
export function deed(suggestion: Suggestion, among: readonly QueuePlace[]): string {
  const { kind, agents } = suggestion;
  const [source] = sourceOf(suggestion);
  if (kind === "move")
    return `Move ${plural(agents, "agent")} from ${source ? queueAmong(source, among) : "another queue"}`;
  if (kind === "hold_breaks") return `Hold ${plural(agents, "break")}`;
  if (kind === "call_in") return `Call in ${plural(agents, "agent")}`;
  return `Offer time off to ${plural(agents, "agent")}`;
}

/** Tells suggestions of one queue apart, also while their figures change. */
export const keyOf = ({ kind, from_department_id, from_queue_name }: Suggestion): string =>
  JSON.stringify([kind, from_department_id, from_queue_name]);

/** The suggestions with those that a person is about to note as they were when they were opened; what is not suggested any
 * more stands last. */
export function withOpened(suggested: readonly Suggestion[], opened: readonly Suggestion[]): Suggestion[] {
  const kept = new Map(opened.map((each) => [keyOf(each), each]));
  const gone = opened.filter((each) => !suggested.some((other) => keyOf(other) === keyOf(each)));
  return [...suggested.map((each) => kept.get(keyOf(each)) ?? each), ...gone];
}

export interface Deed {
  kind: ActionNoted["kind"];
  agents: number | null;
  from_queue_name?: string | null;
  note?: string | null;
}

/** The same of something that was done. */
export function done({ kind, agents, from_queue_name: from, note }: Deed): string {
  const heads = agents === null ? "agents" : plural(agents, "agent");
  const words = {
    move: `Moved ${heads} from ${from ?? "another queue"}`,
    hold_breaks: `Held ${agents === null ? "breaks" : plural(agents, "break")}`,
    call_in: `Called in ${heads}`,
    time_off: `Gave time off to ${heads}`,
    other: note ?? "Did something else",
  };
  return words[kind];
}

/** `61 to 82 %`; a dash where either side is not known. */
export function change(before: number | null, after: number | null): string {
  if (before === null || after === null) return DASH;
  return `${percent(before).replace(" %", "")} to ${percent(after)}`;
}

/** The body that notes a suggestion as applied. */
export const noteOf = (scope: Scope, applied: Suggestion, note: string) => ({
  ...scope,
  kind: applied.kind,
  agents: applied.agents,
  until: applied.until,
  note,
  predicted: applied.effects,
  ...(applied.from_queue_name && { from_queue_name: applied.from_queue_name }),
  ...(applied.from_department_id && { from_department_id: applied.from_department_id }),
});

/** Levels measured after it, once the interval is over: `10:30: 84 % (told 82 %)`. */
export function outcomes(
  { measured, queue_name }: { measured: MeasuredInterval[]; queue_name?: string | null },
  zone: string,
): string[] {
  return measured.map((each) => {
    const queue = each.queue_name === queue_name ? "" : `${each.queue_name} `;
    const told = each.predicted === null || each.predicted === undefined ? "" : ` (told ${percent(each.predicted)})`;
    return `${queue}${clock(each.end, zone)}: ${percent(each.service_level)}${told}`;
  });
}

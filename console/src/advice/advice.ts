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

/** `Move 2 agents from billing`, `Hold 3 breaks`, as the head of a card or the begin of a line. */
export function deed({ kind, agents, from_queue_name: from }: Pick<Suggestion, "kind" | "agents" | "from_queue_name">) {
  if (kind === "move") return `Move ${plural(agents, "agent")} from ${from ?? "another queue"}`;
  if (kind === "hold_breaks") return `Hold ${plural(agents, "break")}`;
  if (kind === "call_in") return `Call in ${plural(agents, "agent")}`;
  return `Offer time off to ${plural(agents, "agent")}`;
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

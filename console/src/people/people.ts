// People by state: the words of states, the shapes of the answers about people, and what is worked out from them.

import { number } from "../kit/words.js";
import type { Attendance, Scope } from "../session/payloads.js";

export const STATES = [
  ["on_contact", "On contact"],
  ["available", "Available"],
  ["after_contact", "After contact"],
  ["present", "At work"],
  ["break", "Break"],
  ["lunch", "Lunch"],
  ["training", "Training"],
  ["meeting", "Meeting"],
  ["other", "Other"],
  ["offline", "Offline"],
] as const;

export type State = (typeof STATES)[number][0];

const LABELS = new Map<string, string>(STATES);
/** States without which a panel is complete: they are shown only where somebody is in one. */
const RARE: ReadonlySet<string> = new Set<State>(["present", "lunch", "meeting", "other", "offline"]);
const AT_WORK: ReadonlySet<string> = new Set<State>(["on_contact", "available", "after_contact", "present"]);
const ACTIVITIES: Record<string, string> = { work: "Work", break: "Break", training: "Training" };

export const stateWord = (state: string | null): string => (state ? (LABELS.get(state) ?? state) : "Not there");
export const activityWord = (activity: string | null): string =>
  activity ? (ACTIVITIES[activity] ?? activity) : "Nothing";

export interface StateCount {
  state: State;
  label: string;
  count: number;
}

/** The owner of the attendance figures on a page, if that is not its scope: a queue has none of its own. */
export function elsewhereOf({ department_id, queue_name }: Scope): string {
  if (!queue_name) return "";
  return department_id ? "of the department" : "of all departments";
}

/** The people of a scope, counted. A department's figure tells all of it, the answer about a queue only this. */
export type Counted = Partial<Attendance> &
  Pick<
    Attendance,
    | "scheduled_count"
    | "by_state"
    | "absent_count"
    | "no_show_count"
    | "expected_count"
    | "out_of_adherence_count"
    | "longest_out_of_adherence_minutes"
  >;

/** The states to show, in order; servers before this page do not count them. */
export function stateCounts(figure: Pick<Counted, "by_state">): StateCount[] {
  const counts = (figure as Partial<Counted>).by_state ?? {};
  return STATES.map(([state, label]) => ({ state, label, count: counts[state] ?? 0 })).filter(
    ({ state, count }) => count > 0 || !RARE.has(state),
  );
}

export const headsAtWork = (counts: readonly StateCount[]): number =>
  counts.reduce((sum, { state, count }) => sum + (AT_WORK.has(state) ? count : 0), 0);

export interface PersonNow {
  employee_id: string;
  employee_name: string | null;
  department_id: string | null;
  queue_names: string[];
  status: string;
  shift_start: string | null;
  shift_end: string | null;
  checked_in_at: string | null;
  lost_minutes: number | null;
  scheduled_activity: string | null;
  state: string | null;
  state_since: string | null;
  state_seconds: number | null;
  out_of_adherence_since: string | null;
  out_of_adherence_minutes: number;
  adherence_percent: number | null;
  conformance_percent: number | null;
  reason: Reason;
}

export type Reason = "no_schedule" | "not_recorded" | null;

export const reasonWord = (reason: Reason): string =>
  reason === "no_schedule" ? "no published schedule" : "no states or check-ins of that day";

interface Span {
  start: string;
  end: string;
}

export interface PersonDay {
  employee_id: string;
  start: string;
  end: string;
  as_of: string;
  states: (Span & { state: string })[];
  schedule: (Span & { activity: string })[];
  out_of_adherence_minutes: number;
  adherence_percent: number | null;
  conformance_percent: number | null;
  reason: Reason;
}

/** A part of a strip: `from` and `width` are percent of it. */
export interface Bar {
  what: string;
  start: string;
  end: string;
  from: number;
  width: number;
}

export interface Strip {
  start: string;
  end: string;
  states: Bar[];
  schedule: Bar[];
  /** The place where the states end; null if that is outside. */
  now: number | null;
}

const HOUR = 3_600_000;

/** The part of the day in which there is anything, in whole hours; null without anything. */
export function strip(day: PersonDay): Strip | null {
  const spans = [...day.states, ...day.schedule];
  if (!spans.length) return null;
  const start = Math.floor(Math.min(...spans.map((each) => Date.parse(each.start))) / HOUR) * HOUR;
  const end = Math.ceil(Math.max(...spans.map((each) => Date.parse(each.end))) / HOUR) * HOUR;
  const place = (instant: string) => (100 * (Date.parse(instant) - start)) / (end - start);
  const bar = (what: string, span: Span): Bar => ({
    what,
    start: span.start,
    end: span.end,
    from: place(span.start),
    width: place(span.end) - place(span.start),
  });
  const now = place(day.as_of);
  return {
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    states: day.states.map((each) => bar(each.state, each)),
    schedule: day.schedule.map((each) => bar(each.activity, each)),
    now: now > 0 && now < 100 ? now : null,
  };
}

/** The stretches of one activity, as a list of words beside the strip. */
export function stretches(day: PersonDay): { what: string; start: string; end: string }[] {
  const found: { what: string; start: string; end: string }[] = [];
  for (const { state, start, end } of day.states) {
    const what = AT_WORK.has(state) ? "At work" : stateWord(state);
    const last = found.at(-1);
    if (last?.what === what && last.end === start) last.end = end;
    else found.push({ what, start, end });
  }
  return found;
}

/** The number of people of a list: those in it, unless it is full; then the count of the panel, where it is of the same. */
export function heading(listed: number | undefined, most: number, total: number | undefined): string {
  if (listed === undefined) return number(total);
  if (listed < most) return number(listed);
  return total !== undefined && total >= listed ? number(total) : `${number(listed)} or more`;
}

/** The queues of a scope by which people are filtered; names that several departments have tell no queue. */
export function queuesOf(seen: ReadonlyMap<string, ReadonlySet<string>>, { department_id }: Scope): string[] {
  const times = new Map<string, number>();
  for (const [department, queues] of seen)
    if (!department_id || department === department_id)
      for (const queue of queues) times.set(queue, (times.get(queue) ?? 0) + 1);
  return [...times].flatMap(([queue, count]) => (count === 1 ? [queue] : [])).sort();
}

// The items of a day in words, and what is chosen of them. No React here.

import { type Deed, done, type MeasuredInterval, outcomes } from "../advice/advice.js";
import type { Mark } from "../day/Chart.js";
import type { IconName } from "../kit/Icon.js";
import { clock24, duration, number, percent } from "../kit/words.js";
import type { Scope, Severity } from "../session/payloads.js";
import { LEVEL_WORDS, type Level } from "../figures/states.js";

interface Place {
  department_id: string | null;
  queue_name: string | null;
}

interface NamedAlert {
  alert_id: string;
  rule_name: string;
  severity: Severity;
}

export interface Item extends Place {
  id: string;
  at: string;
  kind: "state" | "alert" | "outage" | "action" | "notification";
  who: string | null;
  note: string | null;
  state?: {
    before: Level | null;
    level: Level;
    reasons: { code: string; value: number | null; limit: number | null }[];
  };
  alert?: NamedAlert & { message: string; reason: string; status: string };
  action?: {
    action_id: number;
    kind: Deed["kind"];
    agents: number | null;
    from_queue_name: string | null;
    measured: MeasuredInterval[];
  };
  notification?: NamedAlert & { transition: string; outcome: string; detail: string | null };
}

export interface Heads {
  at: string;
  required: number | null;
  scheduled: number | null;
  available: number | null;
}

export interface OpenAlert extends Place, NamedAlert {
  message: string;
  triggered_at: string;
  taken_at: string | null;
  taken_by: string | null;
  note: string | null;
}

export interface Summary {
  as_of: string;
  level: Level | null;
  level_since: string | null;
  contacts: {
    offered: number | null;
    answered: number | null;
    abandoned: number | null;
    service_level: number | null;
  };
  people_at_start: Heads | null;
  people_at_end: Heads | null;
  queues: (Place & { level: Level; since: string; worst: Level; worst_since: string })[];
  alerts_triggered: number;
  open_alerts: OpenAlert[];
  actions: Item[];
  outages: (Place & { rule_name: string | null; since: string; until: string | null })[];
  left_out: number;
}

export interface Story extends Place {
  organization_id: string;
  date: string;
  time_zone: string;
  since: string;
  until: string;
  items: Item[];
  next: string | null;
  summary: Summary | null;
}

// --- what is chosen --------------------------------------------------------------------------------------------------
export const FILTERS = {
  state: "States",
  alert: "Alerts",
  action: "Actions",
  note: "Notes",
  notification: "Notifications",
  outage: "Outages",
} as const;
export type Filter = keyof typeof FILTERS;

const isSilence = ({ state }: Item): boolean => state?.level === "stale" || state?.before === "stale";

const CHOSEN: Record<Filter, (item: Item) => boolean> = {
  state: ({ kind }) => kind === "state",
  alert: ({ kind }) => kind === "alert",
  action: ({ kind }) => kind === "action",
  note: ({ note }) => Boolean(note),
  notification: ({ kind }) => kind === "notification",
  outage: (item) => item.kind === "outage" || isSilence(item),
};

/** The items that any of these lets through; all if none is chosen. */
export const filtered = (items: readonly Item[], filters: readonly Filter[]): readonly Item[] =>
  filters.length ? items.filter((item) => filters.some((filter) => CHOSEN[filter](item))) : items;

export const countOf = (items: readonly Item[], filter: Filter): number => items.filter(CHOSEN[filter]).length;

export const filtersIn = (text: string | null): Filter[] =>
  (text ?? "").split(",").filter((name): name is Filter => Object.hasOwn(FILTERS, name));

// --- in words --------------------------------------------------------------------------------------------------------
export interface Words {
  icon: IconName;
  /** For colours. */
  tone: Level | Severity | "plain";
  what: string;
  more: string[];
}

export const placeOf = ({ department_id, queue_name }: Place): string => queue_name ?? department_id ?? "";

export function inWords(item: Item, zone: string): Words {
  if (item.state) return ofState(item.state);
  if (item.alert) return ofAlert(item.alert);
  if (item.action) return ofAction(item, zone);
  return ofNotification(item);
}

function ofState({ before, level, reasons }: NonNullable<Item["state"]>): Words {
  const was = before ? `, was ${LEVEL_WORDS[before]}` : "";
  return { icon: level, tone: level, what: `${LEVEL_WORDS[level]}${was}`, more: reasons.map(because) };
}

const BECAUSE: Record<string, (value: number | null, limit: number | null) => string> = {
  outlook_risk: (value) => `${percent(value)} risk that the next interval misses its target`,
  interval_lost: (value) => `the interval ${number(value)} points under target`,
  shortage: (value) => (value === 0 ? "was short of agents" : `${percent(value)} of the agents short`),
  nobody_there: (value) => `nobody there, ${number(value)} needed`,
  backlog_compliance: (value) => `${percent(value)} of the backlog within SLA`,
  volume_implausibly_low: (value, limit) => `far fewer contacts than forecast: ${number(value)} of ${number(limit)}`,
  feed_stale: (value) => `no data for ${duration(value)}`,
  no_data: () => "no data",
};

function because({ code, value, limit }: { code: string; value: number | null; limit: number | null }): string {
  return BECAUSE[code]?.(value, limit) ?? code.replaceAll("_", " ");
}

function ofAlert({ severity, rule_name, reason, message }: NonNullable<Item["alert"]>): Words {
  return {
    icon: severity,
    tone: severity,
    what: `${rule_name}: ${reason.replaceAll("_", " ")}`,
    more: reason === "fired" ? [message] : [],
  };
}

function ofAction(item: Item, zone: string): Words {
  return { icon: "check", tone: "plain", what: deedOf(item), more: measuredOf(item, zone) };
}

/** `Called in 2 agents`; of something else its note, which then stands nowhere else. */
export const deedOf = ({ action, note }: Item): string => (action ? done({ ...action, note }) : "");

export const measuredOf = ({ action, queue_name }: Item, zone: string): string[] =>
  action ? outcomes({ measured: action.measured, queue_name }, zone) : [];

const OUTCOMES: Record<string, string> = { sent: "notified", failed: "not reached", cancelled: "not sent" };

function ofNotification({ notification, who }: Item): Words {
  const { rule_name = "", transition = "", outcome = "", detail = null } = notification ?? {};
  const whom = who ?? "nobody";
  return {
    icon: outcome === "failed" ? "high" : "bell",
    tone: outcome === "failed" ? "high" : "plain",
    what: `${whom} ${OUTCOMES[outcome] ?? outcome}: ${rule_name}, ${transition}`,
    more: detail && outcome !== "sent" ? [detail] : [],
  };
}

const COLOURS: Partial<Record<Words["tone"], string>> = {
  critical: "critical",
  at_risk: "warn",
  high: "warn",
  stale: "soft",
};

/** The marks on the curves; notifications only repeat what alerts say. */
export function marksOf(items: readonly Item[], zone: string): Mark[] {
  const marked = items.filter(({ kind }) => kind !== "notification");
  return marked.map((item) => ({
    at: Date.parse(item.at) / 1_000,
    color: COLOURS[inWords(item, zone).tone] ?? (item.kind === "action" ? "accent" : "line-strong"),
  }));
}

// --- days and times --------------------------------------------------------------------------------------------------
/** The day that an address names, as `2026-01-31`; today where it names none, or what is no day, which is said. */
export function dayIn(text: string | null, today: string): { day: string; problem: string } {
  if (text === null) return { day: today, problem: "" };
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`).getTime() : NaN;
  const isDay = !Number.isNaN(at) && new Date(at).toISOString().startsWith(text); // February has no 30th
  if (isDay) return { day: text, problem: "" };
  return { day: today, problem: `“${text}” is no day: one is written as 2026-01-31. This is today.` };
}

/** `Saturday 31 January 2026` */
export function dayInWords(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  const told = (shape: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { ...shape, timeZone: "UTC" }).format(at);
  return `${told({ weekday: "long" })} ${told({ day: "numeric", month: "long", year: "numeric" })}`;
}

/** The instant at which clocks show `10:15` on the day that begins and ends then; null where they never do. Of an hour
 * that comes twice the first. */
export function instantOf(time: string, { since, until }: Pick<Story, "since" | "until">, zone: string): number | null {
  const [hours = NaN, minutes = NaN] = time.split(":").map(Number);
  const guess = Date.parse(since) + (hours * 60 + minutes) * 60_000;
  const near = [-60, 0, 60].map((shift) => guess + shift * 60_000);
  return near.find((at) => at < Date.parse(until) && clock24(at, zone) === time) ?? null;
}
export const scopeIn = ({ organization_id, department_id, queue_name }: Story): Scope => ({
  organization_id,
  ...(department_id && { department_id }),
  ...(queue_name && { queue_name }),
});

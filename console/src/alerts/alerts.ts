// Alerts in order and in words. No React here.

import { scopeKey } from "intraday-realtime";
import type { Alert, Severity } from "../session/payloads.js";
import type { RestError } from "../session/rest.js";
import { duration, type Figure, number } from "../kit/words.js";

const GRAVITY: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3 };
const STATE: Record<Alert["status"], number> = { pending: 0, acknowledged: 1, resolved: 2 };

/** Orders alerts: pending ones first, the gravest of them, then the newest; suppressed ones last. */
export function byUrgency(a: Alert, b: Alert): number {
  return (
    Number(a.suppressed) - Number(b.suppressed) ||
    STATE[a.status] - STATE[b.status] ||
    GRAVITY[a.severity] - GRAVITY[b.severity] ||
    Date.parse(b.triggered_at) - Date.parse(a.triggered_at)
  );
}

export type Cause = "staffing" | "level" | "volume" | "backlog" | "feed";

const CAUSES: readonly [RegExp, Cause][] = [
  [/stale/, "feed"],
  [/volume/, "volume"],
  [/^backlog|components\.backlog/, "backlog"],
  [/^attendance|headcount|staffing|utilization/, "staffing"],
];

/** The cause behind it, whatever figure shows it. */
export const causeOf = ({ source, metric }: Alert): Cause =>
  CAUSES.find(([told]) => told.test(`${source} ${metric}`))?.[1] ?? "level";

export interface Card {
  key: string;
  cause: Cause;
  alerts: Alert[];
}

/** Alerts of one scope and cause together, where the first of them stood. */
export function cards(ordered: readonly Alert[]): Card[] {
  const found = new Map<string, Card>();
  for (const alert of ordered) {
    const cause = causeOf(alert);
    const key = `${scopeKey(alert)} ${cause}`;
    const card = found.get(key);
    if (card) card.alerts.push(alert);
    else found.set(key, { key, cause, alerts: [alert] });
  }
  return [...found.values()];
}

/** `5 waiting, 1 taken, 2 silenced`: taken is only what a person has acknowledged. */
export function counted(alerts: readonly Alert[]): string {
  const taken = alerts.filter(({ status }) => status === "acknowledged").length;
  const waiting = alerts.filter(isWaiting).length;
  const quiet = alerts.length - taken - waiting;
  return `${number(waiting)} waiting, ${number(taken)} taken${quiet ? `, ${number(quiet)} silenced` : ""}`;
}

/** Whether resolving it asks for a reason: another one follows if nothing else ends the condition. */
export const stillHolds = ({ status, condition_cleared_at }: Alert): boolean =>
  status !== "resolved" && !condition_cleared_at;

export const isWaiting = (alert: Alert): boolean => alert.status === "pending" && !alert.suppressed;

export function newestCritical(alerts: readonly Alert[]): Alert | undefined {
  const waiting = alerts.filter((alert) => isWaiting(alert) && alert.severity === "critical");
  return waiting.sort((a, b) => Date.parse(b.triggered_at) - Date.parse(a.triggered_at))[0];
}

/** `8 %`, `−3 agents`, `−21.7 % of required`, `growing`. */
export function measured(value: Figure | string, unit: string): string {
  if (typeof value === "string") return value;
  const digits = typeof value === "number" && !Number.isInteger(value) ? 1 : 0;
  return [number(value, digits), unit.replace(/^percent\b/, "%")].filter(Boolean).join(" ");
}

/** Explains an answer 409: the alert has changed since the person saw it. */
export function refusal(error: RestError, now: (instant: string) => string): string {
  const current = error.current as Partial<Alert> | undefined;
  if (error.code === "already_acknowledged" && current?.acknowledged_by) {
    const at = current.acknowledged_at ? ` at ${now(current.acknowledged_at)}` : "";
    return `${current.acknowledged_by} took it${at}. Take it over if you work on it now.`;
  }
  if (error.code === "already_resolved") {
    const by = current?.resolved_by ? ` by ${current.resolved_by}` : "";
    const at = current?.resolved_at ? ` at ${now(current.resolved_at)}` : "";
    return `It was resolved${by}${at}. Nothing is left to do.`;
  }
  if (error.status === 409) return "It changed while you looked at it; what you see now is current. Try again.";
  return error.message;
}

/** `for 14 min`: how long its condition has held, until now or until it was resolved. */
export function lasting(alert: Alert, now: number): string {
  const since = alert.breaching_since ?? alert.triggered_at;
  const ended = alert.resolved_at ? Date.parse(alert.resolved_at) : now;
  return `for ${duration(Math.max(0, (ended - Date.parse(since)) / 1_000))}`;
}

type Resolution = NonNullable<Alert["resolution"]>;
const RESOLUTIONS: Record<Exclude<Resolution, "manual">, string> = {
  auto: "resolved: its condition has cleared",
  closed: "resolved: opening hours have ended",
  no_data: "resolved: no data any more",
  orphaned: "resolved: what it was about is gone",
  rule_disabled: "resolved: its rule was switched off",
};

/** The alert as the server last said it, whichever way that came. */
export function newest<Shown extends Alert>(answered: Shown, pushed: Alert | undefined): Shown {
  return pushed && pushed.version >= answered.version ? { ...answered, ...pushed } : answered;
}

export function standing(alert: Alert, anonymous: boolean): string {
  if (alert.status === "resolved" && alert.resolution && alert.resolution !== "manual")
    return RESOLUTIONS[alert.resolution];
  if (anonymous && alert.status !== "pending") return alert.status;
  if (alert.status === "resolved") return `resolved by ${alert.resolved_by ?? "the system"}`;
  if (alert.status === "acknowledged") return `taken by ${alert.acknowledged_by ?? "somebody"}`;
  if (alert.snoozed_until) return "snoozed";
  return alert.suppressed ? "silenced" : "";
}

// Which queue burns, and the order in which one looks at them. No React here.

import { scopeKey } from "../src/rooms.js";
import type { Alert, Backlog, KPI } from "./payloads.js";
import { ageSeconds, duration, number, percent, plural, signed } from "./words.js";

export type Level = "burning" | "at_risk" | "stale" | "fine" | "unknown" | "closed";

export interface QueueRow {
  key: string;
  department: string;
  queue: string;
  kpi: KPI | undefined;
  backlog: Backlog | undefined;
  level: Level;
  /** What made it so, the gravest first. */
  why: string[];
}

const RANK: Record<Level, number> = { burning: 0, at_risk: 1, stale: 2, fine: 3, unknown: 4, closed: 5 };
const CRITICALLY_SHORT_PERCENT = -20;
const SHORT_PERCENT = -10;
const COMPLIANCE_PERCENT = 90;

/** A row per queue of which anything is known. */
export function queueRows(
  kpis: Iterable<KPI>,
  backlogs: Iterable<Backlog>,
  alerts: Iterable<Alert>,
  now: number,
): Map<string, QueueRow> {
  const found = new Map<string, { kpi?: KPI; backlog?: Backlog }>();
  for (const kpi of kpis) if (kpi.queue_name) found.set(scopeKey(kpi), { kpi });
  for (const backlog of backlogs) {
    if (backlog.queue_name) found.set(scopeKey(backlog), { ...found.get(scopeKey(backlog)), backlog });
  }
  const critical = new Set<string>();
  for (const alert of alerts) if (alert.severity === "critical" && alert.queue_name) critical.add(scopeKey(alert));
  return new Map([...found].map(([key, figures]) => [key, row(key, figures, critical.has(key), now)]));
}

function row(key: string, { kpi, backlog }: { kpi?: KPI; backlog?: Backlog }, alerted: boolean, now: number): QueueRow {
  const { department_id: department = "", queue_name: queue = "" } = kpi ?? backlog ?? {};
  return { key, department, queue, kpi, backlog, ...judge(kpi, backlog, alerted, now) };
}

/** Whether both would look the same. */
export const isSame = (one: QueueRow, other: QueueRow): boolean =>
  one.kpi === other.kpi &&
  one.backlog === other.backlog &&
  one.level === other.level &&
  one.why.join() === other.why.join();

export function judge(
  kpi: KPI | undefined,
  backlog: Backlog | undefined,
  alerted: boolean,
  now: number,
): { level: Level; why: string[] } {
  if (kpi?.closed_until && Date.parse(kpi.closed_until) > now) return { level: "closed", why: [] };
  const burning = [...(kpi ? burns(kpi) : [])];
  const risky = [...(kpi ? risks(kpi) : []), ...(backlog ? lags(backlog) : [])];
  if (burning.length || alerted) return { level: "burning", why: [...burning, ...risky] };
  if (risky.length) return { level: "at_risk", why: risky };
  if (isStale(kpi, backlog)) return { level: "stale", why: ["figures are older than the feed's cadence allows"] };
  const known = kpi?.sla_risk.risk_score ?? backlog?.sla_compliance_percentage ?? null;
  return { level: known === null ? "unknown" : "fine", why: [] };
}

function burns({ headcount_gap: staff, sla_risk: risk }: KPI): string[] {
  const why = [];
  if (risk.risk_level === "critical") why.push(`${percent(risk.risk_score)} risk to miss the target`);
  if (staff.gap_percent !== null && staff.gap_percent <= CRITICALLY_SHORT_PERCENT) why.push(short(staff.shortfall));
  return why;
}

function risks({ headcount_gap: staff, sla_risk: risk, service }: KPI): string[] {
  const why = [];
  if (risk.risk_level === "high") why.push(`${percent(risk.risk_score)} risk to miss the target`);
  if (
    staff.gap_percent !== null &&
    staff.gap_percent <= SHORT_PERCENT &&
    staff.gap_percent > CRITICALLY_SHORT_PERCENT
  ) {
    why.push(short(staff.shortfall));
  }
  const [now, target] = [service.service_level, risk.target_service_level];
  if (now !== null && target !== null && now < target - 5)
    why.push(`service level ${percent(now)} of ${percent(target)}`);
  return why;
}

function lags(backlog: Backlog): string[] {
  const within = backlog.sla_compliance_percentage;
  if (within === null || within >= COMPLIANCE_PERCENT) return [];
  return [`${percent(within)} of the backlog within SLA`];
}

const short = (agents: number | null): string => `${plural(agents ?? 0, "agent")} short`;

const isStale = (kpi: KPI | undefined, backlog: Backlog | undefined): boolean =>
  kpi ? kpi.quality === "stale" || kpi.quality === "no_data" : backlog?.quality === "stale";

/** Worst first: by level, then what weighs most; a figure that is not known is no reason to come first. */
export function byUrgency(a: QueueRow, b: QueueRow): number {
  return (
    RANK[a.level] - RANK[b.level] ||
    less(b.kpi?.sla_risk.risk_score, a.kpi?.sla_risk.risk_score, -1) ||
    less(a.kpi?.headcount_gap.gap_percent, b.kpi?.headcount_gap.gap_percent, 1_000) ||
    less(a.backlog?.sla_compliance_percentage, b.backlog?.sla_compliance_percentage, 101) ||
    less(b.backlog?.items_over_sla, a.backlog?.items_over_sla, -1) ||
    byName(a, b)
  );
}

export function byName(a: QueueRow, b: QueueRow): number {
  return text(a.department, b.department) || text(a.queue, b.queue);
}

const text = (one: string, other: string): number => one.localeCompare(other, "en", { numeric: true });
const less = (one: number | null | undefined, other: number | null | undefined, missing: number): number =>
  (one ?? missing) - (other ?? missing);

/** The columns a person may sort by; `urgency` is the order of the house. */
export type Order = "urgency" | "name" | "risk" | "service" | "gap" | "backlog" | "growth" | "age";

const SORTED_BY: Record<Exclude<Order, "urgency" | "name">, (row: QueueRow) => number> = {
  risk: (row) => -(row.kpi?.sla_risk.risk_score ?? -1),
  service: (row) => serviceOf(row).percent ?? 101,
  gap: (row) => row.kpi?.headcount_gap.gap ?? 1e9,
  backlog: (row) => -(row.backlog?.total_items ?? -1),
  growth: (row) => -(growthPerHour(row) ?? -1e9),
  age: (row) => Date.parse(dataTime(row) ?? "1970-01-01T00:00:00Z"),
};

export function sorted(rows: Iterable<QueueRow>, order: Order): QueueRow[] {
  if (order === "urgency") return [...rows].sort(byUrgency);
  if (order === "name") return [...rows].sort(byName);
  const weight = SORTED_BY[order];
  return [...rows].sort((a, b) => weight(a) - weight(b) || byUrgency(a, b));
}

export interface Service {
  percent: number | null | undefined;
  /** Percent; of a backlog there is none. */
  target: number | null;
  label: "service level" | "of backlog in SLA";
}

/** Callers have a service level; deferred work has none, but a backlog of which some is within its SLA. */
export function serviceOf({ kpi, backlog }: QueueRow): Service {
  if (kpi?.headcount_gap.method === "workload")
    return { percent: backlog?.sla_compliance_percentage, target: null, label: "of backlog in SLA" };
  const target = kpi?.sla_risk.target_service_level ?? null;
  return { percent: kpi?.service.service_level, target, label: "service level" };
}

/** Items an hour: the trend's slope, or what the service expects of callers until the end of the interval. */
export const growthPerHour = (row: QueueRow): number | null => row.backlog?.slope_per_hour ?? null;

/** The instant of the older of the two figures: what is shown is no younger. */
export function dataTime(row: QueueRow): string | undefined {
  const times = [row.kpi?.as_of ?? row.kpi?.timestamp, row.backlog?.timestamp].filter((time) => time !== undefined);
  return times.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}

/** One line on how the queue stands, for the strip on top and for screen readers. */
export function growth(row: QueueRow): string {
  const ending = row.kpi?.sla_risk.projected_queue_end;
  const waiting = row.kpi?.service.waiting_now ?? row.backlog?.total_items ?? 0;
  if (ending != null && ending >= 1)
    return `queue ${ending > waiting ? "grows" : "falls"} to ${number(ending)} this interval`;
  const slope = growthPerHour(row);
  if (slope === null) return row.backlog ? `backlog ${row.backlog.backlog_trend}` : "";
  return `backlog ${signed(slope)} an hour`;
}

export const age = (row: QueueRow, now: number): string => duration(ageSeconds(dataTime(row), now));

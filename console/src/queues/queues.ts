// The queues with their figures and state, and the order in which one looks at them. No React here.

import { scopeKey } from "intraday-realtime";
import type { Alert, Backlog, KPI } from "../session/payloads.js";
import {
  type Clock,
  isStrained,
  isSuspect,
  type Level,
  levelIcon,
  levelOf,
  RANK,
  type Reason,
  reasonInWords,
  reasonsOf,
  stateOf,
  stillAlerted,
} from "../figures/states.js";
import { ageSeconds, duration, type Figure, number, plural, signed } from "../kit/words.js";

export interface QueueRow {
  key: string;
  department: string;
  queue: string;
  kpi: KPI | undefined;
  backlog: Backlog | undefined;
  /** As the server judged it. */
  level: Level;
  /** The reasons for it, the worst first. */
  why: string[];
  /** A sentence on an open critical alert, where the level is not critical (any more). */
  alerted: string;
  suspect: boolean;
}

/** A row per queue of which anything is known. */
export function queueRows(
  kpis: Iterable<KPI>,
  backlogs: Iterable<Backlog>,
  alerts: Iterable<Alert>,
  clock: Clock,
): Map<string, QueueRow> {
  const found = new Map<string, { kpi?: KPI; backlog?: Backlog }>();
  for (const kpi of kpis) if (kpi.queue_name) found.set(scopeKey(kpi), { kpi });
  for (const backlog of backlogs) {
    if (backlog.queue_name) found.set(scopeKey(backlog), { ...found.get(scopeKey(backlog)), backlog });
  }
  const critical = new Set<string>();
  for (const alert of alerts) if (alert.severity === "critical" && alert.queue_name) critical.add(scopeKey(alert));
  return new Map([...found].map(([key, figures]) => [key, row(key, figures, critical.has(key), clock)]));
}

function row(
  key: string,
  { kpi, backlog }: { kpi?: KPI; backlog?: Backlog },
  hasAlert: boolean,
  clock: Clock,
): QueueRow {
  const { department_id: department = "", queue_name: queue = "" } = kpi ?? backlog ?? {};
  const level = levelOf(kpi);
  const alerted = stillAlerted(level, hasAlert);
  return { key, department, queue, kpi, backlog, level, why: reasonsOf(kpi, clock), alerted, suspect: isSuspect(kpi) };
}

/** Everything that is to be said about its state. */
export const saidOf = ({ why, alerted }: QueueRow): string[] => (alerted ? [...why, alerted] : why);

/** No tick where anything is still wrong with it. */
export function signOf({ kpi, backlog, alerted }: QueueRow): ReturnType<typeof levelIcon> {
  const sign = levelIcon(kpi);
  const troubled = alerted || kpi?.headcount_gap.shortfall || backlog?.items_over_sla;
  return sign === "ok" && troubled ? "so_far" : sign;
}

/** Whether both would look the same. */
export const isSame = (one: QueueRow, other: QueueRow): boolean =>
  one.kpi === other.kpi &&
  one.backlog === other.backlog &&
  one.level === other.level &&
  saidOf(one).join() === saidOf(other).join();

// --- the strip on top ------------------------------------------------------------------------------------------------
export interface Headline {
  level: Level;
  title: string;
  note: string;
}

/** The queues in one line. `scope` is the figure of all of them: it may be worse than each of its queues. */
export function headline(rows: readonly QueueRow[], scope: KPI | undefined): Headline {
  const counted = (...levels: Level[]) => rows.filter(({ level }) => levels.includes(level)).length;
  const worst = rows.reduce<Level>((found, { level }) => (RANK[level] < RANK[found] ? level : found), "closed");
  const whole = levelOf(scope);
  const [critical, risky, silent] = [counted("critical"), counted("at_risk"), counted("stale", "unknown")];
  const all = plural(rows.length, "queue");
  if (RANK[whole] < RANK[worst] && RANK[whole] <= RANK.at_risk)
    return { level: whole, title: whole === "critical" ? "Critical" : "At risk", note: `all of ${all} together` };
  if (critical) {
    const note = risky ? `${number(risky)} more at risk` : `of ${all}`;
    return { level: "critical", title: plural(critical, "queue critical", "queues critical"), note };
  }
  if (risky) return { level: "at_risk", title: plural(risky, "queue at risk", "queues at risk"), note: `of ${all}` };
  if (silent) return { level: worst, title: `${plural(silent, "queue")} without current data`, note: `of ${all}` };
  if (worst === "closed") return { level: "closed", title: "All closed", note: all };
  const title = rows.some(({ kpi }) => isStrained(kpi)) ? "All ok so far" : "All within limits";
  return { level: "ok", title, note: `nearest of ${all}` };
}

/** The worst reason of a scope in words; above queues with the name of the queue whose reason it is. */
export function worstReason(scope: KPI | undefined, rows: readonly QueueRow[], clock: Clock): string {
  const [found] = stateOf(scope)?.reasons ?? [];
  if (!scope || !found) return "";
  if (scope.queue_name) return reasonInWords(found, scope, clock);
  const isOwn = ({ code, value, limit }: Reason) =>
    code === found.code && value === found.value && limit === found.limit;
  const owner = rows.find(({ kpi }) => stateOf(kpi)?.reasons.some(isOwn));
  return owner?.kpi ? `${owner.queue}: ${reasonInWords(found, owner.kpi, clock)}` : reasonInWords(found, scope, clock);
}

/** Worst first: by level, then what weighs most; a figure that is not known is no reason to come first. */
export function byUrgency(a: QueueRow, b: QueueRow): number {
  return (
    RANK[a.level] - RANK[b.level] ||
    Number(Boolean(b.alerted)) - Number(Boolean(a.alerted)) ||
    worseRisk(b) - worseRisk(a) ||
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

/** Of the running interval or of the next. */
const worseRisk = ({ kpi }: QueueRow): number =>
  Math.max(kpi?.sla_risk.risk_score ?? -1, kpi?.sla_risk.outlook_risk ?? -1);

/** The columns a person may sort by; `urgency` is the usual order. */
export type Order = "urgency" | "name" | "risk" | "service" | "gap" | "backlog" | "growth" | "age";

/** The figure of each column, and whether high ones are the bad ones, which come first. */
const SORTED_BY: Record<Exclude<Order, "urgency" | "name">, { of: (row: QueueRow) => Figure; highFirst?: true }> = {
  risk: { of: (row) => row.kpi?.sla_risk.risk_score, highFirst: true },
  service: { of: (row) => serviceOf(row).percent },
  gap: { of: (row) => row.kpi?.headcount_gap.gap },
  backlog: { of: (row) => row.backlog?.total_items, highFirst: true },
  growth: { of: (row) => growthPerHour(row), highFirst: true },
  age: { of: (row) => instant(dataTime(row)) },
};

/** Unknown figures stand last, whichever way one sorts. */
export function sorted(rows: Iterable<QueueRow>, order: Order, reversed = false): QueueRow[] {
  const turned = reversed ? -1 : 1;
  if (order === "urgency" || order === "name") {
    const compare = order === "name" ? byName : byUrgency;
    return [...rows].sort((a, b) => turned * compare(a, b));
  }
  const { of, highFirst } = SORTED_BY[order];
  const direction = highFirst ? -turned : turned;
  return [...rows].sort((a, b) => {
    const [one, other] = [of(a), of(b)];
    const known = Number(isKnown(other)) - Number(isKnown(one));
    return known || direction * (Number(one) - Number(other)) || byUrgency(a, b);
  });
}

const instant = (time: string | undefined): Figure => (time === undefined ? undefined : Date.parse(time));
const isKnown = (figure: Figure): boolean => figure !== null && figure !== undefined;

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
  return signed(slope) === "0" ? "backlog steady" : `backlog ${signed(slope)} an hour`;
}

export const age = (row: QueueRow, now: number): string => duration(ageSeconds(dataTime(row), now));

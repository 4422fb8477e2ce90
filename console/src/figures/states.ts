// The state that the server found for each scope, in words with numbers. Nothing is judged here, and no React.

import type { KPI } from "../session/payloads.js";
import { DASH, duration, number, percent, until } from "../kit/words.js";

export type State = NonNullable<KPI["state"]>;
export type Level = State["level"];
export type Reason = State["reasons"][number];
export type Component = keyof State["components"];

export const RANK: Record<Level, number> = { critical: 0, at_risk: 1, stale: 2, unknown: 3, ok: 4, closed: 5 };

export const LEVEL_WORDS: Record<Level, string> = {
  critical: "critical",
  at_risk: "at risk",
  stale: "stale",
  unknown: "unknown",
  ok: "ok",
  closed: "closed",
};

/** The time, and the zone in which it is told. */
export interface Clock {
  now: number;
  zone: string;
}

/** Figures that were stored before the server knew of states have none. */
export const stateOf = (kpi: KPI | undefined): State | undefined => kpi?.state;

export const levelOf = (kpi: KPI | undefined): Level => stateOf(kpi)?.level ?? "unknown";

/** The level of one component, for colours; null where it says nothing. */
export const componentOf = (kpi: KPI | undefined, component: Component): "ok" | "at_risk" | "critical" | null =>
  stateOf(kpi)?.components[component] ?? null;

/** The level of one reason; null where it is none of the scope's. */
export const levelOfReason = (kpi: KPI | undefined, code: string): Reason["level"] | null =>
  stateOf(kpi)?.reasons.find((reason) => reason.code === code)?.level ?? null;

/** Nothing has held for long enough to put it at risk, but its figures are far off: no moment to show a tick. */
export const isStrained = (kpi: KPI | undefined): boolean =>
  levelOf(kpi) === "ok" &&
  (kpi?.sla_risk.risk_level === "critical" || kpi?.headcount_gap.status === "critical_understaffed");

/** The level as a word and as a sign. */
export const levelWord = (kpi: KPI | undefined): string => (isStrained(kpi) ? "ok so far" : LEVEL_WORDS[levelOf(kpi)]);

export const levelIcon = (kpi: KPI | undefined): Level | "so_far" => (isStrained(kpi) ? "so_far" : levelOf(kpi));

export const isSuspect = (kpi: KPI | undefined): boolean => kpi?.quality === "suspect";

/** Why the level holds, the worst first; empty when all is well or closed. */
export function reasonsOf(kpi: KPI | undefined, clock: Clock): string[] {
  if (!kpi) return ["No figure has been computed yet"];
  const state = stateOf(kpi);
  if (!state) return ["No state was recorded with this figure: it is older than the last upgrade"];
  if (state.reasons.length) return state.reasons.map((reason) => reasonInWords(reason, kpi, clock));
  if (state.level === "stale") return [silence(kpi, clock)];
  if (isStrained(kpi)) return ["Far off, but not for long enough to be at risk"];
  return state.level === "unknown" ? ["Too little is known to judge it"] : [];
}

/** One after the other; a question ends by itself. */
export const joined = (reasons: readonly string[]): string => reasons.join("; ").replaceAll("?; ", "? ");

export function reasonInWords(reason: Reason, kpi: KPI, clock: Clock): string {
  const said = WORDS[reason.code]?.(reason, kpi, clock) ?? plainly(reason);
  return recovers(reason) ? `${said} (recovering)` : said;
}

const WORDS: Record<string, (reason: Reason, kpi: KPI, clock: Clock) => string> = {
  outlook_risk: ({ value, level }) =>
    `The next interval ${level === "critical" ? "will probably" : "may"} miss its target: ${percent(value)} risk`,
  interval_lost: lost,
  shortage,
  nobody_there: ({ value }) => `Nobody is there: ${number(value)} needed`,
  backlog_compliance: ({ value }) => `Backlog: ${percent(value)} within SLA`,
  volume_implausibly_low: drop,
  feed_stale: ({ value }, kpi, clock) => (kpi.as_of ? silence(kpi, clock) : `No data for ${duration(value)}`),
  no_data: () => "No data yet",
};

/** The value is how many points the interval is under its target. */
function lost({ value, level }: Reason, { sla_risk: { target_service_level: target } }: KPI): string {
  const said = level === "critical" ? "This interval is lost" : "This interval is falling short";
  if (value === null) return said;
  if (target === null) return `${said}: ${number(value)} points under target`;
  return `${said}: ${percent(target - value)} of ${percent(target)}`;
}

/** In people where they are those of this scope; a reason taken over from a queue inside has the share alone. No share is
 * a gap that may be chance, of a state that has not ended yet. */
function shortage({ value }: Reason, { headcount_gap: { shortfall, required } }: KPI): string {
  if (value === 0) return "Was short of agents";
  const isOwn = shortfall && required && value !== null && Math.abs((100 * shortfall) / required - value) < 1;
  return isOwn
    ? `${number(shortfall)} of ${number(required)} ${required === 1 ? "agent" : "agents"} short`
    : `${percent(value)} of the agents short`;
}

function drop({ value, limit }: Reason, { volume }: KPI): string {
  const span = volume ? ` in ${number(volume.span_minutes)} min` : "";
  const where = volume?.inherited ? " in all queues together" : "";
  return `Far fewer contacts than forecast${where}: ${number(value)} of ${number(limit)}${span}; is the line up?`;
}

const silence = ({ as_of }: KPI, { now, zone }: Clock): string =>
  as_of ? `No data since ${until(as_of, now, zone)}` : "No data yet";

/** A code that this page does not know yet. */
function plainly({ code, value, limit }: Reason): string {
  const words = code.replaceAll("_", " ");
  const said = words.charAt(0).toUpperCase() + words.slice(1);
  if (value === null) return said;
  return `${said}: ${number(value)}${limit === null ? "" : `, limit ${number(limit)}`}`;
}

const LESS_IS_WORSE = new Set(["backlog_compliance"]);
const HELD = new Set(["outlook_risk", "interval_lost", "shortage", "backlog_compliance"]);

/** A level is left some minutes after its figure is back on the healthy side of the limit. */
function recovers({ code, value, limit }: Reason): boolean {
  if (value === null || limit === null || !HELD.has(code)) return false;
  return LESS_IS_WORSE.has(code) ? value >= limit : value < limit;
}

/** An open critical alert outlives the trouble until somebody resolves it: said beside the level, never as one. */
export function stillAlerted(level: Level, alerted: boolean): string {
  if (!alerted || level === "critical") return "";
  if (level === "stale" || level === "unknown") return "A critical alert is open";
  return level === "at_risk"
    ? "No longer critical, but a critical alert is still open"
    : "Recovered, but a critical alert is still open";
}

/** `for 14 min`: how long the level has held. */
export function heldFor(kpi: KPI | undefined, now: number): string {
  const since = stateOf(kpi)?.since;
  return since ? `for ${duration(Math.max(0, (now - Date.parse(since)) / 1_000))}` : "";
}

// --- the figures of callers -----------------------------------------------------------------------------------------------
/** `100 % of those answered`, where it differs from the level that counts everyone. */
export function ofAnswered(service: KPI["service"] | undefined): string {
  const [all, answered] = [percent(service?.service_level), percent(service?.service_level_answered)];
  return [all, answered].includes(DASH) || answered === all ? "" : `${answered} of those answered`;
}

/** `31 % (100 % of those answered)` */
export function serviceLevel(service: KPI["service"] | undefined): string {
  const answered = ofAnswered(service);
  return percent(service?.service_level) + (answered && ` (${answered})`);
}

/** `needs 97 % of the rest; ends at about 76 %` */
export function restOfInterval(risk: KPI["sla_risk"] | undefined): string {
  const { required_rest: needed = null, projected_service_level: ending = null } = risk ?? {};
  const parts = [needed === null ? "" : demand(needed), ending === null ? "" : `ends at about ${percent(ending)}`];
  return parts.filter(Boolean).join("; ");
}

function demand(needed: number): string {
  if (needed > 100) return "can no longer reach its target";
  return needed <= 0 ? "safe" : `needs ${percent(needed)} of the rest`;
}

/** `next interval 92 %` */
export const outlook = (risk: KPI["sla_risk"] | undefined): string =>
  risk?.outlook_risk == null ? "" : `next interval ${percent(risk.outlook_risk)}`;

/** `3 % chance to reach the day's target` */
export const dayRecovery = (risk: KPI["sla_risk"] | undefined): string =>
  risk?.day_recovery_probability == null
    ? ""
    : `${percent(risk.day_recovery_probability)} chance to reach the day's target`;

export const pastTarget = (service: KPI["service"] | undefined): string =>
  service?.waiting_past_target ? `${number(service.waiting_past_target)} waiting past target` : "";

/** A sum of phones' counts may hold one person several times. */
export const headsTitle = (kpi: KPI | undefined): string =>
  kpi?.headcount_gap.available_source === "acd_overlapping" ? "People may be counted more than once" : "";

/** The name of what is shown, after its level where that asks for attention. */
export const titled = (level: Level, name: string): string =>
  level === "critical" || level === "at_risk" ? `${level === "critical" ? "Critical" : "At risk"}: ${name}` : name;

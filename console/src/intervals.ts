// The day's intervals with the live figure in the running one. No React here.

import type { Interval, KPI } from "./payloads.js";
import { isSuspect } from "./states.js";

/** The running interval is the live figure, as the tiles show it; the others stay as they were answered. */
export function withLive(intervals: Interval[], kpi: KPI | undefined): Interval[] {
  const start = kpi?.headcount_gap.interval_start;
  if (!kpi || start == null) return intervals;
  return intervals.map((interval) => (isRunning(interval, start) ? { ...interval, ...live(kpi) } : interval));
}

const isRunning = ({ state, start }: Interval, liveStart: string): boolean =>
  state === "now" && Date.parse(start) === Date.parse(liveStart);

function live(kpi: KPI): Partial<Interval> {
  const { service, headcount_gap: staff } = kpi;
  return {
    offered: service.offered,
    answered: service.answered,
    abandoned: service.abandoned,
    service_level: service.service_level,
    asa_seconds: service.asa_seconds,
    required: staff.required,
    available: staff.available,
    gap: staff.gap,
    suspect: isSuspect(kpi),
  };
}

/** Spans of consecutive suspect intervals, in seconds since 1970: what was measured there is no demand. */
export function suspectSpans(intervals: Interval[]): [from: number, to: number][] {
  const spans: [number, number][] = [];
  for (const { suspect, start, end } of intervals) {
    if (!suspect) continue;
    const [from, to] = [Date.parse(start) / 1_000, Date.parse(end) / 1_000];
    const last = spans.at(-1);
    if (last?.[1] === from) last[1] = to;
    else spans.push([from, to]);
  }
  return spans;
}

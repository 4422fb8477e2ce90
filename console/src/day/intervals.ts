// The day's intervals with the live figure in the running one. No React here.

import type { Interval, KPI } from "../session/payloads.js";
import { isSuspect } from "../figures/states.js";

/** The running interval is the live figure, as the tiles show it; the others stay as they were answered. */
export function withLive(intervals: Interval[], kpi: KPI | undefined): Interval[] {
  if (!kpi) return intervals;
  return intervals.map((interval) => (interval.state === "now" ? { ...interval, ...live(kpi, interval) } : interval));
}

const live = (kpi: KPI, interval: Interval): Partial<Interval> => ({
  ...(isOf(interval, kpi.headcount_gap.interval_start) && staffing(kpi)),
  ...(isOf(interval, kpi.service.interval_start) && callers(kpi)),
});

const isOf = ({ start }: Interval, liveStart: string | null): boolean =>
  liveStart !== null && Date.parse(start) === Date.parse(liveStart);

const staffing = (kpi: KPI): Partial<Interval> => {
  const { required, available, gap } = kpi.headcount_gap;
  return { required, available, gap, suspect: isSuspect(kpi) };
};

/** Until the feed has posted of the running interval, the figure tells of the one before. */
function callers({ service, as_of }: KPI): Partial<Interval> {
  const { offered, answered, abandoned, service_level, asa_seconds } = service;
  return { offered, answered, abandoned, service_level, asa_seconds, ...(as_of && { as_of }) };
}

const LEAST_ELAPSED = 0.2; // of an interval; less is too little to project from

/** The contacts of a past interval; of the running one as many as it will have if it goes on as it did until it was
 * measured. A suspect one is a gap: a broken line is no low demand. */
export function contactsOf({ state, offered, start, end, suspect, as_of }: Interval, now: number): number | null {
  if (suspect) return null;
  if (state === "past" || offered === null) return offered;
  const measured = as_of ? Math.min(now, Date.parse(as_of)) : now;
  const elapsed = (measured - Date.parse(start)) / (Date.parse(end) - Date.parse(start));
  return state === "now" && elapsed >= LEAST_ELAPSED ? Math.round(offered / Math.min(1, elapsed)) : null;
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

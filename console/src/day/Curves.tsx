// The curves of a day: contacts, agents, backlog. What happened may be marked on them.

import { useMemo } from "react";

import { Chart, type ChartView, type Line } from "./Chart.js";
import { suspectSpans } from "./intervals.js";
import type { Backlog, Interval } from "../session/payloads.js";
import { clock } from "../kit/words.js";

export interface PlotProps {
  intervals: Interval[];
  zone: string;
  now: number;
  view?: ChartView;
}

const HEIGHT = 130;
const startsOf = (intervals: Interval[]): number[] => intervals.map(({ start }) => Date.parse(start) / 1_000);

/** The part of the day in which anything happens, or is expected to. */
export function busy(intervals: Interval[]): Interval[] {
  const some = intervals.map((each) => [each.offered, each.forecast, each.scheduled].some(Boolean));
  return intervals.slice(some.indexOf(true), some.lastIndexOf(true) + 1);
}

/** Of the same local time a week before: days differ in length when clocks change. */
function offeredAt(before: Interval[] | undefined, { start }: Interval, zone: string): number | null {
  const time = clock(start, zone);
  return before?.find((each) => clock(each.start, zone) === time)?.offered ?? null;
}

/** Only when there is one. */
function lastWeek(intervals: Interval[], before: Interval[] | undefined, zone: string): Line[] {
  const values = intervals.map((each) => offeredAt(before, each, zone));
  return values.some((value) => value !== null) ? [{ label: "last week", color: "line-strong", values }] : [];
}

export function Volume({ intervals, before, zone, now, view }: PlotProps & { before: Interval[] | undefined }) {
  const lines = useMemo<Line[]>(
    () => [
      ...lastWeek(intervals, before, zone),
      {
        label: "forecast",
        color: "soft",
        dashed: true,
        values: intervals.map((each) => each.reforecast ?? each.forecast),
      },
      { label: "contacts", color: "accent", values: intervals.map((each) => soFar(each, now)) },
    ],
    [intervals, before, zone, now],
  );
  const times = useMemo(() => startsOf(intervals), [intervals]);
  const hatched = useMemo(() => suspectSpans(intervals), [intervals]);
  return (
    <Chart
      label="Contacts per interval"
      times={times}
      lines={lines}
      timeZone={zone}
      now={now}
      hatched={hatched}
      height={HEIGHT}
      {...view}
    />
  );
}

const LEAST_ELAPSED = 0.2; // of an interval; less is too little to project from

/** The contacts of a past interval; of the running one as many as it will have if it goes on like this. A suspect one
 * is a gap: a broken line is no low demand. */
function soFar({ state, offered, start, end, suspect }: Interval, now: number): number | null {
  if (suspect) return null;
  if (state === "past" || offered === null) return offered;
  const elapsed = (now - Date.parse(start)) / (Date.parse(end) - Date.parse(start));
  return state === "now" && elapsed >= LEAST_ELAPSED ? Math.round(offered / Math.min(1, elapsed)) : null;
}

export function Agents({ intervals, zone, now, view }: PlotProps) {
  const lines = useMemo<Line[]>(
    () => [
      { label: "scheduled", color: "line-strong", stepped: true, values: intervals.map((each) => each.scheduled) },
      { label: "required", color: "soft", dashed: true, stepped: true, values: intervals.map((each) => each.required) },
      {
        label: "available",
        color: "accent",
        stepped: true,
        values: intervals.map((each) => (each.state === "to_come" ? null : each.available)),
      },
    ],
    [intervals],
  );
  const times = useMemo(() => startsOf(intervals), [intervals]);
  return (
    <Chart
      label="Agents per interval"
      times={times}
      lines={lines}
      timeZone={zone}
      now={now}
      height={HEIGHT}
      {...view}
    />
  );
}

interface Point {
  /** Seconds since 1970. */
  at: number;
  /** Null in a gap. */
  figure: Backlog | null;
}

const GAP = 4; // times the usual distance of two snapshots, and at least
const LEAST_GAP = 5 * 60; // seconds

/** With an empty point where the feed was silent: a line drawn across would be made up. */
export function withGaps(history: readonly Backlog[]): Point[] {
  const points = history.map((figure) => ({ at: Date.parse(figure.timestamp) / 1_000, figure }));
  const steps = points.slice(1).map(({ at }, place) => at - (points[place]?.at ?? at));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const longest = Math.max(LEAST_GAP, GAP * usual);
  return points.flatMap((point, place): Point[] => {
    const step = steps[place - 1] ?? 0;
    return step > longest ? [{ at: point.at - step / 2, figure: null }, point] : [point];
  });
}

interface BacklogProps {
  /** In order of time. */
  history: readonly Backlog[];
  zone: string;
  now: number;
  view: (times: number[]) => ChartView;
}

/** Nothing where there is none. */
export function BacklogCurve({ history, zone, now, view }: BacklogProps) {
  const { times, lines } = useMemo(() => {
    const points = withGaps(history);
    return {
      times: points.map(({ at }) => at),
      lines: [
        { label: "backlog", color: "accent", values: points.map(({ figure }) => figure?.total_items ?? null) },
        { label: "over SLA", color: "critical", values: points.map(({ figure }) => figure?.items_over_sla ?? null) },
      ] satisfies Line[],
    };
  }, [history]);
  if (times.length < 2) return null;
  return <Chart label="Backlog" times={times} lines={lines} timeZone={zone} now={now} height={120} {...view(times)} />;
}

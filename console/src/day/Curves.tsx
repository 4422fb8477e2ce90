// The curves of a day: contacts, agents, backlog. What happened may be marked on them.

import { useMemo } from "react";

import { withGaps } from "./backlog.js";
import { Chart, type ChartView, type Line } from "./Chart.js";
import { contactsOf, suspectSpans } from "./intervals.js";
import type { Backlog, Interval, Scope } from "../session/payloads.js";
import type { RestError } from "../session/rest.js";
import type { Asked } from "../session/useRounds.js";
import { useWhole } from "../session/useWhole.js";
import { Unread } from "../kit/parts.js";
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
      { label: "contacts", color: "accent", values: intervals.map((each) => contactsOf(each, now)) },
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

const SNAPSHOTS = { step: 60, limit: 1_000 }; // one of each minute: a feed may post every few seconds
const AGAIN_SECONDS = 60;

/** The backlog of a period, in order of time; asked again while it goes on. */
export const useBacklogHistory = (scope: Scope, period: object, goesOn: boolean): Asked<Backlog[]> =>
  useWhole<Backlog>(
    "/api/intraday/backlog/history",
    scope,
    { ...period, ...SNAPSHOTS },
    goesOn ? { everySeconds: AGAIN_SECONDS } : {},
  );

interface BacklogProps {
  /** In order of time. */
  history: readonly Backlog[];
  /** Why the history could not be read, or not again. */
  error: RestError | undefined;
  zone: string;
  now: number;
  view: (times: number[]) => ChartView;
}

/** Nothing where there is none. */
export function BacklogCurve({ history, error, zone, now, view }: BacklogProps) {
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
  return (
    <>
      {times.length >= 2 && (
        <Chart label="Backlog" times={times} lines={lines} timeZone={zone} now={now} height={120} {...view(times)} />
      )}
      <Unread text={error ? `The backlog so far could not be read: ${error.message}` : ""} />
    </>
  );
}

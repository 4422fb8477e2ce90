// The scope's day: contacts against forecast and the same weekday last week, agents against what is needed.

import { useMemo } from "react";

import { Chart, type Line } from "./Chart.js";
import { suspectSpans, withLive } from "./intervals.js";
import { IntervalTable } from "./IntervalTable.js";
import { Panel } from "../kit/parts.js";
import type { Backlog, Interval, IntervalGrid, KPI, Scope } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { componentOf } from "../figures/states.js";
import { useAnswer } from "../session/useAnswer.js";
import { clock, localDay, weekBefore } from "../kit/words.js";

const AGAIN_SECONDS = 60; // coming intervals change with the reforecast; the running one is live
const HISTORY_POINTS = 500;
const BACKLOG_HOURS = 4;
const LEAST_SECONDS = 30 * 60; // of the axis, when the first snapshots have just come

interface Props {
  scope: Scope;
  kpi: KPI | undefined;
  backlog: Backlog | undefined;
  now: number;
}

export function Today({ scope, kpi, backlog, now }: Props) {
  const { time_zone: zone } = useSession().organization;
  const day = localDay(now, zone);
  const today = useAnswer<IntervalGrid>(
    "/api/intraday/kpi/intervals",
    { ...scope, date: day },
    { everySeconds: AGAIN_SECONDS },
  );
  const before = useAnswer<IntervalGrid>("/api/intraday/kpi/intervals", { ...scope, date: weekBefore(day) });
  const answered = today.answer?.intervals;
  const intervals = useMemo(() => answered && withLive(answered, kpi), [answered, kpi]);
  const shown = useMemo(() => busy(intervals ?? []), [intervals]);
  const minute = now - (now % 60_000);
  const query = `?${new URLSearchParams({ ...scope, date: day })}`;
  if (!intervals || !shown.length) {
    return (
      <Panel title="Today" className="today">
        <p className="calm">
          {today.error
            ? today.error.message
            : today.answer
              ? "No forecast and no contacts posted for today."
              : "Loading…"}
        </p>
        <BacklogChart scope={scope} backlog={backlog} now={minute} />
      </Panel>
    );
  }
  return (
    <>
      <Panel title="Today" className="today" aside={<a href={`/api/intraday/kpi/intervals${query}`}>data</a>}>
        <div className="charts">
          <Volume intervals={shown} before={before.answer?.intervals} zone={zone} now={minute} />
          <Agents intervals={shown} zone={zone} now={minute} />
          <BacklogChart scope={scope} backlog={backlog} now={minute} />
        </div>
      </Panel>
      <IntervalTable intervals={intervals} staffing={componentOf(kpi, "staffing")} />
    </>
  );
}

/** The part of the day in which anything happens, or is expected to. */
function busy(intervals: Interval[]): Interval[] {
  const some = intervals.map((each) => [each.offered, each.forecast, each.scheduled].some(Boolean));
  return intervals.slice(some.indexOf(true), some.lastIndexOf(true) + 1);
}

/** Of the same local time a week before: days differ in length when clocks change. */
function offeredAt(before: Interval[] | undefined, { start }: Interval, zone: string): number | null {
  const time = clock(start, zone);
  return before?.find((each) => clock(each.start, zone) === time)?.offered ?? null;
}

interface PlotProps {
  intervals: Interval[];
  zone: string;
  now: number;
}

const startsOf = (intervals: Interval[]): number[] => intervals.map(({ start }) => Date.parse(start) / 1_000);

function Volume({ intervals, before, zone, now }: PlotProps & { before: Interval[] | undefined }) {
  const lines = useMemo<Line[]>(
    () => [
      { label: "last week", color: "line-strong", values: intervals.map((each) => offeredAt(before, each, zone)) },
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
      height={130}
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

function Agents({ intervals, zone, now }: PlotProps) {
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
  return <Chart label="Agents per interval" times={times} lines={lines} timeZone={zone} now={now} height={130} />;
}

/** The backlog of the last hours, then live. */
function BacklogChart({ scope, backlog, now }: { scope: Scope; backlog: Backlog | undefined; now: number }) {
  const { time_zone: zone } = useSession().organization;
  const since = new Date(now - BACKLOG_HOURS * 3_600_000);
  since.setUTCMinutes(0, 0, 0);
  const query = { ...scope, since: since.toISOString(), limit: HISTORY_POINTS };
  const { answer } = useAnswer<{ items: Backlog[] }>("/api/intraday/backlog/history", query);
  const { times, lines } = useMemo(() => {
    const last = answer?.items.at(-1)?.timestamp ?? "";
    const points = [...(answer?.items ?? []), ...(backlog && backlog.timestamp > last ? [backlog] : [])];
    return {
      times: points.map(({ timestamp }) => Date.parse(timestamp) / 1_000),
      lines: [
        { label: "backlog", color: "accent", values: points.map(({ total_items }) => total_items) },
        { label: "over SLA", color: "critical", values: points.map(({ items_over_sla }) => items_over_sla) },
      ] satisfies Line[],
    };
  }, [answer, backlog]);
  if (times.length < 2) return null;
  const from = Math.min(times[0] ?? Infinity, now / 1_000 - LEAST_SECONDS);
  return <Chart label="Backlog" times={times} lines={lines} timeZone={zone} now={now} from={from} height={120} />;
}

// The scope's day: contacts against forecast and the same weekday last week, agents against what is needed.

import { useMemo } from "react";

import { andSince } from "./backlog.js";
import { Agents, BacklogCurve, busy, useBacklogHistory, Volume } from "./Curves.js";
import { withLive } from "./intervals.js";
import { IntervalTable } from "./IntervalTable.js";
import { Panel, Unread } from "../kit/parts.js";
import type { Backlog, IntervalGrid, KPI, Scope } from "../session/payloads.js";
import { storyOf, useSession } from "../session/session.js";
import { componentOf } from "../figures/states.js";
import { useAnswer } from "../session/useAnswer.js";
import { localDay, weekBefore } from "../kit/words.js";

const AGAIN_SECONDS = 60; // coming intervals change with the reforecast; the running one is live
const BACKLOG_HOURS = 4;
const LEAST_SECONDS = 30 * 60; // of the axis, when the first snapshots have just come

interface Props {
  scope: Scope;
  kpi: KPI | undefined;
  /** The backlog of the scope as it came since the page was opened. */
  backlogs: readonly Backlog[];
  now: number;
}

export function Today({ scope, kpi, backlogs, now }: Props) {
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
        <BacklogChart scope={scope} live={backlogs} now={minute} />
      </Panel>
    );
  }
  return (
    <>
      <Panel
        title="Today"
        className="today"
        aside={
          <>
            <a href={storyOf(scope)}>What happened</a> <a href={`/api/intraday/kpi/intervals${query}`}>data</a>
          </>
        }
      >
        <Unread text={today.error ? `The intervals could not be read again: ${today.error.message}` : ""} />
        <div className="charts">
          <Volume intervals={shown} before={before.answer?.intervals} zone={zone} now={minute} />
          <Agents intervals={shown} zone={zone} now={minute} />
          <BacklogChart scope={scope} live={backlogs} now={minute} />
        </div>
      </Panel>
      <IntervalTable intervals={intervals} staffing={componentOf(kpi, "staffing")} />
    </>
  );
}

/** The backlog of the last hours, then live. */
function BacklogChart({ scope, live, now }: { scope: Scope; live: readonly Backlog[]; now: number }) {
  const { time_zone: zone } = useSession().organization;
  const since = new Date(now - BACKLOG_HOURS * 3_600_000);
  since.setUTCMinutes(0, 0, 0);
  const { answer: items, error } = useBacklogHistory(scope, { since: since.toISOString() }, true);
  const history = useMemo(() => andSince(items ?? [], live), [items, live]);
  const view = (times: number[]) => ({ from: Math.min(times[0] ?? Infinity, now / 1_000 - LEAST_SECONDS) });
  return <BacklogCurve history={history} error={error} zone={zone} now={now} view={view} />;
}

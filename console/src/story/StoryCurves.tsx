// The curves of the day on one time axis, with marks where something happened. A click chooses an instant.

import { useMemo } from "react";

import { Agents, BacklogCurve, busy, useBacklogHistory, Volume } from "../day/Curves.js";
import type { Mark } from "../day/Chart.js";
import { Panel } from "../kit/parts.js";
import type { Backlog, IntervalGrid, Scope } from "../session/payloads.js";
import { useAnswer } from "../session/useAnswer.js";
import { weekBefore } from "../kit/words.js";

const AGAIN_SECONDS = 60;

interface Props {
  scope: Scope;
  day: string;
  zone: string;
  /** The begin and the end of the day, and now, in milliseconds since 1970. */
  since: number;
  until: number;
  now: number;
  marks: readonly Mark[];
  chosen: number | null;
  onChoose: (at: number) => void;
}

export function StoryCurves({ scope, day, zone, since, until, now, marks, chosen, onChoose }: Props) {
  const again = now < until ? { everySeconds: AGAIN_SECONDS } : {};
  const { answer, error } = useAnswer<IntervalGrid>("/api/intraday/kpi/intervals", { ...scope, date: day }, again);
  const before = useAnswer<IntervalGrid>("/api/intraday/kpi/intervals", { ...scope, date: weekBefore(day) });
  const [from, to] = [new Date(since).toISOString(), new Date(until).toISOString()];
  const history = useBacklogHistory(scope, { since: from, until: to }, now < until);
  const shown = useMemo(() => busy(answer?.intervals ?? []), [answer]);
  const [first, last] = [shown[0], shown.at(-1)];
  const axis = useMemo(() => {
    const begin = first ? Date.parse(first.start) : since;
    const end = last ? Date.parse(last.end) : until;
    return { from: begin / 1_000, to: end / 1_000 };
  }, [first, last, since, until]);
  const view = useMemo(
    () => ({
      ...axis,
      marks,
      chosen: chosen === null ? null : chosen / 1_000,
      onChoose: (at: number) => onChoose(at * 1_000),
    }),
    [axis, marks, chosen, onChoose],
  );
  const plot = { intervals: shown, zone, now: Math.min(now, until), view };
  return (
    <Panel title="The day" className="today story-curves">
      {error && <p className="problem">{error.message}</p>}
      {!answer && !error && <p className="calm">Loading…</p>}
      {answer && !shown.length && <p className="calm">No forecast and no contacts posted for this day.</p>}
      <div className="charts">
        {shown.length > 0 && <Volume {...plot} before={before.answer?.intervals} />}
        {shown.length > 0 && <Agents {...plot} />}
        <BacklogCurve
          history={history.answer ?? NOTHING}
          error={history.error}
          zone={zone}
          now={plot.now}
          view={() => view}
        />
      </div>
    </Panel>
  );
}

const NOTHING: readonly Backlog[] = [];

// The figures of the scope as they were at an instant of the day.

import { Icon } from "../kit/Icon.js";
import { Panel, Value } from "../kit/parts.js";
import { clock, minSec, number, percent, signed } from "../kit/words.js";
import { joined, levelIcon, levelOf, levelWord, reasonsOf, serviceLevel } from "../figures/states.js";
import type { KPI, Scope } from "../session/payloads.js";
import { useAnswer } from "../session/useAnswer.js";

const HISTORY = "/api/intraday/kpi/history";
const NEAR_SECONDS = 90; // figures of the last two days come at least once a minute
const FAR_SECONDS = 16 * 60; // of older ones, one of each quarter of an hour is kept
const LIMIT = 1_000;
const AGAIN_SECONDS = 60; // the figure of a moment ago may be on its way, and an error pass

interface Props {
  scope: Scope;
  /** Milliseconds since 1970. */
  at: number;
  zone: string;
}

export function Moment({ scope, at, zone }: Props) {
  const { figure, said } = useFigureAt(scope, at);
  return (
    <Panel title={`At ${clock(at, zone)}`} className="moment">
      {!figure && <p className="calm">{said}</p>}
      {figure && (
        <>
          <p className="verdict" data-level={levelOf(figure)}>
            <Icon name={levelIcon(figure)} /> {sentence(figure, zone)}
          </p>
          <dl className="facts">
            {facts(figure).map(([label, text]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>
                  <Value text={text} reason="not known then" />
                </dd>
              </div>
            ))}
          </dl>
          <p className="hint">The figure of {clock(figure.timestamp, zone, true)}.</p>
        </>
      )}
    </Panel>
  );
}

/** The newest figure that was known at that instant; without one, why. */
function useFigureAt(scope: Scope, at: number): { figure: KPI | undefined; said: string } {
  const again = { everySeconds: AGAIN_SECONDS };
  const near = useAnswer<{ items: KPI[] }>(HISTORY, { ...scope, ...span(at, NEAR_SECONDS) }, again);
  const none = near.answer?.items.length === 0;
  const far = useAnswer<{ items: KPI[] }>(none ? HISTORY : null, { ...scope, ...span(at, FAR_SECONDS) }, again);
  const error = near.error ?? far.error;
  const missing = far.answer ? "No figure is kept of this time." : "Loading…";
  return {
    figure: near.answer?.items.at(-1) ?? far.answer?.items.at(-1),
    said: error ? `The figure of this time could not be read: ${error.message}` : missing,
  };
}

const span = (at: number, seconds: number) => ({
  since: new Date(at - seconds * 1_000).toISOString(),
  until: new Date(at + 60_000).toISOString(),
  limit: LIMIT,
});

function sentence(figure: KPI, zone: string): string {
  const word = levelWord(figure);
  const why = joined(reasonsOf(figure, { now: Date.parse(figure.timestamp), zone }));
  const worst = figure.state?.worst?.length ? ` (worst: ${figure.state.worst.join(", ")})` : "";
  return word.charAt(0).toUpperCase() + word.slice(1) + (why && `: ${why}`) + worst;
}

function facts({ service, headcount_gap: heads, sla_risk: risk, deferred }: KPI): [label: string, text: string][] {
  return [
    ["Service level", serviceLevel(service)],
    ["Contacts", `${number(service.answered)} of ${number(service.offered)}`],
    ["Waiting", number(service.waiting_now)],
    ["Longest wait", minSec(service.longest_wait_seconds)],
    ["Required", number(heads.required)],
    ["Available", number(heads.available)],
    ["Gap", signed(heads.gap)],
    ["Risk", percent(risk.outlook_risk ?? risk.risk_score)],
    ...(deferred ? ([["Deferred work", number(deferred.offered)]] satisfies [string, string][]) : []),
  ];
}

// One scope on a wall: nothing to click, no people, all on one screen, and loud when it is not current.

import { useEffect } from "react";

import { byUrgency as alertsByUrgency, cards, lasting } from "../alerts/alerts.js";
import { standing } from "../connection/connection.js";
import { ofAnswered, stateOf } from "../figures/states.js";
import { useNow } from "../kit/browser.js";
import { Icon } from "../kit/Icon.js";
import { ageSeconds, clock, duration, minSec, number, percent, signed } from "../kit/words.js";
import { byUrgency, headline, type QueueRow, saidOf, serviceOf, signOf } from "../queues/queues.js";
import type { Alert, Scope } from "../session/payloads.js";
import { scopeName, useSession } from "../session/session.js";
import type { WallToken } from "../session/walltoken.js";
import { type Live, useLiveFigures } from "./LiveDashboard.js";

const VERSION_EVERY_MS = 60_000;
const NEWS_MS = 3 * 60_000;
const ROWS = 9; // what fits: the sizes of a wall are shares of its screen
const CARDS = 6;

interface Props {
  scope: Scope;
  version: string;
  token: WallToken;
}

export default function WallBoard({ scope, version, token }: Props) {
  const { organization } = useSession();
  const live = useLiveFigures(scope, null);
  const state = standing(live.status, [], live.freshness, live.now);
  useNewVersion(version, token);
  const rows = [...live.rows.values()].sort(byUrgency);
  return (
    <div className="console wall" data-connection={state.kind}>
      <header className="top">
        <h1 title={scopeName(scope, organization)}>{scopeName(scope, organization)}</h1>
        <span className="connection" data-kind={state.kind}>
          <span className="dot" aria-hidden="true" /> <span id="connection">{state.text}</span>
        </span>
        <span className="wall-age">
          data {duration(ageSeconds(live.freshness.newest ?? live.backlog?.timestamp, live.now))} old
        </span>
        <time className="clock">{clock(live.now, organization.time_zone)}</time>
      </header>
      <Old state={state} />
      <main>
        {live.ready && (
          <>
            <News rows={rows} now={live.now} />
            <Figures live={live} rows={rows} />
            <div className="wall-columns">
              <Queues rows={rows} />
              <Alerts alerts={live.alerts.openAlerts} problem={live.problems.alerts} now={live.now} />
            </div>
          </>
        )}
      </main>
    </div>
  );
}

/** The queue that has just turned critical, before everything else. */
function News({ rows, now }: { rows: QueueRow[]; now: number }) {
  const { time_zone: zone } = useSession().organization;
  const since = ({ kpi }: QueueRow) => Date.parse(stateOf(kpi)?.since ?? "");
  const fresh = rows.filter((row) => row.level === "critical" && now - since(row) < NEWS_MS);
  const [newest] = fresh.sort((a, b) => since(b) - since(a));
  if (!newest) return null;
  return (
    <p className="wall-news" role="status">
      <Icon name="critical" /> <strong>{newest.queue}</strong> critical since {clock(since(newest), zone)}:{" "}
      {newest.why[0]}
    </p>
  );
}

type Big = [label: string, text: string, note: string];

function Figures({ live: { kpi, backlog }, rows }: { live: Live; rows: QueueRow[] }) {
  const { level, title, note } = headline(rows, kpi);
  const [service, staff] = [kpi?.service, kpi?.headcount_gap];
  const target = kpi?.sla_risk.target_service_level;
  const figures: Big[] = [
    ["Service level", percent(service?.service_level), ofAnswered(service) || `target ${percent(target)}`],
    ["Waiting", number(service?.waiting_now), `longest ${minSec(service?.longest_wait_seconds)}`],
    ["Agents", signed(staff?.gap), `${number(staff?.available)} of ${number(staff?.required)} needed`],
    ["Backlog", number(backlog?.total_items), `${number(backlog?.items_over_sla)} over SLA`],
  ];
  return (
    <div className="wall-figures">
      <h2 data-level={level}>
        {title}
        <small>{note}</small>
      </h2>
      {figures.map(([label, text, more]) => (
        <p key={label}>
          <span>{label}</span>
          <b>{text}</b>
          <small>{more}</small>
        </p>
      ))}
    </div>
  );
}

function Queues({ rows }: { rows: QueueRow[] }) {
  return (
    <section className="panel queues" aria-label="Queues">
      <table>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col">State</th>
            <th scope="col" className="figure">
              Service
            </th>
            <th scope="col" className="figure">
              Gap
            </th>
            <th scope="col" className="figure">
              Waiting
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS).map((row) => (
            <tr key={row.key} data-level={row.level}>
              <th scope="row">{row.queue}</th>
              <td className="level">
                <Icon name={signOf(row)} /> {saidOf(row)[0] ?? row.level}
              </td>
              <td className="figure">{percent(serviceOf(row).percent)}</td>
              <td className="figure">{signed(row.kpi?.headcount_gap.gap)}</td>
              <td className="figure">{number(row.kpi?.service.waiting_now ?? row.backlog?.total_items)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS && <p className="calm">and {number(rows.length - ROWS)} more, none worse than these</p>}
    </section>
  );
}

function Alerts({ alerts, problem, now }: { alerts: readonly Alert[]; problem: string; now: number }) {
  const { organization } = useSession();
  const found = cards([...alerts].sort(alertsByUrgency));
  return (
    <section className="panel alerts" id="alerts" aria-label="Alerts">
      {!found.length && <p className="calm">{problem || "No alert is open."}</p>}
      {found.slice(0, CARDS).map(({ key, alerts: [worst, ...others] }) => (
        <article key={key} className="alert" data-severity={worst?.severity} data-status={worst?.status}>
          <p className="alert-head">
            <span className="severity">{worst?.severity}</span>
            <span className="alert-scope">{worst && scopeName(worst, organization)}</span>
            <span className="alert-age">{worst && lasting(worst, now)}</span>
          </p>
          <p className="alert-message">
            {worst?.message}
            {others.length > 0 && <small> and {others.length} more</small>}
          </p>
        </article>
      ))}
      {found.length > CARDS && <p className="calm">and {number(found.length - CARDS)} more</p>}
    </section>
  );
}

/** Read from across the room. */
function Old({ state }: { state: ReturnType<typeof standing> }) {
  if (state.kind === "live" || state.kind === "connecting" || state.kind === "catching_up") return null;
  if (state.kind === "refused")
    return (
      <p className="banner large" role="alert">
        This board shows less than it should. {state.detail}
      </p>
    );
  const text = state.kind === "stopped" ? `This board has ended. ${state.detail}` : `${state.text}: ${state.detail}`;
  return (
    <p className="banner large" role="alert">
      These figures are old. {text}
    </p>
  );
}

/** Nobody reloads a wall: it does so itself once another version is served. */
function useNewVersion(version: string, token: WallToken): void {
  const round = useNow(VERSION_EVERY_MS);
  useEffect(() => {
    token.fresh().then(
      (answer) => answer.version !== version && location.reload(),
      () => undefined, // what is wrong, the connection says
    );
  }, [round, version, token]);
}

// One alert, as a notification links to it: what it says, what one can do, and its history.

import { useEffect } from "react";

import { useAlertNotifications } from "intraday-realtime/hooks/useWebSocket";
import { AlertForm, AlertItem } from "./AlertItem.js";
import { useServerNow } from "../connection/useServerNow.js";
import { Panel, Problem, Unread } from "../kit/parts.js";
import type { Alert, AuditEntry } from "../session/payloads.js";
import { addressOf, scopeName, scopeOf, useSession } from "../session/session.js";
import { useAlertActions } from "./useAlertActions.js";
import { useAnswer } from "../session/useAnswer.js";
import { clock, until } from "../kit/words.js";
import { lasting, measured, newest } from "./alerts.js";

type Answer = Alert & { audit: AuditEntry[] };

interface Props {
  id: string;
  /** The organization that may have the alert if this one has not. */
  elsewhere: string | undefined;
}

export default function AlertPage({ id, elsewhere }: Props) {
  const { organization, may } = useSession();
  const now = useServerNow(5_000);
  const pushed = usePushed(id);
  const query = { organization_id: organization.id };
  const { answer, error } = useAnswer<Answer>(`/api/alerts/${encodeURIComponent(id)}`, query, {
    everySeconds: 30,
    again: pushed?.version ?? 0,
  });
  const last = answer && newest(answer, pushed);
  const actions = useAlertActions();
  const missing = error?.status === 404;
  useEffect(() => {
    if (missing && elsewhere) location.replace(elsewhere);
  }, [missing, elsewhere]);
  const home = last ? addressOf(scopeOf(last.organization_id, last.department_id ?? "", last.queue_name ?? "")) : "";
  return (
    <main className="single">
      <h1 className="visually-hidden">Alert{last && `: ${last.message}`}</h1>
      <p>
        <a href={`/${home}`}>Back to the console{last ? `: ${scopeName(last, organization)}` : ""}</a>
      </p>
      {error && !last && (
        <Panel title={missing ? "No such alert" : "The alert cannot be shown"}>
          <p>{missing ? "There is no alert at this address, or it is not yours." : error.message}</p>
        </Panel>
      )}
      {last && (
        <>
          <Unread text={error?.message ?? ""} />
          <div className="panel">
            <AlertItem alert={last} lasts={lasting(last, now)} alone />
          </div>
          {may("act") && last.status !== "resolved" && (
            <Panel title="With a note">
              <AlertForm alert={last} actions={actions} onDone={() => undefined} />
              <Problem text={actions.problem} />
            </Panel>
          )}
          <AlertHistory entries={last.audit} unit={last.unit} now={now} />
        </>
      )}
    </main>
  );
}

/** The alert as events tell it while it is open. */
function usePushed(id: string): Alert | undefined {
  const { organization } = useSession();
  const { openAlerts } = useAlertNotifications(null, { organization_id: organization.id });
  return openAlerts.find(({ alert_id }) => alert_id === id);
}

function AlertHistory({ entries, unit, now }: { entries: AuditEntry[]; unit: string; now: number }) {
  const { time_zone: zone } = useSession().organization;
  return (
    <Panel title="History">
      <div className="scroll" tabIndex={0} role="region" aria-label="What happened to this alert">
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">Who</th>
              <th scope="col">Why</th>
              <th scope="col" className="figure">
                Value
              </th>
              <th scope="col" className="figure">
                Limit
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={`${entry.at} ${entry.to} ${entry.reason}`}>
                <th scope="row">
                  <time dateTime={entry.at} title={clock(entry.at, zone, true)}>
                    {until(entry.at, now, zone)}
                  </time>
                </th>
                <td>{entry.from && entry.from !== entry.to ? `${entry.from} to ${entry.to}` : entry.to}</td>
                <td>{entry.actor}</td>
                <td>
                  {entry.reason?.replaceAll("_", " ")}
                  {entry.note && <q>{entry.note}</q>}
                </td>
                <td className="figure">{measured(entry.value, unit)}</td>
                <td className="figure">{measured(entry.threshold, unit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

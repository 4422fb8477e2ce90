// The open alerts, those that wait for a person first; one or many are acknowledged here.

import { useMemo, useState } from "react";

import { AlertItem } from "./AlertItem.js";
import { byUrgency, cards, counted, isWaiting, lasting, newestCritical } from "./alerts.js";
import { Silences } from "./Silences.js";
import { Panel, Problem, Unread } from "../kit/parts.js";
import type { Alert } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { useAlertActions } from "./useAlertActions.js";
import { plural } from "../kit/words.js";

const AT_FIRST = 25;

interface Props {
  alerts: readonly Alert[];
  now: number;
}

interface FeedProps extends Props {
  /** Why they cannot be shown; empty if they are. */
  problem?: string;
}

export function AlertFeed({ alerts, problem = "", now }: FeedProps) {
  const { may } = useSession();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [all, setAll] = useState(false);
  const ordered = useMemo(() => [...alerts].sort(byUrgency), [alerts]);
  const waiting = ordered.filter(isWaiting);
  const shown = cards(ordered.slice(0, all ? undefined : AT_FIRST));
  const still = waiting.filter(({ alert_id }) => chosen.has(alert_id));
  const toggle = (id: string) => setChosen((before) => symmetric(before, id));
  return (
    <Panel
      title="Alerts"
      className="alerts"
      id="alerts"
      aside={
        <span className="hint">
          {!problem && counted(ordered)} {may("act") && <Silences alerts={alerts} />}
        </span>
      }
    >
      {may("act") && waiting.length > 1 && (
        <Many waiting={waiting} chosen={still} onChoose={(ids) => setChosen(new Set(ids))} />
      )}
      <div className="scroll alert-list" tabIndex={0} role="region" aria-label="Open alerts">
        <Unread text={problem} />
        {!ordered.length && !problem && <p className="calm">No alert is open.</p>}
        {shown.map(({ key, cause, alerts: inside }) => (
          <div key={key} className="alert-card" role="group" aria-label={`${cause}: ${plural(inside.length, "alert")}`}>
            {inside.map((alert, place) => (
              <AlertItem
                key={alert.alert_id}
                alert={alert}
                lasts={lasting(alert, coarse(now))}
                inside={place > 0}
                choice={
                  may("act") && isWaiting(alert) ? (
                    <input
                      type="checkbox"
                      aria-label={`Choose: ${alert.message}`}
                      checked={chosen.has(alert.alert_id)}
                      onChange={() => toggle(alert.alert_id)}
                    />
                  ) : null
                }
              />
            ))}
          </div>
        ))}
      </div>
      {ordered.length > AT_FIRST && (
        <button type="button" className="more" onClick={() => setAll(!all)}>
          {all ? `Only the first ${AT_FIRST}` : `Show all ${plural(ordered.length, "alert")}`}
        </button>
      )}
    </Panel>
  );
}

/** Ages of alerts are read in minutes; the list need not render every second. */
const coarse = (now: number): number => now - (now % 10_000);

function symmetric(before: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const after = new Set(before);
  if (!after.delete(id)) after.add(id);
  return after;
}

interface ManyProps {
  waiting: Alert[];
  chosen: Alert[];
  onChoose: (ids: string[]) => void;
}

function Many({ waiting, chosen, onChoose }: ManyProps) {
  const actions = useAlertActions();
  const acknowledge = async () => {
    await actions.acknowledgeMany(
      chosen.map(({ alert_id }) => alert_id),
      "",
    );
    onChoose([]);
  };
  return (
    <div className="many">
      <label>
        <input
          type="checkbox"
          checked={chosen.length === waiting.length}
          onChange={(event) => onChoose(event.target.checked ? waiting.map(({ alert_id }) => alert_id) : [])}
        />
        All
      </label>
      <button type="button" disabled={!chosen.length || actions.busy} onClick={() => void acknowledge()}>
        {chosen.length ? `Acknowledge ${chosen.length}` : "Acknowledge several"}
      </button>
      <Problem text={actions.problem} />
    </div>
  );
}

/** On a phone the newest critical alert comes before everything else. */
export function NewestCritical({ alerts, now }: Props) {
  const alert = newestCritical(alerts);
  if (!alert) return null;
  return (
    <div className="newest-critical">
      <AlertItem key={alert.alert_id} alert={alert} lasts={lasting(alert, now)} />
    </div>
  );
}

import { memo, type ReactNode, useState } from "react";

import { isWaiting, measured, standing, stillHolds } from "./alerts.js";
import { Icon } from "../kit/Icon.js";
import { Problem } from "../kit/parts.js";
import type { Alert, AuditEntry } from "../session/payloads.js";
import { scopeName, useSession } from "../session/session.js";
import { useAlertActions } from "./useAlertActions.js";
import { useAnswer } from "../session/useAnswer.js";
import { clock, duration } from "../kit/words.js";

const SNOOZES = [15, 30, 60, 240];
const USUAL_SNOOZE = 30;
const HOUR = 60;
const LONGEST_COMMENT = 500; // of a silence; notes may be longer

interface Props {
  alert: Alert;
  /** The time for which its condition has held, in words. */
  lasts: string;
  /** A box to choose it among several. */
  choice?: ReactNode;
  /** On a page of its own, with the form and the history below it. */
  alone?: boolean;
  /** Below another one of the same scope and cause. */
  inside?: boolean;
}

export const AlertItem = memo(function AlertItem({ alert, lasts, choice, alone = false, inside = false }: Props) {
  const { organization, may, anonymous } = useSession();
  const stands = standing(alert, anonymous);
  const [open, setOpen] = useState(false);
  const actions = useAlertActions();
  const waiting = alert.status === "pending";
  return (
    <article
      className="alert"
      data-severity={alert.severity}
      data-status={isWaiting(alert) ? "pending" : alert.suppressed ? "suppressed" : alert.status}
      aria-label={`${alert.severity}: ${alert.message}`}
    >
      <p className="alert-head">
        {choice}
        <span className="severity">
          <Icon name={alert.severity} />
          {alert.severity}
        </span>
        {!inside && (
          <span className="alert-scope" title={scopeName(alert, organization)}>
            {scopeName(alert, organization)}
          </span>
        )}
        <span className="alert-age">{lasts}</span>
      </p>
      <p className="alert-message">{alert.message}</p>
      {alert.note && !anonymous && <p className="alert-note">{alert.note}</p>}
      <p className="alert-facts">
        {stands && <span>{stands}</span>}
        {alert.snoozed_until && !anonymous && <Snoozed alert={alert} actions={actions} />}
        {alert.escalation_level > 0 && <span>escalated {alert.escalation_level} ×</span>}
        {alert.reminder && <span>reminder</span>}
        {!alone && <a href={`/alerts/${alert.alert_id}`}>history</a>}
        {may("rules") && organization.whole && <a href={`/admin/alerts/rule/${alert.rule_id}/change/`}>rule</a>}
      </p>
      {may("act") && alert.status !== "resolved" && (
        <div className="alert-actions">
          {waiting && (
            <button
              type="button"
              className="act"
              disabled={actions.busy}
              onClick={() => void actions.acknowledge(alert)}
            >
              Acknowledge
            </button>
          )}
          {!alone && (
            <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? "Less" : waiting ? "More" : "Resolve…"}
            </button>
          )}
        </div>
      )}
      <Problem text={actions.problem} />
      {open && <AlertForm alert={alert} actions={actions} onDone={() => setOpen(false)} />}
    </article>
  );
});

/** The author stands in the history alone, which is asked for as long as the snooze lasts. */
function Snoozed({ alert, actions }: { alert: Alert; actions: ReturnType<typeof useAlertActions> }) {
  const { organization, may } = useSession();
  const path = `/api/alerts/${alert.alert_id}`;
  const query = { organization_id: organization.id };
  const { answer } = useAnswer<{ audit: AuditEntry[] }>(path, query, { again: alert.version });
  const by = answer?.audit.findLast(({ reason }) => reason === "snoozed")?.actor;
  return (
    <span>
      until {clock(alert.snoozed_until ?? "", organization.time_zone)}
      {by && ` by ${by}`}
      {may("act") && (
        <button type="button" disabled={actions.busy} onClick={() => void actions.unsnooze(alert)}>
          Undo
        </button>
      )}
    </span>
  );
}

/** A rule's owner may write anything there: only an address, of the web or of this server, is a link. */
function Runbook({ text }: { text: string }) {
  return <> · {/^(https?:\/\/|\/(?!\/))/.test(text) ? <a href={text}>what to do</a> : `what to do: ${text}`}</>;
}

interface FormProps {
  alert: Alert;
  actions: ReturnType<typeof useAlertActions>;
  onDone: () => void;
}

export function AlertForm({ alert, actions, onDone }: FormProps) {
  const { organization, may } = useSession();
  const asked = stillHolds(alert);
  const [note, setNote] = useState("");
  const [minutes, setMinutes] = useState(USUAL_SNOOZE);
  const run = async (done: Promise<boolean>) => {
    if (await done) onDone();
  };
  const others = alert.status === "acknowledged" && alert.acknowledged_by !== organization.actor;
  return (
    <form className="alert-form" onSubmit={(event) => event.preventDefault()}>
      <p className="hint">
        {alert.rule_name}: now {measured(alert.current_value, alert.unit)}, limit{" "}
        {measured(alert.threshold_value, alert.unit)}, peak {measured(alert.peak_value, alert.unit)}
        {alert.runbook && <Runbook text={alert.runbook} />}
      </p>
      <label>
        Note, for all who see the alert
        <textarea rows={2} maxLength={1000} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
      <div className="alert-actions">
        {alert.status === "pending" && (
          <button type="button" disabled={actions.busy} onClick={() => void run(actions.acknowledge(alert, { note }))}>
            Acknowledge with note
          </button>
        )}
        {others && (
          <button
            type="button"
            disabled={actions.busy}
            onClick={() => void run(actions.acknowledge(alert, { note, take_over: true }))}
          >
            Take over
          </button>
        )}
        <button
          type="button"
          disabled={actions.busy || (asked && !note.trim())}
          title={asked ? "Its condition still holds: write why, in the note" : undefined}
          onClick={() => void run(actions.resolve(alert, note))}
        >
          {asked ? "Resolve with note" : "Resolve"}
        </button>
        <span className="joined">
          <button type="button" disabled={actions.busy} onClick={() => void run(actions.snooze(alert, minutes, note))}>
            Snooze
          </button>
          <select
            aria-label="For how long"
            value={minutes}
            onChange={(event) => setMinutes(Number(event.target.value))}
          >
            {SNOOZES.map((each) => (
              <option key={each} value={each}>
                {duration(each * 60)}
              </option>
            ))}
          </select>
        </span>
        {may("silence") && (
          <button
            type="button"
            disabled={actions.busy || note.length > LONGEST_COMMENT}
            title={
              note.length > LONGEST_COMMENT
                ? `The note of a silence has at most ${LONGEST_COMMENT} characters: this one has ${note.length}`
                : `Of ${scopeName(alert, organization)}: its alerts are raised, but nobody is notified`
            }
            onClick={() => void run(actions.silence(alert, HOUR, note))}
          >
            Silence the rule for an hour
          </button>
        )}
      </div>
      {asked && <p className="hint">Its condition still holds: to resolve it, write why.</p>}
    </form>
  );
}

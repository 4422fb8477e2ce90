// One queue: what is wrong, its figures, what other staffing or volume would do, its day.

import { Fragment, useMemo, useState } from "react";

import { Advice } from "../advice/Advice.js";
import { WhatIf } from "../advice/WhatIf.js";
import { useAlertActions } from "../alerts/useAlertActions.js";
import { Icon } from "../kit/Icon.js";
import { withLive } from "../day/intervals.js";
import { IntervalTable } from "../day/IntervalTable.js";
import { Drawer, Problem, Unread, Value } from "../kit/parts.js";
import type { IntervalGrid, KPI, Scope } from "../session/payloads.js";
import { age, growth, type QueueRow, signOf } from "./queues.js";
import { addressOf, scopeOf, storyOf, useSession } from "../session/session.js";
import {
  componentOf,
  dayRecovery,
  stateOf,
  headsTitle,
  joined,
  levelWord,
  restOfInterval,
  serviceLevel,
} from "../figures/states.js";
import { Suspect } from "../figures/Suspect.js";
import { why } from "../figures/Tiles.js";
import { useAnswer } from "../session/useAnswer.js";
import { clock, DASH, localDay, minSec, minutes, number, percent, signed, until } from "../kit/words.js";

const GRID_AGAIN_SECONDS = 60; // coming intervals change with the reforecast; the running one is live

interface Props {
  row: QueueRow;
  now: number;
  onClose: () => void;
  onScope: (scope: Scope) => void;
}

export function QueueDrawer({ row, now, onClose, onScope }: Props) {
  const { organization, may } = useSession();
  const scope = useMemo(
    () => scopeOf(organization.id, row.department, row.queue),
    [organization.id, row.department, row.queue],
  );
  const { answer: grid, error } = useAnswer<IntervalGrid>(
    "/api/intraday/kpi/intervals",
    { ...scope, date: localDay(now, organization.time_zone) },
    { everySeconds: GRID_AGAIN_SECONDS },
  );
  const intervals = useMemo(() => withLive(grid?.intervals ?? [], row.kpi), [grid, row.kpi]);
  return (
    <Drawer title={`${row.queue} · ${row.department}`} onClose={onClose} beside>
      {/* What was done or typed for one queue is not that of the next: another row may be clicked beside the drawer. */}
      <Fragment key={row.key}>
        <p className="verdict" data-level={row.level}>
          <Icon name={signOf(row)} /> <Verdict row={row} now={now} />
        </p>
        {row.alerted && <p className="alerted">{row.alerted}</p>}
        <Suspect kpi={row.kpi} now={now} />
        <Facts row={row} now={now} running={intervals.find(({ state }) => state === "now")?.start} />
        <p className="links">
          <a
            href={addressOf(scope)}
            onClick={(event) => {
              event.preventDefault();
              onScope(scope);
              onClose();
            }}
          >
            Watch this queue alone
          </a>
          <a href={storyOf(scope)}>What happened</a>
          {may("rules") && organization.whole && (
            <a href={`/admin/kpi/queuesettings/?${new URLSearchParams({ q: row.queue })}`}>Targets and thresholds</a>
          )}
          {may("silence") && <SilenceButton scope={scope} />}
        </p>
        <Advice scope={scope} now={now} />
        <WhatIf scope={scope} kpi={row.kpi} />
        <Unread text={error ? `The intervals could not be read: ${error.message}` : ""} />
        {intervals.length > 0 && (
          <IntervalTable intervals={intervals} staffing={componentOf(row.kpi, "staffing")} narrow />
        )}
      </Fragment>
    </Drawer>
  );
}

/** Everything about the queue, whatever the rule. */
function SilenceButton({ scope }: { scope: Scope }) {
  const actions = useAlertActions();
  const [done, setDone] = useState(false);
  if (done) return <span role="status">Silenced for an hour; under Alerts, Silences ends it.</span>;
  return (
    <>
      <button
        type="button"
        disabled={actions.busy}
        onClick={() => void actions.silence(scope, 60, "").then((said) => setDone(said))}
      >
        Silence this queue for an hour
      </button>
      <Problem text={actions.problem} />
    </>
  );
}

function Verdict({ row, now }: { row: QueueRow; now: number }) {
  const { time_zone: zone } = useSession().organization;
  const { kpi, level } = row;
  if (level === "closed") return <>Closed{kpi?.closed_until && ` until ${until(kpi.closed_until, now, zone)}`}</>;
  const since = stateOf(kpi)?.since;
  const word = levelWord(kpi);
  const name = word.charAt(0).toUpperCase() + word.slice(1);
  return (
    <>
      {name}
      {since && ` since ${until(since, now, zone)}`}
      {row.why.length > 0 && `: ${joined(row.why)}`}
    </>
  );
}

type Fact = [label: string, text: string, reason: string | undefined];

/** Callers and deferred work have different figures; what does not exist for the one is not shown as missing. */
function Facts({ row, now, running }: { row: QueueRow; now: number; running: string | undefined }) {
  const { time_zone: zone } = useSession().organization;
  const { kpi, backlog } = row;
  const isDeferred = kpi?.headcount_gap.method === "workload";
  const start = kpi?.headcount_gap.interval_start;
  // Right after the turn of an interval the newest figure is still of the one before: its heads are not this one's.
  const of = start && running && Date.parse(start) !== Date.parse(running) ? `, ${clock(start, zone)}` : "";
  const facts = [
    ...(isDeferred ? [] : callers(kpi)),
    ...(backlog || isDeferred ? work(row) : []),
    ...heads(kpi, of),
    ["Data age", age(row, now), undefined] satisfies Fact,
  ];
  return (
    <dl className="facts">
      {facts.map(([label, text, reason]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd title={label.startsWith("Available") ? headsTitle(kpi) : undefined}>
            <Value text={text} reason={reason} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function callers(kpi: KPI | undefined): Fact[] {
  const [service, risk] = [kpi?.service, kpi?.sla_risk];
  return [
    ["Service level now", serviceLevel(service), why(kpi, "service.service_level", "service_level")],
    ["Waiting now", number(service?.waiting_now), why(kpi, "service.waiting_now", "waiting_now")],
    [
      "Longest wait",
      minSec(service?.longest_wait_seconds),
      why(kpi, "service.longest_wait_seconds", "longest_wait_seconds"),
    ],
    [
      "Waiting past target",
      number(service?.waiting_past_target),
      why(kpi, "service.waiting_past_target", "waiting_past_target"),
    ],
    ["Target", percent(risk?.target_service_level), "no target"],
    ["Risk", percent(risk?.risk_score), why(kpi, "sla_risk.risk_score", "risk_score")],
    ["Risk, next interval", percent(risk?.outlook_risk), why(kpi, "sla_risk.outlook_risk", "outlook_risk")],
    ["Rest of the interval", restOfInterval(risk) || DASH, why(kpi, "sla_risk.required_rest", "required_rest")],
    ["Day", dayRecovery(risk) || DASH, why(kpi, "sla_risk.day_recovery_probability", "day_recovery_probability")],
  ];
}

function work({ kpi, backlog, ...row }: QueueRow): Fact[] {
  const none = "no backlog posted";
  return [
    ["Backlog", number(backlog?.total_items), none],
    ["Backlog in SLA", percent(backlog?.sla_compliance_percentage), none],
    ["Over SLA", number(backlog?.items_over_sla), backlog?.reasons?.items_over_sla ?? none],
    ["Oldest", minutes(backlog?.oldest_item_age_minutes), backlog?.reasons?.oldest_item_age_minutes ?? none],
    ["Growth", growth({ ...row, kpi, backlog }) || DASH, "no trend yet"],
  ];
}

function heads(kpi: KPI | undefined, of: string): Fact[] {
  const staff = kpi?.headcount_gap;
  return [
    [`Available${of}`, number(staff?.available), why(kpi, "headcount_gap.available", "available")],
    [`Required${of}`, number(staff?.required), why(kpi, "headcount_gap.required", "required")],
    [`Gap${of}`, signed(staff?.gap), why(kpi, "headcount_gap.gap", "gap")],
    ["Occupancy", percent(kpi?.utilization.occupancy), why(kpi, "utilization.occupancy", "occupancy")],
  ];
}

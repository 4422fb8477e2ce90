// One queue: what is wrong, its figures, what other staffing or volume would do, its day.

import { useEffect, useMemo, useState } from "react";

import { Icon } from "../kit/Icon.js";
import { withLive } from "../day/intervals.js";
import { IntervalTable } from "../day/IntervalTable.js";
import { Drawer, Problem, Value } from "../kit/parts.js";
import type { IntervalGrid, Scope, Staffing, WhatIf as Answer } from "../session/payloads.js";
import { age, growth, type QueueRow } from "./queues.js";
import { RestError } from "../session/rest.js";
import { addressOf, scopeOf, useSession } from "../session/session.js";
import {
  componentOf,
  dayRecovery,
  stateOf,
  headsTitle,
  joined,
  levelIcon,
  levelWord,
  restOfInterval,
  serviceLevel,
} from "../figures/states.js";
import { Suspect } from "../figures/Suspect.js";
import { why } from "../figures/Tiles.js";
import { useAnswer } from "../session/useAnswer.js";
import { DASH, duration, localDay, minutes, number, percent, signed, until } from "../kit/words.js";

const GRID_AGAIN_SECONDS = 60; // coming intervals change with the reforecast; the running one is live

interface Props {
  row: QueueRow;
  now: number;
  onClose: () => void;
  onScope: (scope: Scope) => void;
}

export function QueueDrawer({ row, now, onClose, onScope }: Props) {
  const { organization } = useSession();
  const scope = scopeOf(organization.id, row.department, row.queue);
  const { answer: grid } = useAnswer<IntervalGrid>(
    "/api/intraday/kpi/intervals",
    { ...scope, date: localDay(now, organization.time_zone) },
    { everySeconds: GRID_AGAIN_SECONDS },
  );
  const intervals = useMemo(() => withLive(grid?.intervals ?? [], row.kpi), [grid, row.kpi]);
  return (
    <Drawer title={`${row.queue} · ${row.department}`} onClose={onClose}>
      <p className="verdict" data-level={row.level}>
        <Icon name={levelIcon(row.kpi)} /> <Verdict row={row} now={now} />
      </p>
      {row.alerted && <p className="alerted">{row.alerted}</p>}
      <Suspect kpi={row.kpi} now={now} />
      <Facts row={row} now={now} />
      <p>
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
      </p>
      <WhatIf scope={scope} row={row} />
      {intervals.length > 0 && <IntervalTable intervals={intervals} staffing={componentOf(row.kpi, "staffing")} />}
    </Drawer>
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

function Facts({ row, now }: { row: QueueRow; now: number }) {
  const { kpi, backlog } = row;
  const [service, staff, risk] = [kpi?.service, kpi?.headcount_gap, kpi?.sla_risk];
  const facts: [label: string, text: string, reason: string | undefined][] = [
    ["Service level now", serviceLevel(service), why(kpi, "service.service_level", "service_level")],
    ["Backlog in SLA", percent(backlog?.sla_compliance_percentage), "no backlog posted"],
    ["Target", percent(risk?.target_service_level), "no target"],
    [
      "Projected",
      percent(risk?.projected_service_level),
      why(kpi, "sla_risk.projected_service_level", "projected_service_level"),
    ],
    ["Risk", percent(risk?.risk_score), why(kpi, "sla_risk.risk_score", "risk_score")],
    ["Risk, next interval", percent(risk?.outlook_risk), why(kpi, "sla_risk.outlook_risk", "outlook_risk")],
    ["Rest of the interval", restOfInterval(risk) || DASH, why(kpi, "sla_risk.required_rest", "required_rest")],
    ["Day", dayRecovery(risk) || DASH, why(kpi, "sla_risk.day_recovery_probability", "day_recovery_probability")],
    ["Available", number(staff?.available), why(kpi, "headcount_gap.available", "available")],
    ["Required", number(staff?.required), why(kpi, "headcount_gap.required", "required")],
    ["Gap", signed(staff?.gap), why(kpi, "headcount_gap.gap", "gap")],
    ["Waiting now", number(service?.waiting_now), why(kpi, "service.waiting_now", "waiting_now")],
    [
      "Waiting past target",
      number(service?.waiting_past_target),
      why(kpi, "service.waiting_past_target", "waiting_past_target"),
    ],
    [
      "Longest wait",
      duration(service?.longest_wait_seconds),
      why(kpi, "service.longest_wait_seconds", "longest_wait_seconds"),
    ],
    ["Occupancy", percent(kpi?.utilization.occupancy), why(kpi, "utilization.occupancy", "occupancy")],
    ["Backlog", number(backlog?.total_items), "no backlog posted"],
    ["Over SLA", number(backlog?.items_over_sla), backlog?.reasons?.items_over_sla ?? "no backlog posted"],
    [
      "Oldest",
      minutes(backlog?.oldest_item_age_minutes),
      backlog?.reasons?.oldest_item_age_minutes ?? "no backlog posted",
    ],
    ["Growth", growth(row) || DASH, "no trend yet"],
    ["Data age", age(row, now), undefined],
  ];
  return (
    <dl className="facts">
      {facts.map(([label, text, reason]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd title={label === "Available" ? headsTitle(kpi) : undefined}>
            <Value text={text} reason={reason} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface Asked {
  agents?: number;
  volume?: number;
}

/** Asked again with each new figure of the queue, so that "as it is" stays what the tiles show. */
function useWhatIf(scope: Scope, asked: Asked | null, snapshot: string | undefined) {
  const { rest } = useSession();
  const [said, setSaid] = useState<{ answer?: Answer; problem: string }>({ problem: "" });
  const { organization_id, department_id, queue_name } = scope;
  useEffect(() => {
    if (!asked) return;
    let current = true;
    const body = { organization_id, department_id, queue_name, ...asked };
    rest.post<Answer>("/api/intraday/kpi/what-if", body).then(
      (answer) => current && setSaid({ answer, problem: "" }),
      (error: unknown) => {
        if (!(error instanceof RestError)) throw error;
        if (current) setSaid({ problem: error.message });
      },
    );
    return () => void (current = false);
  }, [rest, organization_id, department_id, queue_name, asked, snapshot]);
  return said;
}

function WhatIf({ scope, row }: { scope: Scope; row: QueueRow }) {
  const [agents, setAgents] = useState(String(row.kpi?.headcount_gap.available ?? ""));
  const [volume, setVolume] = useState("");
  const [asked, setAsked] = useState<Asked | null>(null);
  const { answer, problem } = useWhatIf(scope, asked, row.kpi?.snapshot_id);
  const ask = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    setAsked({ ...(agents && { agents: Number(agents) }), ...(volume && { volume: Number(volume) }) });
  };
  return (
    <section className="what-if" aria-labelledby="what-if">
      <h3 id="what-if">What if</h3>
      <form onSubmit={ask}>
        <label>
          Agents
          <input
            type="number"
            min={0}
            max={10_000}
            value={agents}
            onChange={(event) => setAgents(event.target.value)}
          />
        </label>
        <label>
          Contacts in the interval
          <input
            type="number"
            min={0}
            max={1_000_000}
            value={volume}
            placeholder="as forecast"
            onChange={(event) => setVolume(event.target.value)}
          />
        </label>
        <button className="primary">Work it out</button>
      </form>
      <Problem text={problem} />
      {answer && <Compared {...answer} />}
    </section>
  );
}

const COMPARED: [label: string, of: (staffing: Staffing) => string][] = [
  ["Agents", (each) => number(each.agents)],
  ["Contacts", (each) => number(each.calls)],
  ["Required", (each) => number(each.required)],
  ["Gap", (each) => signed(each.gap)],
  ["Service level", (each) => percent(each.service_level)],
  ["Wait (ASA)", (each) => duration(each.asa_seconds)],
  ["Occupancy", (each) => percent(each.occupancy)],
  ["Risk", (each) => percent(each.risk_score)],
];

function Compared({ baseline, scenario }: Answer) {
  return (
    <table aria-live="polite">
      <thead>
        <tr>
          <th scope="col">In {number(baseline.interval_minutes)} minutes</th>
          <th scope="col" className="figure">
            As it is
          </th>
          <th scope="col" className="figure">
            What if
          </th>
        </tr>
      </thead>
      <tbody>
        {COMPARED.map(([label, of]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td className="figure">
              <Value text={of(baseline)} />
            </td>
            <td className="figure">
              <Value text={of(scenario)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

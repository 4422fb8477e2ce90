// One queue: what is wrong, its figures, what other staffing or volume would do, its day.

import { useState } from "react";

import { Icon } from "./Icon.js";
import { IntervalTable } from "./IntervalTable.js";
import { Drawer, Problem, Value } from "./parts.js";
import type { IntervalGrid, Scope, Staffing, WhatIf as Answer } from "./payloads.js";
import { age, growth, type QueueRow } from "./queues.js";
import { RestError } from "./rest.js";
import { addressOf, scopeOf, useSession } from "./session.js";
import { why } from "./Tiles.js";
import { useAnswer } from "./useAnswer.js";
import { duration, localDay, minutes, number, percent, signed, until } from "./words.js";

interface Props {
  row: QueueRow;
  now: number;
  onClose: () => void;
  onScope: (scope: Scope) => void;
}

export function QueueDrawer({ row, now, onClose, onScope }: Props) {
  const { organization } = useSession();
  const scope = scopeOf(organization.id, row.department, row.queue);
  const grid = useAnswer<IntervalGrid>("/api/intraday/kpi/intervals", {
    ...scope,
    date: localDay(now, organization.time_zone),
  });
  return (
    <Drawer title={`${row.queue} · ${row.department}`} onClose={onClose}>
      <p className="verdict" data-level={row.level}>
        <Icon name={row.level} /> <Verdict row={row} now={now} />
      </p>
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
      {grid.answer && grid.answer.intervals.length > 0 && <IntervalTable intervals={grid.answer.intervals} />}
    </Drawer>
  );
}

function Verdict({ row, now }: { row: QueueRow; now: number }) {
  const { time_zone: zone } = useSession().organization;
  if (row.level === "closed" && row.kpi?.closed_until)
    return <>Closed until {until(row.kpi.closed_until, now, zone)}</>;
  return (
    <>
      {row.why.join("; ") ||
        { fine: "Within its targets", unknown: "Too little is known to judge it" }[row.level as "fine"]}
    </>
  );
}

function Facts({ row, now }: { row: QueueRow; now: number }) {
  const { kpi, backlog } = row;
  const [service, staff, risk] = [kpi?.service, kpi?.headcount_gap, kpi?.sla_risk];
  const facts: [label: string, text: string, reason: string | undefined][] = [
    ["Service level now", percent(service?.service_level), why(kpi, "service.service_level", "service_level")],
    ["Backlog in SLA", percent(backlog?.sla_compliance_percentage), "no backlog posted"],
    ["Target", percent(risk?.target_service_level), "no target"],
    [
      "Projected",
      percent(risk?.projected_service_level),
      why(kpi, "sla_risk.projected_service_level", "projected_service_level"),
    ],
    ["Risk", percent(risk?.risk_score), why(kpi, "sla_risk.risk_score", "risk_score")],
    ["Available", number(staff?.available), why(kpi, "headcount_gap.available", "available")],
    ["Required", number(staff?.required), why(kpi, "headcount_gap.required", "required")],
    ["Gap", signed(staff?.gap), why(kpi, "headcount_gap.gap", "gap")],
    ["Waiting now", number(service?.waiting_now), why(kpi, "service.waiting_now", "waiting_now")],
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
    ["Growth", growth(row) || "–", "no trend yet"],
    ["Data age", age(row, now), undefined],
  ];
  return (
    <dl className="facts">
      {facts.map(([label, text, reason]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <Value text={text} reason={reason} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function WhatIf({ scope, row }: { scope: Scope; row: QueueRow }) {
  const { rest } = useSession();
  const [agents, setAgents] = useState(String(row.kpi?.headcount_gap.available ?? ""));
  const [volume, setVolume] = useState("");
  const [answer, setAnswer] = useState<Answer>();
  const [problem, setProblem] = useState("");
  const ask = async (event: { preventDefault: () => void }) => {
    event.preventDefault();
    const given = { ...(agents && { agents: Number(agents) }), ...(volume && { volume: Number(volume) }) };
    setProblem("");
    try {
      setAnswer(await rest.post<Answer>("/api/intraday/kpi/what-if", { ...scope, ...given }));
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      setProblem(error.message);
    }
  };
  return (
    <section className="what-if" aria-labelledby="what-if">
      <h3 id="what-if">What if</h3>
      <form onSubmit={(event) => void ask(event)}>
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

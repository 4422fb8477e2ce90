// Every queue, worst first: service, staffing, backlog, and how old the figures are.

import { memo, useState } from "react";

import { Icon } from "./Icon.js";
import { Panel, Value } from "./parts.js";
import { age, growthPerHour, isSame, type Order, type QueueRow, serviceOf, sorted } from "./queues.js";
import { useSession } from "./session.js";
import { why } from "./Tiles.js";
import { minutes, number, percent, plural, signed, until } from "./words.js";

const AT_FIRST = 40; // rows; the rest on request, so that the page stays small however many queues there are
const STEADY_MS = 4_000; // rows that jump at every event cannot be read

const COLUMNS: { order: Order; label: string; title: string; figure: boolean }[] = [
  { order: "name", label: "Queue", title: "Department and queue", figure: false },
  { order: "urgency", label: "State", title: "Worst first", figure: false },
  { order: "risk", label: "SLA risk", title: "Chance to miss the target in this interval", figure: true },
  {
    order: "service",
    label: "Service",
    title: "Service level now, and its target; of deferred work the share of its backlog within SLA",
    figure: true,
  },
  { order: "gap", label: "Gap", title: "Available minus required agents", figure: true },
  { order: "backlog", label: "Backlog", title: "Items waiting; over SLA", figure: true },
  { order: "growth", label: "Trend", title: "Growth of the backlog, items an hour", figure: true },
  { order: "age", label: "Age", title: "Of the older of its figures", figure: true },
];

interface Props {
  rows: ReadonlyMap<string, QueueRow>;
  /** Whether all kinds of figures have come; before, the order means little. */
  complete: boolean;
  now: number;
  onOpen: (row: QueueRow) => void;
}

export function QueueTable({ rows, complete, now, onOpen }: Props) {
  const [order, setOrder] = useState<Order>("urgency");
  const [all, setAll] = useState(false);
  const [held, setHeld] = useState(false);
  const keys = useSteadyOrder(rows, order, now, held, complete);
  const shown = all ? keys : keys.slice(0, AT_FIRST);
  return (
    <Panel
      title="Queues"
      className="queues"
      aside={<span className="hint">{held ? "order held while you point at it" : "worst first"}</span>}
    >
      <div
        className="scroll"
        tabIndex={0}
        role="region"
        aria-label="Queues"
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={() => setHeld(false)}
      >
        <table>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <th
                  key={column.order}
                  scope="col"
                  className={column.figure ? "figure" : ""}
                  title={column.title}
                  aria-sort={order === column.order ? "ascending" : "none"}
                >
                  <button type="button" onClick={() => setOrder(column.order)}>
                    {column.label}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((key) => {
              const row = rows.get(key);
              return row && <Row key={key} row={row} age={age(row, now)} onOpen={onOpen} now={minute(now)} />;
            })}
          </tbody>
        </table>
      </div>
      {keys.length > AT_FIRST && (
        <button type="button" className="more" onClick={() => setAll(!all)}>
          {all ? `Only the worst ${AT_FIRST}` : `Show all ${plural(keys.length, "queue")}`}
        </button>
      )}
    </Panel>
  );
}

/** Rows are memoized; what "closed until" says does not change by the second. */
const minute = (now: number): number => now - (now % 60_000);

/** The keys in order, which changes at once when queues come or go or another order is asked for; else now and then. */
function useSteadyOrder(
  rows: ReadonlyMap<string, QueueRow>,
  order: Order,
  now: number,
  held: boolean,
  complete: boolean,
): string[] {
  const [kept, keep] = useState<{ at: number; order: Order; keys: string[] }>({ at: 0, order, keys: [] });
  const sameRows = kept.keys.length === rows.size && kept.keys.every((key) => rows.has(key));
  if (sameRows && kept.order === order && (held || now - kept.at < STEADY_MS)) return kept.keys;
  const keys = sorted(rows.values(), order).map(({ key }) => key);
  if (complete) keep({ at: now, order, keys });
  return keys;
}

const WORDS: Record<QueueRow["level"], string> = {
  burning: "burning",
  at_risk: "at risk",
  stale: "stale",
  fine: "fine",
  unknown: "unknown",
  closed: "closed",
};

interface RowProps {
  row: QueueRow;
  age: string;
  now: number;
  onOpen: (row: QueueRow) => void;
}

const Row = memo(QueueRowView, (before, after) => {
  const { row, ...others } = after;
  return (
    isSame(before.row, row) && before.age === others.age && before.now === others.now && before.onOpen === others.onOpen
  );
});

function QueueRowView({ row, age: old, now, onOpen }: RowProps) {
  const { kpi, backlog, level } = row;
  const service = serviceOf(row);
  return (
    <tr data-level={level}>
      <th scope="row">
        <button type="button" className="link" onClick={() => onOpen(row)}>
          {row.queue}
        </button>
        <small>{row.department}</small>
      </th>
      <td className="level" title={row.why.join("; ")}>
        <Icon name={level} />
        {level === "closed" && kpi?.closed_until ? <ClosedUntil instant={kpi.closed_until} now={now} /> : WORDS[level]}
      </td>
      <td className="figure risk">
        {kpi?.sla_risk.risk_score != null && <Bar share={kpi.sla_risk.risk_score} />}
        <Value text={percent(kpi?.sla_risk.risk_score)} reason={why(kpi, "sla_risk.risk_score", "risk_score")} />
      </td>
      <td className="figure">
        <Value text={percent(service.percent)} reason={why(kpi, "service.service_level", "service_level")} />
        {service.target !== null && <small>/{number(service.target)}</small>}
        {service.label === "of backlog in SLA" && <small title={service.label}> in SLA</small>}
      </td>
      <td className="figure gap">
        <Value text={signed(kpi?.headcount_gap.gap)} reason={why(kpi, "headcount_gap.gap", "gap")} />
        {kpi?.headcount_gap.required != null && <small>/{number(kpi.headcount_gap.required)}</small>}
      </td>
      <td
        className="figure"
        title={
          backlog && backlog.oldest_item_age_minutes !== null
            ? `Oldest ${minutes(backlog.oldest_item_age_minutes)}`
            : ""
        }
      >
        <Value text={number(backlog?.total_items)} reason="no backlog posted" />
        {backlog?.items_over_sla ? <small className="over"> {number(backlog.items_over_sla)} late</small> : null}
      </td>
      <td className="figure trend" data-trend={backlog?.backlog_trend}>
        {backlog && <Icon name={backlog.backlog_trend} />}
        <span className="visually-hidden">{backlog?.backlog_trend} </span>
        <Value text={signed(growthPerHour(row))} reason={backlog?.reasons?.slope_per_hour ?? "no backlog posted"} />
        {growthPerHour(row) !== null && <small>/h</small>}
      </td>
      <td className="figure age">{old}</td>
    </tr>
  );
}

function ClosedUntil({ instant, now }: { instant: string; now: number }) {
  const { time_zone: zone } = useSession().organization;
  return <>closed until {until(instant, now, zone)}</>;
}

/** A risk as a bar; the figure stands beside it. */
function Bar({ share }: { share: number }) {
  return (
    <svg className="bar" viewBox="0 0 40 6" aria-hidden="true" preserveAspectRatio="none">
      <rect className="bar-back" width="40" height="6" rx="1" />
      <rect className="bar-front" width={(share / 100) * 40} height="6" rx="1" />
    </svg>
  );
}

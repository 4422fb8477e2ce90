// Every queue, worst first: service, staffing, backlog, and how old the figures are.

import { memo, useState } from "react";

import { Icon } from "../kit/Icon.js";
import { Panel, Value } from "../kit/parts.js";
import { age, growthPerHour, isSame, type Order, type QueueRow, saidOf, serviceOf, sorted } from "./queues.js";
import { useSession } from "../session/session.js";
import {
  componentOf,
  stateOf,
  headsTitle,
  joined,
  levelIcon,
  levelOfReason,
  levelWord,
  ofAnswered,
  pastTarget,
  restOfInterval,
} from "../figures/states.js";
import { why } from "../figures/Tiles.js";
import { minutes, number, percent, plural, signed, until } from "../kit/words.js";

const AT_FIRST = 40; // rows; the rest on request, so that the page stays small however many queues there are
const STEADY_MS = 4_000; // rows that jump at every event cannot be read

const COLUMNS: { order: Order; label: string; title: string; figure: boolean }[] = [
  { order: "name", label: "Queue", title: "Department and queue", figure: false },
  { order: "urgency", label: "State", title: "Worst first", figure: false },
  {
    order: "risk",
    label: "SLA risk",
    title: "Chance to miss the target in this interval, and in the next",
    figure: true,
  },
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

/** Rows are memoized; what "closed until" and "since" say does not change by the second. */
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
  const { kpi, backlog } = row;
  const service = serviceOf(row);
  return (
    <tr data-level={row.level} data-suspect={row.suspect}>
      <th scope="row">
        <button type="button" className="link" onClick={() => onOpen(row)}>
          {row.queue}
        </button>
        <small>{row.department}</small>
        {row.suspect && (
          <small className="suspect-mark" title="Far fewer contacts than forecast">
            suspect
          </small>
        )}
      </th>
      <LevelCell row={row} now={now} />
      <td className="figure risk" data-component={componentOf(kpi, "service")} title={restOfInterval(kpi?.sla_risk)}>
        {kpi?.sla_risk.risk_score != null && <Bar share={kpi.sla_risk.risk_score} />}
        <Value text={percent(kpi?.sla_risk.risk_score)} reason={why(kpi, "sla_risk.risk_score", "risk_score")} />
        {kpi?.sla_risk.outlook_risk != null && (
          <small title="Risk of the next interval"> next {percent(kpi.sla_risk.outlook_risk)}</small>
        )}
      </td>
      <td
        className="figure"
        data-component={levelOfReason(kpi, "interval_lost")}
        title={[ofAnswered(kpi?.service), pastTarget(kpi?.service)].filter(Boolean).join("; ")}
      >
        <Value text={percent(service.percent)} reason={why(kpi, "service.service_level", "service_level")} />
        {service.target !== null && <small>/{number(service.target)}</small>}
        {service.label === "of backlog in SLA" && <small title={service.label}> in SLA</small>}
      </td>
      <td className="figure gap" data-component={componentOf(kpi, "staffing")} title={headsTitle(kpi)}>
        <Value text={signed(kpi?.headcount_gap.gap)} reason={why(kpi, "headcount_gap.gap", "gap")} />
        {kpi?.headcount_gap.required != null && <small>/{number(kpi.headcount_gap.required)}</small>}
      </td>
      <td
        className="figure"
        data-component={componentOf(kpi, "backlog")}
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

function LevelCell({ row, now }: { row: QueueRow; now: number }) {
  const { time_zone: zone } = useSession().organization;
  const { kpi, level } = row;
  const since = stateOf(kpi)?.since;
  const title = [...(since ? [`${levelWord(kpi)} since ${until(since, now, zone)}`] : []), ...saidOf(row)];
  return (
    <td className="level" title={joined(title)}>
      <Icon name={levelIcon(kpi)} />
      {level === "closed" && kpi?.closed_until ? `closed until ${until(kpi.closed_until, now, zone)}` : levelWord(kpi)}
      {row.alerted && <small className="alerted"> alert open</small>}
    </td>
  );
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

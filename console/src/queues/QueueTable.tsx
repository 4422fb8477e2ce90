// Every queue, worst first: service, staffing, backlog, and how old the figures are.

import { type KeyboardEvent, memo, type MouseEvent, useEffect, useRef, useState } from "react";

import { Icon } from "../kit/Icon.js";
import { remembered } from "../kit/browser.js";
import { Panel, Value } from "../kit/parts.js";
import { age, growthPerHour, isSame, type Order, type QueueRow, saidOf, serviceOf, signOf, sorted } from "./queues.js";
import { useSession } from "../session/session.js";
import {
  componentOf,
  stateOf,
  headsTitle,
  joined,
  levelOfReason,
  levelWord,
  ofAnswered,
  pastTarget,
  restOfInterval,
} from "../figures/states.js";
import { why } from "../figures/Tiles.js";
import { byDepartment, isShown, lastOf, type TableView, viewIn, withView } from "./tableview.js";
import { TableTools } from "./TableTools.js";
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
  /** The key of the queue whose drawer is open. */
  opened: string | null;
  onOpen: (row: QueueRow) => void;
}

export function QueueTable({ rows, complete, now, opened, onOpen }: Props) {
  const [view, change] = useTableView();
  const [all, setAll] = useState(false);
  const [held, setHeld] = useState(false);
  const keys = useSteadyOrder(rows, view, now, held, complete);
  const found = keys.map((key) => rows.get(key)).filter((row) => row !== undefined && isShown(row, view)) as QueueRow[];
  const shown = all ? found : found.slice(0, AT_FIRST);
  const line = (row: QueueRow) => (
    <Row
      key={row.key}
      row={row}
      age={age(row, now)}
      open={row.key === opened}
      quiet={view.grouped}
      onOpen={onOpen}
      now={minute(now)}
    />
  );
  return (
    <Panel
      title="Queues"
      className="queues"
      aside={
        <span className="hint">{held ? "order held while you point at it" : said(found.length, rows.size, view)}</span>
      }
    >
      <TableTools view={view} onChange={change} />
      <div
        className="scroll"
        tabIndex={0}
        role="group"
        aria-label="Table of queues"
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={() => setHeld(false)}
      >
        <table onKeyDown={walk}>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <Heading key={column.order} column={column} view={view} onChange={change} />
              ))}
            </tr>
          </thead>
          {view.grouped ? (
            byDepartment(shown).map(({ department, rows: inside }) => (
              <tbody key={department}>
                <tr className="group">
                  <th colSpan={COLUMNS.length} scope="rowgroup">
                    {department} <small>{summed(inside)}</small>
                  </th>
                </tr>
                {inside.map(line)}
              </tbody>
            ))
          ) : (
            <tbody>{shown.map(line)}</tbody>
          )}
        </table>
        {!found.length && <p className="calm">{rows.size ? "No queue is like that." : "No queue to show."}</p>}
      </div>
      {found.length > AT_FIRST && (
        <button type="button" className="more" onClick={() => setAll(!all)}>
          {all ? `Only the first ${AT_FIRST}` : `Show all ${plural(found.length, "queue")}`}
        </button>
      )}
    </Panel>
  );
}

const said = (found: number, all: number, { order, reversed }: TableView): string =>
  found < all ? `${number(found)} of ${plural(all, "queue")}` : order === "urgency" && !reversed ? "worst first" : "";

function summed(rows: readonly QueueRow[]): string {
  const counted = (level: string) => rows.filter((row) => row.level === level).length;
  const [critical, risky] = [counted("critical"), counted("at_risk")];
  return [
    plural(rows.length, "queue"),
    critical ? `${number(critical)} critical` : "",
    risky ? `${number(risky)} at risk` : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** Up and down go from row to row. */
function walk(event: KeyboardEvent<HTMLTableElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("tbody button.link")];
  const at = rows.indexOf(event.target as HTMLElement);
  const next = step && at >= 0 ? rows[at + step] : undefined;
  if (!next) return;
  event.preventDefault();
  next.focus();
}

interface HeadingProps {
  column: (typeof COLUMNS)[number];
  view: TableView;
  onChange: (change: Partial<TableView>) => void;
}

/** A second click turns the order round. */
function Heading({ column, view, onChange }: HeadingProps) {
  const chosen = view.order === column.order;
  const next = { order: column.order, reversed: chosen && !view.reversed };
  return (
    <th
      scope="col"
      className={column.figure ? "figure" : ""}
      title={column.title}
      aria-sort={chosen ? (view.reversed ? "descending" : "ascending") : "none"}
    >
      <button type="button" onClick={() => onChange(next)}>
        {column.label}
      </button>
    </th>
  );
}

/** The view that the address names, or that this browser remembers. */
export const viewNow = (): TableView => viewIn(location.search, remembered.get("table") ?? "");

/** The choice stands in the address; order and grouping are remembered beside it. */
function useTableView(): [TableView, (change: Partial<TableView>) => void] {
  const [view, setView] = useState(viewNow);
  useEffect(() => {
    const back = () => setView(viewNow());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const change = (changed: Partial<TableView>) => {
    const next = { ...view, ...changed };
    setView(next);
    remembered.set("table", lastOf(next));
    history.replaceState(history.state, "", `${location.pathname}?${withView(location.search, next)}`);
  };
  return [view, change];
}

/** Rows are memoized; what "closed until" and "since" say does not change by the second. */
const minute = (now: number): number => now - (now % 60_000);

/** The keys in order, which changes at once when queues come or go or another order is asked for; else now and then. */
function useSteadyOrder(
  rows: ReadonlyMap<string, QueueRow>,
  { order: by, reversed }: TableView,
  now: number,
  held: boolean,
  complete: boolean,
): string[] {
  const order = (reversed ? "-" : "") + by;
  const [kept, keep] = useState<{ at: number; order: string; keys: string[] }>({ at: 0, order, keys: [] });
  const sameRows = kept.keys.length === rows.size && kept.keys.every((key) => rows.has(key));
  if (sameRows && kept.order === order && (held || now - kept.at < STEADY_MS)) return kept.keys;
  const keys = sorted(rows.values(), by, reversed).map(({ key }) => key);
  if (complete) keep({ at: now, order, keys });
  return keys;
}

interface RowProps {
  row: QueueRow;
  age: string;
  now: number;
  open: boolean;
  /** Whether the department is said above. */
  quiet: boolean;
  onOpen: (row: QueueRow) => void;
}

const Row = memo(QueueRowView, (before, after) => {
  const { row, ...others } = after;
  const isEqual = (name: keyof typeof others) => before[name] === others[name];
  return isSame(before.row, row) && (Object.keys(others) as (keyof typeof others)[]).every(isEqual);
});

function QueueRowView({ row, age: old, now, open, quiet, onOpen }: RowProps) {
  const { kpi, backlog } = row;
  const service = serviceOf(row);
  const place = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (open) place.current?.scrollIntoView({ block: "nearest" }); // the page has become narrower
  }, [open]);
  const show = ({ currentTarget }: MouseEvent<HTMLTableRowElement>) => {
    if (getSelection()?.isCollapsed === false) return; // a figure is being copied
    currentTarget.querySelector("button")?.focus(); // where the focus comes back to
    onOpen(row);
  };
  return (
    <tr data-level={row.level} data-suspect={row.suspect} data-open={open} ref={place} onClick={show}>
      <th scope="row" title={`${row.queue}, ${row.department}`}>
        <button type="button" className="link" aria-expanded={open}>
          {row.queue}
        </button>
        {!quiet && <small>{row.department}</small>}
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
      <Icon name={signOf(row)} />
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

// Which queues the table shows, and in which order: kept in the address, so that a link shows the same. No React here.

import type { Level } from "../figures/states.js";
import { type Order, type QueueRow, sorted } from "./queues.js";

export type StateFilter = "" | "attention" | Level;

export interface TableView {
  search: string;
  state: StateFilter;
  /** Whether the rows stand under their departments. */
  grouped: boolean;
  order: Order;
  reversed: boolean;
}

export const STATES: readonly [StateFilter, string][] = [
  ["", "All states"],
  ["attention", "Needs attention"],
  ["critical", "Critical"],
  ["at_risk", "At risk"],
  ["stale", "Stale"],
  ["unknown", "Unknown"],
  ["ok", "Ok"],
  ["closed", "Closed"],
];
const ORDERS: readonly Order[] = ["urgency", "name", "risk", "service", "gap", "backlog", "growth", "age"];
const OWN = ["search", "state", "group", "sort"];
const CALM: readonly Level[] = ["ok", "closed"];

/** The view that the address names. Only where it names none of it, order and grouping are those that were last chosen:
 * a link shows everybody the same. */
export function viewIn(address: string, last: string): TableView {
  const asked = new URLSearchParams(address);
  const before = new URLSearchParams(OWN.some((name) => asked.has(name)) ? "" : last);
  const sort = asked.get("sort") ?? before.get("sort") ?? "";
  const state = asked.get("state") ?? "";
  return {
    search: asked.get("search") ?? "",
    state: STATES.find(([each]) => each === state)?.[0] ?? "",
    grouped: (asked.get("group") ?? before.get("group")) === "department",
    order: ORDERS.find((each) => each === sort.replace("-", "")) ?? "urgency",
    reversed: sort.startsWith("-"),
  };
}

/** The part that a browser remembers. */
export const lastOf = ({ grouped, order, reversed }: TableView): string =>
  new URLSearchParams({ sort: (reversed ? "-" : "") + order, group: grouped ? "department" : "" }).toString();

/** The address with this view in place of its own. Order and grouping are always written: another browser may remember
 * others. */
export function withView(address: string, view: TableView): string {
  const asked = new URLSearchParams(address);
  for (const name of OWN) asked.delete(name);
  if (view.search) asked.set("search", view.search);
  if (view.state) asked.set("state", view.state);
  for (const [name, value] of new URLSearchParams(lastOf(view))) asked.set(name, value);
  return asked.toString();
}

/** An address of another scope, with the view that this one names. */
export function keepingView(next: string, address: string): string {
  const kept = [...new URLSearchParams(address)].filter(([name]) => OWN.includes(name));
  return `?${new URLSearchParams([...new URLSearchParams(next), ...kept])}`;
}

export function isShown({ department, queue, level, suspect }: QueueRow, { search, state }: TableView): boolean {
  const found = `${queue} ${department}`.toLowerCase();
  if (
    !search
      .toLowerCase()
      .split(" ")
      .every((word) => found.includes(word))
  )
    return false;
  return state === "attention" ? suspect || !CALM.includes(level) : state === "" || state === level;
}

/** The rows as the table shows them. */
export function shownIn(rows: Iterable<QueueRow>, view: TableView): QueueRow[] {
  const found = sorted(rows, view.order, view.reversed).filter((row) => isShown(row, view));
  return view.grouped ? byDepartment(found).flatMap(({ rows: inside }) => inside) : found;
}

export interface Group {
  department: string;
  rows: QueueRow[];
}

/** Departments in the order of their first row. */
export function byDepartment(rows: readonly QueueRow[]): Group[] {
  const groups = new Map<string, QueueRow[]>();
  for (const row of rows) groups.set(row.department, [...(groups.get(row.department) ?? []), row]);
  return [...groups].map(([department, inside]) => ({ department, rows: inside }));
}

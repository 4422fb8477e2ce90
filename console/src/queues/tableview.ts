// Which queues the table shows, and in which order: kept in the address, so that a link shows the same. No React here.

import type { Level } from "../figures/states.js";
import type { Order, QueueRow } from "./queues.js";

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

/** The parameters of the address that are about the table; `sort` and `group` fall back to what was last chosen. */
export function viewIn(address: string, last: string): TableView {
  const [asked, before] = [new URLSearchParams(address), new URLSearchParams(last)];
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

/** The same as parameters; what is usual is left out. */
export function parametersOf({ search, state, grouped, order, reversed }: TableView): Record<string, string> {
  return {
    ...(search && { search }),
    ...(state && { state }),
    ...(grouped && { group: "department" }),
    ...((order !== "urgency" || reversed) && { sort: (reversed ? "-" : "") + order }),
  };
}

/** The address with these parameters of the table in place of its own. */
export function withView(address: string, view: TableView): string {
  const asked = new URLSearchParams(address);
  for (const name of OWN) asked.delete(name);
  for (const [name, value] of Object.entries(parametersOf(view))) asked.set(name, value);
  return asked.toString();
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

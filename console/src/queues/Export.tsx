// Downloads as CSV: the queues that the table shows, and the history of the same scope since midnight.

import { Icon } from "../kit/Icon.js";
import { Popover } from "../kit/parts.js";
import { elsewhereOf } from "../people/people.js";
import type { Scope } from "../session/payloads.js";
import { dataTime, type QueueRow, saidOf } from "./queues.js";
import { viewNow } from "./QueueTable.js";
import { shownIn } from "./tableview.js";
import { withQuery } from "../session/rest.js";
import { departmentOf, scopeName, useSession } from "../session/session.js";
import { localDay, startOfDay } from "../kit/words.js";

export function Export({ scope, rows, now }: { scope: Scope; rows: ReadonlyMap<string, QueueRow>; now: number }) {
  const { organization } = useSession();
  const since = new Date(startOfDay(now, organization.time_zone)).toISOString();
  const period = { since, format: "csv" };
  const download = () =>
    saved(csv(shownIn(rows.values(), viewNow())), fileName(scope, localDay(now, organization.time_zone)));
  return (
    <Popover label="Export as CSV" button={<Icon name="download" />} className="quiet">
      <p className="hint">{scopeName(scope, organization)}, since midnight</p>
      <ul className="links">
        <li>
          <button type="button" onClick={download}>
            Queues as shown now
          </button>
        </li>
        <li>
          <a href={withQuery("/api/intraday/kpi/history", { ...scope, ...period })}>KPIs of today</a>
        </li>
        <li>
          <a href={withQuery("/api/intraday/backlog/history", { ...scope, ...period })}>Backlog of today</a>
        </li>
        <li>
          <a href={withQuery("/api/intraday/attendance/history", { ...departmentOf(scope), ...period })}>
            {["Attendance of today", elsewhereOf(scope)].filter(Boolean).join(", ")}
          </a>
        </li>
      </ul>
    </Popover>
  );
}

const COLUMNS: [name: string, of: (row: QueueRow) => string | number | null | undefined][] = [
  ["department_id", (row) => row.department],
  ["queue_name", (row) => row.queue],
  ["state", (row) => row.level],
  ["risk_score", (row) => row.kpi?.sla_risk.risk_score],
  ["service_level", (row) => row.kpi?.service.service_level],
  ["target_service_level", (row) => row.kpi?.sla_risk.target_service_level],
  ["gap", (row) => row.kpi?.headcount_gap.gap],
  ["required", (row) => row.kpi?.headcount_gap.required],
  ["available", (row) => row.kpi?.headcount_gap.available],
  ["waiting_now", (row) => row.kpi?.service.waiting_now],
  ["total_items", (row) => row.backlog?.total_items],
  ["items_over_sla", (row) => row.backlog?.items_over_sla],
  ["backlog_trend", (row) => row.backlog?.backlog_trend],
  ["slope_per_hour", (row) => row.backlog?.slope_per_hour],
  ["data_time", dataTime],
  ["reasons", (row) => saidOf(row).join("; ")],
  ["quality", (row) => row.kpi?.quality],
  ["outlook_risk", (row) => row.kpi?.sla_risk.outlook_risk],
  ["service_level_answered", (row) => row.kpi?.service.service_level_answered],
];

/** As the server names its files: `queues_org_123_dept_456_2026-01-31.csv`. */
export function fileName({ organization_id, department_id, queue_name }: Scope, day: string): string {
  const parts = ["queues", organization_id, department_id, queue_name, day].filter((part) => part !== undefined);
  return `${parts.map((part) => part.replace(/[^\p{L}\p{N}_.-]/gu, "-")).join("_")}.csv`;
}

export function csv(rows: readonly QueueRow[]): string {
  const lines = rows.map((row) => COLUMNS.map(([, of]) => cell(of(row))));
  return [COLUMNS.map(([name]) => name), ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

/** Quoted where it must be; a text that a spreadsheet would run as a formula is kept from it. */
function cell(value: string | number | null | undefined): string {
  if (typeof value !== "string") return value == null ? "" : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function saved(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

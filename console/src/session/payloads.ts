// The payloads of the protocol under the names that the page uses, and the shapes of the REST answers it reads.

import type { Alert } from "intraday-realtime";

export type {
  Alert,
  AttendanceUpdate as Attendance,
  BacklogUpdate as Backlog,
  KPIUpdate as KPI,
} from "intraday-realtime";
export type { RecentCheckin } from "intraday-realtime";

export type Severity = Alert["severity"];

/** The scope of the page: an organization, a department or a queue. */
export interface Scope {
  organization_id: string;
  department_id?: string;
  queue_name?: string;
}

export interface AuditEntry {
  at: string;
  from: string | null;
  to: string | null;
  actor: string;
  reason: string | null;
  note: string | null;
  value: number | string | null;
  threshold: number | string | null;
}

/** An entry of the audit log: who did what, from where. */
export interface AuditLogEntry {
  at: string;
  actor: string;
  /** Such as `rule.changed`. */
  action: string;
  target: string;
  /** The fields that changed; null before a row was made, and after it was removed. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  address: string;
  request_id: string;
}

export interface Interval {
  start: string;
  end: string;
  state: "past" | "now" | "to_come";
  forecast: number | null;
  reforecast: number | null;
  offered: number | null;
  answered: number | null;
  abandoned: number | null;
  required: number | null;
  scheduled: number | null;
  available: number | null;
  gap: number | null;
  service_level: number | null;
  asa_seconds: number | null;
  aht_seconds: number | null;
  occupancy: number | null;
  /** Far fewer contacts than forecast: first of all a broken line. Servers before this page do not say. */
  suspect?: boolean;
  /** When the contacts of the running interval were measured. Servers before this page do not say. */
  as_of?: string | null;
}

export interface IntervalGrid extends Scope {
  date: string;
  time_zone: string;
  interval_minutes: number;
  intervals: Interval[];
}

export interface Feed {
  source: string;
  kind: string;
  last_received_at: string;
  newest_data_time: string | null;
  cadence_seconds: number | null;
  last_error: string | null;
  /** By how much its times are steadily behind, as those of a wrong zone are. */
  behind_minutes: number | null;
  /** The same in words. */
  warning: string | null;
  stale: boolean;
  /** Null while all its queues are closed, and of feeds that do not report by the clock. */
  awaited_since: string | null;
}

export interface Staffing {
  agents: number | null;
  calls: number | null;
  aht_seconds: number | null;
  interval_minutes: number;
  required: number | null;
  gap: number | null;
  service_level: number | null;
  occupancy: number | null;
  asa_seconds: number | null;
  risk_score: number | null;
  /** Servers before this page do not say. */
  day_end_service_level?: number | null;
}

export interface WhatIf {
  baseline: Staffing;
  scenario: Staffing;
  /** The queue that agents come from. */
  source?: { department_id: string | null; queue_name: string; baseline: Staffing; scenario: Staffing } | null;
}

export interface Wall {
  wall_id: string;
  department_id?: string;
  name: string;
  created_by: string;
  created_at: string;
}

/** A view of the table of queues that the person has saved: parameters of the address. */
export interface SavedView {
  view_id: string;
  name: string;
  query: string;
}

/** Its alerts are raised, but nobody is notified. */
export interface Silence {
  silence_id: string;
  rule_id: string | null;
  /** Empty for alerts of every source, and of every severity. */
  source?: string;
  severity?: string;
  department_id: string;
  queue_name: string;
  starts_at?: string;
  ends_at: string;
  /** Only in these hours, where there are any. */
  weekly?: { days: string[]; start: string; end: string }[];
  /** Null for those who may not see colleagues. */
  comment: string | null;
  created_by?: string | null;
}

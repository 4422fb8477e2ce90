// Made by `make types` from protocol.schema.json, which the server prints: do not edit.

export interface Protocol {
  Authenticate: Authenticate;
  Subscribe: Subscribe;
  Position: Position;
  Unsubscribe: Unsubscribe;
  Ack: Ack;
  Ping: Ping;
  Welcome: Welcome;
  Authenticated: Authenticated;
  Subscribed: Subscribed;
  Problem: Problem;
  Unsubscribed: Unsubscribed;
  Pong: Pong;
  Error: Error;
  Heartbeat: Heartbeat;
  Batch: Batch;
  Conflated: Conflated;
  Reconnect: Reconnect;
  KPIChanged: KPIChanged;
  Utilization: Utilization;
  HeadcountGap: HeadcountGap;
  SlaRisk: SlaRisk;
  Changes: Changes;
  Service: Service;
  Health: Health;
  State: State;
  Reason: Reason;
  Components: Components;
  QueueCounts: QueueCounts;
  DeferredWork: DeferredWork;
  VolumeDrop: VolumeDrop;
  BacklogChanged: BacklogChanged;
  AgeBucket: AgeBucket;
  AttendanceChanged: AttendanceChanged;
  RecentCheckin: RecentCheckin;
  CheckedIn: CheckedIn;
  CheckedOut: CheckedOut;
  AlertTriggered: AlertTriggered;
  AlertAcknowledged: AlertAcknowledged;
  AlertResolved: AlertResolved;
  AlertEscalated: AlertEscalated;
  AlertUpdated: AlertUpdated;
  ActionNoted: ActionNoted;
  PredictedEffect: PredictedEffect;
  SystemNotification: SystemNotification;
  CustomEvent: CustomEvent;
  Resync: Resync;
  SnapshotData: SnapshotData;
  Requests: Requests;
  Answers: Answers;
  Events: Events;
  Channels: Channels;
  Reserved: Reserved;
}
/**
 * A token: a signed one, or an API key with the scope `read`. In the browser of a signed-in person the organization
 * alone. In demo mode any user of the demo organization.
 */
export interface Authenticate {
  token?: string | null;
  user_id?: string | null;
  organization_id?: string | null;
}
/**
 * Options hold for all rooms of the streams named here, on this connection; those left out stay as they are.
 *
 * `delta`: events that replace one another come as patches. `batch_ms`: one `batch` message per interval; 0 ends it.
 * `durable`: a name under which the server remembers what was acknowledged, beyond this connection.
 */
export interface Subscribe {
  /**
   * @maxItems 1000
   */
  channels?: string[];
  organization_id?: string | null;
  department_id?: string | null;
  queue_name?: string | null;
  /**
   * @maxItems 1000
   */
  rooms?: string[];
  since?: {
    [k: string]: Position | undefined;
  };
  snapshot?: boolean;
  delta?: boolean | null;
  batch_ms?: number | null;
  durable?: string | null;
}
/**
 * A place in a stream: everything up to `seq` of this epoch is known.
 */
export interface Position {
  epoch: string;
  seq: number;
}
export interface Unsubscribe {
  /**
   * @maxItems 1000
   */
  channels?: string[];
  organization_id?: string | null;
  department_id?: string | null;
  queue_name?: string | null;
  /**
   * @maxItems 1000
   */
  rooms?: string[];
}
/**
 * Everything of this stream up to `seq` has arrived. Answered only if it cannot be.
 */
export interface Ack {
  stream: string;
  seq: number;
}
export interface Ping {}
/**
 * The first message of every connection.
 */
export interface Welcome {
  connection_id: string;
  heartbeat_seconds: number;
  protocol: string;
  version: number;
}
/**
 * `expires_at` is when to authenticate again on the same connection; null where nothing expires.
 */
export interface Authenticated {
  user_id: string;
  organization_id: string;
  role: string;
  expires_at: string | null;
}
/**
 * The rooms that are heard now. `position` is where the client stands in each stream, without those of which a
 * snapshot or a resync follows: it brings their position. With `recovered` all missed events follow.
 *
 * `granted`: asked rooms that were granted as others. `refused`: asked rooms that are not heard.
 */
export interface Subscribed {
  rooms: string[];
  position: {
    [k: string]: Position | undefined;
  };
  recovered: boolean;
  granted?: {
    [k: string]: string[] | undefined;
  };
  refused?: {
    [k: string]: Problem | undefined;
  };
}
/**
 * The reason why a room was refused.
 */
export interface Problem {
  code: string;
  message: string;
}
/**
 * The rooms that are no longer heard. Without `id` the server has taken them away, and says why.
 */
export interface Unsubscribed {
  rooms: string[];
  code?: string;
  message?: string;
}
export interface Pong {
  server_time: string;
}
/**
 * A request was refused; the connection stays open unless a close follows. `refused`: each room that was asked.
 */
export interface Error {
  code: string;
  message: string;
  id?: string | number;
  refused?: {
    [k: string]: Problem | undefined;
  };
}
/**
 * Moves the cursors of quiet rooms: what lies before `position` will not come any more.
 */
export interface Heartbeat {
  position: {
    [k: string]: Position | undefined;
  };
}
/**
 * The events of one interval of `batch_ms`, whole, without those that a later one replaces.
 */
export interface Batch {
  stream: string;
  conflated: number;
  events: {
    [k: string]: unknown | undefined;
  }[];
}
/**
 * The client was far behind: so many events were left out, each replaced by a later one that follows.
 */
export interface Conflated {
  stream: string;
  count: number;
}
/**
 * The server process stops: a close (1012) follows. The client comes back after that time, with its positions.
 */
export interface Reconnect {
  retry_after_ms: number;
}
/**
 * `kpi:update`: the figures of a scope and their judgement, `state`. `timestamp` is the instant it was computed
 * for, `as_of` that of its newest input; `latest` is false for a computation older than the newest, which moves
 * nothing.
 */
export interface KPIChanged {
  snapshot_id: string;
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  timestamp: string;
  utilization: Utilization;
  headcount_gap: HeadcountGap;
  sla_risk: SlaRisk;
  health_score: number | null;
  changes: Changes;
  service: Service;
  health: Health;
  quality: "no_data" | "ok" | "partial" | "stale" | "suspect";
  as_of: string | null;
  computed_at: string;
  data_age_seconds: number | null;
  latest: boolean;
  closed_until?: string;
  reasons?: {
    [k: string]: string | undefined;
  };
  state?: State;
  deferred?: DeferredWork;
  volume?: VolumeDrop;
}
/**
 * The load of agents (DOMAIN 3.2). Utilization is the COPC form, of paid time; `status` judges occupancy.
 *
 * `lower_bound` is true where agents handle several contacts at once: they are at least that busy (DOMAIN 1.4).
 */
export interface Utilization {
  current_utilization: number | null;
  occupancy: number | null;
  target_min: number;
  target_max: number;
  status: ("critical" | "high" | "low" | "ok") | null;
  productive_seconds: number | null;
  paid_seconds: number | null;
  handle_seconds: number | null;
  ready_seconds: number | null;
  agents_on_shift: number | null;
  window_seconds: number | null;
  lower_bound?: boolean;
}
/**
 * Available minus required agents of the running interval (DOMAIN 3.3): negative is short. All are heads at work.
 *
 * A person is counted once. `available_source`: "feed" is a distinct count posted for a department or organization,
 * "acd_overlapping" a sum of the ACD's counts in which people of several queues may be more than one.
 * `short_percent` is 0 inside the dead-band.
 */
export interface HeadcountGap {
  required: number | null;
  scheduled: number | null;
  available: number | null;
  available_source: ("acd" | "acd_overlapping" | "attendance" | "feed") | null;
  gap: number | null;
  shortfall: number | null;
  gap_percent: number | null;
  status: ("balanced" | "critical_understaffed" | "overstaffed" | "understaffed") | null;
  method: ("erlang_a" | "erlang_c" | "manual" | "workload") | null;
  interval_start: string | null;
  short_percent: number | null;
}
/**
 * The chance that the running interval misses its service level, given all that is known (DOMAIN 1.9, 3.3), and
 * that the next full one will (`outlook_risk`). Above queues: the maximum.
 *
 * `required_rest` is the percent of the contacts still to come in this interval that must be in target: above 100 it
 * is lost. `day_recovery_probability` is the chance in percent that the day still reaches its target.
 */
export interface SlaRisk {
  risk_score: number | null;
  risk_level: ("critical" | "high" | "low" | "medium") | null;
  projected_service_level: number | null;
  target_service_level: number | null;
  target_seconds: number | null;
  projected_asa_seconds: number | null;
  unstable: boolean | null;
  projected_queue_end: number | null;
  day_service_level: number | null;
  day_required_rest: number | null;
  day_recoverable: boolean | null;
  method: ("erlang_a" | "erlang_c" | "fluid" | "workload") | null;
  queues_at_risk?: number;
  outlook_risk: number | null;
  required_rest: number | null;
  day_recovery_probability: number | null;
}
/**
 * Against the snapshot before; all 0 and no baseline where there is none within 15 minutes (DOMAIN 3.5).
 */
export interface Changes {
  utilization_change: number;
  headcount_gap_change: number;
  sla_risk_change: number;
  health_score_change: number;
  baseline_timestamp: string | null;
}
/**
 * The contacts of the newest measured interval so far (the running one, or the one that has just ended), and of
 * today. Above queues: of realtime queues alone (`deferred` has the others).
 *
 * `service_level` counts every caller who waits past the target as missed; `service_level_answered` is of those
 * answered, for reading only. `expected` contacts are of the running interval: the forecast times `reforecast_ratio`,
 * corrected by its own run. `volume_variance_percent` compares `day_offered` with `day_forecast`: the same time of
 * today, drops in volume left out.
 */
export interface Service {
  offered: number | null;
  forecast: number | null;
  volume_variance_percent: number | null;
  answered: number | null;
  abandoned: number | null;
  abandon_rate: number | null;
  service_level: number | null;
  day_service_level: number | null;
  asa_seconds: number | null;
  aht_seconds: number | null;
  waiting_now: number | null;
  longest_wait_seconds: number | null;
  interval_start: string | null;
  service_level_answered: number | null;
  waiting_past_target: number | null;
  forecast_so_far: number | null;
  expected: number | null;
  reforecast_ratio: number | null;
  day_offered: number | null;
  day_forecast: number | null;
}
/**
 * The parts of `health_score`, each 0-100, and the state that capped it (DOMAIN 3.4).
 */
export interface Health {
  sla: number | null;
  staffing: number | null;
  utilization: number | null;
  cap_reason: string | null;
}
/**
 * The judgement. `queues` and `worst` (names, at most five) are there above queues only.
 */
export interface State {
  level: "at_risk" | "closed" | "critical" | "ok" | "stale" | "unknown";
  since: string;
  reasons: Reason[];
  components: Components;
  queues?: QueueCounts;
  worst?: string[];
}
/**
 * A condition that holds: its value and the limit that it broke, in the unit of its code.
 */
export interface Reason {
  code: string;
  value: number | null;
  limit: number | null;
  level: "at_risk" | "critical" | "stale" | "unknown";
}
/**
 * The level of each part by itself; null where nothing is known of it.
 */
export interface Components {
  service: ("at_risk" | "critical" | "ok") | null;
  staffing: ("at_risk" | "critical" | "ok") | null;
  backlog: ("at_risk" | "critical" | "ok") | null;
  volume: ("at_risk" | "critical" | "ok") | null;
}
/**
 * The number of queues of a department or organization at each level.
 */
export interface QueueCounts {
  ok: number;
  at_risk: number;
  critical: number;
  stale: number;
  closed: number;
  unknown: number;
}
/**
 * Mails and cases of the deferred queues inside a level: never added to callers (DOMAIN 3.13).
 */
export interface DeferredWork {
  queues: number;
  offered: number | null;
  answered: number | null;
  forecast: number | null;
  aht_seconds: number | null;
  required: number | null;
  available: number | null;
  risk_score: number | null;
}
/**
 * Far fewer contacts than forecast: first of all a broken line (DOMAIN 1.9). `inherited`: judged on a level above,
 * where this queue was offered nothing.
 */
export interface VolumeDrop {
  since: string;
  offered: number;
  forecast: number;
  span_minutes: number;
  inherited: boolean;
}
/**
 * `backlog:update`: how much work waits in a scope. Percent are 0-100, waits and ages minutes.
 *
 * `items_over_sla` have breached already, `items_at_risk` will soon. A null has its reason in `reasons`.
 * `items_added_this_interval` and `items_completed_this_interval` happened since the previous figure of the scope;
 * over a local day they add up to what was posted, above queues to what the queues inside posted. There they may be
 * below zero, where a feed corrected an earlier count downwards. `added_per_hour` and `completed_per_hour` are the
 * rates of the trailing hour. `age_profile` is left out where the feed, or a queue inside, does not send it.
 */
export interface BacklogChanged {
  snapshot_id: string;
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  timestamp: string;
  total_items: number;
  avg_wait_time_minutes: number;
  items_over_sla: number | null;
  sla_compliance_percentage: number | null;
  backlog_trend: "decreasing" | "growing" | "stable";
  items_added_this_interval: number;
  items_completed_this_interval: number;
  items_at_risk: number | null;
  oldest_item_age_minutes: number | null;
  flow_source: "counters" | "explicit" | "net_inferred" | "none";
  interval_seconds: number | null;
  added_per_hour: number | null;
  completed_per_hour: number | null;
  slope_per_hour: number | null;
  quality: "ok" | "partial" | "stale";
  derived: boolean;
  age_profile?: AgeBucket[];
  reasons?: {
    [k: string]: string | undefined;
  };
}
/**
 * The number of waiting items that are at least that old.
 */
export interface AgeBucket {
  older_than_minutes: number;
  items: number;
}
/**
 * `attendance:update`: who was to be there and who is (DOMAIN 3.7).
 *
 * scheduled = present + expected + absent + left early; late is a part of present, no-show of absent. The rate is
 * percent, null with nobody scheduled. `recent_checkins`: of the last hour, newest first, ten at most. `by_state`: how
 * many people are in each state, by their states or, without these, by their check-ins; out of adherence are those
 * who have been in another activity than is scheduled for longer than the tolerance.
 */
export interface AttendanceChanged {
  snapshot_id: string;
  organization_id: string;
  department_id?: string;
  timestamp: string;
  scheduled_count: number;
  present_count: number;
  absent_count: number;
  late_count: number;
  attendance_rate: number | null;
  recent_checkins: RecentCheckin[];
  expected_count: number;
  no_show_count: number;
  left_early_count: number;
  on_leave_count: number;
  unscheduled_count: number;
  lost_minutes: number;
  by_state: {
    [k: string]: number | undefined;
  };
  out_of_adherence_count: number;
  longest_out_of_adherence_minutes: number;
  reasons?: {
    [k: string]: string | undefined;
  };
}
export interface RecentCheckin {
  employee_id: string;
  employee_name: string | null;
  checked_in_at: string;
  status: "early" | "late" | "on_time" | "unscheduled";
}
/**
 * `attendance:checkin`: somebody came; `timestamp` is when.
 */
export interface CheckedIn {
  organization_id: string;
  department_id?: string;
  employee_id: string;
  employee_name: string | null;
  timestamp: string;
  status: "early" | "late" | "on_time" | "unscheduled";
  late_minutes: number;
}
/**
 * `attendance:checkout`: somebody left; `timestamp` is when.
 */
export interface CheckedOut {
  organization_id: string;
  department_id?: string;
  employee_id: string;
  employee_name: string | null;
  timestamp: string;
  left_early: boolean;
}
/**
 * `alert:triggered`: new, or risen in severity; with `reminder` it waits still, or again: its acknowledgement or
 * its silence has run out.
 */
export interface AlertTriggered {
  alert_id: string;
  rule_id: string;
  rule_name: string;
  alert_type: string;
  severity: "critical" | "high" | "low" | "medium";
  source: "attendance" | "backlog" | "kpi" | "schedule";
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  message: string;
  metric: string;
  unit: string;
  current_value: number | string | null;
  threshold_value: number | string | null;
  status: "acknowledged" | "pending" | "resolved";
  triggered_at: string;
  acknowledged_at?: string;
  acknowledged_by?: string;
  resolved_at?: string;
  resolved_by?: string;
  resolution?: "auto" | "closed" | "manual" | "no_data" | "orphaned" | "rule_disabled";
  condition_cleared_at?: string;
  note?: string;
  occurrence_count: number;
  last_seen_at: string;
  breaching_since?: string;
  peak_value: number | string | null;
  escalation_level: number;
  suppressed: boolean;
  snoozed_until?: string;
  group_key: string;
  previous_alert_id?: string;
  runbook?: string;
  version: number;
  reminder: boolean;
}
export interface AlertAcknowledged {
  alert_id: string;
  rule_id: string;
  rule_name: string;
  alert_type: string;
  severity: "critical" | "high" | "low" | "medium";
  source: "attendance" | "backlog" | "kpi" | "schedule";
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  message: string;
  metric: string;
  unit: string;
  current_value: number | string | null;
  threshold_value: number | string | null;
  status: "acknowledged" | "pending" | "resolved";
  triggered_at: string;
  acknowledged_at?: string;
  acknowledged_by?: string;
  resolved_at?: string;
  resolved_by?: string;
  resolution?: "auto" | "closed" | "manual" | "no_data" | "orphaned" | "rule_disabled";
  condition_cleared_at?: string;
  note?: string;
  occurrence_count: number;
  last_seen_at: string;
  breaching_since?: string;
  peak_value: number | string | null;
  escalation_level: number;
  suppressed: boolean;
  snoozed_until?: string;
  group_key: string;
  previous_alert_id?: string;
  runbook?: string;
  version: number;
}
export interface AlertResolved {
  alert_id: string;
  rule_id: string;
  rule_name: string;
  alert_type: string;
  severity: "critical" | "high" | "low" | "medium";
  source: "attendance" | "backlog" | "kpi" | "schedule";
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  message: string;
  metric: string;
  unit: string;
  current_value: number | string | null;
  threshold_value: number | string | null;
  status: "acknowledged" | "pending" | "resolved";
  triggered_at: string;
  acknowledged_at?: string;
  acknowledged_by?: string;
  resolved_at?: string;
  resolved_by?: string;
  resolution?: "auto" | "closed" | "manual" | "no_data" | "orphaned" | "rule_disabled";
  condition_cleared_at?: string;
  note?: string;
  occurrence_count: number;
  last_seen_at: string;
  breaching_since?: string;
  peak_value: number | string | null;
  escalation_level: number;
  suppressed: boolean;
  snoozed_until?: string;
  group_key: string;
  previous_alert_id?: string;
  runbook?: string;
  version: number;
}
export interface AlertEscalated {
  alert_id: string;
  rule_id: string;
  rule_name: string;
  alert_type: string;
  severity: "critical" | "high" | "low" | "medium";
  source: "attendance" | "backlog" | "kpi" | "schedule";
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  message: string;
  metric: string;
  unit: string;
  current_value: number | string | null;
  threshold_value: number | string | null;
  status: "acknowledged" | "pending" | "resolved";
  triggered_at: string;
  acknowledged_at?: string;
  acknowledged_by?: string;
  resolved_at?: string;
  resolved_by?: string;
  resolution?: "auto" | "closed" | "manual" | "no_data" | "orphaned" | "rule_disabled";
  condition_cleared_at?: string;
  note?: string;
  occurrence_count: number;
  last_seen_at: string;
  breaching_since?: string;
  peak_value: number | string | null;
  escalation_level: number;
  suppressed: boolean;
  snoozed_until?: string;
  group_key: string;
  previous_alert_id?: string;
  runbook?: string;
  version: number;
}
/**
 * `alert:updated`: the status stays, something else changed: snoozed, silenced, its condition cleared, its rule
 * edited; or its value or message moved, which is said at most once a minute and leaves the version as it was.
 */
export interface AlertUpdated {
  alert_id: string;
  rule_id: string;
  rule_name: string;
  alert_type: string;
  severity: "critical" | "high" | "low" | "medium";
  source: "attendance" | "backlog" | "kpi" | "schedule";
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  message: string;
  metric: string;
  unit: string;
  current_value: number | string | null;
  threshold_value: number | string | null;
  status: "acknowledged" | "pending" | "resolved";
  triggered_at: string;
  acknowledged_at?: string;
  acknowledged_by?: string;
  resolved_at?: string;
  resolved_by?: string;
  resolution?: "auto" | "closed" | "manual" | "no_data" | "orphaned" | "rule_disabled";
  condition_cleared_at?: string;
  note?: string;
  occurrence_count: number;
  last_seen_at: string;
  breaching_since?: string;
  peak_value: number | string | null;
  escalation_level: number;
  suppressed: boolean;
  snoozed_until?: string;
  group_key: string;
  previous_alert_id?: string;
  runbook?: string;
  version: number;
}
/**
 * `action:noted`: a person did something for this scope. Callers who may not see colleagues do not get `noted_by`
 * and `note`; a queue of another department that agents came from is left out.
 */
export interface ActionNoted {
  action_id: number;
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  kind: "call_in" | "hold_breaks" | "move" | "other" | "time_off";
  agents: number | null;
  from_department_id?: string;
  from_queue_name?: string;
  noted_at: string;
  noted_by?: string;
  until: string | null;
  note?: string;
  predicted: PredictedEffect[];
}
/**
 * The effect on one queue as the suggestion told it: service levels without the action and with it, 0-100.
 */
export interface PredictedEffect {
  department_id: string | null;
  queue_name: string;
  interval_end: string | null;
  service_level_before: number | null;
  service_level_after: number | null;
  day_end_service_level_before: number | null;
  day_end_service_level_after: number | null;
}
/**
 * A notice for everybody in the scope, such as maintenance. After `until` it is no longer true.
 */
export interface SystemNotification {
  notification_id: string;
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  severity: "critical" | "info" | "warning";
  title: string;
  message: string;
  until?: string;
  published_at: string;
}
/**
 * An event of the customer's own: its `name`, which is the event of the message too, and what it says.
 */
export interface CustomEvent {
  name: string;
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  published_at: string;
  payload: {
    [k: string]: unknown | undefined;
  };
}
/**
 * Logged as `<channel>:resync` in place of an event that could not be built: refetch this scope.
 */
export interface Resync {
  organization_id: string;
  department_id?: string;
  queue_name?: string;
  reason: string;
}
/**
 * The `data` of `<channel>:snapshot`: the current payload of every scope that these rooms hear.
 *
 * A large one comes in parts: the first names `rooms`, later ones none, and they only add. The last is `complete` and
 * bears the position; the others bear seq 0, which moves nobody.
 */
export interface SnapshotData {
  rooms: string[];
  items: unknown[];
  complete: boolean;
}
/**
 * Messages of clients.
 */
export interface Requests {
  authenticate: Authenticate;
  subscribe: Subscribe;
  unsubscribe: Unsubscribe;
  ack: Ack;
  ping: Ping;
}
/**
 * Messages of the server beside the events below.
 */
export interface Answers {
  welcome: Welcome;
  authenticated: Authenticated;
  subscribed: Subscribed;
  unsubscribed: Unsubscribed;
  pong: Pong;
  error: Error;
  heartbeat: Heartbeat;
  batch: Batch;
  conflated: Conflated;
  reconnect: Reconnect;
}
/**
 * The events of the log, by name.
 */
export interface Events {
  "kpi:update": KPIChanged;
  "backlog:update": BacklogChanged;
  "attendance:update": AttendanceChanged;
  "attendance:checkin": CheckedIn;
  "attendance:checkout": CheckedOut;
  "alert:triggered": AlertTriggered;
  "alert:acknowledged": AlertAcknowledged;
  "alert:resolved": AlertResolved;
  "alert:escalated": AlertEscalated;
  "alert:updated": AlertUpdated;
  "action:noted": ActionNoted;
  "system:notification": SystemNotification;
  "custom:event": CustomEvent;
}
/**
 * The channels, and the names of their events.
 */
export interface Channels {
  kpi: "kpi:update";
  backlog: "backlog:update";
  attendance: "attendance:checkin" | "attendance:checkout" | "attendance:update";
  alerts:
    "action:noted" | "alert:acknowledged" | "alert:escalated" | "alert:resolved" | "alert:triggered" | "alert:updated";
  system: "system:notification";
  custom: "custom:event";
}
/**
 * No custom event `<namespace>:<name>` has one of these namespaces, or one of these names.
 */
export interface Reserved {
  namespace:
    | "ack"
    | "action"
    | "alert"
    | "alerts"
    | "attendance"
    | "authenticate"
    | "authenticated"
    | "backlog"
    | "batch"
    | "conflated"
    | "custom"
    | "error"
    | "heartbeat"
    | "kpi"
    | "ping"
    | "pong"
    | "reconnect"
    | "subscribe"
    | "subscribed"
    | "system"
    | "unsubscribe"
    | "unsubscribed"
    | "welcome";
  name: "resync" | "snapshot";
}

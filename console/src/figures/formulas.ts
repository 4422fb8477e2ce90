// "How computed": what each tile's figure is made of.

import type { Attendance, Backlog, KPI } from "../session/payloads.js";
import { duration, number, percent, signed } from "../kit/words.js";

export interface Explanation {
  formula: string;
  inputs: [name: string, value: string][];
  source: string;
}

export function health({ health: parts, health_score: score }: KPI): Explanation {
  return {
    formula:
      "50 % service (100 − risk), 30 % staffing, 20 % occupancy; over what is known. At most 40 where the state is critical, " +
      "at most 79 where it is at risk; none while the volume is suspect.",
    inputs: [
      ["Service", number(parts.sla, 1)],
      ["Staffing", number(parts.staffing, 1)],
      ["Occupancy", number(parts.utilization, 1)],
      ["Capped", parts.cap_reason?.replaceAll("_", " ") ?? (score === null ? "nothing known" : "no")],
    ],
    source: "KPI service, from the figures of the other tiles",
  };
}

export function serviceLevel({ service, sla_risk: risk }: KPI): Explanation {
  return {
    formula:
      `Answered within ${duration(risk.target_seconds)} / (answered + abandoned later + waiting longer than that), ` +
      "running interval.",
    inputs: [
      ["Offered", number(service.offered)],
      ["Answered", number(service.answered)],
      ["Abandoned", number(service.abandoned)],
      ["Waiting past target", number(service.waiting_past_target)],
      ["Of those answered", percent(service.service_level_answered, 1)],
      ["Today so far", percent(service.day_service_level, 1)],
      ["Chance to reach the day's target", percent(risk.day_recovery_probability)],
    ],
    source: "Interval statistics of the ACD",
  };
}

export function slaRisk({ sla_risk: risk }: KPI): Explanation {
  return {
    formula:
      "Chance that the running interval ends below its target, given what has come, who waits and how many agents are " +
      "there. Next interval: the same for a whole one that starts now. Above queues: the highest of them.",
    inputs: [
      ["Method", METHODS[risk.method ?? ""] ?? "not known"],
      ["Next interval", percent(risk.outlook_risk, 1)],
      ["Needed for the rest of the interval", percent(risk.required_rest, 1)],
      ["Projected service level", percent(risk.projected_service_level, 1)],
      ["Projected wait", duration(risk.projected_asa_seconds)],
      ["Queue at the end", number(risk.projected_queue_end, 1)],
      ["Needed for the rest of the day", percent(risk.day_required_rest, 1)],
    ],
    source: "Erlang model of the KPI service",
  };
}

export function headcountGap({ headcount_gap: staff }: KPI): Explanation {
  return {
    formula: "Available − required agents of the running interval. Within 5 % (or one agent) counts as balanced.",
    inputs: [
      ["Required", number(staff.required)],
      ["Scheduled", number(staff.scheduled)],
      ["Available", number(staff.available)],
      ["Gap", signed(staff.gap_percent, 1) + " %"],
      ["Method", METHODS[staff.method ?? ""] ?? "not known"],
    ],
    source: HEADS[staff.available_source ?? ""] ?? "No agents known",
  };
}

export function occupancy({ utilization: used }: KPI): Explanation {
  return {
    formula: "Occupancy: handling / (handling + ready). Utilization: (handling + other productive) / paid time.",
    inputs: [
      ["Handling", duration(used.handle_seconds)],
      ["Ready", duration(used.ready_seconds)],
      ["Productive", duration(used.productive_seconds)],
      ["Paid", duration(used.paid_seconds)],
      ["Agents on shift", number(used.agents_on_shift)],
      ["Window", duration(used.window_seconds)],
    ],
    source: "Interval statistics of the ACD",
  };
}

export function backlog(figure: Backlog): Explanation {
  return {
    formula:
      "Items waiting, as the feed last said; above queues the sum of their newest figures. Trend: median slope of the " +
      "last 7 snapshots, or of the last quarter of an hour, outside a band of noise.",
    inputs: [
      ["Added since before", number(figure.items_added_this_interval)],
      ["Completed since before", number(figure.items_completed_this_interval)],
      ["Over SLA", number(figure.items_over_sla)],
      ["At risk", number(figure.items_at_risk)],
      ["Slope an hour", signed(figure.slope_per_hour, 1)],
    ],
    source: figure.derived ? "Sum of its queues" : (FLOWS[figure.flow_source] ?? "Backlog feed"),
  };
}

export function attendance(figure: Attendance): Explanation {
  return {
    formula: "Present / scheduled. Scheduled = present + expected + absent + left early; late is a part of present.",
    inputs: [
      ["Scheduled", number(figure.scheduled_count)],
      ["Present", number(figure.present_count)],
      ["Expected", number(figure.expected_count)],
      ["Absent", number(figure.absent_count)],
      ["Left early", number(figure.left_early_count)],
      ["Minutes lost", number(figure.lost_minutes)],
    ],
    source: "Check-ins against the published shifts",
  };
}

const HEADS: Record<string, string> = {
  acd: "Agents of the ACD",
  acd_overlapping: "Agents of the ACD, summed over queues: people may be counted more than once",
  attendance: "Attendance: present, on a shift for it",
  feed: "Distinct people, as the feed counts them",
};

const METHODS: Record<string, string> = {
  erlang_c: "Erlang C",
  erlang_a: "Erlang A, with patience",
  fluid: "more work than agents: the queue grows",
  workload: "work due against capacity",
  manual: "stated by the forecast",
};

const FLOWS: Record<string, string> = {
  explicit: "Backlog feed, with counts of the interval",
  counters: "Backlog feed, from its counters",
  net_inferred: "Backlog feed; flows are at least the change of the total",
  none: "Backlog feed, first snapshot",
};

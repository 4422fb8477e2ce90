// Figures for these tests, changed where a test says so.

import type { Alert, Backlog, KPI } from "../src/session/payloads.js";
import type { Reason, State } from "../src/figures/states.js";
import { alert as pending, golden } from "intraday-realtime/testing/server";

type Blocks = "sla_risk" | "headcount_gap" | "service";
type Change = { [Name in Blocks]?: Partial<KPI[Name]> } & Partial<Omit<KPI, Blocks | "state">> & {
    state?: Partial<State>;
  };

const TIME = "2026-01-31T09:59:55Z";
const NOTHING: Pick<KPI, Blocks | "utilization"> = {
  utilization: {
    current_utilization: null,
    occupancy: null,
    target_min: 75,
    target_max: 88,
    status: null,
    productive_seconds: null,
    paid_seconds: null,
    handle_seconds: null,
    ready_seconds: null,
    agents_on_shift: null,
    window_seconds: null,
  },
  headcount_gap: {
    required: null,
    scheduled: null,
    available: null,
    available_source: null,
    gap: null,
    shortfall: null,
    gap_percent: null,
    status: null,
    method: null,
    interval_start: null,
    short_percent: null,
  },
  sla_risk: {
    risk_score: null,
    risk_level: null,
    projected_service_level: null,
    target_service_level: null,
    target_seconds: null,
    projected_asa_seconds: null,
    unstable: null,
    projected_queue_end: null,
    day_service_level: null,
    day_required_rest: null,
    day_recoverable: null,
    method: null,
    outlook_risk: null,
    required_rest: null,
    day_recovery_probability: null,
  },
  service: {
    offered: null,
    forecast: null,
    volume_variance_percent: null,
    answered: null,
    abandoned: null,
    abandon_rate: null,
    service_level: null,
    day_service_level: null,
    asa_seconds: null,
    aht_seconds: null,
    waiting_now: null,
    longest_wait_seconds: null,
    interval_start: null,
    service_level_answered: null,
    waiting_past_target: null,
    forecast_so_far: null,
    expected: null,
    reforecast_ratio: null,
    day_offered: null,
    day_forecast: null,
  },
};

const OK: State = {
  level: "ok",
  since: "2026-01-31T09:00:00Z",
  reasons: [],
  components: { service: null, staffing: null, backlog: null, volume: null },
};

/** One of the state's reasons. */
export const reason = (code: string, value: number | null, limit: number | null, level: Reason["level"]): Reason => ({
  code,
  value,
  limit,
  level,
});

/** As it was stored before the server knew of states. */
export function withoutState(figure: KPI): KPI {
  const old: Partial<KPI> = { ...figure };
  delete old.state;
  return old as KPI;
}

/** Of which nothing is known but what the test says. */
export const kpi = (queue: string, { sla_risk, headcount_gap, service, state, ...change }: Change = {}): KPI => ({
  snapshot_id: queue,
  organization_id: "org_123",
  ...scope(queue),
  timestamp: TIME,
  utilization: NOTHING.utilization,
  sla_risk: { ...NOTHING.sla_risk, ...sla_risk },
  headcount_gap: { ...NOTHING.headcount_gap, ...headcount_gap },
  service: { ...NOTHING.service, ...service },
  health_score: null,
  health: { sla: null, staffing: null, utilization: null, cap_reason: null },
  changes: {
    utilization_change: 0,
    headcount_gap_change: 0,
    sla_risk_change: 0,
    health_score_change: 0,
    baseline_timestamp: null,
  },
  quality: "ok",
  as_of: TIME,
  computed_at: TIME,
  data_age_seconds: 5,
  latest: true,
  state: { ...OK, ...state },
  ...change,
});

export const backlog = (queue: string, change: Partial<Backlog> = {}): Backlog => ({
  ...(golden("backlog:update").data as Backlog),
  quality: "ok",
  sla_compliance_percentage: 100,
  ...scope(queue),
  ...change,
});

export const alert = (id: string, change: Partial<Alert> = {}): Alert => pending(id, change);

const scope = (queue: string) => ({ department_id: "service", queue_name: queue });

/** Nothing wrong with it. */
export const CALM = {
  sla_risk: { risk_score: 10, risk_level: "low", target_service_level: 80 },
  headcount_gap: { gap: 1, gap_percent: 5, shortfall: 0 },
  service: { service_level: 90 },
} as const;

// The figures of the scope as tiles: value, target, change, age, quality, and how it was computed.

import { memo } from "react";

import * as formulas from "./formulas.js";
import { Icon } from "../kit/Icon.js";
import { Popover, Value } from "../kit/parts.js";
import { elsewhereOf } from "../people/people.js";
import type { Attendance, Backlog, KPI, Scope } from "../session/payloads.js";
import { type QueueRow, worstReason } from "../queues/queues.js";
import { useSession } from "../session/session.js";
import {
  type Component,
  componentOf,
  dayRecovery,
  headsTitle,
  isSuspect,
  LEVEL_WORDS,
  levelOf,
  levelOfReason,
  levelWord,
  ofAnswered,
  outlook,
  pastTarget,
  restOfInterval,
} from "./states.js";
import { ageSeconds, clock, DASH, duration, minSec, minutes, number, percent, plural, signed } from "../kit/words.js";

type Tone = "critical" | "at_risk" | "plain";

interface TileProps {
  label: string;
  value: string;
  reason?: string | undefined;
  /** Remarks on the value, a line each. */
  notes?: string[];
  target: string;
  targetTitle?: string;
  change: string;
  changeTitle?: string;
  tone: Tone;
  /** In words, where the tone says that something is wrong. */
  state: string;
  asOf: string | null | undefined;
  quality: string | undefined;
  age: string;
  explain: formulas.Explanation | null;
  size?: "large" | "small";
}

const Tile = memo(function Tile(props: TileProps) {
  return (
    <li className="tile" data-tone={props.tone} data-quality={props.quality} data-size={props.size}>
      <div className="tile-head">
        <h3>{props.label}</h3>
        {props.explain && <HowComputed {...props} explain={props.explain} />}
      </div>
      <p className="tile-value">
        <Value text={props.value} reason={props.reason} />
        {props.state && (
          <span className="tile-state">
            {props.tone !== "plain" && <Icon name={props.tone} />}
            {props.state}
          </span>
        )}
      </p>
      {props.notes?.map((note) => (
        <p key={note} className="tile-note">
          {note}
        </p>
      ))}
      <p className="tile-foot">
        <span title={props.targetTitle}>{props.target}</span>
        {props.change !== "" && (
          <span className="tile-change" title={props.changeTitle}>
            {props.change}
          </span>
        )}
      </p>
      <p className="tile-age">{ageLine(props)}</p>
    </li>
  );
});

function ageLine({ age, quality, asOf }: TileProps): string {
  if (!asOf) return "no data yet";
  const words: Record<string, string> = {
    stale: "stale, ",
    partial: "partial, ",
    no_data: "no data, ",
    suspect: "suspect volume, ",
  };
  return `${words[quality ?? ""] ?? ""}${age} old`;
}

function HowComputed({ label, explain, asOf, quality, reason }: TileProps & { explain: formulas.Explanation }) {
  const { time_zone: zone } = useSession().organization;
  return (
    <Popover label={`How ${label} is computed`} button={<Icon name="info" />} className="quiet small">
      <p>{explain.formula}</p>
      <dl className="inputs">
        {explain.inputs.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {reason && <p className="why">Missing: {reason}</p>}
      <p className="hint">
        {explain.source}. As of {asOf ? clock(asOf, zone, true) : DASH}, quality {quality ?? "not known"}.
      </p>
    </Popover>
  );
}

interface TilesProps {
  kpi: KPI | undefined;
  /** The queues inside. */
  rows: readonly QueueRow[];
  backlog: Backlog | undefined;
  attendance: Attendance | undefined;
  scope: Scope;
  now: number;
}

export function Tiles({ kpi, rows, backlog, attendance, scope, now }: TilesProps) {
  const { time_zone: zone } = useSession().organization;
  const reason = worstReason(kpi, rows, { now, zone });
  const [service, waiting, risk, gap, used, health] = kpiTiles(kpi, reason, zone);
  const people = attendanceTile(attendance, elsewhereOf(scope));
  const tiles = [service, waiting, risk, gap, backlogTile(kpi, backlog), used, people, health];
  return (
    <ul className="tiles" aria-label="Figures of this scope">
      {tiles
        .filter((tile) => tile !== undefined)
        .map((tile) => (
          <Tile key={tile.label} {...tile} age={duration(ageSeconds(tile.asOf, now))} />
        ))}
    </ul>
  );
}

type Described = Omit<TileProps, "age">;

function kpiTiles(kpi: KPI | undefined, reason: string, zone: string): Described[] {
  const common = { asOf: kpi?.as_of ?? kpi?.timestamp, quality: kpi?.quality };
  const since = kpi?.changes.baseline_timestamp;
  const told = since ? ` since ${clock(since, zone)}` : "";
  const made = [
    serviceTile(kpi),
    waitingTile(kpi),
    riskTile(kpi, told),
    gapTile(kpi, told),
    occupancyTile(kpi),
    healthTile(kpi, reason, told),
  ];
  return made.map((tile) => ({ ...common, ...tile }));
}

type KPITile = Omit<Described, "asOf" | "quality">;

const toneOf = (level: string | null): Tone => (level === "critical" || level === "at_risk" ? level : "plain");

/** As its component of the state says; all colours on the page come from there. */
const componentTone = (kpi: KPI | undefined, component: Component): Tone => toneOf(componentOf(kpi, component));

const componentWord = (kpi: KPI | undefined, component: Component): string => {
  const level = componentOf(kpi, component);
  return level === null || level === "ok" ? "" : LEVEL_WORDS[level];
};

function healthTile(kpi: KPI | undefined, reason: string, told: string): KPITile {
  const score = kpi?.health_score ?? null;
  return {
    label: "Health",
    value: number(score),
    reason: why(kpi, "health_score"),
    notes: reason ? [reason] : [],
    target: "of 100",
    change: changed(kpi, "health_score_change", told, 1),
    size: "small",
    tone: toneOf(levelOf(kpi)),
    state: kpi ? levelWord(kpi) : "",
    explain: kpi ? formulas.health(kpi) : null,
  };
}

/** Callers who wait now: with the service level, the figure that one looks for first. */
function waitingTile(kpi: KPI | undefined): KPITile {
  const service = kpi?.service;
  return {
    label: "Waiting now",
    value: number(service?.waiting_now),
    reason: why(kpi, "service.waiting_now", "waiting_now"),
    notes: [pastTarget(service)].filter(Boolean),
    target: service?.longest_wait_seconds == null ? "" : `longest ${minSec(service.longest_wait_seconds)}`,
    change: "",
    tone: "plain",
    state: "",
    explain: null,
    size: "large",
  };
}

function serviceTile(kpi: KPI | undefined): KPITile {
  const answered = ofAnswered(kpi?.service);
  const lost = levelOfReason(kpi, "interval_lost"); // a bad outlook is the risk's
  return {
    label: "Service level now",
    value: percent(kpi?.service.service_level),
    reason: why(kpi, "service.service_level", "service_level"),
    notes: [answered && `(${answered})`].filter(Boolean),
    size: "large",
    target: targetOf(kpi),
    change: kpi?.service.day_service_level == null ? "" : `day ${percent(kpi.service.day_service_level)}`,
    changeTitle: dayRecovery(kpi?.sla_risk),
    tone: isSuspect(kpi) ? componentTone(kpi, "volume") : toneOf(lost),
    state: isSuspect(kpi) ? "suspect" : lost ? LEVEL_WORDS[lost] : "",
    explain: kpi ? formulas.serviceLevel(kpi) : null,
  };
}

/** `80 / 20 s`; above queues, which may have different ones, the share alone. */
function targetOf(kpi: KPI | undefined): string {
  const { target_service_level: share = null, target_seconds: seconds = null } = kpi?.sla_risk ?? {};
  if (share === null) return "no target";
  return `target ${number(share)}${seconds === null ? " %" : ` / ${duration(seconds)}`}`;
}

function riskTile(kpi: KPI | undefined, told: string): KPITile {
  const risk = kpi?.sla_risk;
  const queues = risk?.queues_at_risk;
  return {
    label: "SLA risk",
    value: percent(risk?.risk_score),
    reason: why(kpi, "sla_risk.risk_score", "risk_score"),
    notes: [restOfInterval(risk), outlook(risk)].filter(Boolean),
    target: queues === undefined ? "of the interval" : `${plural(queues, "queue")} at risk`,
    change: changed(kpi, "sla_risk_change", told),
    tone: componentTone(kpi, "service"),
    state: componentWord(kpi, "service") || (RISK[risk?.risk_level ?? ""] ?? ""),
    explain: kpi ? formulas.slaRisk(kpi) : null,
  };
}

/** Bands of the figure itself; "critical" is a word of the state. */
const RISK: Record<string, string> = { critical: "very high", high: "high", medium: "medium", low: "low" };

function gapTile(kpi: KPI | undefined, told: string): KPITile {
  const staff = kpi?.headcount_gap;
  const work = kpi?.deferred;
  return {
    label: "Headcount gap",
    value: signed(staff?.gap),
    reason: why(kpi, "headcount_gap.gap", "gap"),
    target: `${number(staff?.available)} of ${number(staff?.required)} needed`,
    notes: work ? [`of these ${number(work.available)} of ${number(work.required)} for deferred work`] : [],
    change: changed(kpi, "headcount_gap_change", told),
    targetTitle: headsTitle(kpi),
    tone: componentTone(kpi, "staffing"),
    state: componentWord(kpi, "staffing") || (STAFFING[staff?.status ?? ""] ?? ""),
    explain: kpi ? formulas.headcountGap(kpi) : null,
  };
}

const STAFFING: Record<string, string> = {
  balanced: "balanced",
  understaffed: "short",
  overstaffed: "spare",
  critical_understaffed: "far short",
};

function occupancyTile(kpi: KPI | undefined): KPITile {
  const used = kpi?.utilization;
  return {
    label: "Occupancy",
    value: percent(used?.occupancy),
    reason: why(kpi, "utilization.occupancy", "occupancy"),
    target: used ? `target ${number(used.target_min)}–${number(used.target_max)}` : "no target",
    change: used?.current_utilization == null ? "" : `used ${percent(used.current_utilization)}`,
    tone: used?.status === "critical" || used?.status === "high" ? "at_risk" : "plain", // a strain, no component of the state
    state: OCCUPANCY[used?.status ?? ""] ?? "",
    explain: kpi ? formulas.occupancy(kpi) : null,
  };
}

const OCCUPANCY: Record<string, string> = { critical: "very high", high: "high", low: "low" };

function backlogTile(kpi: KPI | undefined, backlog: Backlog | undefined): Described {
  const over = backlog?.items_over_sla;
  return {
    label: "Backlog",
    value: number(backlog?.total_items),
    reason: "nothing posted yet",
    target: backlog ? `${number(over)} over SLA` : "",
    change: backlog?.slope_per_hour == null ? "" : `${signed(backlog.slope_per_hour)} / h`,
    tone: componentTone(kpi, "backlog"),
    state: componentWord(kpi, "backlog") || (backlog?.backlog_trend ?? ""),
    asOf: backlog?.timestamp,
    quality: backlog?.quality,
    explain: backlog ? formulas.backlog(backlog) : null,
  };
}

/** `of` tells of whom it is, where that is not the scope of the page. */
function attendanceTile(figure: Attendance | undefined, of: string): Described {
  const rate = figure?.attendance_rate ?? null;
  return {
    label: "Attendance",
    value: percent(rate),
    reason: figure?.reasons?.attendance_rate ?? "nobody is scheduled, or nothing posted yet",
    target: figure ? `${number(figure.present_count)} of ${number(figure.scheduled_count)}${of && `, ${of}`}` : "",
    change: figure?.lost_minutes ? `lost ${minutes(figure.lost_minutes)}` : "",
    changeTitle: "Working time lost by lateness and absence",
    tone: "plain", // whether that is too little, rules say
    state: figure?.absent_count ? `${number(figure.absent_count)} missing` : "",
    asOf: figure?.timestamp,
    quality: undefined,
    explain: figure ? formulas.attendance(figure) : null,
  };
}

/** Why a figure is null: the server names the field with or without its block. */
export const why = (kpi: KPI | undefined, ...names: string[]): string | undefined =>
  kpi ? names.map((name) => kpi.reasons?.[name]).find(Boolean) : "nothing computed yet";

function changed(
  kpi: KPI | undefined,
  name: Exclude<keyof KPI["changes"], "baseline_timestamp">,
  told: string,
  digits: 0 | 1 = 0,
): string {
  return told && kpi ? signed(kpi.changes[name], digits) + told : "";
}

// The figures of the scope as tiles: value, target, change, age, quality, and how it was computed.

import { memo } from "react";

import * as formulas from "./formulas.js";
import { Icon } from "./Icon.js";
import { Popover, Value } from "./parts.js";
import type { Attendance, Backlog, KPI } from "./payloads.js";
import { useSession } from "./session.js";
import { ageSeconds, clock, DASH, duration, minutes, number, percent, plural, signed } from "./words.js";

type Tone = "burning" | "at_risk" | "plain";

interface TileProps {
  label: string;
  value: string;
  reason?: string | undefined;
  target: string;
  change: string;
  changeTitle?: string;
  tone: Tone;
  /** In words, where the tone says that something is wrong. */
  state: string;
  asOf: string | null | undefined;
  quality: string | undefined;
  age: string;
  explain: formulas.Explanation | null;
}

const Tile = memo(function Tile(props: TileProps) {
  return (
    <li className="tile" data-tone={props.tone} data-quality={props.quality}>
      <div className="tile-head">
        <h3>{props.label}</h3>
        {props.explain && <HowComputed {...props} explain={props.explain} />}
      </div>
      <p className="tile-value">
        <Value text={props.value} reason={props.reason} />
        {props.state && (
          <span className="tile-state">
            <Icon name={props.tone === "plain" ? "fine" : props.tone} />
            {props.state}
          </span>
        )}
      </p>
      <p className="tile-foot">
        <span>{props.target}</span>
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
  const words: Record<string, string> = { stale: "stale, ", partial: "partial, ", no_data: "no data, " };
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
  backlog: Backlog | undefined;
  attendance: Attendance | undefined;
  now: number;
}

export function Tiles({ kpi, backlog, attendance, now }: TilesProps) {
  const tiles = [...kpiTiles(kpi), backlogTile(backlog), attendanceTile(attendance)];
  return (
    <ul className="tiles" aria-label="Figures of this scope">
      {tiles.map((tile) => (
        <Tile key={tile.label} {...tile} age={duration(ageSeconds(tile.asOf, now))} />
      ))}
    </ul>
  );
}

type Described = Omit<TileProps, "age">;

function kpiTiles(kpi: KPI | undefined): Described[] {
  const common = { asOf: kpi?.as_of ?? kpi?.timestamp, quality: kpi?.quality };
  const made = [healthTile(kpi), serviceTile(kpi), riskTile(kpi), gapTile(kpi), occupancyTile(kpi)];
  return made.map((tile) => ({ ...common, ...tile }));
}

type KPITile = Omit<Described, "asOf" | "quality">;

function healthTile(kpi: KPI | undefined): KPITile {
  const score = kpi?.health_score ?? null;
  const tone = score !== null && score < 60 ? "burning" : score !== null && score < 80 ? "at_risk" : "plain";
  return {
    label: "Health",
    value: number(score),
    reason: why(kpi, "health_score"),
    target: "of 100",
    change: changed(kpi, "health_score_change", 1),
    changeTitle: SINCE,
    tone,
    state: score === null ? "" : { burning: "poor", at_risk: "strained", plain: "good" }[tone],
    explain: kpi ? formulas.health(kpi) : null,
  };
}

function serviceTile(kpi: KPI | undefined): KPITile {
  const [value, target] = [kpi?.service.service_level ?? null, kpi?.sla_risk.target_service_level ?? null];
  const below = value !== null && target !== null && value < target - 5;
  return {
    label: "Service level now",
    value: percent(value),
    reason: why(kpi, "service.service_level", "service_level"),
    target: targetOf(kpi),
    change: kpi?.service.day_service_level == null ? "" : `day ${percent(kpi.service.day_service_level)}`,
    tone: below ? (value < target - 20 ? "burning" : "at_risk") : "plain",
    state: below ? "below target" : "",
    explain: kpi ? formulas.serviceLevel(kpi) : null,
  };
}

/** `80 / 20 s`; above queues, which may have different ones, the share alone. */
function targetOf(kpi: KPI | undefined): string {
  const { target_service_level: share = null, target_seconds: seconds = null } = kpi?.sla_risk ?? {};
  if (share === null) return "no target";
  return `target ${number(share)}${seconds === null ? " %" : ` / ${duration(seconds)}`}`;
}

function riskTile(kpi: KPI | undefined): KPITile {
  const risk = kpi?.sla_risk;
  const tones: Record<string, Tone> = { critical: "burning", high: "at_risk" };
  const queues = risk?.queues_at_risk;
  return {
    label: "SLA risk",
    value: percent(risk?.risk_score),
    reason: why(kpi, "sla_risk.risk_score", "risk_score"),
    target: queues === undefined ? "of the interval" : `${plural(queues, "queue")} at risk`,
    change: changed(kpi, "sla_risk_change"),
    changeTitle: SINCE,
    tone: tones[risk?.risk_level ?? ""] ?? "plain",
    state: risk?.risk_level ?? "",
    explain: kpi ? formulas.slaRisk(kpi) : null,
  };
}

function gapTile(kpi: KPI | undefined): KPITile {
  const staff = kpi?.headcount_gap;
  const tones: Record<string, Tone> = { critical_understaffed: "burning", understaffed: "at_risk" };
  return {
    label: "Headcount gap",
    value: signed(staff?.gap),
    reason: why(kpi, "headcount_gap.gap", "gap"),
    target: `${number(staff?.available)} of ${number(staff?.required)} needed`,
    change: changed(kpi, "headcount_gap_change"),
    changeTitle: SINCE,
    tone: tones[staff?.status ?? ""] ?? "plain",
    state: STAFFING[staff?.status ?? ""] ?? "",
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
  const tones: Record<string, Tone> = { critical: "burning", high: "at_risk" };
  return {
    label: "Occupancy",
    value: percent(used?.occupancy),
    reason: why(kpi, "utilization.occupancy", "occupancy"),
    target: used ? `target ${number(used.target_min)}–${number(used.target_max)}` : "no target",
    change: used?.current_utilization == null ? "" : `used ${percent(used.current_utilization)}`,
    tone: tones[used?.status ?? ""] ?? "plain",
    state: used?.status === "ok" ? "" : (used?.status ?? ""),
    explain: kpi ? formulas.occupancy(kpi) : null,
  };
}

function backlogTile(backlog: Backlog | undefined): Described {
  const within = backlog?.sla_compliance_percentage ?? null;
  const late = within !== null && within < 90;
  const over = backlog?.items_over_sla;
  return {
    label: "Backlog",
    value: number(backlog?.total_items),
    reason: "nothing posted yet",
    target: backlog ? `${number(over)} over SLA` : "",
    change: backlog?.slope_per_hour == null ? "" : `${signed(backlog.slope_per_hour)} / h`,
    tone: late ? (within < 70 ? "burning" : "at_risk") : "plain",
    state: backlog?.backlog_trend ?? "",
    asOf: backlog?.timestamp,
    quality: backlog?.quality,
    explain: backlog ? formulas.backlog(backlog) : null,
  };
}

function attendanceTile(figure: Attendance | undefined): Described {
  const rate = figure?.attendance_rate ?? null;
  const low = rate !== null && rate < 85;
  return {
    label: "Attendance",
    value: percent(rate),
    reason: figure?.reasons?.attendance_rate ?? "nobody is scheduled, or nothing posted yet",
    target: figure ? `${number(figure.present_count)} of ${number(figure.scheduled_count)}` : "",
    change: figure?.lost_minutes ? `lost ${minutes(figure.lost_minutes)}` : "",
    changeTitle: "Working time lost by lateness and absence",
    tone: low ? (rate < 70 ? "burning" : "at_risk") : "plain",
    state: figure?.absent_count ? `${number(figure.absent_count)} missing` : "",
    asOf: figure?.timestamp,
    quality: undefined,
    explain: figure ? formulas.attendance(figure) : null,
  };
}

const SINCE = "Change since the figures before";

/** Why a figure is null: the server names the field with or without its block. */
export const why = (kpi: KPI | undefined, ...names: string[]): string | undefined =>
  kpi ? names.map((name) => kpi.reasons?.[name]).find(Boolean) : "nothing computed yet";

function changed(
  kpi: KPI | undefined,
  name: Exclude<keyof KPI["changes"], "baseline_timestamp">,
  digits: 0 | 1 = 0,
): string {
  return kpi?.changes.baseline_timestamp ? signed(kpi.changes[name], digits) : "";
}

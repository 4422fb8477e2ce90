// The figures of callers: the running interval so far, and the day.

import { Panel, Value } from "../kit/parts.js";
import type { KPI } from "../session/payloads.js";
import { serviceLevel } from "./states.js";
import { why } from "./Tiles.js";
import { minSec, number, percent, signed } from "../kit/words.js";

export function ServiceBlock({ kpi }: { kpi: KPI | undefined }) {
  const service = kpi?.service;
  const figures: [label: string, text: string, name: string][] = [
    ["Offered", number(service?.offered), "offered"],
    ["Forecast so far", number(service?.forecast_so_far), "forecast_so_far"],
    ["Forecast, interval", number(service?.forecast), "forecast"],
    ["Expected", number(service?.expected), "expected"],
    ["Answered", number(service?.answered), "answered"],
    ["Abandoned", abandoned(service), "abandoned"],
    ["Service level", serviceLevel(service), "service_level"],
    ["Wait (ASA)", minSec(service?.asa_seconds), "asa_seconds"],
    ["Handling (AHT)", minSec(service?.aht_seconds), "aht_seconds"],
    ["Waiting now", waiting(service), "waiting_now"],
    ["Longest wait", minSec(service?.longest_wait_seconds), "longest_wait_seconds"],
    ["Service level, day", percent(service?.day_service_level), "day_service_level"],
    ["Chance, day's target", percent(kpi?.sla_risk.day_recovery_probability), "day_recovery_probability"],
    ["Contacts, day", number(service?.day_offered), "day_offered"],
    ["Forecast so far, day", number(service?.day_forecast), "day_forecast"],
    ["Variance, day", withPercent(service?.volume_variance_percent), "volume_variance_percent"],
  ];
  const block = (name: string) => (name === "day_recovery_probability" ? "sla_risk" : "service");
  return (
    <Panel title={kpi?.deferred ? "Callers, running interval" : "Service, running interval"} className="service">
      <dl className="facts">
        {figures.map(([label, text, name]) => (
          <div key={name}>
            <dt title={name === "day_recovery_probability" ? "The chance to reach the day's target" : undefined}>
              {label}
            </dt>
            <dd>
              <Value text={text} reason={why(kpi, `${block(name)}.${name}`, name)} />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

const withPercent = (value: number | null | undefined): string => signed(value) + (value == null ? "" : " %");

function waiting(service: KPI["service"] | undefined): string {
  const past = service?.waiting_past_target;
  return number(service?.waiting_now) + (past ? ` (${number(past)} past target)` : "");
}

function abandoned(service: KPI["service"] | undefined): string {
  if (service?.abandoned == null) return number(null);
  return number(service.abandoned) + (service.abandon_rate === null ? "" : ` (${percent(service.abandon_rate)})`);
}

// What callers meet: the running interval so far.

import { Panel, Value } from "./parts.js";
import type { KPI } from "./payloads.js";
import { why } from "./Tiles.js";
import { duration, number, percent, signed } from "./words.js";

export function ServiceBlock({ kpi }: { kpi: KPI | undefined }) {
  const service = kpi?.service;
  const figures: [label: string, text: string, name: string][] = [
    ["Offered", number(service?.offered), "offered"],
    ["Forecast", number(service?.forecast), "forecast"],
    ["Variance", withPercent(service?.volume_variance_percent), "volume_variance_percent"],
    ["Answered", number(service?.answered), "answered"],
    ["Abandoned", abandoned(service), "abandoned"],
    ["Service level, day", percent(service?.day_service_level), "day_service_level"],
    ["Wait (ASA)", duration(service?.asa_seconds), "asa_seconds"],
    ["Handling (AHT)", duration(service?.aht_seconds), "aht_seconds"],
    ["Waiting now", number(service?.waiting_now), "waiting_now"],
    ["Longest wait", duration(service?.longest_wait_seconds), "longest_wait_seconds"],
  ];
  return (
    <Panel title="Service, running interval" className="service">
      <dl className="facts">
        {figures.map(([label, text, name]) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd>
              <Value text={text} reason={why(kpi, `service.${name}`, name)} />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

const withPercent = (value: number | null | undefined): string => signed(value) + (value == null ? "" : " %");

function abandoned(service: KPI["service"] | undefined): string {
  if (service?.abandoned == null) return number(null);
  return number(service.abandoned) + (service.abandon_rate === null ? "" : ` (${percent(service.abandon_rate)})`);
}

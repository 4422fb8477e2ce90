// Deferred work of a level above queues: it has no service level of callers, so it stands apart from them.

import { Panel, Value } from "../kit/parts.js";
import type { KPI } from "../session/payloads.js";
import { why } from "./Tiles.js";
import { minSec, number, percent, plural } from "../kit/words.js";

export function DeferredBlock({ kpi }: { kpi: KPI | undefined }) {
  const work = kpi?.deferred;
  if (!work) return null;
  const figures: [label: string, text: string, name: string][] = [
    ["Offered", number(work.offered), "offered"],
    ["Answered", number(work.answered), "answered"],
    ["Forecast", number(work.forecast), "forecast"],
    ["Handling (AHT)", minSec(work.aht_seconds), "aht_seconds"],
    ["Required", number(work.required), "required"],
    ["Available", number(work.available), "available"],
    ["Risk", percent(work.risk_score), "risk_score"],
  ];
  return (
    <Panel
      title="Deferred work"
      className="service deferred"
      aside={<span className="hint">{plural(work.queues, "queue")}, apart from callers</span>}
    >
      <dl className="facts">
        {figures.map(([label, text, name]) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd>
              <Value text={text} reason={why(kpi, `deferred.${name}`)} />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

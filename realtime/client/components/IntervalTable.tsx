// The day interval by interval: plan beside what came. First the ones around now; the whole day on request.

import { memo, useState } from "react";

import { Panel, Value } from "./parts.js";
import type { Interval } from "./payloads.js";
import { useSession } from "./session.js";
import { clock, number, percent, plural, signed } from "./words.js";

const BEFORE = 4;
const AFTER = 6;

export const IntervalTable = memo(function IntervalTable({ intervals }: { intervals: Interval[] }) {
  const [whole, setWhole] = useState(false);
  const at = Math.max(
    0,
    intervals.findIndex(({ state }) => state === "now"),
  );
  const shown = whole ? intervals : intervals.slice(Math.max(0, at - BEFORE), at + AFTER);
  return (
    <Panel title="Intervals" className="intervals">
      <div className="scroll" tabIndex={0} role="region" aria-label="Intervals of the day">
        <table>
          <thead>
            <tr>
              <th scope="col">Interval</th>
              <th scope="col" className="figure">
                Forecast
              </th>
              <th scope="col" className="figure" title="Forecast, corrected by what came so far">
                Reforecast
              </th>
              <th scope="col" className="figure">
                Actual
              </th>
              <th scope="col" className="figure">
                Required
              </th>
              <th scope="col" className="figure">
                Scheduled
              </th>
              <th scope="col" className="figure">
                Available
              </th>
              <th scope="col" className="figure">
                Gap
              </th>
              <th scope="col" className="figure">
                Service
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((interval) => (
              <IntervalRow key={interval.start} interval={interval} />
            ))}
          </tbody>
        </table>
      </div>
      {intervals.length > BEFORE + AFTER && (
        <button type="button" className="more" onClick={() => setWhole(!whole)}>
          {whole ? "Only around now" : `Show all ${plural(intervals.length, "interval")}`}
        </button>
      )}
    </Panel>
  );
});

const STATES = { past: "", now: "now", to_come: "to come" } as const;

function IntervalRow({ interval }: { interval: Interval }) {
  const { time_zone: zone } = useSession().organization;
  const short = interval.gap !== null && interval.required && interval.gap / interval.required <= -0.1;
  const toCome = interval.state === "to_come" ? "not come yet" : undefined;
  return (
    <tr data-state={interval.state}>
      <th scope="row">
        {clock(interval.start, zone)}
        {STATES[interval.state] && <small>{STATES[interval.state]}</small>}
      </th>
      <td className="figure">
        <Value text={number(interval.forecast)} reason="no forecast posted" />
      </td>
      <td className="figure">
        <Value text={number(interval.reforecast)} reason="no forecast posted" />
      </td>
      <td className="figure">
        <Value text={number(interval.offered)} reason={toCome ?? "nothing posted"} />
      </td>
      <td className="figure">
        <Value text={number(interval.required)} reason="no forecast to work it out from" />
      </td>
      <td className="figure">
        <Value text={number(interval.scheduled)} reason="no shifts posted" />
      </td>
      <td className="figure">
        <Value text={number(interval.available)} reason={toCome ?? "neither agents nor check-ins posted"} />
      </td>
      <td className="figure" data-short={short || undefined}>
        <Value text={signed(interval.gap)} reason="required or agents unknown" />
      </td>
      <td className="figure">
        <Value text={percent(interval.service_level)} reason={toCome ?? "no contacts"} />
      </td>
    </tr>
  );
}

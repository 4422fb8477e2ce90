// The day interval by interval: plan beside what came. First the ones around now; the whole day on request.

import { memo, useState } from "react";

import { Panel, Value } from "../kit/parts.js";
import type { Interval } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { clock, number, percent, plural, signed } from "../kit/words.js";

const BEFORE = 4;
const AFTER = 6;

interface Column {
  label: string;
  title?: string;
  text: (interval: Interval) => string;
  /** Why it may be missing; what has not come yet needs no other reason. */
  reason: string;
  actual?: boolean;
  /** Left out where there is little room. */
  wide?: boolean;
}

const COLUMNS: Column[] = [
  { label: "Forecast", text: (each) => number(each.forecast), reason: "no forecast posted" },
  {
    label: "Reforecast",
    title: "Forecast, corrected by what came so far",
    text: (each) => number(each.reforecast),
    reason: "for coming intervals alone, and where a forecast was posted",
    wide: true,
  },
  { label: "Actual", text: (each) => number(each.offered), reason: "nothing posted", actual: true },
  { label: "Required", text: (each) => number(each.required), reason: "no forecast to work it out from" },
  { label: "Scheduled", text: (each) => number(each.scheduled), reason: "no shifts posted", wide: true },
  {
    label: "Available",
    text: (each) => number(each.available),
    reason: "neither agents nor check-ins posted",
    actual: true,
  },
  { label: "Gap", text: (each) => signed(each.gap), reason: "required or agents unknown" },
  { label: "Service", text: (each) => percent(each.service_level), reason: "no contacts", actual: true },
];

interface Props {
  intervals: Interval[];
  /** The level of staffing now, by the state. */
  staffing: string | null;
  narrow?: boolean;
}

export const IntervalTable = memo(function IntervalTable({ intervals, staffing, narrow = false }: Props) {
  const columns = narrow ? COLUMNS.filter(({ wide }) => !wide) : COLUMNS;
  const [whole, setWhole] = useState(false);
  const at = intervals.findIndex(({ state }) => state === "now");
  const shown = whole ? intervals : intervals.slice(Math.max(0, at - BEFORE), Math.max(0, at) + AFTER);
  return (
    <Panel title={narrow ? "Intervals of this queue" : "Intervals"} className="intervals">
      <div className="scroll" tabIndex={0} role="group" aria-label="Intervals of the day">
        <table>
          <thead>
            <tr>
              <th scope="col">Interval</th>
              {columns.map(({ label, title, wide }) => (
                <th key={label} scope="col" className="figure" title={title} data-wide={wide}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((interval) => (
              <IntervalRow
                key={interval.start}
                interval={interval}
                columns={columns}
                staffing={interval.state === "now" ? staffing : null}
              />
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

interface RowProps {
  interval: Interval;
  columns: Column[];
  staffing: string | null;
}

function IntervalRow({ interval, columns, staffing }: RowProps) {
  const { time_zone: zone } = useSession().organization;
  const { gap, state, suspect = false } = interval;
  return (
    <tr data-state={state} data-short={gap !== null && gap < 0} data-staffing={staffing} data-suspect={suspect}>
      <th scope="row">
        {clock(interval.start, zone)}
        {STATES[state] && <small>{STATES[state]}</small>}
        {suspect && (
          <small className="suspect-mark" title="Far fewer contacts than forecast: not counted as demand">
            suspect
          </small>
        )}
      </th>
      {columns.map(({ label, text, reason, actual, wide }) => (
        <td key={label} className="figure" data-column={label} data-wide={wide}>
          <Value text={text(interval)} reason={actual && state === "to_come" ? "not come yet" : reason} />
        </td>
      ))}
    </tr>
  );
}

// Where it burns, in one glance: the worst queues with what is wrong, in figures.

import { Icon } from "./Icon.js";
import { Value } from "./parts.js";
import { age, growth, type QueueRow, serviceOf } from "./queues.js";
import { why } from "./Tiles.js";
import { number, percent, plural } from "./words.js";

const SHOWN = 3;

export function BurnStrip({ rows, now, onOpen }: { rows: QueueRow[]; now: number; onOpen: (row: QueueRow) => void }) {
  const troubled = rows.filter(({ level }) => level === "burning" || level === "at_risk");
  const burning = troubled.filter(({ level }) => level === "burning").length;
  // When nothing burns, what comes nearest to it: the strip keeps its place, and says where to look next.
  const shown = troubled.length ? troubled : rows.filter(({ level }) => level === "fine");
  if (!rows.length) return null;
  return (
    <section className="burn" aria-labelledby="burn-title" data-burning={burning > 0}>
      <h2 id="burn-title">
        {burning ? plural(burning, "queue burns", "queues burn") : troubled.length ? "At risk" : "Nothing burns"}
        <small>
          {troubled.length - burning > 0 && burning > 0
            ? `${number(troubled.length - burning)} more at risk`
            : `${troubled.length ? "" : "nearest "}of ${plural(rows.length, "queue")}`}
        </small>
      </h2>
      <ol>
        {shown.slice(0, SHOWN).map((row) => (
          <li key={row.key}>
            <Burning row={row} now={now} onOpen={onOpen} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Burning({ row, now, onOpen }: { row: QueueRow; now: number; onOpen: (row: QueueRow) => void }) {
  const { kpi } = row;
  const service = serviceOf(row);
  return (
    <button type="button" className="burning" data-level={row.level} onClick={() => onOpen(row)}>
      <span className="burning-name">
        <Icon name={row.level} />
        <strong>{row.queue}</strong>
        <small>{row.department}</small>
        <small className="burning-age">{age(row, now)} old</small>
      </span>
      <span className="burning-figures">
        <Fact
          label={service.label}
          text={percent(service.percent)}
          reason={why(kpi, "service.service_level", "service_level")}
        >
          {service.target !== null && ` of ${number(service.target)}`}
        </Fact>
        <Fact
          label={kpi?.headcount_gap.shortfall === 1 ? "agent short" : "agents short"}
          text={number(kpi?.headcount_gap.shortfall)}
          reason={why(kpi, "headcount_gap.gap", "gap")}
        />
        <span className="burning-growth">{growth(row) || row.why[0]}</span>
      </span>
    </button>
  );
}

function Fact({
  label,
  text,
  reason,
  children,
}: {
  label: string;
  text: string;
  reason: string | undefined;
  children?: React.ReactNode;
}) {
  return (
    <span className="fact">
      <b>
        <Value text={text} reason={reason} />
      </b>
      {children} <span>{label}</span>
    </span>
  );
}

// The worst queues in one glance, with their reasons and figures.

import { Icon } from "../kit/Icon.js";
import { Value } from "../kit/parts.js";
import type { KPI } from "../session/payloads.js";
import { age, growth, headline, type QueueRow, saidOf, serviceOf, signOf } from "./queues.js";
import { heldFor, ofAnswered, restOfInterval } from "../figures/states.js";
import { why } from "../figures/Tiles.js";
import { number, percent } from "../kit/words.js";

const SHOWN = 3;

interface Props {
  rows: QueueRow[];
  /** The figure of the scope that is shown. */
  scope: KPI | undefined;
  now: number;
  onOpen: (row: QueueRow) => void;
}

export function CriticalQueues({ rows, scope, now, onOpen }: Props) {
  if (!rows.length) return null;
  const { level, title, note } = headline(rows, scope);
  // With nothing wrong the strip keeps its place, and shows the queues that come nearest to it.
  const shown = rows.filter((row) => row.level !== "closed").slice(0, SHOWN);
  return (
    <section className="critical-queues" aria-labelledby="critical-queues-title" data-level={level}>
      <h2 id="critical-queues-title">
        {title}
        <small>{note}</small>
      </h2>
      <ol>
        {shown.map((row) => (
          <li key={row.key}>
            <CriticalQueue row={row} now={now} onOpen={onOpen} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function CriticalQueue({ row, now, onOpen }: { row: QueueRow; now: number; onOpen: (row: QueueRow) => void }) {
  const { kpi } = row;
  const service = serviceOf(row);
  return (
    <button type="button" className="critical-queue" data-level={row.level} onClick={() => onOpen(row)}>
      <span className="critical-queue-name">
        <Icon name={signOf(row)} />
        <strong>{row.queue}</strong>
        <small>{row.department}</small>
        <small className="critical-queue-age" title="How long it has been so; how old the data is">
          {[row.level === "ok" ? "" : heldFor(kpi, now), `${age(row, now)} old`].filter(Boolean).join(" · ")}
        </small>
      </span>
      <span className="critical-queue-figures">
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
        {[saidOf(row)[0], outlookOf(row)].filter(Boolean).map((line) => (
          <span key={line} className="critical-queue-line">
            {line}
          </span>
        ))}
      </span>
    </button>
  );
}

/** The prospects of this interval for callers; of deferred work, the movement of its backlog. */
function outlookOf(row: QueueRow): string {
  const { kpi } = row;
  if (serviceOf(row).label !== "service level") return growth(row);
  return [restOfInterval(kpi?.sla_risk), growth(row), ofAnswered(kpi?.service)].filter(Boolean).join(" · ");
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

// Figures that contradict themselves, and beside them what the feed was last told.

import { Icon } from "../kit/Icon.js";
import type { Feed } from "../session/payloads.js";
import type { QueueRow } from "../queues/queues.js";
import { impossible } from "./impossible.js";

const SHOWN = 3;

export function Impossible({ rows, feeds }: { rows: Iterable<QueueRow>; feeds: readonly Feed[] }) {
  const found = [...rows].flatMap(({ queue, kpi, backlog }) =>
    impossible(kpi, backlog).map((words) => `${queue}: ${words}`),
  );
  if (!found.length) return null;
  const errors = feeds.filter(({ last_error }) => last_error);
  return (
    <section className="suspect" aria-label="Figures that cannot be right">
      <p>
        <Icon name="critical" /> <strong>This cannot be: {found.slice(0, SHOWN).join("; ")}</strong>
        {found.length > SHOWN && ` and ${found.length - SHOWN} more`}. Check the feed before you act on it.
        {errors.map(({ source, kind, last_error }) => (
          <small key={`${source} ${kind}`}>
            {" "}
            {kind} from {source}, last error: {last_error}
          </small>
        ))}
      </p>
    </section>
  );
}

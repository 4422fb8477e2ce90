// What the page knows: the current figure of every scope, its recent totals, and the last events. No DOM here.

export const FEED_LENGTH = 50;
const POINTS = 150; // totals kept for the small chart of a scope
const STALE_AFTER_INTERVALS = 3;
const USUAL_INTERVAL = 15 * 60; // seconds, where a feed has posted only once
const LEAST_PATIENCE = 10; // seconds; two posts right after another do not make a feed stale at once
const BEHIND_BELOW = 90; // percent within SLA

export const keyOf = (figure) => JSON.stringify([figure.department_id ?? "", figure.queue_name ?? ""]);

export const ageSeconds = (figure, now) => Math.max(0, (now - Date.parse(figure.timestamp)) / 1000);

export function isStale(figure, now) {
  const interval = figure.interval_seconds ?? USUAL_INTERVAL;
  return ageSeconds(figure, now) > Math.max(LEAST_PATIENCE, STALE_AFTER_INTERVALS * interval);
}

/** One word for how a scope does: stale, unknown, behind, late or fine. */
export function statusOf(figure, now) {
  if (isStale(figure, now)) return "stale";
  if (figure.sla_compliance_percentage === null) return "unknown";
  if (figure.sla_compliance_percentage < BEHIND_BELOW) return "behind";
  return figure.items_over_sla ? "late" : "fine";
}

const text = (one, other) => one.localeCompare(other, "en", { numeric: true });

export const ORDERS = {
  worst: (a, b) =>
    (a.sla_compliance_percentage ?? 101) - (b.sla_compliance_percentage ?? 101) ||
    (b.items_over_sla ?? 0) - (a.items_over_sla ?? 0) ||
    (b.backlog_trend === "growing") - (a.backlog_trend === "growing") ||
    ORDERS.department(a, b),
  department: (a, b) => text(a.department_id ?? "", b.department_id ?? "") || text(a.queue_name, b.queue_name),
};

export class Store {
  scopes = new Map(); // key -> {figure, points, changed}
  feed = []; // newest first
  #entries = 0;

  /** The whole state, in place of what was known. */
  replace(figures) {
    const known = this.scopes;
    this.scopes = new Map();
    for (const figure of figures) {
      this.#put(figure, known.get(keyOf(figure))?.points ?? []);
    }
  }

  /** An event of the log; one that is replayed changes the figures, but nothing shall draw the eye to it. */
  update({ data: figure, seq, ts, replayed = false }) {
    const scope = this.#put(figure, this.scopes.get(keyOf(figure))?.points ?? []);
    scope.changed = !replayed;
    this.#list({ figure, seq, time: ts, replayed });
  }

  /** A remark among the events. */
  remark(words, time) {
    this.#list({ words, time });
  }

  /** Totals from before the page was opened. */
  addHistory(figures) {
    for (const figure of figures) {
      const scope = this.scopes.get(keyOf(figure));
      if (scope) scope.points = withPoint(scope.points, figure);
    }
  }

  get queues() {
    return [...this.scopes.values()].filter(({ figure }) => figure.queue_name);
  }

  /** The organization first, then its departments. */
  get totals() {
    const above = [...this.scopes.values()].filter(({ figure }) => !figure.queue_name);
    return above.sort((a, b) => text(a.figure.department_id ?? "", b.figure.department_id ?? ""));
  }

  #put(figure, points) {
    const scope = { figure, points: withPoint(points, figure), changed: false };
    this.scopes.set(keyOf(figure), scope);
    return scope;
  }

  #list(entry) {
    this.#entries += 1;
    this.feed = [{ id: this.#entries, ...entry }, ...this.feed.slice(0, FEED_LENGTH - 1)];
  }
}

/** In order of time, one total per instant. */
function withPoint(points, { timestamp, total_items: total }) {
  const time = Date.parse(timestamp);
  const others = points.filter((point) => point.time !== time);
  return [...others, { time, total }].sort((a, b) => a.time - b.time).slice(-POINTS);
}

// Figures in words. No DOM here.

import { ageSeconds, isStale, statusOf } from "./store.js";

export const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
export const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

const minutes = (value) => (value < 60 ? `${number.format(value)} min` : duration(value * 60));
export const items = (count) => `${number.format(count)} ${count === 1 ? "item" : "items"}`;

const STATUS = {
  fine: { mark: "tick", text: "On time", title: "Nothing waits longer than promised" },
  late: { mark: "bang", text: "Some late", title: "Some items wait longer than promised" },
  behind: { mark: "warning", text: "Behind", title: "Less than 90 % of the items are within SLA" },
  unknown: { mark: "question", text: "Unknown", title: "The feed does not say how much is within SLA" },
  stale: { mark: "clock", text: "Stale", title: "Nothing new for more than three intervals of this feed" },
};

/** The figure's value in words, or a dash with the reason why there is none. */
function known(figure, name, words) {
  if (figure[name] === null) return { text: "—", reason: figure.reasons?.[name] ?? "not known" };
  return { text: words(figure[name]) };
}

const slope = ({ slope_per_hour: change, reasons }) =>
  change === null ? reasons?.slope_per_hour : `${change > 0 ? "+" : ""}${number.format(change)} items an hour`;

const FLOW_TITLES = {
  net_inferred: "At least so many: only the change of the total is known",
  none: "The first figures of this scope",
};

/** How each figure is shown: `{text, mark?, title?, reason?, kind?}`; kind is for the style sheet. */
export const SHOWN = {
  queue_name: (figure) => ({ text: figure.queue_name }),
  department_id: (figure) => ({ text: figure.department_id || "—" }),
  status: (figure, now) => {
    const kind = statusOf(figure, now);
    return { ...STATUS[kind], kind };
  },
  total_items: (figure) => ({ text: number.format(figure.total_items) }),
  backlog_trend: (figure) => ({
    mark: figure.backlog_trend,
    text: figure.backlog_trend,
    title: slope(figure),
    kind: figure.backlog_trend,
  }),
  oldest_item_age_minutes: (figure) => known(figure, "oldest_item_age_minutes", minutes),
  avg_wait_time_minutes: (figure) => known(figure, "avg_wait_time_minutes", minutes),
  items_over_sla: (figure) => ({
    ...known(figure, "items_over_sla", number.format),
    kind: figure.items_over_sla ? "over" : "",
  }),
  sla_compliance_percentage: (figure) =>
    known(figure, "sla_compliance_percentage", (percent) => `${number.format(percent)} %`),
  flow: ({ items_added_this_interval: added, items_completed_this_interval: done, flow_source: source }) => ({
    text: `+${number.format(added)} / −${number.format(done)}`,
    title: FLOW_TITLES[source],
  }),
  age: (figure, now) => {
    const age = duration(ageSeconds(figure, now));
    return isStale(figure, now) ? { text: `stale, ${age} old`, kind: "stale" } : { text: age };
  },
};
export const TICKING = new Set(["age", "status"]); // change by time alone

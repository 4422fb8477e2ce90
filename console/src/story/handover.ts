// The hand-over of a day as text to copy. No React here.

import { clock, DASH, number, percent, plural, until } from "../kit/words.js";
import { LEVEL_WORDS } from "../figures/states.js";
import {
  dayInWords,
  deedOf,
  type Heads,
  measuredOf,
  type OpenAlert,
  placeOf,
  type Story,
  type Summary,
} from "./story.js";

export interface Section {
  title: string;
  lines: string[];
}

/** The summary in sections; those with nothing to say are left out. */
export function sections(summary: Summary, zone: string): Section[] {
  const end = Date.parse(summary.as_of) - 1;
  const at = (instant: string) => until(instant, end, zone);
  const found: Section[] = [
    { title: "State", lines: [stateOf(summary, at), ...contactsOf(summary), ...agentsOf(summary, zone)] },
    {
      title: "Queues in trouble",
      lines: summary.queues.map(
        (queue) =>
          `${placeOf(queue)}: ${LEVEL_WORDS[queue.level]} since ${at(queue.since)}` +
          (queue.level === queue.worst ? "" : `; was ${LEVEL_WORDS[queue.worst]} from ${at(queue.worst_since)}`),
      ),
    },
    { title: `Open alerts (${number(summary.alerts_triggered)} fired)`, lines: summary.open_alerts.map(alertOf(at)) },
    {
      title: "What was done",
      lines: summary.actions.map((item) =>
        [`${clock(item.at, zone)} ${deedOf(item)}`, placeOf(item), item.who, noteOf(item), ...measuredOf(item, zone)]
          .filter(Boolean)
          .join("; "),
      ),
    },
    {
      title: "Without data",
      lines: summary.outages.map(
        (outage) =>
          `${placeOf(outage) || (outage.rule_name ?? "")}: from ${at(outage.since)} ` +
          (outage.until ? `to ${at(outage.until)}` : "on, still"),
      ),
    },
  ];
  if (summary.left_out)
    found.push({
      title: "Not listed",
      lines: [`${plural(summary.left_out, "more entry", "more entries")}: see the list`],
    });
  return found.filter(({ lines }) => lines.length);
}

const noteOf = ({ action, note }: { action?: { kind: string } | undefined; note: string | null }): string | null =>
  action?.kind === "other" ? null : note;

function stateOf({ level, level_since }: Summary, at: (instant: string) => string): string {
  if (!level) return "No change of the state is known of this day";
  const name = LEVEL_WORDS[level];
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}${level_since ? ` since ${at(level_since)}` : ""}`;
}

function contactsOf({ contacts }: Summary): string[] {
  if (contacts.offered === null) return [];
  const level = percent(contacts.service_level);
  return [
    `${number(contacts.offered)} contacts offered, ${number(contacts.answered)} answered, ` +
      `${number(contacts.abandoned)} abandoned` +
      (level === DASH ? "" : `; service level of the day ${level}`),
  ];
}

function agentsOf({ people_at_start: start, people_at_end: end }: Summary, zone: string): string[] {
  const said = (heads: Heads) =>
    `${number(heads.available)}${heads.required === null ? "" : ` of ${number(heads.required)} required`} at ${clock(heads.at, zone)}`;
  const both = [start, end].filter((heads): heads is Heads => heads !== null);
  return both.length ? [`Agents at work: ${[...new Set(both.map(said))].join(", then ")}`] : [];
}

const alertOf =
  (at: (instant: string) => string) =>
  (alert: OpenAlert): string => {
    const taken = alert.taken_at
      ? `taken${alert.taken_by ? ` by ${alert.taken_by}` : ""} at ${at(alert.taken_at)}`
      : "taken by nobody";
    const place = placeOf(alert);
    const note = alert.note ? `; “${alert.note}”` : "";
    return `${alert.severity}: ${place && `${place}, `}${alert.message} (since ${at(alert.triggered_at)}; ${taken}${note})`;
  };

/** `, as of 14:00`, while the day goes on. */
export const asOf = ({ summary, until: end, time_zone: zone }: Story): string =>
  summary && Date.parse(summary.as_of) < Date.parse(end) ? `, as of ${clock(summary.as_of, zone)}` : "";

/** `Hand-over of billing, Saturday 31 January 2026, as of 14:00 (Europe/Berlin)` */
const titleOf = (story: Story, name: string): string =>
  `Hand-over of ${name}, ${dayInWords(story.date)}${asOf(story)} (${story.time_zone})`;

export function asText(story: Story, name: string): string {
  const { summary, time_zone: zone } = story;
  const parts = summary ? sections(summary, zone) : [];
  return (
    [
      titleOf(story, name),
      ...parts.map(({ title, lines }) => [title, ...lines.map((line) => `- ${line}`)].join("\n")),
    ].join("\n\n") + "\n"
  );
}

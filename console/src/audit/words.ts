// Entries of the audit log in words: the deed, and what it changed.

import type { AuditLogEntry } from "../session/payloads.js";

/** Subjects of entries, by the first half of the action: the label of the filter, and the noun in a sentence. */
export const KINDS: Record<string, [label: string, noun: string]> = {
  person: ["Sign-ins", "person"],
  membership: ["Members", "membership of"],
  key: ["API keys", "API key"],
  token: ["Tokens", "token of"],
  wall: ["Wall boards", "wall board"],
  rule: ["Alert rules", "rule"],
  action: ["Actions", "action for"],
  silence: ["Silences", "silence"],
  channel: ["Channels of alerts", "channel"],
  route: ["Routes of alerts", "route"],
  queue_settings: ["Settings of queues", "settings of"],
  organization_settings: ["Settings of the organization", "settings of the organization"],
  organization: ["Organization", "organization"],
  department: ["Departments", "department"],
  queue: ["Queues", "queue"],
  holiday: ["Holidays", "holiday of"],
  kpi: ["Figures computed by hand", "figures of"],
  volume: ["Confirmed volumes", "volume of"],
  account: ["Accounts", "account"],
  notification: ["Notifications to everybody", "notification to"],
};

/** Deeds whose sentence is not verb, noun, object. `of` is ` of ben`, and empty where people do it for themselves. */
const SENTENCES: Record<string, (target: string, of: string) => string> = {
  "person.signed_in": () => "signed in",
  "person.signed_out": () => "signed out",
  "person.sign_in_failed": () => "failed to sign in",
  "person.password_chosen": (_, of) => `chose a password${of}`,
  "person.password_changed": (_, of) => `changed the password${of}`,
  "person.password_link_sent": () => "was sent a link to choose a password",
  "person.second_factor_added": (_, of) => `added a second factor${of}`,
  "person.second_factor_failed": () => "entered a wrong code",
  "person.second_factor_removed": (_, of) => `removed the second factor${of}`,
  "person.recovery_code_used": () => "used a recovery code",
  "person.recovery_codes_renewed": () => "made new recovery codes",
  "person.sessions_ended": (_, of) => `ended sessions${of}`,
  "person.groups_granted": (target) => `gave access to ${target} by groups`,
  "person.groups_withdrawn": (target) => `took away the access of ${target} by groups`,
  "membership.created": (target) => `made ${target} a member`,
  "membership.removed": (target) => `removed ${target} from the members`,
  "channel.renewed": (target) => `renewed the secret of the channel ${target}`,
};

/** The sentence after the actor's name: `changed the rule busy`. */
export function deed({ action, actor, target }: Pick<AuditLogEntry, "action" | "actor" | "target">): string {
  const sentence = SENTENCES[action];
  if (sentence) return sentence(target, target === actor ? "" : ` of ${target}`);
  const [kind = "", verb = ""] = action.split(".");
  const noun = KINDS[kind]?.[1] ?? spaced(kind);
  return `${spaced(verb)} the ${noun} ${target === actor ? "" : target}`.trim();
}

export interface Change {
  field: string;
  /** Null where there was nothing before, or is nothing since. */
  before: string | null;
  after: string | null;
}

/** The fields that changed. Of a row that was made or removed, those that said something. */
export function changes({ before, after }: Pick<AuditLogEntry, "before" | "after">): Change[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort();
  const all = names.map((name) => ({
    field: spaced(name),
    before: before && inWords(before[name]),
    after: after && inWords(after[name]),
  }));
  return all.filter((each) => (each.before ?? NOTHING) !== NOTHING || (each.after ?? NOTHING) !== NOTHING);
}

const NOTHING = "nothing";
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

function inWords(value: unknown): string {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length ? value.map(inWords).join(", ") : NOTHING;
  if (typeof value === "string") return INSTANT.test(value) ? moment(value) : value;
  return JSON.stringify(value);
}

const spaced = (name: string) => name.replaceAll("_", " ");

/** The day and time where the reader is: she compares them with her own day, wherever the organization is. */
export function moment(instant: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }).format(new Date(instant));
}

export const zoneOfReader = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The days of a form (`2026-11-29`, '' for none) as the instants that the API asks for: whole days of the reader. */
export function period(first: string, last: string): { since?: string; until?: string } {
  return { ...(first && { since: midnight(first, 0) }), ...(last && { until: midnight(last, 1) }) };
}

function midnight(day: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

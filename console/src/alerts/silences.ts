// Silences in words. No React here.

import type { Silence } from "../session/payloads.js";
import { until } from "../kit/words.js";

interface Clock {
  now: number;
  zone: string;
}

/** `the rule “Understaffed” until 17:00`, `everything, weekly Sat, Sun 00:00–08:00, from Mon 2 Feb, 08:00 until …`. */
export function silenceInWords(silence: Silence, ruleName: string | undefined, clock: Clock): string {
  const weekly = silence.weekly?.length ? `, weekly ${silence.weekly.map(hours).join("; ")},` : "";
  return `${silenced(silence, ruleName)}${weekly} ${period(silence, clock)}`;
}

function silenced({ rule_id, source, severity }: Silence, ruleName: string | undefined): string {
  if (!rule_id && !source && !severity) return "everything";
  const kinds = [severity, source].filter(Boolean).join(" ");
  if (!rule_id) return `${kinds} alerts`;
  const rule = ruleName === undefined ? "one rule" : `the rule “${ruleName}”`;
  return kinds ? `${kinds} alerts of ${rule}` : rule;
}

const hours = ({ days, start, end }: NonNullable<Silence["weekly"]>[number]): string =>
  `${days.map((day) => day.charAt(0).toUpperCase() + day.slice(1)).join(", ")} ${start}–${end}`;

function period({ starts_at, ends_at }: Silence, { now, zone }: Clock): string {
  const end = `until ${until(ends_at, now, zone)}`;
  return starts_at && Date.parse(starts_at) > now ? `from ${until(starts_at, now, zone)} ${end}` : end;
}

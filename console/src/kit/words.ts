// Figures in words. What is not known is a dash; why, says its reason.

export const DASH = "–";

const decimals = (digits: number) =>
  new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const FORMATS = { 0: decimals(0), 1: decimals(1) };

export type Figure = number | null | undefined;

export function number(value: Figure, digits: 0 | 1 = 0): string {
  return value === null || value === undefined ? DASH : FORMATS[digits].format(value).replace("-", "−");
}

export function percent(value: Figure, digits: 0 | 1 = 0): string {
  return value === null || value === undefined ? DASH : `${number(value, digits)} %`;
}

/** With its sign, as changes and gaps are read; 0 has none. */
export function signed(value: Figure, digits: 0 | 1 = 0): string {
  if (value === null || value === undefined) return DASH;
  const text = number(Math.abs(value), digits);
  if (Number(text.replace(/,/g, "")) === 0) return text;
  return (value > 0 ? "+" : "−") + text;
}

/** As long as one glance takes: `42 s`, `7 min`, `3 h 05`, `4 days`. */
export function duration(seconds: Figure): string {
  if (seconds === null || seconds === undefined) return DASH;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(hours / 24)} days`;
}

/** The wait of a caller, to the second: `0:42`, `12:05`, `1:02:03`. */
export function minSec(seconds: Figure): string {
  if (seconds === null || seconds === undefined) return DASH;
  const whole = Math.round(seconds);
  const [hours, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60];
  const tail = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(rest).padStart(2, "0")}:${tail}` : `${rest}:${tail}`;
}

export const minutes = (value: Figure): string => duration(value === null || value === undefined ? value : value * 60);

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** The age of an instant at `now`, both as the server counts them. */
export function ageSeconds(instant: string | null | undefined, now: number): number | null {
  return instant ? Math.max(0, (now - Date.parse(instant)) / 1000) : null;
}

/** Whether times of day are told as `5:00 pm`, by the person's choice. */
let hours12 = false;
export const tellIn12Hours = (chosen: boolean): void => void (hours12 = chosen);
export const in12Hours = (): boolean => hours12;

export function clock(instant: string | number, timeZone: string, withSeconds = false): string {
  return new Intl.DateTimeFormat("en-GB", {
    hour: hours12 ? "numeric" : "2-digit",
    minute: "2-digit",
    ...(withSeconds && { second: "2-digit" }),
    ...(hours12 && { hourCycle: "h12" }), // `hour12` begins at 0 in some engines: noon would be 0:00 pm
    timeZone,
  }).format(new Date(instant));
}

/** `08:05`, whatever the person's choice: to count with, and to compare. */
export function clock24(instant: number, timeZone: string): string {
  const shape = { hour: "2-digit", minute: "2-digit", timeZone } as const;
  return new Intl.DateTimeFormat("en-GB", shape).format(new Date(instant));
}

/** `17:00`, or with its day where that is another one than today. */
export function until(instant: string, now: number, timeZone: string): string {
  const time = clock(instant, timeZone);
  if (localDay(Date.parse(instant), timeZone) === localDay(now, timeZone)) return time;
  const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone });
  return `${day.format(new Date(instant))}, ${time}`;
}

/** The day as `YYYY-MM-DD` where the organization is. */
export function localDay(instant: number, timeZone: string): string {
  return new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone }).format(
    new Date(instant),
  );
}

/** The day so many days later, as `YYYY-MM-DD`. */
export const later = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

export const weekBefore = (day: string): string => later(day, -7);

/** Midnight of that day, where the organization is. */
export function startOfDay(instant: number, timeZone: string): number {
  const day = localDay(instant, timeZone);
  const minute = (at: number) => at - (at % 60_000);
  const sinceMidnight = (at: number) => {
    const [hours, minutes] = clock24(at, timeZone).split(":").map(Number) as [number, number];
    return (hours * 60 + minutes) * 60_000;
  };
  const guess = minute(instant) - sinceMidnight(instant);
  // On a day with 23 or 25 hours the guess is an hour off, before or after midnight.
  return localDay(guess, timeZone) === day ? guess - sinceMidnight(guess) : guess + 86_400_000 - sinceMidnight(guess);
}

// The backlog as a curve: what was answered, what came live since, and where the feed was silent. No React here.

import type { Backlog } from "../session/payloads.js";

export interface Point {
  /** Seconds since 1970. */
  at: number;
  /** Null in a gap. */
  figure: Backlog | null;
}

const GAP = 4; // times the usual distance of two snapshots, and at least
const LEAST_GAP = 5 * 60; // seconds

/** With an empty point where the feed was silent: a line drawn across would be made up. */
export function withGaps(history: readonly Backlog[]): Point[] {
  const points = history.map((figure) => ({ at: Date.parse(figure.timestamp) / 1_000, figure }));
  const steps = points.slice(1).map(({ at }, place) => at - (points[place]?.at ?? at));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const longest = Math.max(LEAST_GAP, GAP * usual);
  return points.flatMap((point, place): Point[] => {
    const step = steps[place - 1] ?? 0;
    return step > longest ? [{ at: point.at - step / 2, figure: null }, point] : [point];
  });
}

/** The history that was answered, then the figures that have come since. */
export function andSince(answered: readonly Backlog[], live: readonly Backlog[]): Backlog[] {
  const last = Date.parse(answered.at(-1)?.timestamp ?? "1970-01-01T00:00:00Z");
  return [...answered, ...live.filter(({ timestamp }) => Date.parse(timestamp) > last)];
}

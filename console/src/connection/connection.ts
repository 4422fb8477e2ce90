// The state of the connection to the server and of its feeds, in words. No React here.

import type { ConnectionStatus } from "intraday-realtime";
import type { Feed } from "../session/payloads.js";
import { ageSeconds, duration } from "../kit/words.js";

export interface Standing {
  kind:
    "live" | "refused" | "connecting" | "catching_up" | "stale" | "feed_down" | "feed_behind" | "offline" | "stopped";
  text: string;
  detail: string;
}

export interface Freshness {
  /** The newest figure is older than its feed's cadence allows; `newest` is its time. */
  stale: boolean;
  newest: string | undefined;
  /** The parts that the server refuses to show, in words. */
  refused: readonly string[];
}

/** `now` is the server's time. */
export function standing(
  { state, since, retryAt, reason, clockOffset }: ConnectionStatus,
  feeds: readonly Feed[],
  { stale, newest, refused }: Freshness,
  now: number,
): Standing {
  if (state === "stopped") return { kind: "stopped", text: "Stopped", detail: reason ?? "" };
  if (state === "idle" || state === "connecting") return { kind: "connecting", text: "Connecting", detail: "" };
  if (state === "reconnecting") return { kind: "catching_up", text: "Reconnecting", detail: "" };
  if (state === "offline") return { kind: "offline", text: "Offline", detail: away(since, retryAt, now - clockOffset) };
  if (state === "catching_up") return { kind: "catching_up", text: "Catching up", detail: "reading what was missed" };
  if (refused.length) return { kind: "refused", text: "No access", detail: refused.join("; ") };
  const down = feeds.filter((feed) => feed.stale);
  if (down.length)
    return { kind: "feed_down", text: "Feed down", detail: down.map((feed) => silent(feed, now)).join("; ") };
  const warned = feeds
    .filter((feed) => feed.warning)
    .map((feed) => `${feed.kind} from ${feed.source}: ${feed.warning}`);
  const age = `newest figure is ${duration(ageSeconds(newest, now))} old`;
  if (stale) return { kind: "stale", text: "Stale", detail: [age, ...warned].join("; ") };
  return { kind: warned.length ? "feed_behind" : "live", text: "Live", detail: warned.join("; ") };
}

/** All three by the clock of the browser. */
function away(since: number, retryAt: number | undefined, now: number): string {
  const left = retryAt === undefined ? 0 : Math.ceil((retryAt - now) / 1_000);
  return `for ${duration(Math.max(0, (now - since) / 1_000))}, ${left > 0 ? `next try in ${left} s` : "trying"}`;
}

/** A sentence in place of the feeds, or beside them where they could not be read again; empty where they say enough. */
export function feedsInWords(
  whole: boolean,
  { answer, error }: { answer: { feeds: readonly Feed[] } | undefined; error: { message: string } | undefined },
): string {
  if (!whole) return "Feeds are shown to those who see the whole organization.";
  if (error) return `The feeds could not be read: ${error.message}`;
  if (!answer) return "Loading…";
  return answer.feeds.length ? "" : "No feed has posted yet.";
}

interface Shown {
  problem: { message: string } | undefined;
}

/** Lists the page's parts that cannot be shown, with reasons; one line if all have the same reason. */
export function refusals(parts: Readonly<Record<string, Shown>>): string[] {
  const refused = Object.entries(parts).flatMap(([name, { problem }]) => (problem ? [[name, problem.message]] : []));
  const reasons = new Set(refused.map(([, message = ""]) => message));
  if (reasons.size === 1 && refused.length === Object.keys(parts).length) return [...reasons];
  return refused.map(([name, message]) => `${name}: ${message}`);
}

const silent = (feed: Feed, now: number): string =>
  `${feed.kind} from ${feed.source} silent for ${duration(ageSeconds(awaitedSince(feed), now))}`;

/** A feed that was silent while its queues were closed is awaited since they opened. */
export const awaitedSince = (feed: Feed): string => feed.awaited_since ?? feed.last_received_at;

import { expect, it } from "vitest";

import { pagePerTest } from "intraday-realtime/testing/page";
import { andSince, withGaps } from "../src/day/backlog.js";
import { useBacklogHistory } from "../src/day/Curves.js";
import { Today } from "../src/day/Today.js";
import type { Backlog } from "../src/session/payloads.js";
import { answering, type Asked, refused, signedIn } from "./answering.js";
import { backlog } from "./figures.js";

const page = pagePerTest();
const HISTORY = "/api/intraday/backlog/history";
const SCOPE = { organization_id: "org_123" };
const at = (minute: number): Backlog =>
  backlog("a", { timestamp: new Date(Date.UTC(2026, 0, 31, 9, minute)).toISOString() });
const minutesOf = (items: readonly Backlog[]) => items.map(({ timestamp }) => new Date(timestamp).getUTCMinutes());

function Minutes({ since, scope = SCOPE }: { since: string; scope?: typeof SCOPE }) {
  const { answer: items, error } = useBacklogHistory(scope, { since }, true);
  return (
    <p>
      {items ? minutesOf(items).join() : "nothing yet"} {error?.message}
    </p>
  );
}

it("a history is asked again each minute, in steps of one, and keeps what it has while nothing is answered", async () => {
  const answers: Record<string, object | ((asked: Asked) => object | undefined)> = {
    [HISTORY]: { items: [at(1)], next: null },
  };
  const asked = answering(answers);
  await page().show(signedIn(<Minutes since="08:00" />));
  expect(page().text).toBe("1 ");
  expect(asked.at(-1)?.query).toEqual({ ...SCOPE, since: "08:00", step: "60", limit: "1000" });

  answers[HISTORY] = refused("The server is busy.");
  await page().settled(60_000);
  expect(page().text).toBe("1 The server is busy.");

  answers[HISTORY] = { items: [at(1), at(2)], next: null };
  await page().settled(60_000);
  expect(page().text).toBe("1,2 ");

  answers[HISTORY] = () => undefined;
  await page().show(signedIn(<Minutes since="09:00" />)); // the hour has turned
  expect(page().text).toBe("1,2 ");

  await page().show(signedIn(<Minutes since="09:00" scope={{ organization_id: "other" }} />));
  expect(page().text).toBe("nothing yet ");
});

it("a history is read to its end, which is its newest part", async () => {
  const pages = 50;
  answering({
    [HISTORY]: ({ query: { cursor = "0" } }: Asked) => ({
      items: [at(Number(cursor))],
      next: Number(cursor) < pages ? String(Number(cursor) + 1) : null,
    }),
  });
  await page().show(signedIn(<Minutes since="08:00" />));
  expect(page().text).toMatch(/,50 $/);
});

it("the page says beside the curves why the backlog cannot be read", async () => {
  answering({ [HISTORY]: refused("The server is busy."), "/api/intraday/kpi/intervals": { intervals: [] } });
  await page().show(signedIn(<Today scope={SCOPE} kpi={undefined} backlogs={[]} now={Date.now()} />));
  expect(page().text).toContain("The backlog so far could not be read: The server is busy.");
});

it("what came live goes on where the answer ends, and only a feed's silence is a gap", () => {
  const answered = Array.from({ length: 30 }, (_, minute) => at(minute));
  const grown = andSince(answered, [at(28), at(29), at(30), at(34)]);
  expect(minutesOf(grown).slice(-3)).toEqual([29, 30, 34]);
  expect(withGaps(grown).filter(({ figure }) => figure === null)).toEqual([]);
  const silent = withGaps(andSince(grown, [at(45)]));
  expect(silent.findIndex(({ figure }) => figure === null)).toBe(grown.length);
});

it("figures that came live are all there where the history cannot be read", () => {
  expect(minutesOf(andSince([], [at(3), at(4)]))).toEqual([3, 4]);
});

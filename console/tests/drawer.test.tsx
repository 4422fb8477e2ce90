import { expect, it } from "vitest";

import { pagePerTest } from "intraday-realtime/testing/page";
import { NewestCritical } from "../src/alerts/AlertFeed.js";
import { QueueDrawer } from "../src/queues/QueueDrawer.js";
import { type QueueRow, queueRows } from "../src/queues/queues.js";
import { alert, CALM, kpi, reason } from "./figures.js";
import { answering, button, press, refused, signedIn } from "./answering.js";

const page = pagePerTest();
const NOW = Date.parse("2026-01-31T10:00:00Z");
const DROP = { since: "2026-01-31T09:50:00Z", offered: 0, forecast: 24, span_minutes: 10, inherited: false };
const REASONS = [reason("volume_implausibly_low", 0, 24, "critical")];
const SUSPECT: Parameters<typeof kpi>[1] = { quality: "suspect", state: { level: "critical", reasons: REASONS } };

const rowOf = (queue: string, change: Parameters<typeof kpi>[1] = CALM): QueueRow => {
  const [row] = queueRows([kpi(queue, change)], [], [], { now: NOW, zone: "UTC" }).values();
  if (!row) throw new Error("no row");
  return row;
};
const drawer = (row: QueueRow) =>
  page().show(signedIn(<QueueDrawer row={row} now={NOW} onClose={() => undefined} onScope={() => undefined} />));

it("one queue is silenced, not the one that is opened after it", async () => {
  answering({});
  await drawer(rowOf("a"));
  await press(page(), "Silence this queue for an hour");
  expect(page().text).toContain("Silenced for an hour");
  await drawer(rowOf("b"));
  expect(page().text).not.toContain("Silenced for an hour");
  expect(button(page(), "Silence this queue for an hour")).toBeDefined();
});

it("a volume is confirmed for one queue and one drop", async () => {
  answering({});
  await drawer(rowOf("a", { ...SUSPECT, volume: DROP }));
  await press(page(), "The volume is real");
  expect(page().text).toContain("Confirmed.");
  await drawer(rowOf("b", { ...SUSPECT, volume: DROP }));
  expect(page().text).not.toContain("Confirmed.");
  await press(page(), "The volume is real");
  await drawer(rowOf("b", { ...SUSPECT, volume: { ...DROP, since: "2026-01-31T09:58:00Z" } }));
  expect(page().text).not.toContain("Confirmed.");
  expect(button(page(), "The volume is real")).toBeDefined();
});

it("a note for the newest critical alert does not become one for the next", async () => {
  answering({});
  const newest = (id: string) =>
    page().show(signedIn(<NewestCritical alerts={[alert(id, { severity: "critical" })]} now={NOW} />));
  await newest("1");
  await press(page(), "More");
  expect(page().element.querySelector("textarea")).not.toBeNull();
  await newest("2");
  expect(page().element.querySelector("textarea")).toBeNull();
});

it("intervals that cannot be read are no missing ones", async () => {
  answering({ "/api/intraday/kpi/intervals": refused("The database is away.") });
  await drawer(rowOf("a"));
  expect(page().text).toContain("The database is away.");
});

it("what was done today is not nothing where it cannot be read", async () => {
  answering({ "/api/intraday/actions": refused("The database is away.") });
  await drawer(rowOf("a"));
  expect(page().text).toContain("The database is away.");
});

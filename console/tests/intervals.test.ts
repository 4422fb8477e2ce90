import { expect, it } from "vitest";

import { contactsOf, suspectSpans, withLive } from "../src/day/intervals.js";
import type { Interval } from "../src/session/payloads.js";
import { kpi } from "./figures.js";

const interval = (hour: number, state: Interval["state"], change: Partial<Interval> = {}): Interval => ({
  start: `2026-01-31T${String(hour).padStart(2, "0")}:00:00Z`,
  end: `2026-01-31T${String(hour + 1).padStart(2, "0")}:00:00Z`,
  state,
  forecast: 100,
  reforecast: null,
  offered: 40,
  answered: 39,
  abandoned: 1,
  required: 10,
  scheduled: 11,
  available: 11,
  gap: 1,
  service_level: 95,
  asa_seconds: 8,
  aht_seconds: 180,
  occupancy: 82,
  ...change,
});

const LIVE = kpi("a", {
  quality: "suspect",
  headcount_gap: { interval_start: "2026-01-31T10:00:00.000Z", required: 20, available: 16, gap: -4 },
  service: { interval_start: "2026-01-31T10:00:00.000Z", offered: 0, service_level: null },
});

it("the running interval is the live figure, also where that knows less", () => {
  const [past, now, next] = withLive([interval(9, "past"), interval(10, "now"), interval(11, "to_come")], LIVE);
  expect(now).toMatchObject({ offered: 0, service_level: null, required: 20, available: 16, gap: -4, suspect: true });
  expect(now).toMatchObject({ forecast: 100, scheduled: 11 }); // of the plan
  expect([past, next]).toEqual([interval(9, "past"), interval(11, "to_come")]);
});

it("contacts of the interval before are not those of the running one", () => {
  const before = { ...LIVE, service: { ...LIVE.service, interval_start: "2026-01-31T09:00:00Z" } };
  const [now] = withLive([interval(10, "now")], before);
  expect(now).toMatchObject({ offered: 40, service_level: 95, required: 20, available: 16, gap: -4 });
});

it("a figure of another interval, or none, changes nothing", () => {
  const later = [interval(10, "past"), interval(11, "now")];
  expect(withLive(later, LIVE)).toEqual(later);
  expect(withLive(later, undefined)).toBe(later);
  expect(withLive(later, kpi("a"))).toEqual(later);
});

it("contacts of the running interval are projected from when they were measured, not from now", () => {
  const measured = { ...LIVE, quality: "ok", as_of: "2026-01-31T10:30:00Z", service: { ...LIVE.service, offered: 50 } };
  const [running] = withLive([interval(10, "now")], measured as typeof LIVE);
  const at = (time: string) => running && contactsOf(running, Date.parse(`2026-01-31T${time}Z`));
  expect([at("10:30:00"), at("10:40:00"), at("10:55:00")]).toEqual([100, 100, 100]);
  expect(at("10:06:00")).toBeNull(); // a clock that is behind: too early to tell
  expect(contactsOf(interval(10, "now"), Date.parse("2026-01-31T10:24:00Z"))).toBe(100);
  const answered = interval(10, "now", { as_of: "2026-01-31T10:24:00Z" }); // as the server says it of a story
  expect(contactsOf(answered, Date.parse("2026-01-31T10:48:00Z"))).toBe(100);
});

it("suspect intervals that touch are one span", () => {
  const at = (hour: number) => Date.parse(interval(hour, "past").start) / 1_000;
  const suspect = { suspect: true };
  const day = [
    interval(8, "past"),
    interval(9, "past", suspect),
    interval(10, "past", suspect),
    interval(11, "past"),
    interval(12, "now", suspect),
  ];
  expect(suspectSpans(day)).toEqual([
    [at(9), at(11)],
    [at(12), at(13)],
  ]);
});

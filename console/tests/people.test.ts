import { expect, test } from "vitest";

import { heading, type PersonDay, queuesOf, stateCounts, headsAtWork, strip, stretches } from "../src/people/people.js";
import type { Attendance } from "../src/session/payloads.js";

const DAY: PersonDay = {
  employee_id: "ada",
  start: "2026-01-30T00:00:00Z",
  end: "2026-01-31T00:00:00Z",
  as_of: "2026-01-30T11:00:00Z",
  states: [
    { state: "available", start: "2026-01-30T08:50:00Z", end: "2026-01-30T09:30:00Z" },
    { state: "on_contact", start: "2026-01-30T09:30:00Z", end: "2026-01-30T10:00:00Z" },
    { state: "break", start: "2026-01-30T10:00:00Z", end: "2026-01-30T11:00:00Z" },
  ],
  schedule: [{ activity: "work", start: "2026-01-30T09:00:00Z", end: "2026-01-30T12:00:00Z" }],
  out_of_adherence_minutes: 60,
  adherence_percent: 50,
  conformance_percent: 50,
  reason: null,
};

test("states without anybody are shown only if a panel would miss them", () => {
  const counts = stateCounts({ by_state: { on_contact: 3, present: 2, lunch: 0, break: 0 } });
  expect(counts.map(({ state, count }) => [state, count])).toEqual([
    ["on_contact", 3],
    ["available", 0],
    ["after_contact", 0],
    ["present", 2],
    ["break", 0],
    ["training", 0],
  ]);
  expect(headsAtWork(counts)).toBe(5);
});

test("servers that do not count by state leave no gap", () => {
  expect(headsAtWork(stateCounts({} as Attendance))).toBe(0);
});

test("a strip spans whole hours around states and schedule", () => {
  const shown = strip(DAY);
  expect([shown?.start, shown?.end]).toEqual(["2026-01-30T08:00:00.000Z", "2026-01-30T12:00:00.000Z"]);
  expect(shown?.states.map(({ from, width }) => [Math.round(from), Math.round(width)])).toEqual([
    [21, 17],
    [38, 13],
    [50, 25],
  ]);
  expect([shown?.now, shown?.schedule[0]?.from]).toEqual([75, 25]);
  expect(strip({ ...DAY, states: [], schedule: [] })).toBeNull();
});

test("states of one activity are one stretch in words", () => {
  expect(stretches(DAY).map(({ what, start }) => [what, start.slice(11, 16)])).toEqual([
    ["At work", "08:50"],
    ["Break", "10:00"],
  ]);
});

test.each([
  [undefined, 1_234, "1,234"],
  [undefined, undefined, "–"],
  [12, 15, "12"], // of a later moment than the panel's count
  [200, 1_234, "1,234"],
  [200, undefined, "200 or more"],
])("a list of %s people, of %s in all, is headed %s", (listed, total, said) => {
  expect(heading(listed, 200, total)).toBe(said);
});

test("a queue that two departments have is no filter", () => {
  const seen = new Map([
    ["a", new Set(["mail", "support"])],
    ["b", new Set(["mail"])],
  ]);
  expect(queuesOf(seen, { organization_id: "o" })).toEqual(["support"]);
  expect(queuesOf(seen, { organization_id: "o", department_id: "b" })).toEqual(["mail"]);
});

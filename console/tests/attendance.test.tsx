import { expect, it } from "vitest";

import { pagePerTest } from "intraday-realtime/testing/page";
import { golden } from "intraday-realtime/testing/server";
import { AttendancePanel } from "../src/people/AttendancePanel.js";
import { PeopleList } from "../src/people/PeopleList.js";
import { Tiles } from "../src/figures/Tiles.js";
import type { Attendance, Scope } from "../src/session/payloads.js";
import { answering, press, refused, signedIn, type } from "./answering.js";
import { kpi } from "./figures.js";

const page = pagePerTest();
const BY_STATE = "/api/intraday/attendance/by-state";
const PEOPLE = "/api/intraday/attendance/people";
const QUEUE = { organization_id: "org_123", department_id: "service", queue_name: "a" };
const FIGURE: Attendance = {
  ...(golden("attendance:update").data as Attendance),
  scheduled_count: 40,
  by_state: { on_contact: 30 },
  attendance_rate: 90,
  recent_checkins: [],
};
const OF_QUEUE = {
  scheduled_count: 12,
  by_state: { on_contact: 6, available: 2, break: 1 },
  absent_count: 3,
  no_show_count: 1,
  expected_count: 0,
  out_of_adherence_count: 0,
  longest_out_of_adherence_minutes: 0,
};
const NEEDED = kpi("a", { headcount_gap: { required: 9 } });
const panel = () => page().show(signedIn(<AttendancePanel scope={QUEUE} figure={FIGURE} kpi={NEEDED} />));
const texts = (selector: string) =>
  [...page().element.querySelectorAll(selector)].map(({ textContent }) => textContent);

it("the people of a queue are compared with what the queue needs, and those of its department are named as such", async () => {
  const asked = answering({ [BY_STATE]: OF_QUEUE });
  await panel();
  expect(asked.find(({ path }) => path === BY_STATE)?.query).toEqual(QUEUE);
  expect(texts(".people-head span")).toEqual(["8 at work, 9 required"]);
  expect(texts(".panel-head .hint")).toEqual(["12 scheduled"]);
  expect(texts(".missing .count")).toEqual(["3 Absent", "1 No show", "0 Expected"]);
  expect(page().text).toContain("Nobody of the department checked in");
});

it("the people of the department stand in where those of a queue cannot be counted, beside no requirement", async () => {
  answering({ [BY_STATE]: refused("The server is busy.") });
  await panel();
  expect(texts(".people-head span")).toEqual(["30 at work"]);
  expect(texts(".panel-head .hint")).toEqual(["40 scheduled, 90 % here, of the department"]);
  expect(page().text).toContain("The people of this queue could not be counted: The server is busy.");
});

it("the attendance of a department is named as such beside figures of a queue", async () => {
  const tiles = (scope: Scope) =>
    page().show(
      signedIn(<Tiles kpi={NEEDED} rows={[]} backlog={undefined} attendance={FIGURE} scope={scope} now={Date.now()} />),
    );
  await tiles(QUEUE);
  expect(page().text).toMatch(/Attendance.* of 40, of the department/);
  await tiles({ organization_id: "org_123", department_id: "service" });
  expect(page().text).not.toContain("of the department");
});

it("a refusal is no lack of shifts", async () => {
  answering({});
  await page().show(signedIn(<AttendancePanel scope={QUEUE} figure={undefined} problem="You may not read this." />));
  expect(page().text).toContain("You may not read this.");
  expect(page().text).not.toContain("No shifts");
});

it("one person is found by the server among all, once one has typed", async () => {
  const answers: Record<string, object> = { [PEOPLE]: { items: Array.from({ length: 200 }, (_, id) => person(id)) } };
  const asked = answering(answers);
  const names = () => asked.map(({ query: { name = "" } }) => name);
  await page().show(
    signedIn(
      <PeopleList scope={QUEUE} asked={{ title: "Present" }} total={1_234} queues={[]} onClose={() => undefined} />,
    ),
  );
  expect(texts("h2")).toEqual(["Present: 1,234"]);
  const before = asked.length;
  answers[PEOPLE] = { items: [] };
  await type(page(), "input", "kel");
  await type(page(), "input", "kell ");
  expect(asked).toHaveLength(before);
  await page().settled(250);
  expect(names().slice(before)).toEqual(["kell"]);
  expect(page().text).toContain("Nobody here has “kell” in the name or the id.");
  expect(texts("h2")).toEqual(["Present: 0"]);
});

it("the title and the list are those of the same people", async () => {
  answering({ [BY_STATE]: OF_QUEUE, [PEOPLE]: { items: [person(1), person(2)] } });
  await panel();
  await press(page(), "3 Absent");
  expect(texts(".drawer h2")).toEqual(["Absent: 2"]);
});

const person = (id: number) => ({
  employee_id: `e${id}`,
  employee_name: null,
  department_id: "service",
  queue_names: ["a"],
  status: "present",
  shift_start: null,
  shift_end: null,
  checked_in_at: null,
  lost_minutes: null,
  scheduled_activity: null,
  state: null,
  state_since: null,
  state_seconds: null,
  out_of_adherence_since: null,
  out_of_adherence_minutes: 0,
  adherence_percent: null,
  conformance_percent: null,
  reason: null,
});

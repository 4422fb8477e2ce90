import { expect, it } from "vitest";

import { asText } from "../src/story/handover.js";
import {
  dayIn,
  dayInWords,
  countOf,
  filtered,
  filtersIn,
  instantOf,
  inWords,
  type Item,
  marksOf,
  type Story,
  type Summary,
} from "../src/story/story.js";
import { clock24, later } from "../src/kit/words.js";

const ZONE = "Europe/Berlin";
const HEAD = { department_id: "service", queue_name: "phone", who: null, note: null };
const NAMED = { alert_id: "a1", rule_name: "Too busy", severity: "critical" } as const;
const at = (time: string) => `2026-01-31T${time}:00Z`;

const CRITICAL: Item = {
  ...HEAD,
  id: "state:1",
  at: at("09:00"),
  kind: "state",
  state: { before: "ok", level: "critical", reasons: [{ code: "shortage", value: 30, limit: 20 }] },
};
const SILENT: Item = {
  ...CRITICAL,
  id: "state:2",
  state: { before: "critical", level: "stale", reasons: [{ code: "feed_stale", value: 360, limit: 300 }] },
};
const FIRED: Item = {
  ...HEAD,
  id: "alert:1",
  at: at("09:05"),
  kind: "alert",
  who: "system",
  alert: { ...NAMED, message: "Occupancy 95 %", reason: "fired", status: "pending" },
};
const TAKEN: Item = {
  ...FIRED,
  id: "alert:2",
  who: "dana",
  note: "I look into it.",
  alert: { ...NAMED, message: "Occupancy 95 %", reason: "acknowledged", status: "acknowledged" },
};
const CALLED: Item = {
  ...HEAD,
  id: "action:1",
  at: at("09:15"),
  kind: "action",
  who: "dana",
  note: "Both come at eleven.",
  action: {
    action_id: 1,
    kind: "call_in",
    agents: 2,
    from_queue_name: null,
    measured: [
      {
        department_id: "service",
        queue_name: "phone",
        end: at("09:30"),
        service_level: 84,
        target_service_level: 80,
        predicted: 82,
      },
    ],
  },
};
const FAILED: Item = {
  ...HEAD,
  id: "delivery:1",
  at: at("09:06"),
  kind: "notification",
  who: "ops",
  notification: { ...NAMED, transition: "triggered", outcome: "failed", detail: "HTTP 503" },
};
const ITEMS = [CRITICAL, SILENT, FIRED, TAKEN, CALLED, FAILED];

it.each([
  [CRITICAL, "critical, was ok", ["30 % of the agents short"]],
  [SILENT, "stale, was critical", ["no data for 6 min"]],
  [FIRED, "Too busy: fired", ["Occupancy 95 %"]],
  [TAKEN, "Too busy: acknowledged", []],
  [CALLED, "Called in 2 agents", ["10:30: 84 % (told 82 %)"]],
  [FAILED, "ops not reached: Too busy, triggered", ["HTTP 503"]],
])("an item is told in a line", (item, what, more) => {
  expect(inWords(item, ZONE)).toMatchObject({ what, more });
});

it("a filter lets its kind through; a queue without data is an outage, too", () => {
  expect(filtered(ITEMS, [])).toEqual(ITEMS);
  expect(filtered(ITEMS, ["outage", "note"])).toEqual([SILENT, TAKEN, CALLED]);
  expect(
    (["state", "alert", "action", "note", "notification", "outage"] as const).map((kind) => countOf(ITEMS, kind)),
  ).toEqual([2, 2, 1, 2, 1, 1]);
  expect(filtersIn("alert,nonsense,toString")).toEqual(["alert"]);
  expect(filtersIn(null)).toEqual([]);
});

it("the curves are marked where something happened, not where people were notified of it", () => {
  expect(marksOf(ITEMS, ZONE).map(({ color }) => color)).toEqual([
    "critical",
    "soft",
    "critical",
    "critical",
    "accent",
  ]);
});

it.each([
  [null, "2026-03-01", ""],
  ["2026-01-31", "2026-01-31", ""],
  ["2026-1-5", "2026-03-01", "“2026-1-5” is no day"],
  ["2026-02-30", "2026-03-01", "“2026-02-30” is no day"],
  ["5", "2026-03-01", "“5” is no day"],
])("the day %s of an address is %s", (text, day, problem) => {
  const found = dayIn(text, "2026-03-01");
  expect(found.day).toBe(day);
  expect(found.problem).toContain(problem);
  expect(Boolean(found.problem)).toBe(Boolean(problem));
  expect(dayInWords(found.day)).toMatch(/2026$/);
});

it("days follow each other", () => {
  expect([later("2026-03-01", -1), later("2026-12-31", 1)]).toEqual(["2026-02-28", "2027-01-01"]);
});

it.each([
  ["a usual day", "2026-01-30T23:00:00Z", "2026-01-31T23:00:00Z", "10:15", "2026-01-31T09:15:00.000Z"],
  ["after the hour that is lost", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "10:15", "2026-03-29T08:15:00.000Z"],
  ["in the hour that is lost", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "02:30", null],
  ["in the hour that comes twice", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "02:30", "2026-10-25T00:30:00.000Z"],
  ["after it", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "23:59", "2026-10-25T22:59:00.000Z"],
  ["no time", "2026-01-30T23:00:00Z", "2026-01-31T23:00:00Z", "", null],
])("a time of the local day is an instant: %s", (_, since, until, time, expected) => {
  const found = instantOf(time, { since, until }, ZONE);
  expect(found && new Date(found).toISOString()).toBe(expected);
  if (found) expect(clock24(found, ZONE)).toBe(time);
});

const SUMMARY: Summary = {
  as_of: at("11:00"),
  level: "critical",
  level_since: at("09:00"),
  contacts: { offered: 300, answered: 290, abandoned: 10, service_level: 76.2 },
  people_at_start: { at: at("07:00"), required: 16, scheduled: 15, available: 14 },
  people_at_end: { at: at("10:30"), required: null, scheduled: 15, available: 12 },
  queues: [
    { ...HEAD, level: "critical", since: at("09:00"), worst: "critical", worst_since: at("09:00") },
    {
      ...HEAD,
      queue_name: "mail",
      level: "ok",
      since: at("10:00"),
      worst: "stale",
      worst_since: "2026-01-29T22:30:00Z",
    },
  ],
  alerts_triggered: 3,
  open_alerts: [
    {
      ...HEAD,
      ...NAMED,
      message: "Occupancy 95 %",
      triggered_at: at("09:05"),
      taken_at: at("09:10"),
      taken_by: "dana",
      note: "I look into it.",
    },
    {
      ...HEAD,
      ...NAMED,
      severity: "low",
      queue_name: null,
      department_id: null,
      message: "Feed is silent",
      triggered_at: at("10:00"),
      taken_at: null,
      taken_by: null,
      note: null,
    },
  ],
  actions: [CALLED],
  outages: [
    { ...HEAD, queue_name: "mail", rule_name: null, since: at("09:00"), until: at("10:00") },
    { department_id: null, queue_name: null, rule_name: "Feed is silent", since: at("10:00"), until: null },
  ],
  left_out: 0,
};
const STORY: Story = {
  organization_id: "acme",
  department_id: "service",
  queue_name: null,
  date: "2026-01-31",
  time_zone: ZONE,
  since: "2026-01-30T23:00:00Z",
  until: "2026-01-31T23:00:00Z",
  items: ITEMS,
  next: null,
  summary: SUMMARY,
};

it("the hand-over is a text with its scope, its day and its zone", () => {
  expect(asText(STORY, "service")).toBe(`Hand-over of service, Saturday 31 January 2026, as of 12:00 (Europe/Berlin)

State
- Critical since 10:00
- 300 contacts offered, 290 answered, 10 abandoned; service level of the day 76 %
- Agents at work: 14 of 16 required at 08:00, then 12 at 11:30

Queues in trouble
- phone: critical since 10:00
- mail: ok since 11:00; was stale from Thu 29 Jan, 23:30

Open alerts (3 fired)
- critical: phone, Occupancy 95 % (since 10:05; taken by dana at 10:10; “I look into it.”)
- low: Feed is silent (since 11:00; taken by nobody)

What was done
- 10:15 Called in 2 agents; phone; dana; Both come at eleven.; 10:30: 84 % (told 82 %)

Without data
- mail: from 10:00 to 11:00
- Feed is silent: from 11:00 on, still
`);
});

it("a day of which nothing is known hands over just that, and of a past day the end is no matter", () => {
  const nothing = {
    ...SUMMARY,
    as_of: STORY.until,
    level: null,
    level_since: null,
    contacts: { offered: null, answered: null, abandoned: null, service_level: null },
    people_at_start: null,
    people_at_end: null,
    queues: [],
    open_alerts: [],
    actions: [],
    outages: [],
  };
  expect(asText({ ...STORY, summary: nothing }, "service")).toBe(
    "Hand-over of service, Saturday 31 January 2026 (Europe/Berlin)\n\nState\n- No change of the state is known of this day\n",
  );
});

import { act } from "react";
import { expect, it, vi } from "vitest";

import { pagePerTest } from "intraday-realtime/testing/page";
import { Advice } from "../src/advice/Advice.js";
import { ACTIONS, deed, queuesIn, type Suggestion, SUGGESTIONS, withOpened } from "../src/advice/advice.js";
import { WhatIf } from "../src/advice/WhatIf.js";
import { answering, button, press, refused, signedIn, type } from "./answering.js";
import { kpi } from "./figures.js";

const page = pagePerTest();
const NOW = Date.parse("2026-01-31T10:00:00Z");
const SCOPE = { organization_id: "org_123", department_id: "service", queue_name: "a" };
const move = (agents: number, change: Partial<Suggestion> = {}): Suggestion => ({
  kind: "move",
  department_id: "service",
  queue_name: "a",
  agents,
  from_department_id: "service",
  from_queue_name: "b",
  starts_at: "2026-01-31T10:00:00Z",
  until: "2026-01-31T10:30:00Z",
  effects: [],
  text: "",
  ...change,
});
const suggesting = (...suggestions: Suggestion[]) => ({ as_of: "", time_zone: "UTC", suggestions });
const ROUND = 30_000;

it("notes the suggestion that was opened, with what was typed, whatever is suggested meanwhile", async () => {
  const answers = { [SUGGESTIONS]: suggesting(move(2)) };
  const asked = answering(answers);
  await page().show(signedIn(<Advice scope={SCOPE} now={NOW} />));
  await press(page(), "Apply and note");
  await type(page(), ".note textarea", "Mara and Jonas");

  answers[SUGGESTIONS] = suggesting(move(5));
  await page().settled(ROUND);
  expect(page().text).toContain("Move 2 agents from b");

  answers[SUGGESTIONS] = suggesting();
  await page().settled(ROUND);
  expect(page().text).toContain("Not suggested any more");

  await press(page(), "Save");
  const [noted] = asked.filter(({ method, path }) => method === "POST" && path === ACTIONS);
  expect(noted?.body).toMatchObject({ kind: "move", agents: 2, note: "Mara and Jonas" });
  expect(page().text).toContain("Nothing to suggest.");
});

it("is what is suggested now, once it was closed", async () => {
  const answers = { [SUGGESTIONS]: suggesting(move(2)) };
  answering(answers);
  await page().show(signedIn(<Advice scope={SCOPE} now={NOW} />));
  await press(page(), "Apply and note");
  answers[SUGGESTIONS] = suggesting(move(5));
  await page().settled(ROUND);
  await press(page(), "Apply and note");
  expect(page().text).toContain("Move 5 agents from b");
});

it("tells two source queues of one name apart", () => {
  const both = [move(2), move(3, { from_department_id: "sales" }), move(1, { from_queue_name: "c" })];
  expect(both.map((each) => deed(each, queuesIn(both)))).toEqual([
    "Move 2 agents from b · service",
    "Move 3 agents from b · sales",
    "Move 1 agent from c",
  ]);
  expect(withOpened(both, [move(9, { from_department_id: "sales" })]).map(({ agents }) => agents)).toEqual([2, 9, 1]);
});

it("a what-if stands while the same question is refused, and not under another one", async () => {
  const baseline = { agents: 17, interval_minutes: 30 };
  const answers: Record<string, object> = {
    "/api/intraday/kpi/what-if": { baseline, scenario: { ...baseline, agents: 21 } },
  };
  answering(answers);
  const show = (id: string) =>
    page().show(
      signedIn(<WhatIf scope={SCOPE} kpi={kpi("a", { snapshot_id: id, headcount_gap: { available: 17 } })} />),
    );
  await show("first");
  await press(page(), "Work it out");
  expect(page().element.querySelector("table")?.textContent).toContain("21");

  answers["/api/intraday/kpi/what-if"] = refused("The server is busy.");
  await show("second");
  expect(page().text).toContain("The server is busy.");
  expect(page().element.querySelector("table")?.textContent).toContain("21");

  await type(page(), "input", "40");
  await press(page(), "Work it out");
  expect(page().element.querySelector("table")).toBeNull();
  expect(button(page(), "Work it out")).toBeDefined();
});

it("a what-if that is one too many at once is asked again, and what stands stays without a word", async () => {
  const baseline = { agents: 17, interval_minutes: 30 };
  const answered = { baseline, scenario: { ...baseline, agents: 21 } };
  const answers: Record<string, object> = { "/api/intraday/kpi/what-if": refused("As many as may.", 429) };
  const log = answering(answers);
  await page().show(signedIn(<WhatIf scope={SCOPE} kpi={kpi("a", { headcount_gap: { available: 17 } })} />));
  await press(page(), "Work it out");
  expect([log.length, page().text.includes("As many as may.")]).toEqual([1, false]);
  answers["/api/intraday/kpi/what-if"] = answered;
  await act(() => vi.advanceTimersByTimeAsync(2_000));
  expect([log.length, page().element.querySelector("table")?.textContent.includes("21")]).toEqual([2, true]);

  answers["/api/intraday/kpi/what-if"] = refused("As many as may.", 429);
  await press(page(), "Work it out");
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  expect(log.length).toBe(6);
  expect(page().text).toContain("As many as may.");
  expect(page().element.querySelector("table")?.textContent).toContain("21");
});

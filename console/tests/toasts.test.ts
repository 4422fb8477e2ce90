import { expect, it } from "vitest";

import { GROUPED_FOR_MS, MOST_TOASTS, SHOWN_FOR_MS, stillShown, type Toast, withAlert } from "../src/alerts/toasts.js";
import { alert } from "./figures.js";

const raised = (...alerts: [id: string, group: string, at: number][]): readonly Toast[] =>
  alerts.reduce<readonly Toast[]>((toasts, [id, group_key, at]) => withAlert(toasts, alert(id, { group_key }), at), []);
const summary = (toasts: readonly Toast[]) => toasts.map(({ alert: { alert_id }, count }) => [alert_id, count]);

it("alerts of one group are one toast with a count, of the newest of them", () => {
  expect(summary(raised(["a", "g", 0], ["b", "g", 1_000], ["c", "g", GROUPED_FOR_MS - 1]))).toEqual([["c", 3]]);
});

it("after half a minute the group is told anew", () => {
  expect(summary(raised(["a", "g", 0], ["b", "g", GROUPED_FOR_MS]))).toEqual([
    ["b", 1],
    ["a", 1],
  ]);
});

it("an alert that is raised again counts once", () => {
  expect(summary(raised(["a", "g", 0], ["a", "g", 10]))).toEqual([["a", 1]]);
});

it("a storm of groups shows the newest few", () => {
  const storm = Array.from({ length: 9 }, (_, place): [string, string, number] => [`${place}`, `g${place}`, place]);
  expect(summary(raised(...storm))).toHaveLength(MOST_TOASTS);
  expect(summary(raised(...storm))[0]).toEqual(["8", 1]);
});

it("silenced and taken alerts raise none", () => {
  expect(withAlert([], alert("a", { suppressed: true }), 0)).toEqual([]);
  expect(withAlert([], alert("a", { status: "acknowledged" }), 0)).toEqual([]);
});

it("a toast goes by itself, and when somebody takes its alert", () => {
  const toasts = raised(["a", "g", 0], ["b", "h", 5_000]);
  expect(summary(stillShown(toasts, new Set(), SHOWN_FOR_MS))).toEqual([["b", 1]]);
  expect(summary(stillShown(toasts, new Set(["b"]), 5_000))).toEqual([["a", 1]]);
  expect(stillShown(toasts, new Set(), 5_000)).toBe(toasts);
});

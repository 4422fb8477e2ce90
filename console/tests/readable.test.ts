import { describe, expect, it } from "vitest";

import { cards, causeOf, counted, stillHolds } from "../src/alerts/alerts.js";
import { withGaps } from "../src/day/backlog.js";
import { impossible } from "../src/figures/impossible.js";
import { clock, minSec, startOfDay, tellIn12Hours } from "../src/kit/words.js";
import { alert, backlog, CALM, kpi } from "./figures.js";

describe("a length of time to the second", () => {
  it.each([
    [0, "0:00"],
    [42.4, "0:42"],
    [725, "12:05"],
    [3_723, "1:02:03"],
    [null, "–"],
  ])("%s is %s", (seconds, words) => expect(minSec(seconds)).toBe(words));
});

describe("a time of day", () => {
  it("is told as the person likes, and counted all the same", () => {
    const noon = Date.parse("2026-01-31T17:05:00Z");
    const midnight = startOfDay(noon, "Europe/Berlin");
    tellIn12Hours(true);
    expect(clock(noon, "UTC")).toBe("5:05 pm");
    expect(startOfDay(noon, "Europe/Berlin")).toBe(midnight);
    tellIn12Hours(false);
    expect(clock(noon, "UTC")).toBe("17:05");
  });
});

describe("alerts of one scope and cause", () => {
  const of = (id: string, source: "kpi" | "backlog" | "schedule" | "attendance", metric: string, queue_name = "mail") =>
    alert(id, { source, metric, queue_name });

  it.each([
    ["kpi", "headcount_gap.gap", "staffing"],
    ["kpi", "utilization.occupancy", "staffing"],
    ["kpi", "state.components.backlog", "backlog"],
    ["kpi", "service.service_level", "level"],
    ["kpi", "sla_risk.risk_score", "level"],
    ["backlog", "total_items", "backlog"],
    ["schedule", "service.volume_variance_percent", "volume"],
    ["schedule", "backlog_stale_minutes", "feed"],
    ["attendance", "no_show_count", "staffing"],
  ] as const)("%s %s is one of %s", (source, metric, cause) => expect(causeOf(of("1", source, metric))).toBe(cause));

  it("are one card, where the first of them stood", () => {
    const found = cards([
      of("1", "kpi", "headcount_gap.gap"),
      of("2", "kpi", "sla_risk.risk_score"),
      of("3", "kpi", "utilization.occupancy"),
      of("4", "kpi", "headcount_gap.gap", "calls"),
    ]);
    expect(found.map(({ cause, alerts }) => [cause, alerts.map(({ alert_id }) => alert_id)])).toEqual([
      ["staffing", ["1", "3"]],
      ["level", ["2"]],
      ["staffing", ["4"]],
    ]);
  });

  it("count as taken only where a person took them", () => {
    const open = [alert("1"), alert("2", { status: "acknowledged" }), alert("3", { suppressed: true })];
    expect(counted(open)).toBe("1 waiting, 1 taken, 1 silenced");
  });

  it("ask for a reason as long as the condition holds", () => {
    expect(stillHolds(alert("1"))).toBe(true);
    expect(stillHolds(alert("1", { condition_cleared_at: "2026-01-31T10:00:00Z" }))).toBe(false);
  });
});

describe("figures that cannot be right", () => {
  it("are named", () => {
    const wrong = kpi("a", { ...CALM, service: { offered: 10, answered: 12, service_level: 120 } });
    expect(impossible(wrong, backlog("a", { total_items: 3, items_over_sla: 5 }))).toEqual([
      "12 answered of 10 offered",
      "a service level of 120 %",
      "5 over SLA of 3 items",
    ]);
  });

  it("are not those of deferred work, which answers what came before", () => {
    const mail = kpi("a", { ...CALM, headcount_gap: { method: "workload" }, service: { offered: 10, answered: 12 } });
    expect(impossible(mail, undefined)).toEqual([]);
  });
});

describe("a history", () => {
  it("has a gap where the feed was silent, and none between usual snapshots", () => {
    const at = (time: string) => backlog("a", { timestamp: `2026-01-31T${time}Z` });
    const points = withGaps(["09:00:00", "09:01:00", "09:02:00", "09:30:00", "09:31:00"].map(at));
    expect(points.map(({ figure }) => figure !== null)).toEqual([true, true, true, false, true, true]);
  });
});

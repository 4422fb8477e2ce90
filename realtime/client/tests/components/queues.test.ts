import { describe, expect, it } from "vitest";

import { csv } from "../../components/Export.js";
import { byUrgency, judge, queueRows, serviceOf, sorted } from "../../components/queues.js";
import { alert, backlog, CALM, kpi } from "./figures.js";

const NOW = Date.parse("2026-01-31T10:00:00Z");

describe("the state of a queue", () => {
  const critical = { ...CALM, sla_risk: { ...CALM.sla_risk, risk_score: 97.4, risk_level: "critical" as const } };
  const short = { ...CALM, headcount_gap: { gap: -5, gap_percent: -20, shortfall: 5 } };
  it.each([
    ["a critical risk", kpi("a", critical), undefined, "burning", "97 % risk to miss the target"],
    ["a fifth of the agents missing", kpi("a", short), undefined, "burning", "5 agents short"],
    [
      "one agent in nine missing",
      kpi("a", { ...CALM, headcount_gap: { gap: -1, gap_percent: -11, shortfall: 1 } }),
      undefined,
      "at_risk",
      "1 agent short",
    ],
    [
      "a service level well below its target",
      kpi("a", { ...CALM, service: { service_level: 74 } }),
      undefined,
      "at_risk",
      "service level 74 % of 80 %",
    ],
    [
      "a service level a little below its target",
      kpi("a", { ...CALM, service: { service_level: 76 } }),
      undefined,
      "fine",
      "",
    ],
    [
      "a late backlog",
      undefined,
      backlog("a", { sla_compliance_percentage: 89.9 }),
      "at_risk",
      "90 % of the backlog within SLA",
    ],
    [
      "old figures",
      kpi("a", { ...CALM, quality: "stale" }),
      undefined,
      "stale",
      "figures are older than the feed's cadence allows",
    ],
    [
      "a closed queue, whatever its figures",
      kpi("a", { ...critical, closed_until: "2026-01-31T10:00:01Z" }),
      undefined,
      "closed",
      "",
    ],
    [
      "a queue that has just opened",
      kpi("a", { ...critical, closed_until: "2026-01-31T10:00:00Z" }),
      undefined,
      "burning",
      "97 % risk to miss the target",
    ],
    [
      "no figure to judge by",
      kpi("a", { ...CALM, sla_risk: { risk_score: null, risk_level: null } }),
      undefined,
      "unknown",
      "",
    ],
    ["nothing wrong", kpi("a", CALM), backlog("a"), "fine", ""],
  ])("%s", (_, figure, waiting, level, why) => {
    expect(judge(figure, waiting, false, NOW)).toEqual({ level, why: why ? [why] : [] });
  });

  it("is judged by its backlog where nobody waits on the line", () => {
    const deferred = kpi("a", { ...CALM, headcount_gap: { method: "workload" }, service: { service_level: null } });
    const rows = queueRows([deferred], [backlog("a", { sla_compliance_percentage: 93 })], [], NOW);
    expect([...rows.values()].map(serviceOf)).toEqual([{ percent: 93, target: null, label: "of backlog in SLA" }]);
  });

  it("burns with an open critical alert of its own, and not with one of another queue", () => {
    const alerts = [alert("1", { severity: "critical", department_id: "service", queue_name: "a" })];
    const rows = [...queueRows([kpi("a", CALM), kpi("b", CALM)], [], alerts, NOW).values()];
    expect(rows.map(({ queue, level }) => [queue, level])).toEqual([
      ["a", "burning"],
      ["b", "fine"],
    ]);
  });
});

describe("the order of queues", () => {
  const risk = (queue: string, risk_score: number | null) =>
    kpi(queue, { ...CALM, sla_risk: { ...CALM.sla_risk, risk_score } });
  const rows = (...kpis: ReturnType<typeof kpi>[]) => [...queueRows(kpis, [], [], NOW).values()];
  const names = (found: { queue: string }[]) => found.map(({ queue }) => queue);

  it("is worst first, and what is not known comes last", () => {
    expect(names(rows(risk("none", null), risk("low", 3), risk("high", 60)).sort(byUrgency))).toEqual([
      "high",
      "low",
      "none",
    ]);
  });

  it("prefers the larger gap at equal risk", () => {
    const gap = (queue: string, gap_percent: number) =>
      kpi(queue, { ...CALM, headcount_gap: { gap: 0, gap_percent, shortfall: 0 } });
    expect(names(rows(gap("small", -2), gap("large", -9), gap("none", 4)).sort(byUrgency))).toEqual([
      "large",
      "small",
      "none",
    ]);
  });

  it("is by name, with numbers as numbers, where nothing else differs", () => {
    expect(names(sorted(rows(risk("line 10", 5), risk("line 9", 5)), "urgency"))).toEqual(["line 9", "line 10"]);
  });
});

it("exports what is shown, without formulas for a spreadsheet", () => {
  const rows = [...queueRows([kpi('=HYPERLINK("x")', CALM)], [], [], NOW).values()];
  expect(csv(rows).split("\r\n")[1]).toMatch(/^service,"'=HYPERLINK\(""x""\)",fine,10,90,80,1,/);
});

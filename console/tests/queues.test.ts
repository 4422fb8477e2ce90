import { describe, expect, it } from "vitest";

import { csv, fileName } from "../src/queues/Export.js";
import {
  byUrgency,
  headline,
  type QueueRow,
  queueRows,
  saidOf,
  serviceOf,
  sorted,
  worstReason,
} from "../src/queues/queues.js";
import type { Level } from "../src/figures/states.js";
import { alert, backlog, CALM, kpi, reason, withoutState } from "./figures.js";

const CLOCK = { now: Date.parse("2026-01-31T10:00:00Z"), zone: "UTC" };
const LEVELS: readonly Level[] = ["critical", "at_risk", "stale", "unknown", "ok", "closed"];

type Figure = ReturnType<typeof kpi>;
const rowsOf = (kpis: Figure[], alerts: ReturnType<typeof alert>[] = []): QueueRow[] => [
  ...queueRows(kpis, [], alerts, CLOCK).values(),
];
const names = (rows: { queue: string }[]) => rows.map(({ queue }) => queue);

describe("the state of a queue", () => {
  it.each(LEVELS)("is what the server says, whatever the figures: %s", (level) => {
    const alarming = { sla_risk: { risk_score: 99, risk_level: "critical" as const } };
    const [row] = rowsOf([kpi("a", { ...alarming, state: { level } })]);
    expect(row?.level).toBe(level);
  });

  it("has the reasons of the server, the worst first", () => {
    const reasons = [reason("nobody_there", 3, 0, "critical"), reason("backlog_compliance", 80, 90, "at_risk")];
    const [row] = rowsOf([kpi("a", { state: { level: "critical", reasons } })]);
    expect(row && saidOf(row)).toEqual(["Nobody is there: 3 needed", "Backlog: 80 % within SLA"]);
  });

  it("is unknown without a figure, and with one of before the upgrade", () => {
    const rows = [...queueRows([withoutState(kpi("a", CALM))], [backlog("b")], [], CLOCK).values()];
    expect(rows.map(({ queue, level, why }) => [queue, level, why.length])).toEqual([
      ["a", "unknown", 1],
      ["b", "unknown", 1],
    ]);
  });

  it("is read by its backlog where nobody waits on the line", () => {
    const deferred = kpi("a", { ...CALM, headcount_gap: { method: "workload" }, service: { service_level: null } });
    const rows = queueRows([deferred], [backlog("a", { sla_compliance_percentage: 93 })], [], CLOCK);
    expect([...rows.values()].map(serviceOf)).toEqual([{ percent: 93, target: null, label: "of backlog in SLA" }]);
  });

  it("stays what it is with an open critical alert, which is said beside it", () => {
    const alerts = [
      alert("1", { severity: "critical", department_id: "service", queue_name: "a" }),
      alert("2", { severity: "high", department_id: "service", queue_name: "b" }),
    ];
    const rows = rowsOf([kpi("a", CALM), kpi("b", CALM)], alerts);
    expect(rows.map((row) => [row.queue, row.level, saidOf(row)])).toEqual([
      ["a", "ok", ["Recovered, but a critical alert is still open"]],
      ["b", "ok", []],
    ]);
  });

  it("says when its volume is suspect", () => {
    const rows = rowsOf([kpi("a", { quality: "suspect" }), kpi("b", { quality: "partial" })]);
    expect(rows.map(({ suspect }) => suspect)).toEqual([true, false]);
  });
});

describe("the order of queues", () => {
  const risk = (queue: string, risk_score: number | null, outlook_risk: number | null = null) =>
    kpi(queue, { ...CALM, sla_risk: { ...CALM.sla_risk, risk_score, outlook_risk } });

  it("is critical, at risk, stale, unknown, ok, closed", () => {
    const mixed = ["closed", "ok", "unknown", "stale", "at_risk", "critical"] as const;
    const rows = rowsOf(mixed.map((level) => kpi(level, { state: { level } })));
    expect(names(rows.sort(byUrgency))).toEqual(LEVELS);
  });

  it("has what an alert is open for before the rest of its level", () => {
    const alerts = [alert("1", { severity: "critical", department_id: "service", queue_name: "alerted" })];
    expect(names(rowsOf([risk("risky", 60), risk("alerted", 3)], alerts).sort(byUrgency))).toEqual([
      "alerted",
      "risky",
    ]);
  });

  it("is by the worse of both risks, and what is not known comes last", () => {
    const rows = rowsOf([risk("none", null), risk("low", 3), risk("soon", 20, 75), risk("high", 60)]);
    expect(names(rows.sort(byUrgency))).toEqual(["soon", "high", "low", "none"]);
  });

  it("prefers the larger gap at equal risk", () => {
    const gap = (queue: string, gap_percent: number) =>
      kpi(queue, { ...CALM, headcount_gap: { gap: 0, gap_percent, shortfall: 0 } });
    expect(names(rowsOf([gap("small", -2), gap("large", -9), gap("none", 4)]).sort(byUrgency))).toEqual([
      "large",
      "small",
      "none",
    ]);
  });

  it("is by name, with numbers as numbers, where nothing else differs", () => {
    expect(names(sorted(rowsOf([risk("line 10", 5), risk("line 9", 5)]), "urgency"))).toEqual(["line 9", "line 10"]);
  });

  it.each<[order: "risk" | "gap" | "service" | "backlog", down: string[], up: string[]]>([
    ["risk", ["c", "b", "a"], ["b", "c", "a"]],
    ["gap", ["b", "c", "a"], ["c", "b", "a"]],
    ["service", ["b", "c", "a"], ["c", "b", "a"]],
    ["backlog", ["c", "b", "a"], ["b", "c", "a"]],
  ])("has queues of unknown %s last, whichever way it goes", (order, down, up) => {
    const figure = (queue: string, number: number) =>
      kpi(queue, {
        sla_risk: { risk_score: number },
        headcount_gap: { gap: number },
        service: { service_level: number },
      });
    const works = [backlog("b", { total_items: 1 }), backlog("c", { total_items: 2 })];
    const rows = [...queueRows([kpi("a"), figure("b", 1), figure("c", 2)], works, [], CLOCK).values()];
    expect(names(sorted(rows, order))).toEqual(down);
    expect(names(sorted(rows, order, true))).toEqual(up);
  });
});

describe("the headline", () => {
  const whole = (level: Level) => kpi("", { state: { level } });
  it.each<[queues: Level[], scope: Level, level: Level, title: string, note: string]>([
    [["critical", "ok"], "critical", "critical", "1 queue critical", "of 2 queues"],
    [["critical", "critical", "at_risk"], "critical", "critical", "2 queues critical", "1 more at risk"],
    [["at_risk", "stale"], "at_risk", "at_risk", "1 queue at risk", "of 2 queues"],
    [["stale", "unknown", "ok"], "stale", "stale", "2 queues without current data", "of 3 queues"],
    [["unknown", "ok"], "unknown", "unknown", "1 queue without current data", "of 2 queues"],
    [["ok", "closed"], "ok", "ok", "All within limits", "nearest of 2 queues"],
    [["closed", "closed"], "closed", "closed", "All closed", "2 queues"],
    // No queue alone has had enough contacts to tell; all of them together have.
    [["ok", "ok"], "critical", "critical", "Critical", "all of 2 queues together"],
    [["ok", "stale"], "at_risk", "at_risk", "At risk", "all of 2 queues together"],
  ])("of %s in %s", (queues, scope, level, title, note) => {
    const rows = rowsOf(queues.map((each, place) => kpi(`q${place}`, { state: { level: each } })));
    expect(headline(rows, whole(scope))).toEqual({ level, title, note });
  });
});

it("is not all within limits while a queue is far off, though not for long enough", () => {
  const far = kpi("a", { ...CALM, sla_risk: { ...CALM.sla_risk, risk_level: "critical" } });
  expect(headline(rowsOf([far, kpi("b", CALM)]), undefined).title).toBe("All ok so far");
  expect(rowsOf([far]).map(saidOf)).toEqual([["Far off, but not for long enough to be at risk"]]);
});

describe("the worst reason of a level", () => {
  const short = reason("shortage", 20, 20, "critical");
  const level = kpi("", { state: { level: "critical", reasons: [short] } });
  const staff = { shortfall: 4, required: 20, available: 16 };
  it("names the queue whose reason it is, in that queue's people", () => {
    const queue = kpi("a", { headcount_gap: staff, state: { level: "critical", reasons: [short] } });
    expect(worstReason(level, rowsOf([kpi("b"), queue]), CLOCK)).toBe("a: 4 of 20 agents short");
  });
  it("stands alone where no queue is known to have it, and of a queue", () => {
    expect(worstReason(level, rowsOf([kpi("b")]), CLOCK)).toBe("20 % of the agents short");
    const queue = kpi("a", { headcount_gap: staff, state: { level: "critical", reasons: [short] } });
    expect(worstReason(queue, [], CLOCK)).toBe("4 of 20 agents short");
    expect(worstReason(undefined, [], CLOCK)).toBe("");
  });
});

it("exports what is shown, without formulas for a spreadsheet", () => {
  const reasons = [reason("nobody_there", 3, 0, "critical")];
  const rows = rowsOf([kpi('=HYPERLINK("x")', { ...CALM, state: { level: "critical", reasons } })]);
  const line = csv(rows).split("\r\n")[1];
  expect(line).toMatch(/^service,"'=HYPERLINK\(""x""\)",critical,10,90,80,1,/);
  expect(line).toMatch(/,Nobody is there: 3 needed,ok,,$/);
});

it("exports to a file that is named as those of the server", () => {
  const scope = { organization_id: "org_123", department_id: "Kundendienst/Süd", queue_name: "line 1" };
  expect(fileName(scope, "2026-01-31")).toBe("queues_org_123_Kundendienst-Süd_line-1_2026-01-31.csv");
  expect(fileName({ organization_id: "org_123" }, "2026-01-31")).toBe("queues_org_123_2026-01-31.csv");
});

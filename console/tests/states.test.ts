import { describe, expect, it } from "vitest";

import type { KPI } from "../src/session/payloads.js";
import {
  componentOf,
  dayRecovery,
  headsTitle,
  heldFor,
  levelIcon,
  levelOf,
  levelWord,
  pastTarget,
  type Reason,
  reasonsOf,
  restOfInterval,
  serviceLevel,
  stillAlerted,
  titled,
} from "../src/figures/states.js";
import { kpi, reason, withoutState } from "./figures.js";

const CLOCK = { now: Date.parse("2026-01-31T10:00:00Z"), zone: "Europe/Berlin" };
const TARGET = { target_service_level: 80 };
const DROP = { since: "2026-01-31T09:50:00Z", offered: 0, forecast: 24, span_minutes: 10, inherited: false };

const figureOf = (found: Reason, change: Parameters<typeof kpi>[1] = {}): KPI =>
  kpi("a", { state: { level: found.level === "stale" ? "stale" : "critical", reasons: [found] }, ...change });

describe("a reason in words", () => {
  it.each<[words: string, found: Reason, change?: Parameters<typeof kpi>[1]]>([
    ["The next interval will probably miss its target: 92 % risk", reason("outlook_risk", 92.4, 85, "critical")],
    ["The next interval may miss its target: 70 % risk", reason("outlook_risk", 70, 65, "at_risk")],
    ["This interval is lost: 31 % of 80 %", reason("interval_lost", 49, 20, "critical"), { sla_risk: TARGET }],
    ["This interval is falling short: 68 % of 80 %", reason("interval_lost", 12, 10, "at_risk"), { sla_risk: TARGET }],
    ["This interval is lost: 49 points under target", reason("interval_lost", 49, 20, "critical")],
    [
      "4 of 20 agents short",
      reason("shortage", 20, 20, "critical"),
      { headcount_gap: { shortfall: 4, required: 20, available: 16 } },
    ],
    [
      "1 of 1 agent short",
      reason("shortage", 100, 20, "critical"),
      { headcount_gap: { shortfall: 1, required: 1, available: 0 } },
    ],
    // Taken over from a queue inside: the heads of this scope are not those that are short.
    [
      "30 % of the agents short",
      reason("shortage", 30, 20, "critical"),
      { headcount_gap: { shortfall: 4, required: 80 } },
    ],
    [
      "Was short of agents (recovering)",
      reason("shortage", 0, 10, "at_risk"),
      { headcount_gap: { shortfall: 1, required: 13 } },
    ],
    ["Nobody is there: 3 needed", reason("nobody_there", 3, 0, "critical")],
    ["Backlog: 70 % within SLA", reason("backlog_compliance", 70, 75, "critical")],
    [
      "Far fewer contacts than forecast: 0 of 24 in 10 min; is the line up?",
      reason("volume_implausibly_low", 0, 24, "critical"),
      { quality: "suspect", volume: DROP },
    ],
    [
      "Far fewer contacts than forecast in all queues together: 2 of 60 in 10 min; is the line up?",
      reason("volume_implausibly_low", 2, 60, "critical"),
      { quality: "suspect", volume: { ...DROP, inherited: true } },
    ],
    ["No data since 10:42", reason("feed_stale", 1080, 180, "stale"), { as_of: "2026-01-31T09:42:00Z" }],
    ["No data since Fri 30 Jan, 17:30", reason("feed_stale", 61_200, 180, "stale"), { as_of: "2026-01-30T16:30:00Z" }],
    ["No data for 18 min", reason("feed_stale", 1080, 180, "stale"), { as_of: null }],
    ["No data yet", reason("no_data", null, null, "unknown"), { as_of: null }],
    [
      "The next interval will probably miss its target: 60 % risk (recovering)",
      reason("outlook_risk", 60, 85, "critical"),
    ],
    ["Backlog: 80 % within SLA (recovering)", reason("backlog_compliance", 80, 75, "critical")],
    ["Moon phase: 3, limit 2", reason("moon_phase", 3, 2, "at_risk")],
    ["Moon phase", reason("moon_phase", null, null, "at_risk")],
  ])("%s", (words, found, change) => {
    expect(reasonsOf(figureOf(found, change), CLOCK)).toEqual([words]);
  });

  it("comes for every level that has none of its own", () => {
    expect(reasonsOf(undefined, CLOCK)).toEqual(["No figure has been computed yet"]);
    expect(reasonsOf(kpi("a", { state: { level: "unknown" } }), CLOCK)).toEqual(["Too little is known to judge it"]);
    expect(reasonsOf(kpi("a", { state: { level: "stale" } }), CLOCK)).toEqual(["No data since 10:59"]);
    expect(reasonsOf(kpi("a"), CLOCK)).toEqual([]);
    expect(reasonsOf(kpi("a", { state: { level: "closed" } }), CLOCK)).toEqual([]);
  });
});

describe("a figure of before the upgrade, without a state", () => {
  const old = withoutState(kpi("a", { sla_risk: { risk_score: 99, risk_level: "critical" } }));
  it("is unknown, says why, and colours nothing", () => {
    expect(levelOf(old)).toBe("unknown");
    expect(reasonsOf(old, CLOCK)).toEqual([
      "No state was recorded with this figure: it is older than the last upgrade",
    ]);
    expect(componentOf(old, "service")).toBeNull();
    expect(heldFor(old, CLOCK.now)).toBe("");
  });
});

describe("a level of which nothing has held for long enough", () => {
  const far = { sla_risk: { risk_level: "critical" } } as const;
  it.each<[word: string, icon: string, change: Parameters<typeof kpi>[1]]>([
    ["ok so far", "so_far", far],
    ["ok so far", "so_far", { headcount_gap: { status: "critical_understaffed" } }],
    ["ok", "ok", { sla_risk: { risk_level: "high" }, headcount_gap: { status: "understaffed" } }],
    ["critical", "critical", { ...far, state: { level: "critical" } }],
    ["closed", "closed", { ...far, state: { level: "closed" } }],
  ])("%s, with %s", (word, icon, change) => {
    expect(levelWord(kpi("a", change))).toBe(word);
    expect(levelIcon(kpi("a", change))).toBe(icon);
  });
});

describe("an open critical alert beside the level", () => {
  it.each([
    ["critical", ""],
    ["at_risk", "No longer critical, but a critical alert is still open"],
    ["ok", "Recovered, but a critical alert is still open"],
    ["closed", "Recovered, but a critical alert is still open"],
    ["stale", "A critical alert is open"],
    ["unknown", "A critical alert is open"],
  ] as const)("%s", (level, words) => {
    expect(stillAlerted(level, true)).toBe(words);
    expect(stillAlerted(level, false)).toBe("");
  });
});

describe("what callers meet", () => {
  const service = (change: Partial<KPI["service"]>) => kpi("a", { service: change }).service;
  it.each([
    [service({ service_level: 31, service_level_answered: 100 }), "31 % (100 % of those answered)"],
    [service({ service_level: 84.6, service_level_answered: 85.1 }), "85 %"], // the same when rounded
    [service({ service_level: 84 }), "84 %"],
    [service({ service_level: 0, service_level_answered: null }), "0 %"],
    [service({ service_level: null, service_level_answered: 90 }), "–"],
    [service({}), "–"],
  ])("%#: %s", (given, words) => {
    expect(serviceLevel(given)).toBe(words);
  });

  const risk = (change: Partial<KPI["sla_risk"]>) => kpi("a", { sla_risk: change }).sla_risk;
  it.each([
    [risk({ required_rest: 97, projected_service_level: 76.4 }), "needs 97 % of the rest; ends at about 76 %"],
    [risk({ required_rest: 100 }), "needs 100 % of the rest"],
    [risk({ required_rest: 130, projected_service_level: 40 }), "can no longer reach its target; ends at about 40 %"],
    [risk({ required_rest: 0, projected_service_level: 93 }), "safe; ends at about 93 %"],
    [risk({ required_rest: -12 }), "safe"],
    [risk({ projected_service_level: 76 }), "ends at about 76 %"],
    [risk({}), ""],
    [undefined, ""],
  ])("%#: the rest of the interval", (given, words) => {
    expect(restOfInterval(given)).toBe(words);
  });

  it("says the rest in words", () => {
    expect(dayRecovery(risk({ day_recovery_probability: 3 }))).toBe("3 % chance to reach the day's target");
    expect(dayRecovery(risk({}))).toBe("");
    expect(pastTarget(service({ waiting_past_target: 9 }))).toBe("9 waiting past target");
    expect(pastTarget(service({ waiting_past_target: 0 }))).toBe("");
    expect(headsTitle(kpi("a", { headcount_gap: { available_source: "acd_overlapping" } }))).toBe(
      "People may be counted more than once",
    );
    expect(headsTitle(kpi("a", { headcount_gap: { available_source: "feed" } }))).toBe("");
    expect(heldFor(kpi("a"), CLOCK.now)).toBe("for 60 min");
  });

  it("is in the title of the tab where it needs somebody", () => {
    const levels = ["critical", "at_risk", "stale", "unknown", "ok", "closed"] as const;
    expect(levels.map((level) => titled(level, "Acme"))).toEqual([
      "Critical: Acme",
      "At risk: Acme",
      "Acme",
      "Acme",
      "Acme",
      "Acme",
    ]);
  });
});

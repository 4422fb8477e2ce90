import { describe, expect, it } from "vitest";

import { changes, deed, moment, period } from "../src/audit/words.js";

describe("deeds in words", () => {
  it.each([
    ["rule.changed", "busy", "changed the rule busy"],
    ["silence.ended", "works", "ended the silence works"],
    ["key.created", "acd (ik_abc)", "created the API key acd (ik_abc)"],
    ["queue_settings.saved", "org_123 / dept / support", "saved the settings of org_123 / dept / support"],
    ["person.sign_in_failed", "dana", "failed to sign in"],
    ["membership.created", "ben", "made ben a member"],
    ["person.password_chosen", "dana", "chose a password"],
    ["person.second_factor_removed", "dana", "removed the second factor"],
    ["person.second_factor_removed", "ben", "removed the second factor of ben"],
    ["person.sessions_ended", "ben", "ended sessions of ben"],
    ["person.groups_granted", "ben@acme", "gave access to ben@acme by groups"],
    ["rocket.launched_twice", "one", "launched twice the rocket one"],
  ])("%s", (action, target, said) => {
    expect(deed({ action, target, actor: "dana" })).toBe(said);
  });
});

describe("changes in words", () => {
  it("says what was and what is", () => {
    const before = { threshold: 90, enabled: true, department_ids: [] };
    const after = { threshold: 85, enabled: false, department_ids: ["a", "b"] };
    expect(changes({ before, after })).toEqual([
      { field: "department ids", before: "nothing", after: "a, b" },
      { field: "enabled", before: "yes", after: "no" },
      { field: "threshold", before: "90", after: "85" },
    ]);
  });

  it("leaves out what a new row does not say", () => {
    const after = { name: "acd", note: "", expires_at: null, scopes: ["read"], weekly: { days: ["mon"] } };
    expect(changes({ before: null, after })).toEqual([
      { field: "name", before: null, after: "acd" },
      { field: "scopes", before: null, after: "read" },
      { field: "weekly", before: null, after: '{"days":["mon"]}' },
    ]);
  });

  it("spells instants as the time of the reader", () => {
    const at = "2026-11-29T10:00:00Z";
    expect(changes({ before: null, after: { ends_at: at } })[0]?.after).toBe(moment(at));
  });
});

describe("the period of a form", () => {
  it("is whole days of the reader", () => {
    const { since = "", until = "" } = period("2026-02-28", "2026-02-28");
    expect([new Date(since).getDate(), new Date(since).getHours()]).toEqual([28, 0]);
    expect([new Date(until).getMonth(), new Date(until).getDate(), new Date(until).getHours()]).toEqual([2, 1, 0]);
  });

  it("is open where nothing is typed", () => {
    expect(period("", "")).toEqual({});
  });
});

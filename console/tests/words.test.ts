import { describe, expect, it } from "vitest";

import { byUrgency, lasting, measured, newest, refusal, standing as standingOf } from "../src/alerts/alerts.js";
import { feedsInWords, refusals, standing } from "../src/connection/connection.js";
import type { Feed } from "../src/session/payloads.js";
import { RestError, withQuery } from "../src/session/rest.js";
import { addressOf, type Organization, scopeInAddress } from "../src/session/session.js";
import {
  clock,
  duration,
  minutes,
  number,
  percent,
  signed,
  startOfDay,
  tellIn12Hours,
  until,
  weekBefore,
} from "../src/kit/words.js";
import { alert } from "./figures.js";

describe("figures in words", () => {
  it.each([
    [number(null), "–"],
    [number(undefined), "–"],
    [number(0), "0"],
    [number(1234.5), "1,235"],
    [number(-3), "−3"],
    [percent(null), "–"],
    [percent(80.25, 1), "80.3 %"],
    [signed(null), "–"],
    [signed(3), "+3"],
    [signed(-1234), "−1,234"],
    [signed(0), "0"],
    [signed(-0.3), "0"],
    [duration(null), "–"],
    [duration(99), "99 s"],
    [duration(100), "2 min"],
    [duration(99 * 60), "99 min"],
    [duration(3 * 3600 + 5 * 60), "3 h 05"],
    [duration(4 * 86_400), "4 days"],
    [minutes(null), "–"],
    [minutes(0.5), "30 s"],
    [measured(-21.74, "percent of required"), "−21.7 % of required"],
    [measured("growing", ""), "growing"],
  ])("%s", (said, expected) => {
    expect(said).toBe(expected);
  });

  it("names the day only where it is another one", () => {
    const now = Date.parse("2026-11-25T13:00:00Z");
    expect(until("2026-11-25T17:00:00Z", now, "Europe/Berlin")).toBe("18:00");
    expect(until("2026-11-26T07:00:00Z", now, "Europe/Berlin")).toBe("Thu 26 Nov, 08:00");
  });

  it("tells noon and midnight as twelve", () => {
    tellIn12Hours(true);
    expect(clock("2026-01-31T12:05:00Z", "UTC")).toBe("12:05 pm");
    expect(clock("2026-01-31T00:05:00Z", "UTC")).toBe("12:05 am");
    tellIn12Hours(false);
  });

  it.each([
    ["2026-03-29T10:00:00Z", "2026-03-28T23:00:00.000Z"], // the day is 23 hours long
    ["2026-10-25T10:00:00Z", "2026-10-24T22:00:00.000Z"], // 25
    ["2026-11-25T10:20:30Z", "2026-11-24T23:00:00.000Z"],
  ])("%s began at local midnight", (instant, midnight) => {
    expect(new Date(startOfDay(Date.parse(instant), "Europe/Berlin")).toISOString()).toBe(midnight);
  });

  it("knows the same weekday last week across months", () => {
    expect(weekBefore("2026-03-03")).toBe("2026-02-24");
  });
});

describe("the connection in words", () => {
  const NOW = Date.parse("2026-01-31T10:00:00Z");
  const live = { state: "live", since: NOW - 60_000, clockOffset: 0 } as const;
  const offline = { ...live, state: "offline", retryAt: NOW + 4_100 } as const;
  const fresh = { stale: false, newest: "2026-01-31T09:59:50Z", refused: [] };
  const refused = { ...fresh, refused: ["Alerts: You may not act."] };
  const silent = { kind: "kpi", source: "acd", last_received_at: "2026-01-31T09:40:00Z", stale: true } as Feed;
  const opened = { ...silent, awaited_since: "2026-01-31T09:50:00Z" };
  const behind = { ...silent, stale: false, warning: "data is 60 min behind: is the zone right?" };
  const warned = "kpi from acd: data is 60 min behind: is the zone right?";

  it("names what is refused, and a reason that is that of everything only once", () => {
    const not = { problem: { message: "You may not act." } };
    const fine = { problem: undefined };
    expect(refusals({ Figures: fine, Alerts: fine })).toEqual([]);
    expect(refusals({ Figures: fine, Alerts: not })).toEqual(["Alerts: You may not act."]);
    expect(refusals({ Figures: not, Alerts: not })).toEqual(["You may not act."]);
  });

  it.each([
    [
      feedsInWords(false, { answer: undefined, error: undefined }),
      "Feeds are shown to those who see the whole organization.",
    ],
    [feedsInWords(true, { answer: undefined, error: undefined }), "Loading…"],
    [
      feedsInWords(true, { answer: { feeds: [] }, error: { message: "The server is busy." } }),
      "The feeds could not be read: The server is busy.",
    ],
    [feedsInWords(true, { answer: { feeds: [] }, error: undefined }), "No feed has posted yet."],
    [feedsInWords(true, { answer: { feeds: [behind] }, error: undefined }), ""],
  ])("says of feeds no more than is known: %s", (said, expected) => {
    expect(said).toBe(expected);
  });

  it.each([
    [standing(live, [], fresh, NOW), "live", "Live", ""],
    [standing(live, [opened], refused, NOW), "refused", "No access", "Alerts: You may not act."],
    [standing(live, [opened], fresh, NOW), "feed_down", "Feed down", "kpi from acd silent for 10 min"],
    [standing(live, [behind], fresh, NOW), "feed_behind", "Live", warned],
    [
      standing(live, [behind], { ...fresh, stale: true }, NOW),
      "stale",
      "Stale",
      `newest figure is 10 s old; ${warned}`,
    ],
    [standing(live, [], { ...fresh, stale: true }, NOW), "stale", "Stale", "newest figure is 10 s old"],
    [standing(live, [silent], fresh, NOW), "feed_down", "Feed down", "kpi from acd silent for 20 min"],
    [
      standing({ ...live, state: "catching_up" }, [silent], fresh, NOW),
      "catching_up",
      "Catching up",
      "reading what was missed",
    ],
    [standing({ ...live, state: "reconnecting" }, [], fresh, NOW), "catching_up", "Reconnecting", ""],
    [standing(offline, [], fresh, NOW), "offline", "Offline", "for 60 s, next try in 5 s"],
    [
      // The browser's clock is five minutes ahead of the server's.
      standing({ ...offline, clockOffset: -300_000 }, [], fresh, NOW - 300_000),
      "offline",
      "Offline",
      "for 60 s, next try in 5 s",
    ],
    [
      standing({ ...live, state: "stopped", reason: "Signed out." }, [], fresh, NOW),
      "stopped",
      "Stopped",
      "Signed out.",
    ],
  ])("%o", (said, kind, text, detail) => {
    expect(said).toEqual({ kind, text, detail });
  });
});

describe("alerts", () => {
  it("come in the order in which somebody is needed", () => {
    const at = (minute: number) => `2026-01-31T10:0${minute}:00Z`;
    const found = [
      alert("taken", { severity: "critical", status: "acknowledged", triggered_at: at(9) }),
      alert("silenced", { severity: "critical", suppressed: true, triggered_at: at(8) }),
      alert("low", { severity: "low", triggered_at: at(7) }),
      alert("older", { severity: "critical", triggered_at: at(1) }),
      alert("newer", { severity: "critical", triggered_at: at(2) }),
    ];
    expect(found.sort(byUrgency).map(({ alert_id }) => alert_id)).toEqual([
      "newer",
      "older",
      "low",
      "taken",
      "silenced",
    ]);
  });

  it.each([
    [
      "already_acknowledged",
      { acknowledged_by: "ana", acknowledged_at: "x" },
      "ana took it at 10:05. Take it over if you work on it now.",
    ],
    ["already_resolved", { resolved_by: "system" }, "It was resolved by system. Nothing is left to do."],
    ["version_conflict", {}, "It changed while you looked at it; what you see now is current. Try again."],
  ])("say who was first: %s", (code, current, words) => {
    expect(refusal(new RestError(409, code, "conflict", current), () => "10:05")).toBe(words);
  });

  it.each([
    ["auto", "resolved: its condition has cleared"],
    ["closed", "resolved: opening hours have ended"],
    ["no_data", "resolved: no data any more"],
    ["orphaned", "resolved: what it was about is gone"],
    ["rule_disabled", "resolved: its rule was switched off"],
    ["manual", "resolved by ana"],
  ] as const)("name their resolution: %s", (resolution, words) => {
    expect(standingOf(alert("a", { status: "resolved", resolution, resolved_by: "ana" }), false)).toBe(words);
  });

  it("name no person on a wall", () => {
    expect(standingOf(alert("a", { status: "resolved", resolution: "manual", resolved_by: "ana" }), true)).toBe(
      "resolved",
    );
  });

  it("say how long they have held, until they are resolved", () => {
    const now = Date.parse("2026-01-31T10:14:00Z");
    const since = { triggered_at: "2026-01-31T10:00:00Z", occurrence_count: 89 };
    expect(lasting(alert("a", since), now)).toBe("for 14 min");
    expect(lasting(alert("a", { ...since, resolved_at: "2026-01-31T10:05:00Z" }), now)).toBe("for 5 min");
  });

  it("are what was pushed last, unless the answer is newer", () => {
    const first = alert("a", { version: 2, message: "9 waiting" });
    const answered = { ...first, audit: [] };
    const pushed = (version: number) => ({ ...first, version, message: "12 waiting" });
    expect(newest(answered, pushed(2))).toEqual({ ...answered, message: "12 waiting" });
    expect(newest(answered, pushed(1))).toBe(answered);
    expect(newest(answered, undefined)).toBe(answered);
  });

  it("say what the server says about anything else", () => {
    expect(refusal(new RestError(403, "forbidden", "vic may not act."), String)).toBe("vic may not act.");
  });
});

describe("the scope in the address", () => {
  const organization = (id: string, whole = true) =>
    ({ id, whole, departments: [{ id: "sales", name: "Sales", queues: [] }] }) as unknown as Organization;
  it("is read and written the same", () => {
    const scope = scopeInAddress("?organization=b&department=sales&queue=line%201", [
      organization("a"),
      organization("b"),
    ]);
    expect(scope).toEqual({ organization_id: "b", department_id: "sales", queue_name: "line 1" });
    expect(addressOf(scope)).toBe("?organization=b&department=sales&queue=line+1");
  });

  it("falls back to the first organization, and to the department of a person who is limited to one", () => {
    expect(scopeInAddress("?organization=foreign", [organization("a"), organization("b")])).toEqual({
      organization_id: "a",
    });
    expect(scopeInAddress("", [organization("a", false)])).toEqual({ organization_id: "a", department_id: "sales" });
  });

  it("leaves out of a query what is not given", () => {
    expect(withQuery("/x", { a: undefined, b: "", c: 1 })).toBe("/x?c=1");
  });
});

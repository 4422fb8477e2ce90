import { expect, it } from "vitest";

import { pagePerTest } from "intraday-realtime/testing/page";
import { useAlertNotifications } from "intraday-realtime/hooks/useWebSocket";
import { useAlertActions } from "../src/alerts/useAlertActions.js";
import { AlertForm } from "../src/alerts/AlertItem.js";
import { Silences } from "../src/alerts/Silences.js";
import { silenceInWords } from "../src/alerts/silences.js";
import type { Silence } from "../src/session/payloads.js";
import { answering, button, press, signedIn, type } from "./answering.js";
import { alert } from "./figures.js";

const page = pagePerTest();

function Quiet() {
  const actions = useAlertActions();
  const scope = { organization_id: "org_123" };
  useAlertNotifications(null, scope);
  return (
    <button type="button" onClick={() => void actions.silence(scope, 60, "")}>
      Silence
    </button>
  );
}

it("a silence is as long as it says, however the browser's clock is set", async () => {
  page().server.clockOffset = -300_000;
  const asked = answering({});
  await page().show(signedIn(<Quiet />));
  const before = Date.now();
  await press(page(), "Silence");
  const [silence] = asked.filter(({ method }) => method === "POST");
  const minutes = (Date.parse(String(silence?.body.ends_at)) - (before - 300_000)) / 60_000;
  expect(Math.round(minutes)).toBe(60);
});

const CLOCK = { now: Date.parse("2026-01-31T10:00:00Z"), zone: "UTC" };
const SILENCE: Silence = {
  silence_id: "s1",
  rule_id: null,
  source: "",
  severity: "",
  department_id: "service",
  queue_name: "",
  starts_at: "2026-01-31T09:00:00Z",
  ends_at: "2026-01-31T17:00:00Z",
  weekly: [],
  comment: "Works on the line",
  created_by: "ana",
};
const WEEKEND = { days: ["sat", "sun"], start: "22:00", end: "06:00" };
const LATER = { starts_at: "2026-02-02T08:00:00Z", ends_at: "2026-02-02T09:00:00Z" };

it.each<[change: Partial<Silence>, rule: string | undefined, said: string]>([
  [{}, undefined, "everything until 17:00"],
  [LATER, undefined, "everything from Mon 2 Feb, 08:00 until Mon 2 Feb, 09:00"],
  [{ weekly: [WEEKEND] }, undefined, "everything, weekly Sat, Sun 22:00–06:00, until 17:00"],
  [{ rule_id: "r1" }, "Understaffed", "the rule “Understaffed” until 17:00"],
  [{ rule_id: "r1" }, undefined, "one rule until 17:00"],
  [{ severity: "low" }, undefined, "low alerts until 17:00"],
  [
    { rule_id: "r1", severity: "low", source: "kpi" },
    "Understaffed",
    "low kpi alerts of the rule “Understaffed” until 17:00",
  ],
])("a silence is told as it is: %j", (change, rule, said) => {
  expect(silenceInWords({ ...SILENCE, ...change }, rule, CLOCK)).toBe(said);
});

it("silences name their rules, and no author who may not be seen", async () => {
  answering({
    "/api/alerts/silences": {
      items: [
        { ...SILENCE, rule_id: "r1" },
        { ...SILENCE, silence_id: "s2", rule_id: "r2", comment: null, created_by: null },
      ],
    },
    "/api/alerts/rules": { items: [{ rule_id: "r1", name: "Understaffed" }] },
  });
  await page().show(signedIn(<Silences alerts={[alert("1", { rule_id: "r2", rule_name: "Backlog grows" })]} />));
  await press(page(), "Silences");
  const said = [...page().element.querySelectorAll("li span")].map(({ textContent }) => textContent);
  expect(said).toEqual([
    "service, the rule “Understaffed” until 17:00 by ana: Works on the line",
    "service, the rule “Backlog grows” until 17:00",
  ]);
});

it("a note that is too long for a silence may still be one for the alert", async () => {
  answering({});
  const actions = { busy: false, acknowledge: () => Promise.resolve(true) } as unknown as ReturnType<
    typeof useAlertActions
  >;
  await page().show(signedIn(<AlertForm alert={alert("1")} actions={actions} onDone={() => undefined} />));
  await type(page(), "textarea", "x".repeat(501));
  expect(button(page(), "Silence the rule for an hour")?.disabled).toBe(true);
  expect(button(page(), "Acknowledge with note")?.disabled).toBe(false);
});

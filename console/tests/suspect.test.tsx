import { expect, it, vi } from "vitest";

import { rest } from "../src/session/rest.js";
import { newSession, type Organization, SessionProvider } from "../src/session/session.js";
import { Suspect } from "../src/figures/Suspect.js";
import { pagePerTest } from "intraday-realtime/testing/page";
import { kpi, reason } from "./figures.js";

const page = pagePerTest();
const VOLUME = { since: "2026-01-31T09:50:00Z", offered: 0, forecast: 24, span_minutes: 10, inherited: false };
const REASONS = [reason("nobody_there", 3, 0, "critical"), reason("volume_implausibly_low", 0, 24, "critical")];
const SUSPECT = kpi("a", { quality: "suspect", volume: VOLUME, state: { level: "critical", reasons: REASONS } });
const SAID =
  "Far fewer contacts than forecast: 0 of 24 in 10 min; is the line up? Since 09:50. " +
  "Requirement and risk stay on the forecast, alerts stay open.";

const notice = (figure: typeof SUSPECT, grants: string[] = ["act"]) => {
  const organization = { id: "org_123", time_zone: "UTC", grants } as unknown as Organization;
  const now = Date.parse("2026-01-31T10:00:00Z");
  return (
    <SessionProvider value={newSession(organization, rest())}>
      <Suspect kpi={figure} now={now} />
    </SessionProvider>
  );
};

function server(status: number, body: object): { asked: [path: string, body: string][] } {
  const asked: [string, string][] = [];
  vi.stubGlobal("fetch", (path: string, { body: sent }: { body: string }) => {
    asked.push([path, sent]);
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  return { asked };
}

it("is silent where the volume is not suspect", async () => {
  await page().show(notice(kpi("a", { quality: "partial" })));
  expect(page().text).toBe("");
});

it("says what is suspect, whatever else is wrong, and offers nothing to those who may not act", async () => {
  await page().show(notice(SUSPECT, []));
  expect(page().text.trim()).toBe(SAID);
  expect(page().element.querySelector("button")).toBeNull();
});

it("confirms for the scope of the figure", async () => {
  const { asked } = server(200, {});
  await page().show(notice(SUSPECT));
  await page().click();
  const [[path, body]] = asked as [[string, string]];
  expect([path, JSON.parse(body)]).toEqual([
    "/api/intraday/kpi/volume-confirmation",
    { organization_id: "org_123", department_id: "service", queue_name: "a" },
  ]);
  expect(asked).toHaveLength(1);
  expect(page().text).toContain("Confirmed.");
});

it("says why it could not, and can be asked again", async () => {
  server(409, { code: "not_suspect", message: "The volume is not suspect any more." });
  await page().show(notice(SUSPECT));
  await page().click();
  expect(page().element.querySelector("[role=alert]")?.textContent).toBe("The volume is not suspect any more.");
  expect(page().element.querySelector("button")?.disabled).toBe(false);
});

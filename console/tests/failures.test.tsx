// A failure to read something is never told as its absence.

import { expect, it } from "vitest";

import { pagePerTest } from "intraday-realtime/testing/page";
import { AlertFeed } from "../src/alerts/AlertFeed.js";
import AlertPage from "../src/alerts/AlertPage.js";
import "../src/page/Empty.js"; // which the dashboard loads when it needs it: here it is there at once
import { LiveDashboard } from "../src/page/LiveDashboard.js";
import Walls from "../src/page/Walls.js";
import type { PageConfig } from "../src/session/session.js";
import { Moment } from "../src/story/Moment.js";
import { answering, ORGANIZATION, refused, signedIn } from "./answering.js";
import { kpi } from "./figures.js";

const page = pagePerTest();
const SCOPE = { organization_id: "org_123" };
const AWAY = refused("The database is away.");
const CONFIG: PageConfig = { view: "console", demo: false, version: "1", organizations: [ORGANIZATION] };

const dashboard = () =>
  page().show(
    signedIn(<LiveDashboard scope={SCOPE} config={CONFIG} organizations={[ORGANIZATION]} onScope={() => undefined} />),
  );

it("an organization whose rooms are refused is no empty one", async () => {
  answering({ "/api/intraday/feeds": { feeds: [] }, "/api/intraday/kpi/intervals": { intervals: [] } });
  for (const channel of ["kpi", "backlog", "attendance", "alerts"]) page().server.refused.add(`${channel}:org:org_123`);
  await dashboard();
  expect(page().text).not.toContain("Nothing has been posted");
  expect(page().text).not.toContain("No alert is open");
  expect(page().text).not.toContain("No shifts");
  expect(page().text).toContain("Not shown here");
  expect(page().text).toContain("No queue to show.");
});

it("alerts that are refused are not said to be none", async () => {
  answering({});
  await page().show(signedIn(<AlertFeed alerts={[]} problem="You may not read this." now={Date.now()} />));
  expect(page().text).toContain("You may not read this.");
  expect(page().text).not.toContain("No alert is open.");
});

it("an alert that cannot be read is not said to be missing", async () => {
  answering({ "/api/alerts/a-1": AWAY });
  await page().show(signedIn(<AlertPage id="a-1" elsewhere={undefined} />));
  expect(page().text).toContain("The database is away.");
  expect(page().text).not.toContain("No such alert");
});

it("links of walls that cannot be read are not said to be none", async () => {
  answering({ "/api/walls": AWAY });
  await page().show(signedIn(<Walls scope={SCOPE} onClose={() => undefined} />));
  expect(page().text).toContain("The links in force could not be read: The database is away.");
});

it("a moment whose figure cannot be read says so, and is asked for again", async () => {
  const answers = { "/api/intraday/kpi/history": AWAY };
  answering(answers);
  await page().show(signedIn(<Moment scope={SCOPE} at={Date.now()} zone="UTC" />));
  expect(page().text).toContain("The figure of this time could not be read: The database is away.");
  answers["/api/intraday/kpi/history"] = { items: [] };
  await page().settled(60_000);
  expect(page().text).toContain("No figure is kept of this time.");
  answers["/api/intraday/kpi/history"] = { items: [kpi("a")] };
  await page().settled(60_000);
  expect(page().text).toContain("The figure of");
});

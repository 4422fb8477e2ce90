// The components of docs/frontend.md are files here: they compile, they run, and the page shows them as they are.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { act } from "react";
import { expect, it, vi } from "vitest";
import { AlertBell } from "../../examples/react/AlertBell.js";
import { BacklogMonitor } from "../../examples/react/BacklogMonitor.js";
import { ConnectionNote } from "../../examples/react/ConnectionNote.js";
import { KPIDashboard } from "../../examples/react/KPIDashboard.js";
import { alert, backlog, kpi } from "../../testing/server.js";
import { pagePerTest } from "../../testing/page.js";

const EXAMPLES = join(import.meta.dirname, "../../examples");
const DOCUMENT = readFileSync(join(import.meta.dirname, "../../../../docs/frontend.md"), "utf8");
const SUPPORT = { department_id: "dept_456", queue_name: "support" };
const page = pagePerTest();

it("docs/frontend.md shows each of them", () => {
  for (const folder of ["react", "stores", "testing", "events"]) {
    for (const name of readdirSync(join(EXAMPLES, folder))) {
      expect(DOCUMENT).toContain(readFileSync(join(EXAMPLES, folder, name), "utf8"));
    }
  }
});

it("KPIDashboard", async () => {
  await page().show(<KPIDashboard />);
  expect(page().text).toBe("No figures yet.");
  const reasons = { "utilization.current_utilization": "nobody is paid yet" };
  await page().publish("kpi:update", kpi(null, SUPPORT, { reasons }));
  expect(page().text).toBe("Utilization– %Agents short4Risk to the service levelcritical");
  expect(page().element.querySelector("dd")?.title).toBe("nobody is paid yet");
});

it("BacklogMonitor", async () => {
  await page().show(<BacklogMonitor organization="org_123" />);
  for (const [queue_name, items] of [
    ["support", 10],
    ["claims", 50],
  ] as const) {
    await page().publish("backlog:update", backlog(items, { ...SUPPORT, queue_name }));
  }
  await page().publish("backlog:update", backlog(60));
  expect(page().text).toBe("60 items waitclaims: 50, stablesupport: 10, stable");
});

it("say what is wrong with a token that is limited to a department, and show no zero", async () => {
  const { server } = page();
  for (const channel of ["backlog", "alerts"]) server.refused.add(`${channel}:org:org_123`);
  server.refused.add("kpi:org:org_123:dept:dept_456:queue:support");
  await page().show([
    <KPIDashboard key="kpi" />,
    <BacklogMonitor key="backlog" organization="org_123" />,
    <AlertBell key="bell" organization="org_123" toast={() => undefined} />,
  ]);
  await page().publish("alert:triggered", alert("a"));
  const message = "You may not hear this room.";
  expect(page().text).toBe(`${message}${message}🔔 ${message}`);
});

it("load until the state has come", async () => {
  page().server.silent.add("subscribe").add("ping");
  await page().show([
    <KPIDashboard key="kpi" />,
    <BacklogMonitor key="backlog" organization="org_123" />,
    <AlertBell key="bell" organization="org_123" toast={() => undefined} />,
  ]);
  expect(page().text).toBe("LoadingLoading🔔 Loading");
});

it("AlertBell and ConnectionNote", async () => {
  const toast = vi.fn();
  await page().show([<AlertBell key="bell" organization="org_123" toast={toast} />, <ConnectionNote key="note" />]);
  await page().publish("alert:triggered", alert("a", { severity: "critical" }));
  expect(page().text).toBe("🔔 1 new, 1 critical of 1 open");
  expect(toast).toHaveBeenCalledOnce();
  page().server.up = false;
  act(() => page().server.socket.end(1006));
  await page().settled(6_000);
  expect(page().text).toContain("Offline: these figures are old.");
});

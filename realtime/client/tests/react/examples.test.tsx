// The components of docs/frontend.md are files here: they compile, they run, and the page shows them as they are.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { act, type ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AlertBell } from "../../examples/react/AlertBell.js";
import { BacklogMonitor } from "../../examples/react/BacklogMonitor.js";
import { ConnectionNote } from "../../examples/react/ConnectionNote.js";
import { KPIDashboard } from "../../examples/react/KPIDashboard.js";
import { defaultClient } from "../../src/client.js";
import { configureIntraday } from "../../src/hooks/useWebSocket.js";
import { alert, backlog, FakeServer, pass } from "../server.js";
import { render, type Rendered } from "./render.js";

const FOLDER = join(import.meta.dirname, "../../examples/react");
const PAGE = readFileSync(join(import.meta.dirname, "../../../../docs/frontend.md"), "utf8");
const SUPPORT = { organization_id: "org_123", department_id: "dept_456", queue_name: "support" };
let server: FakeServer;
let shown: Rendered;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-31T10:00:00Z") });
  server = new FakeServer();
  configureIntraday({ url: "ws://server.test/ws" });
});

afterEach(async () => {
  shown.unmount();
  await pass(0);
  defaultClient().close();
  vi.useRealTimers();
});

async function show(node: ReactNode): Promise<void> {
  shown = render(node);
  await settled();
}

const settled = (milliseconds = 100): Promise<void> =>
  act(async () => {
    await pass(milliseconds);
  });

const publish = (event: string, data: object): Promise<void> => {
  act(() => {
    server.publish(event, data);
  });
  return settled();
};

it("docs/frontend.md shows each of them", () => {
  shown = render(null);
  for (const name of readdirSync(FOLDER)) expect(PAGE).toContain(readFileSync(join(FOLDER, name), "utf8"));
});

it("KPIDashboard", async () => {
  await show(<KPIDashboard />);
  expect(shown.text).toBe("No figures yet.");
  const figures = { headcount_gap: { shortfall: 3 }, sla_risk: { risk_level: "high" } };
  const utilization = { current_utilization: null };
  const reasons = { "utilization.current_utilization": "nobody is paid yet" };
  await publish("kpi:update", { ...SUPPORT, ...figures, utilization, reasons, timestamp: new Date().toISOString() });
  expect(shown.text).toBe("Utilization– %Agents short3Risk to the service levelhigh");
  expect(shown.element.querySelector("dd")?.title).toBe("nobody is paid yet");
});

it("BacklogMonitor", async () => {
  await show(<BacklogMonitor organization="org_123" />);
  for (const [queue_name, items] of [
    ["support", 10],
    ["claims", 50],
  ] as const) {
    await publish("backlog:update", backlog(items, { ...SUPPORT, queue_name }));
  }
  await publish("backlog:update", backlog(60));
  expect(shown.text).toBe("60 items waitclaims: 50, stablesupport: 10, stable");
});

it("AlertBell and ConnectionNote", async () => {
  const toast = vi.fn();
  await show([<AlertBell key="bell" organization="org_123" toast={toast} />, <ConnectionNote key="note" />]);
  await publish("alert:triggered", alert("a", { severity: "critical" }));
  expect(shown.text).toBe("🔔 1 new, 1 critical of 1 open");
  expect(toast).toHaveBeenCalledOnce();
  server.up = false;
  act(() => server.socket.end(1006));
  await settled(6_000);
  expect(shown.text).toContain("Offline: these figures are old.");
});

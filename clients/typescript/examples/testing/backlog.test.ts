import { createIntraday } from "intraday-realtime";
import { FakeServer } from "intraday-realtime/testing";
import { expect, it, vi } from "vitest";

it("shows what waits, also after a break", async () => {
  const server = new FakeServer("org_123");
  const intraday = createIntraday({ url: "ws://intraday.test", WebSocket: server.WebSocket });
  const backlog = intraday.figures("backlog", { organization_id: "org_123" });
  const stop = backlog.subscribe(() => undefined); // what your component does
  await vi.waitFor(() => expect(intraday.status.getState().state).toBe("live"));
  server.publish("backlog:update", { organization_id: "org_123", total_items: 5, timestamp: new Date().toISOString() });
  await vi.waitFor(() => expect(backlog.getState().latestUpdate?.total_items).toBe(5));

  server.drop(); // the network breaks; the client comes back and catches up
  server.publish("backlog:update", { organization_id: "org_123", total_items: 6, timestamp: new Date().toISOString() });
  await vi.waitFor(() => expect(backlog.getState().latestUpdate?.total_items).toBe(6));
  stop();
  intraday.close();
});

it("says what it may not show", async () => {
  const server = new FakeServer("org_123");
  server.refused.add("alerts:org:org_123");
  const intraday = createIntraday({ url: "ws://intraday.test", WebSocket: server.WebSocket });
  const alerts = intraday.alerts({ organization_id: "org_123" });
  const stop = alerts.subscribe(() => undefined);
  await vi.waitFor(() => expect(alerts.getState().problem?.code).toBe("forbidden"));
  stop();
  intraday.close();
});

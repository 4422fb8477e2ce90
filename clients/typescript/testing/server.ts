// The fake server of `intraday-realtime/testing` in the tests of this package: as the global WebSocket, with golden data.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { RealtimeClient } from "../src/client.js";
import type { ClientOptions } from "../src/config.js";
import type { Alert, BacklogUpdate, KPIUpdate, LogMessage } from "../src/protocol/messages.js";
import type { Scope } from "../src/protocol/rooms.js";
import { FakeServer as Server } from "../src/testing/index.js";

export type { Sent } from "../src/testing/index.js";

/** An event as the Python tests wrote it down. */
export function golden(event: string): LogMessage {
  const path = join(import.meta.dirname, `../../../tests/golden/${event.replace(":", ".")}.json`);
  return JSON.parse(readFileSync(path, "utf8")) as LogMessage;
}

export class FakeServer extends Server {
  constructor() {
    super();
    vi.stubGlobal("WebSocket", this.WebSocket);
  }
}

export const connectedClient = (options: ClientOptions = { url: "ws://server.test/ws" }): RealtimeClient =>
  new RealtimeClient(options);

/** Time passes, and what it sets off happens. */
export const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

/** The golden backlog, of this scope (the organization without one), now. */
export function backlog(total: number, scope: Scope = {}, more: object = {}): BacklogUpdate {
  const data = { ...(golden("backlog:update").data as BacklogUpdate), timestamp: new Date().toISOString() };
  delete data.department_id;
  delete data.queue_name;
  return Object.assign(data, scope, { total_items: total }, more);
}

/** The golden alert, pending, of the queue `support`, now. */
export function alert(alert_id: string, more: Partial<Alert> = {}): Alert {
  const now = new Date().toISOString();
  const data = golden("alert:triggered").data as Alert;
  return { ...data, triggered_at: now, last_seen_at: now, message: "50 items wait", alert_id, ...more };
}

/** The golden KPIs, of this scope (the organization without one), now. */
export function kpi(utilization: number | null, scope: Scope = {}, more: Partial<KPIUpdate> = {}): KPIUpdate {
  const data = golden("kpi:update").data as KPIUpdate;
  delete data.department_id;
  delete data.queue_name;
  const timestamp = new Date().toISOString();
  const measured = { ...data.utilization, current_utilization: utilization };
  return Object.assign(data, scope, { timestamp, utilization: measured }, more);
}

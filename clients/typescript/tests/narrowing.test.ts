// Types of live events; tsc checks this file, and runs of it check that the events are such.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, expectTypeOf, it, vi } from "vitest";
import { countOrders } from "../examples/events/orders.js"; // declares the events of one's own
import { createIntraday } from "../src/client.js";
import type { CustomMessage, LiveEvent } from "../src/events.js";
import type { LogMessage } from "../src/protocol/messages.js";
import type { Channel } from "../src/protocol/rooms.js";
import type { AlertTriggered, Channels, CheckedIn, CustomEvent } from "../src/protocol/types.js";
import { FakeServer, golden } from "../testing/server.js";

declare module "intraday-realtime" {
  interface CustomEvents {
    "kpi:mine": { never: true }; // a namespace of the server's
    "acme:snapshot": { never: true };
  }
}

it("names that the server keeps for itself are those of no event of one's own", () => {
  expectTypeOf<CustomMessage["event"]>().toEqualTypeOf<"acme:order" | "acme:refund">();
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, "../protocol.schema.json"), "utf8")) as {
    definitions: { Reserved: { properties: Record<string, { enum: string[] }> } };
  };
  const { namespace, name } = schema.definitions.Reserved.properties;
  const document = readFileSync(join(import.meta.dirname, "../../../docs/frontend.md"), "utf8");
  for (const word of [...(namespace?.enum ?? []), ...(name?.enum ?? [])]) expect(document).toContain(`\`${word}\``);
});

it("the name of an event narrows its data", () => {
  const told = (message: LiveEvent<"attendance">): string => {
    if (message.event === "attendance:checkin") {
      expectTypeOf(message.data).toEqualTypeOf<CheckedIn>();
      return `${message.data.employee_id} is ${message.data.status}`;
    }
    return message.event;
  };
  expect(told(golden("attendance:checkin") as LiveEvent<"attendance">)).toMatch(
    / is (early|on_time|late|unscheduled)$/,
  );
});

it("the name of an event of one's own narrows its payload, where it was declared", () => {
  const told = (message: CustomMessage): string => {
    if (message.event === "acme:order") {
      expectTypeOf(message.data.payload).toEqualTypeOf<{ order_id: string }>();
      return message.data.payload.order_id;
    }
    expectTypeOf(message.data.payload).toEqualTypeOf<{ amount: number }>();
    return String(message.data.payload.amount);
  };
  const data = { organization_id: "org_123", published_at: "2026-01-31T10:00:00Z" };
  const more = { stream: "custom:org:org_123", epoch: "e1", seq: 1, ts: data.published_at };
  const order = { ...data, name: "acme:order" as const, payload: { order_id: "o1" } };
  const refund = { ...data, name: "acme:refund" as const, payload: { amount: 5 } };
  expect(told({ ...more, event: "acme:order", data: order })).toBe("o1");
  expect(told({ ...more, event: "acme:refund", data: refund })).toBe("5");
});

it("each channel has the events that the server says it has", () => {
  expectTypeOf<Channel>().toEqualTypeOf<keyof Channels>();
  expectTypeOf<LiveEvent<"custom">["data"]["payload"]>().toExtend<CustomEvent["payload"]>();
  expectTypeOf<Extract<LiveEvent, { event: "alert:triggered" }>>().toEqualTypeOf<
    LogMessage<"alert:triggered", AlertTriggered>
  >();
  const names: Record<Channel, true> = {
    kpi: true,
    backlog: true,
    attendance: true,
    alerts: true,
    system: true,
    custom: true,
  };
  expect(Object.keys(names)).toHaveLength(6);
});

it("the sample of the documents counts orders and no refunds", async () => {
  const server = new FakeServer();
  const client = createIntraday({ url: "ws://server.test/ws" });
  const counted: string[] = [];
  countOrders(client, (order_id) => counted.push(order_id));
  await vi.waitFor(() => expect(client.status.getState().state).toBe("live"));
  server.publish("acme:refund", { name: "acme:refund", organization_id: "org_123", payload: { amount: 5 } });
  server.publish("acme:order", { name: "acme:order", organization_id: "org_123", payload: { order_id: "o1" } });
  expect(counted).toEqual(["o1"]);
  client.close();
});

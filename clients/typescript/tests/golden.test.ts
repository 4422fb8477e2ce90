import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Channel } from "../src/protocol/rooms.js";
import { connectedClient, FakeServer, golden, pass } from "../testing/server.js";

const EVENTS = readdirSync(join(import.meta.dirname, "../../../tests/golden")).map((name) =>
  name.replace(/\.json$/, "").replace(".", ":"),
);

beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-01-31T10:00:00Z") }));
afterEach(() => void vi.useRealTimers());

it.each(EVENTS)("%s is heard as the server wrote it", async (event) => {
  const server = new FakeServer();
  const client = connectedClient();
  const heard: unknown[] = [];
  const { data, stream } = golden(event);
  client.listen(stream.split(":")[0] as Channel, { organization_id: "org_123" }, (message) => heard.push(message));
  await pass(10);
  const written = { ...golden(event), epoch: server.epoch, seq: server.head(stream) + 1 };
  server.publish(event, data as object, written);
  expect(heard).toEqual([written]);
  client.close();
});

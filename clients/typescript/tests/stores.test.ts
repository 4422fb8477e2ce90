import { expect, it, vi } from "vitest";
import { effectScope, watchEffect } from "vue";
import { useBacklog } from "../examples/stores/useBacklog.js";
import { backlog, FakeServer } from "../testing/server.js";

it("a view is a ref of Vue in the five lines of the documents, and is left with its scope", async () => {
  document.body.dataset["intraday"] = JSON.stringify({ url: "ws://server.test/ws" });
  const server = new FakeServer();
  const scope = effectScope();
  const seen: (number | undefined)[] = [];
  scope.run(() => {
    const state = useBacklog({ organization_id: "org_123" });
    watchEffect(() => void seen.push(state.value.latestUpdate?.total_items));
  });
  await vi.waitFor(() => expect(server.socket.rooms.size).toBe(1));
  server.publish("backlog:update", backlog(5));
  await vi.waitFor(() => expect(seen.at(-1)).toBe(5));
  scope.stop();
  await vi.waitFor(() => expect(server.socket.rooms.size).toBe(0));
});

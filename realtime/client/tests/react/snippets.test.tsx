// The customer's snippets, as they stand in the document: rendered, and fed. (tests/snippets.test.ts compiles them.)

import { act, type ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultClient } from "../../src/client.js";
import { configureIntraday } from "../../src/hooks/useWebSocket.js";
import { alert, backlog, FakeServer, pass } from "../server.js";
import { DOCUMENT, snippets } from "../snippets.js";
import { render, type Rendered } from "./render.js";

const found = snippets();
describe.skipIf(!found.length)(`the snippets (need ${DOCUMENT})`, () => {
  let server: FakeServer;
  let shown: Rendered | undefined;

  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-01-31T10:00:00Z") });
    vi.spyOn(console, "log").mockReturnValue();
    server = new FakeServer();
    configureIntraday({ url: "ws://server.test/ws" });
  });

  afterEach(async () => {
    shown?.unmount();
    await pass(0);
    defaultClient().close();
    vi.useRealTimers();
  });

  const settled = (): Promise<void> =>
    act(async () => {
      await pass(100);
    });
  const publish = (event: string, data: object): Promise<void> => {
    act(() => {
      server.publish(event, data);
    });
    return settled();
  };

  async function show(name: string): Promise<Rendered> {
    const module = (await import(/* @vite-ignore */ `../../src/${name}.snippet.tsx`)) as Record<
      string,
      () => ReactNode
    >;
    const Component = module[name];
    if (!Component) throw new Error(`no ${name} in the document`);
    shown = render(<Component />);
    await settled();
    return shown;
  }

  it("are the three that are known here", () => {
    expect(found.map(({ name }) => name)).toEqual(["KPIDashboard", "BacklogMonitor", "AlertBell"]);
  });

  it("KPIDashboard shows the utilization of the queue", async () => {
    const page = await show("KPIDashboard");
    const kpi = (queue_name: string, current_utilization: number): object => ({
      ...{ organization_id: "org_123", department_id: "dept_456", queue_name, timestamp: new Date().toISOString() },
      utilization: { current_utilization },
    });
    await publish("kpi:update", kpi("support", 82.5));
    await publish("kpi:update", kpi("billing", 40));
    expect(page.text).toBe("Utilization: 82.5%");
    expect(console.log).toHaveBeenCalledExactlyOnceWith(
      "Live KPI update:",
      expect.objectContaining({ queue_name: "support" }),
    );
  });

  it("BacklogMonitor shows 60 with three queues at 10, 20 and 30, and never 30", async () => {
    const page = await show("BacklogMonitor");
    const seen = new Set<string>();
    const watcher = new MutationObserver(() => seen.add(page.text));
    watcher.observe(page.element, { subtree: true, childList: true, characterData: true });
    let total = 0;
    for (const [queue_name, items] of [
      ["support", 10],
      ["billing", 20],
      ["claims", 30],
    ] as const) {
      total += items;
      await publish("backlog:update", backlog(items, { department_id: "dept_456", queue_name }));
      if (total !== 30) await publish("backlog:update", backlog(total)); // else 30 would be right, for a moment
    }
    watcher.disconnect();
    expect(page.text).toBe("Items: 60");
    expect(seen).toEqual(new Set(["Items: 10", "Items: 60"]));
  });

  it("AlertBell counts, toasts and is cleared by a click", async () => {
    const showToast = vi.fn();
    vi.stubGlobal("showToast", showToast);
    vi.stubGlobal("BellIcon", () => "bell");
    vi.stubGlobal(
      "Badge",
      ({ count, onClick, children }: { count: number; onClick: () => void; children: ReactNode }) => (
        <button onClick={onClick}>
          {count} {children}
        </button>
      ),
    );
    const page = await show("AlertBell");
    await publish("alert:triggered", alert("a", { severity: "critical" }));
    expect(page.text).toBe("1 bell");
    expect(showToast).toHaveBeenCalledExactlyOnceWith("CRITICAL: 50 items wait");
    act(() => page.element.querySelector("button")?.click());
    await settled();
    expect(page.text).toBe("0 bell");
  });
});

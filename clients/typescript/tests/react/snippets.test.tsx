// The customer's snippets, as they stand in the document: rendered, and fed. (tests/snippets.test.ts compiles them.)

import type { ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";
import { alert, backlog, kpi } from "../../testing/server.js";
import { DOCUMENT, snippets } from "../snippets.js";
import { pagePerTest } from "../../testing/page.js";

const found = snippets();

describe.skipIf(!found.length)(`the snippets (need ${DOCUMENT})`, () => {
  const page = pagePerTest();

  async function show(name: string): Promise<void> {
    const path = `../../src/${name}.snippet.tsx`;
    const module = (await import(/* @vite-ignore */ path)) as Record<string, () => ReactNode>;
    const Component = module[name];
    if (!Component) throw new Error(`no ${name} in the document`);
    await page().show(<Component />);
  }

  it("are the three that are known here", () => {
    expect(found.map(({ name }) => name)).toEqual(["KPIDashboard", "BacklogMonitor", "AlertBell"]);
  });

  it("KPIDashboard shows the utilization of the queue", async () => {
    const log = vi.spyOn(console, "log").mockReturnValue();
    await show("KPIDashboard");
    const support = kpi(82.5, { department_id: "dept_456", queue_name: "support" });
    await page().publish("kpi:update", support);
    await page().publish("kpi:update", kpi(40, { department_id: "dept_456", queue_name: "billing" }));
    expect(page().text).toBe("Utilization: 82.5%");
    expect(log).toHaveBeenCalledExactlyOnceWith("Live KPI update:", support);
  });

  it("BacklogMonitor shows 60 with three queues at 10, 20 and 30, and never 30", async () => {
    vi.spyOn(console, "log").mockReturnValue();
    await show("BacklogMonitor");
    const seen = new Set<string>();
    const watcher = new MutationObserver(() => seen.add(page().text));
    watcher.observe(page().element, { subtree: true, childList: true, characterData: true });
    let total = 0;
    for (const [queue_name, items] of [
      ["support", 10],
      ["billing", 20],
      ["claims", 30],
    ] as const) {
      total += items;
      await page().publish("backlog:update", backlog(items, { department_id: "dept_456", queue_name }));
      if (total !== 30) await page().publish("backlog:update", backlog(total)); // else 30 would be right, for a moment
    }
    watcher.disconnect();
    expect(page().text).toBe("Items: 60");
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
    await show("AlertBell");
    await page().publish("alert:triggered", alert("a", { severity: "critical" }));
    expect(page().text).toBe("1 bell");
    expect(showToast).toHaveBeenCalledExactlyOnceWith("CRITICAL: 50 items wait");
    await page().click();
    expect(page().text).toBe("0 bell");
  });
});

import { act, type ReactNode, version } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, it, vi } from "vitest";
import {
  createIntraday,
  IntradayProvider,
  type LiveEvent,
  reconnectNow,
  useAlertNotifications,
  useAttendanceUpdates,
  useBacklogUpdates,
  useConnectionStatus,
  useKPIUpdates,
  useRealtimeEvents,
} from "../../src/hooks/useWebSocket.js";
import { alert, backlog } from "../../testing/server.js";
import { pagePerTest } from "../../testing/page.js";

const ORGANIZATION = { organization_id: "org_123" };
const SUPPORT = { department_id: "dept_456", queue_name: "support" };
const page = pagePerTest();

function Backlog({ onUpdate, queue }: { onUpdate?: (total: number) => void; queue?: string | undefined }): ReactNode {
  const { latestUpdate, byScope, status, stale } = useBacklogUpdates((figure) => onUpdate?.(figure.total_items), {
    organization_id: "org_123",
    queue_name: queue,
  });
  return `${latestUpdate?.total_items ?? "–"} of ${byScope.size}, ${status.state}${stale ? ", stale" : ""}`;
}

it("runs on the React that this run is about", ({ task }) => {
  expect(task.file.projectName).toBe(`react ${version.split(".")[0] ?? ""}`);
});

describe("a figure", () => {
  it("is shown from connecting to live", async () => {
    page().render(<Backlog />);
    expect(page().text).toBe("– of 0, connecting");
    await page().settled();
    await page().publish("backlog:update", backlog(30, SUPPORT));
    expect(page().text).toBe("– of 1, live");
    await page().publish("backlog:update", backlog(60));
    expect(page().text).toBe("60 of 2, live");
  });

  it("is told once per event, by the callback of the last render", async () => {
    const first = vi.fn();
    const second = vi.fn();
    await page().show(<Backlog onUpdate={first} />);
    await page().publish("backlog:update", backlog(1));
    page().render(<Backlog onUpdate={second} />);
    await page().publish("backlog:update", backlog(2));
    expect(first.mock.calls).toEqual([[1]]);
    expect(second.mock.calls).toEqual([[2]]);
  });

  it("turns stale while nothing happens", async () => {
    await page().show(<Backlog />);
    await page().publish("backlog:update", backlog(1, {}, { interval_seconds: 20 }));
    await page().settled(61_000);
    expect(page().text).toBe("1 of 1, live, stale");
  });
});

describe("the connection", () => {
  it("is one, whatever the number of hooks", async () => {
    function Everything(): ReactNode {
      useKPIUpdates(undefined, ORGANIZATION);
      useAttendanceUpdates(undefined, ORGANIZATION);
      useAlertNotifications(undefined, ORGANIZATION);
      return [1, 2, 3].map((each) => <Backlog key={each} queue={each === 3 ? "support" : undefined} />);
    }
    await page().show(<Everything />);
    const { sockets, socket } = page().server;
    expect(sockets).toHaveLength(1);
    expect(socket.asked("subscribe").flatMap(({ data }) => data.rooms)).toEqual([
      "backlog:org:org_123",
      "backlog:org:org_123:queue:support",
      "kpi:org:org_123",
      "attendance:org:org_123",
      "alerts:org:org_123",
    ]);
  });

  it("is not touched by a rerender", async () => {
    await page().show(<Backlog />);
    for (let again = 0; again < 20; again++) page().render(<Backlog onUpdate={() => undefined} />);
    await page().settled();
    const { sockets, socket } = page().server;
    expect(sockets).toHaveLength(1);
    expect(socket.asked("subscribe")).toHaveLength(1);
    expect(socket.asked("unsubscribe")).toHaveLength(0);
  });

  it("follows a selection that changes, and leaves what is unmounted", async () => {
    await page().show(<Backlog queue="support" />);
    await page().show(<Backlog queue="billing" />);
    const { sockets, socket } = page().server;
    expect([...socket.rooms]).toEqual(["backlog:org:org_123:queue:billing"]);
    page().unmount();
    await page().settled();
    expect([...socket.rooms]).toEqual([]);
    expect(sockets).toHaveLength(1);
  });

  it("says how it stands, and can be asked to try again", async () => {
    function Status(): ReactNode {
      useBacklogUpdates(undefined, ORGANIZATION);
      return useConnectionStatus().state;
    }
    await page().show(<Status />);
    act(() => page().server.socket.end(4401));
    expect(page().text).toBe("stopped");
    act(reconnectNow);
    await page().settled();
    expect(page().text).toBe("live");
  });

  it("is not opened by rendering on a server", () => {
    expect(renderToString(<Backlog />)).toBe("– of 0, idle");
    expect(page().server.sockets).toHaveLength(0);
  });
});

describe("alerts", () => {
  it("ring once, are counted for all who show them, and are cleared", async () => {
    const toasts: string[] = [];
    function Bell(): ReactNode {
      const { alertCount, openAlerts, clearAlertCount } = useAlertNotifications(
        ({ message }) => toasts.push(message),
        ORGANIZATION,
      );
      return <button onClick={clearAlertCount}>{`${alertCount} of ${openAlerts.length}. `}</button>;
    }
    await page().show([<Bell key={1} />, <Bell key={2} />]);
    await page().publish("alert:triggered", alert("a"));
    expect(page().text).toBe("1 of 1. 1 of 1. ");
    expect(toasts).toEqual(["50 items wait", "50 items wait"]); // one each
    await page().click();
    expect(page().text).toBe("0 of 1. 0 of 1. ");
  });
});

describe("a provider", () => {
  const URL = "ws://server.test/ws";

  it("gives the hooks below it a client of their own, beside the page's", async () => {
    const own = createIntraday({ url: URL });
    await page().show([
      <Backlog key="page" />,
      <IntradayProvider key="own" client={own}>
        <Backlog />
      </IntradayProvider>,
    ]);
    expect(page().server.sockets).toHaveLength(2);
    act(() => own.close());
    await page().settled();
    await page().publish("backlog:update", backlog(5));
    expect(page().text).toBe("5 of 1, live– of 0, idle");
  });

  it("that gets another client shows what that one hears", async () => {
    const [one, other] = [createIntraday({ url: URL }), createIntraday({ url: URL })];
    await page().show(
      <IntradayProvider client={one}>
        <Backlog />
      </IntradayProvider>,
    );
    const [first] = page().server.sockets;
    await page().show(
      <IntradayProvider client={other}>
        <Backlog />
      </IntradayProvider>,
    );
    await page().settled();
    expect([...(first?.rooms ?? [])]).toEqual([]);
    expect([...page().server.socket.rooms]).toEqual(["backlog:org:org_123"]);
    for (const client of [one, other]) act(() => client.close());
  });
});

it("hears every event of a channel", async () => {
  const heard: LiveEvent[] = [];
  function Door(): ReactNode {
    useRealtimeEvents("attendance", (message) => heard.push(message), ORGANIZATION);
    return null;
  }
  await page().show(<Door />);
  await page().publish("attendance:checkin", { ...ORGANIZATION, employee_id: "e1" });
  expect(heard.map(({ event }) => event)).toEqual(["attendance:checkin"]);
});

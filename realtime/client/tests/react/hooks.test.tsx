import { act, version } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultClient } from "../../src/client.js";
import {
  configureIntraday,
  type LiveEvent,
  reconnectNow,
  useAlertNotifications,
  useAttendanceUpdates,
  useBacklogUpdates,
  useConnectionStatus,
  useKPIUpdates,
  useRealtimeEvents,
} from "../../src/hooks/useWebSocket.js";
import { alert, backlog, FakeServer, pass } from "../server.js";
import { render, type Rendered } from "./render.js";

const SUPPORT = { department_id: "dept_456", queue_name: "support" };
let server: FakeServer;
let shown: Rendered | undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-31T10:00:00Z") });
  server = new FakeServer();
  configureIntraday({ url: "ws://server.test/ws" });
});

afterEach(async () => {
  shown?.unmount();
  shown = undefined;
  await pass(0);
  defaultClient().close();
  vi.useRealTimers();
});

const show = async (node: React.ReactNode): Promise<Rendered> => {
  shown = render(node);
  await settled();
  return shown;
};
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

function Backlog({
  onUpdate,
  queue,
}: {
  onUpdate?: (total: number) => void;
  queue?: string | undefined;
}): React.ReactNode {
  const { latestUpdate, byScope, status, stale } = useBacklogUpdates((figure) => onUpdate?.(figure.total_items), {
    organization_id: "org_123",
    queue_name: queue,
  });
  return `${latestUpdate?.total_items ?? "–"} of ${byScope.size}, ${status.state}${stale ? ", stale" : ""}`;
}

it(`runs on the React that this run is about`, ({ task }) => {
  expect(task.file.projectName).toBe(`react ${version.split(".")[0] ?? ""}`);
});

describe("a figure", () => {
  it("is shown from connecting to live", async () => {
    shown = render(<Backlog />);
    expect(shown.text).toBe("– of 0, connecting");
    await settled();
    await publish("backlog:update", backlog(30, SUPPORT));
    expect(shown.text).toBe("– of 1, live");
    await publish("backlog:update", backlog(60));
    expect(shown.text).toBe("60 of 2, live");
  });

  it("is told once per event, by the callback of the last render", async () => {
    const first = vi.fn();
    const second = vi.fn();
    const page = await show(<Backlog onUpdate={first} />);
    await publish("backlog:update", backlog(1));
    page.rerender(<Backlog onUpdate={second} />);
    await publish("backlog:update", backlog(2));
    expect(first.mock.calls).toEqual([[1]]);
    expect(second.mock.calls).toEqual([[2]]);
  });

  it("turns stale while nothing happens", async () => {
    const page = await show(<Backlog />);
    await publish("backlog:update", backlog(1, {}, { interval_seconds: 20 }));
    await settled(61_000);
    expect(page.text).toBe("1 of 1, live, stale");
  });
});

describe("the connection", () => {
  it("is one, whatever the number of hooks", async () => {
    function Page(): React.ReactNode {
      useKPIUpdates(undefined, { organization_id: "org_123" });
      useAttendanceUpdates(undefined, { organization_id: "org_123" });
      useAlertNotifications(undefined, { organization_id: "org_123" });
      return [1, 2, 3].map((each) => <Backlog key={each} queue={each === 3 ? "support" : undefined} />);
    }
    await show(<Page />);
    expect(server.sockets).toHaveLength(1);
    expect(server.socket.asked("subscribe").flatMap(({ data }) => data.rooms)).toEqual([
      "backlog:org:org_123",
      "backlog:org:org_123:queue:support",
      "kpi:org:org_123",
      "attendance:org:org_123",
      "alerts:org:org_123",
    ]);
  });

  it("is not touched by a rerender", async () => {
    const page = await show(<Backlog />);
    for (let again = 0; again < 20; again++) page.rerender(<Backlog onUpdate={() => undefined} />);
    await settled();
    expect(server.sockets).toHaveLength(1);
    expect(server.socket.asked("subscribe")).toHaveLength(1);
    expect(server.socket.asked("unsubscribe")).toHaveLength(0);
  });

  it("follows a selection that changes, and leaves what is unmounted", async () => {
    const page = await show(<Backlog queue="support" />);
    page.rerender(<Backlog queue="billing" />);
    await settled();
    expect([...server.socket.rooms]).toEqual(["backlog:org:org_123:queue:billing"]);
    page.unmount();
    shown = undefined;
    await settled();
    expect([...server.socket.rooms]).toEqual([]);
    expect(server.sockets).toHaveLength(1);
  });

  it("says how it stands, and can be asked to try again", async () => {
    function Status(): React.ReactNode {
      useBacklogUpdates(undefined, { organization_id: "org_123" });
      return useConnectionStatus().state;
    }
    const page = await show(<Status />);
    act(() => server.socket.end(4401));
    expect(page.text).toBe("stopped");
    act(reconnectNow);
    await settled();
    expect(page.text).toBe("live");
  });

  it("is not opened by rendering on a server", () => {
    expect(renderToString(<Backlog />)).toBe("– of 0, idle");
    expect(server.sockets).toHaveLength(0);
  });
});

describe("alerts", () => {
  it("ring once, are counted for all who show them, and are cleared", async () => {
    const toasts: string[] = [];
    function Bell(): React.ReactNode {
      const selection = { organization_id: "org_123" };
      const { alertCount, openAlerts, clearAlertCount } = useAlertNotifications(
        (each) => toasts.push(each.message),
        selection,
      );
      return <button onClick={clearAlertCount}>{`${alertCount} of ${openAlerts.length}. `}</button>;
    }
    const page = await show([<Bell key={1} />, <Bell key={2} />]);
    await publish("alert:triggered", alert("a"));
    expect(page.text).toBe("1 of 1. 1 of 1. ");
    expect(toasts).toEqual(["50 items wait", "50 items wait"]); // one each
    act(() => page.element.querySelector("button")?.click());
    await settled();
    expect(page.text).toBe("0 of 1. 0 of 1. ");
  });
});

it("hears every event of a channel", async () => {
  const heard: LiveEvent[] = [];
  function Door(): React.ReactNode {
    useRealtimeEvents("attendance", (message) => heard.push(message), { organization_id: "org_123" });
    return null;
  }
  await show(<Door />);
  await publish("attendance:checkin", { organization_id: "org_123", employee_id: "e1" });
  expect(heard.map(({ event }) => event)).toEqual(["attendance:checkin"]);
});

import v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createIntraday, type RealtimeClient } from "../src/client.js";
import { isStale } from "../src/figures.js";
import type { LiveEvent } from "../src/events.js";
import type { Alert } from "../src/protocol/messages.js";
import { scopeKey } from "../src/protocol/rooms.js";
import { Shelf } from "../src/shelf.js";
import { alert, backlog, connectedClient, FakeServer, golden, pass } from "../testing/server.js";

const ORGANIZATION = { organization_id: "org_123" };
const SUPPORT = { department_id: "dept_456", queue_name: "support" };
let server: FakeServer;
let client: RealtimeClient;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-31T10:00:00Z") });
  server = new FakeServer();
  client = connectedClient();
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
});

describe("figures", () => {
  const view = (selection: object = {}): ReturnType<typeof client.figures<"backlog">> =>
    client.figures("backlog", { ...ORGANIZATION, ...selection });

  async function live(selection: object = {}): Promise<number[]> {
    const heard: number[] = [];
    view(selection).onLive((figure) => heard.push(figure.total_items));
    await pass(100);
    return heard;
  }

  it("start with the snapshot, silently", async () => {
    server.publish("backlog:update", golden("backlog:update").data as object);
    const heard = await live(SUPPORT);
    expect(view(SUPPORT).getState()).toMatchObject({ ready: true, latestUpdate: golden("backlog:update").data });
    expect(heard).toEqual([]);
  });

  it("say that the state has come, where there is none yet", async () => {
    expect(view().getState().ready).toBe(false);
    await live();
    expect(view().getState()).toMatchObject({ ready: true, latestUpdate: undefined });
  });

  it("are of exactly the organization, and the others by scope", async () => {
    const heard = await live();
    server.publish("backlog:update", backlog(30, SUPPORT));
    server.publish("backlog:update", backlog(40, { department_id: "dept_456" }));
    server.publish("backlog:update", backlog(60));
    await pass(100);
    const { latestUpdate, byScope } = view().getState();
    expect(latestUpdate?.total_items).toBe(60);
    expect(heard).toEqual([60]);
    expect([...byScope].map(([key, { latest }]) => [key, latest.total_items])).toEqual([
      [scopeKey(SUPPORT), 30],
      [scopeKey({ department_id: "dept_456" }), 40],
      [scopeKey({}), 60],
    ]);
  });

  it("of a department are not those of its queues", async () => {
    const heard = await live({ department_id: "dept_456" });
    server.publish("backlog:update", backlog(30, SUPPORT));
    server.publish("backlog:update", backlog(40, { department_id: "dept_456" }));
    server.publish("backlog:update", backlog(50, { department_id: "dept_789" }));
    expect(heard).toEqual([40]);
    await pass(100);
    expect(view({ department_id: "dept_456" }).getState().byScope.size).toBe(2);
  });

  it("of a queue named without its department are those of that queue", async () => {
    const heard = await live({ queue_name: "support" });
    server.publish("backlog:update", backlog(30, SUPPORT));
    server.publish("backlog:update", backlog(40, { department_id: "dept_456", queue_name: "billing" }));
    expect(heard).toEqual([30]);
  });

  it("never flicker between two queues of one name", async () => {
    const heard = await live({ queue_name: "support" });
    server.publish("backlog:update", backlog(30, SUPPORT));
    server.publish("backlog:update", backlog(99, { department_id: "dept_789", queue_name: "support" }));
    server.publish("backlog:update", backlog(31, SUPPORT));
    expect(heard).toEqual([30, 31]);
    await pass(100);
    expect(view({ queue_name: "support" }).getState().latestUpdate?.total_items).toBe(31);
  });

  it("change the state at most every 50 ms, and end with the last", async () => {
    await live();
    const totals: unknown[] = [];
    view().subscribe(() => totals.push(view().getState().latestUpdate?.total_items));
    for (let total = 1; total <= 100; total++) {
      server.publish("backlog:update", backlog(total));
      await pass(10);
    }
    await pass(100);
    expect(totals.length).toBeLessThanOrEqual(22);
    expect(totals.slice(0, 2)).toEqual([undefined, 1]);
    expect(totals.at(-1)).toBe(100);
  });

  it("change at once in a background tab, whose timers are minutes late", async () => {
    await live();
    server.publish("backlog:update", backlog(1));
    server.publish("backlog:update", backlog(2)); // would wait for a timer
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 60_000); // no timer has run
    server.publish("backlog:update", backlog(3));
    expect(view().getState().latestUpdate?.total_items).toBe(3);
  });

  it("keep a change apart that nobody waits for: each scope is a new object only when it changed", async () => {
    await live();
    server.publish("backlog:update", backlog(30, SUPPORT));
    await pass(100);
    const before = view().getState().byScope.get(scopeKey(SUPPORT));
    server.publish("backlog:update", backlog(60));
    await pass(100);
    expect(view().getState().byScope.get(scopeKey(SUPPORT))).toBe(before);
  });

  it("leave out what the snapshot no longer holds, within its rooms", async () => {
    await live();
    server.publish("backlog:update", backlog(30, SUPPORT));
    server.publish("backlog:update", backlog(60));
    server.state.get("backlog:org:org_123")?.clear();
    server.publish("backlog:update", backlog(61));
    server.publish("backlog:resync", { organization_id: "org_123", reason: "?" });
    await pass(400);
    expect([...view().getState().byScope.keys()]).toEqual([scopeKey({})]);
  });

  it("are not moved by a computation older than the newest", async () => {
    await live();
    server.publish("backlog:update", backlog(60));
    server.publish("backlog:update", backlog(10, {}, { latest: false }));
    await pass(100);
    expect(view().getState().latestUpdate?.total_items).toBe(60);
  });

  it("keep a bounded history of the asked scope, a correction in place of what it corrects", async () => {
    await live();
    for (let total = 1; total <= 300; total++) {
      server.publish("backlog:update", backlog(total));
      if (total !== 299) await pass(1_000);
    }
    await pass(100);
    const totals = view()
      .getState()
      .history.map((figure) => figure.total_items);
    expect(totals).toHaveLength(240);
    expect(totals.slice(-3)).toEqual([297, 298, 300]);
  });

  it("are stale after three times the cadence of their feed, and fresh with the next", async () => {
    await live();
    server.publish("backlog:update", backlog(60, {}, { interval_seconds: 20 }));
    await pass(59_000);
    expect(view().getState().stale).toBe(false);
    await pass(2_000);
    expect(view().getState().stale).toBe(true);
    server.publish("backlog:update", backlog(61, {}, { interval_seconds: 20 }));
    await pass(100);
    expect(view().getState().stale).toBe(false);
  });

  it("that were missed are shown before the connection calls itself live", async () => {
    await live();
    server.publish("backlog:update", backlog(60, {}, { interval_seconds: 20 }));
    server.up = false;
    server.drop();
    await pass(100_000); // stale by now
    server.up = true;
    for (const total of [61, 62, 63]) server.publish("backlog:update", backlog(total, {}, { interval_seconds: 20 }));
    const shown: unknown[] = [];
    client.status.subscribe(({ state }) => {
      const { latestUpdate, stale } = view().getState();
      if (state === "live") shown.push([latestUpdate?.total_items, stale]);
    });
    await pass(20_000);
    expect(shown[0]).toEqual([63, false]);
  });

  it("learn the cadence of a feed that does not say it", async () => {
    await live();
    for (let minute = 0; minute < 20; minute++) {
      server.publish("backlog:update", backlog(minute));
      await pass(60_000);
    }
    const scope = view().getState().byScope.get(scopeKey({}));
    expect(scope?.cadenceSeconds).toBeGreaterThan(59);
    expect(scope?.cadenceSeconds).toBeLessThan(61);
    expect(scope && isStale(scope)).toBe(false);
    expect(scope && isStale(scope, Date.now() + 125_000)).toBe(true);
  });

  it("are forgotten when nobody watches them any more", async () => {
    const stop = view().subscribe(() => undefined);
    await pass(10);
    server.publish("backlog:update", backlog(60));
    stop();
    await pass(100);
    expect(view().getState()).toMatchObject({ latestUpdate: undefined, ready: false, history: [] });
  });
});

describe("alerts", () => {
  async function live(): Promise<Alert[]> {
    const heard: Alert[] = [];
    client.alerts(ORGANIZATION).onLive((each) => heard.push(each));
    await pass(100);
    return heard;
  }
  const state = (): ReturnType<ReturnType<typeof client.alerts>["getState"]> => client.alerts(ORGANIZATION).getState();

  it("are told once each while we look, counted, and open until they are resolved", async () => {
    const heard = await live();
    server.publish("alert:triggered", alert("a"));
    server.publish("alert:triggered", alert("b", { severity: "critical" }));
    server.publish("alert:acknowledged", alert("b", { severity: "critical", status: "acknowledged", version: 2 }));
    await pass(100);
    expect(heard.map(({ alert_id }) => alert_id)).toEqual(["a", "b"]);
    expect(state().alertCount).toBe(2);
    expect(state().latestAlert).toMatchObject({ alert_id: "b", status: "acknowledged" });
    expect(state().openAlerts.map(({ alert_id }) => alert_id)).toEqual(["b", "a"]);
    server.publish("alert:resolved", alert("b", { status: "resolved", version: 3 }));
    await pass(100);
    expect(state().openAlerts.map(({ alert_id }) => alert_id)).toEqual(["a"]);
    expect(state().alertCount).toBe(2);
  });

  it("that are open when we come are shown and not told", async () => {
    server.publish("alert:triggered", alert("a"));
    const heard = await live();
    expect(heard).toEqual([]);
    expect(state()).toMatchObject({ alertCount: 0, latestAlert: undefined, ready: true });
    expect(state().openAlerts).toHaveLength(1);
  });

  it("that were missed are counted and not told", async () => {
    const heard = await live();
    server.socket.end(1012);
    server.publish("alert:triggered", alert("a"));
    await pass(1_000);
    expect(heard).toEqual([]);
    expect(state()).toMatchObject({ alertCount: 1, latestAlert: { alert_id: "a" } });
  });

  it("that a snapshot brings instead of missed events are counted, too", async () => {
    await live();
    server.publish("alert:triggered", alert("a"));
    server.socket.end(1012);
    server.publish("alert:triggered", alert("b"));
    server.epoch = "e2";
    await pass(1_000);
    expect(state()).toMatchObject({ alertCount: 2, latestAlert: { alert_id: "b" } });
  });

  it("that are silenced are open, but neither told nor counted", async () => {
    const heard = await live();
    server.publish("alert:triggered", alert("a", { suppressed: true }));
    await pass(100);
    expect(heard).toEqual([]);
    expect(state()).toMatchObject({ alertCount: 0 });
    expect(state().openAlerts).toHaveLength(1);
  });

  it("do not go back to an older version", async () => {
    await live();
    server.publish("alert:acknowledged", alert("a", { status: "acknowledged", version: 2 }));
    server.publish("alert:triggered", alert("a", { version: 1 }));
    await pass(100);
    expect(state().openAlerts.map(({ status }) => status)).toEqual(["acknowledged"]);
    server.publish("alert:resolved", alert("a", { status: "resolved", version: 3 }));
    server.publish("alert:triggered", alert("a", { version: 1 }));
    await pass(100);
    expect(state().openAlerts).toEqual([]);
  });

  it("are counted anew after the count was cleared", async () => {
    await live();
    server.publish("alert:triggered", alert("a"));
    client.alerts(ORGANIZATION).clearCount();
    server.publish("alert:triggered", alert("b"));
    await pass(100);
    expect(state().alertCount).toBe(1);
  });
});

describe("a view", () => {
  it("is a store as Svelte means it: the value at once, each change, and a function that ends it", async () => {
    const values: (number | undefined)[] = [];
    const stop = client.figures("backlog", ORGANIZATION).subscribe((state) => {
      values.push(state.latestUpdate?.total_items);
    });
    expect(values).toEqual([undefined]);
    await pass(100);
    server.publish("backlog:update", backlog(1));
    await pass(100);
    stop();
    const told = values.length;
    server.publish("backlog:update", backlog(2));
    await pass(100);
    expect(values.at(-1)).toBe(1);
    expect(values).toHaveLength(told);
    const states: string[] = [];
    client.status.subscribe(({ state }) => states.push(state))();
    expect(states).toHaveLength(1);
  });

  it("is one for as long as anybody holds it, and freed afterwards", async () => {
    v8.setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const shelf = new Shelf();
    const held = shelf.of("held", () => ({}));
    for (let number = 0; number < 1_000; number++) shelf.of(`${number}`, () => ({ number }));
    expect(shelf.size).toBe(1_001);
    vi.useRealTimers();
    await vi.waitFor(() => {
      collect();
      expect(shelf.size).toBe(1);
    }, 10_000);
    expect(shelf.of("held", () => ({}))).toBe(held);
  });

  it("shares nothing with that of another client", async () => {
    const other = createIntraday({ url: "ws://server.test/ws" });
    client.figures("backlog", ORGANIZATION).subscribe(() => undefined);
    other.figures("backlog", ORGANIZATION).subscribe(() => undefined);
    await pass(100);
    expect(server.sockets).toHaveLength(2);
    other.close();
    server.publish("backlog:update", backlog(1));
    await pass(100);
    expect(client.figures("backlog", ORGANIZATION).getState().latestUpdate?.total_items).toBe(1);
    expect(other.figures("backlog", ORGANIZATION).getState().latestUpdate).toBeUndefined();
  });
});

describe("listening to a channel", () => {
  it("hears every live event as it came, and no replayed one", async () => {
    const heard: LiveEvent[] = [];
    client.listen("attendance", ORGANIZATION, (message) => heard.push(message));
    await pass(10);
    const checkin = server.publish("attendance:checkin", { organization_id: "org_123", employee_id: "e1" });
    server.socket.end(1012);
    server.publish("attendance:checkin", { organization_id: "org_123", employee_id: "e2" });
    await pass(1_000);
    expect(heard).toEqual([checkin]);
  });

  it.each(["acme:order", "acme:snapshot", "acme:resync", "acme:update"])(
    "hears an event of one's own that is called %s",
    async (event) => {
      const heard: LiveEvent<"custom">[] = [];
      client.listen("custom", ORGANIZATION, (message) => heard.push(message));
      await pass(100);
      const data = { name: event, organization_id: "org_123", published_at: "2026-01-31T10:00:00Z", payload: { a: 1 } };
      const message = server.publish(event, data);
      await pass(1_000);
      expect(heard).toEqual([message]);
      expect(server.socket.asked("subscribe")).toHaveLength(1);
    },
  );
});

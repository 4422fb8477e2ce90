import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RealtimeClient } from "../src/client.js";
import { merged } from "../src/protocol/messages.js";
import { alert, backlog, connectedClient, FakeServer, pass, type Sent } from "../testing/server.js";

const ORGANIZATION = { organization_id: "org_123" };
const SUPPORT = { ...ORGANIZATION, department_id: "dept_456", queue_name: "support" };
const STREAM = "backlog:org:org_123";
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

const subscribes = (): Sent["data"][] => server.socket.asked("subscribe").map(({ data }) => data);
const heard: number[] = [];
const total = (): number | undefined => client.figures("backlog", ORGANIZATION).getState().latestUpdate?.total_items;

/** Watches the organization and notes each live figure of it. */
async function watch(): Promise<() => void> {
  heard.length = 0;
  const stop = client.figures("backlog", ORGANIZATION).onLive((figure) => heard.push(figure.total_items));
  await pass(100);
  return stop;
}

async function reconnect(): Promise<void> {
  server.socket.end(1012);
  await pass(1_000);
}

describe("asking", () => {
  it("names many rooms in one message, and each of them once", async () => {
    for (const selection of [ORGANIZATION, SUPPORT, { ...SUPPORT }, { ...ORGANIZATION, queue_name: "a/b: c!" }]) {
      client.figures("backlog", selection).subscribe(() => undefined);
    }
    await pass(10);
    const rooms = [STREAM, `${STREAM}:dept:dept_456:queue:support`, `${STREAM}:queue:a%2Fb%3A%20c%21`];
    expect(subscribes()).toEqual([{ rooms }]);
  });

  it("sends nothing for what is mounted and unmounted in one turn, and again", async () => {
    await watch();
    const view = client.figures("backlog", SUPPORT);
    view.subscribe(() => undefined)();
    const stop = view.subscribe(() => undefined);
    await pass(10);
    expect(subscribes()).toHaveLength(2);
    stop();
    view.subscribe(() => undefined);
    await pass(10);
    expect(server.socket.asked("unsubscribe")).toEqual([]);
  });

  it("leaves a room when the last of those who watch it has gone", async () => {
    const one = client.figures("backlog", SUPPORT).subscribe(() => undefined);
    const other = client.listen("backlog", SUPPORT, () => undefined);
    await pass(10);
    one();
    await pass(10);
    expect(server.socket.asked("unsubscribe")).toEqual([]);
    other();
    await pass(100);
    expect(server.socket.asked("unsubscribe").map(({ data }) => data)).toEqual([
      { rooms: [`${STREAM}:dept:dept_456:queue:support`] },
    ]);
  });

  it("fetches the state of a room that was only listened to before", async () => {
    client.listen("backlog", ORGANIZATION, () => undefined);
    server.publish("backlog:update", backlog(7));
    await pass(10);
    await watch();
    expect(total()).toBe(7);
  });

  it("fetches the state for a listener that comes while the connection is away", async () => {
    const stop = client.listen("backlog", ORGANIZATION, () => undefined);
    await pass(100);
    server.publish("backlog:update", backlog(7));
    server.socket.end(1012);
    client.figures("backlog", ORGANIZATION).subscribe(() => undefined);
    await pass(1_000);
    expect(total()).toBe(7);
    stop();
  });

  it("is not ready with the answer to what somebody else had asked for", async () => {
    server.publish("backlog:update", backlog(7));
    server.silent.add("ping");
    client.listen("backlog", ORGANIZATION, () => undefined);
    await pass(10);
    const view = client.figures("backlog", ORGANIZATION);
    view.subscribe(() => undefined);
    server.socket.say("pong", { server_time: new Date().toISOString() }, { id: "subscribe-1" });
    await pass(60);
    expect(view.getState().ready).toBe(false);
    server.silent.clear();
    await pass(200);
    expect(view.getState()).toMatchObject({ ready: true, latestUpdate: { total_items: 7 } });
  });

  it("asks for patches and batches where that is configured", async () => {
    client.configure({ url: "ws://server.test/ws", delta: true, batchMilliseconds: 500 });
    await watch();
    expect(subscribes()).toEqual([{ rooms: [STREAM], delta: true, batch_ms: 500 }]);
  });
});

describe("resuming", () => {
  it("gets exactly what was missed, silently, in the order it happened", async () => {
    await watch();
    server.publish("backlog:update", backlog(1));
    server.socket.end(1012);
    server.publish("backlog:update", backlog(2));
    server.publish("backlog:update", backlog(3));
    await pass(1_000);
    server.publish("backlog:update", backlog(4));
    expect(subscribes()).toEqual([{ rooms: [STREAM], since: { [STREAM]: { epoch: "e1", seq: 1 } } }]);
    expect(heard).toEqual([1, 4]);
    await pass(100);
    expect(total()).toBe(4);
  });

  it("resumes all known rooms of a stream in one message, and asks for new ones apart", async () => {
    await watch();
    server.publish("backlog:update", backlog(1));
    server.socket.end(1012);
    client.figures("backlog", SUPPORT).subscribe(() => undefined);
    await pass(1_000);
    expect(subscribes()).toEqual([
      { rooms: [STREAM], since: { [STREAM]: { epoch: "e1", seq: 1 } } },
      { rooms: [`${STREAM}:dept:dept_456:queue:support`] },
    ]);
  });

  it("does not resume where the snapshot had not come yet", async () => {
    server.silent.add("subscribe");
    server.silent.add("ping");
    await watch();
    server.socket.say(
      "subscribed",
      { rooms: [STREAM], position: { [STREAM]: { epoch: "e1", seq: 0 } }, recovered: false },
      { id: "subscribe-1" },
    );
    server.silent.clear();
    await reconnect();
    expect(subscribes()).toEqual([{ rooms: [STREAM] }]);
  });

  it("moves on with heartbeats while its rooms are quiet", async () => {
    await watch();
    server.publish("backlog:update", backlog(1));
    server.socket.say("heartbeat", {
      position: { [STREAM]: { epoch: "e1", seq: 40 }, "kpi:org:org_123": { epoch: "e", seq: 2 } },
    });
    await reconnect();
    expect(subscribes()[0]?.since).toEqual({ [STREAM]: { epoch: "e1", seq: 40 } });
  });

  it("takes the snapshot of a new epoch in place of what it knew", async () => {
    await watch();
    server.publish("backlog:update", backlog(1));
    server.publish("backlog:update", backlog(2));
    server.epoch = "e2";
    server.log.length = 0;
    server.state.clear();
    server.publish("backlog:update", backlog(50));
    await reconnect();
    server.publish("backlog:update", backlog(51));
    await pass(100);
    expect(total()).toBe(51);
    expect(heard).toEqual([1, 2, 50, 51]);
  });

  it("forgets where it stood when it becomes another user", async () => {
    await watch();
    server.publish("backlog:update", backlog(1));
    client.configure({ url: "ws://server.test/ws", getToken: () => "other" });
    await pass(10);
    expect(server.sockets).toHaveLength(2);
    expect(subscribes()).toEqual([{ rooms: [STREAM] }]);
  });
});

describe("snapshots in parts", () => {
  const queues = (start: number): void => {
    for (let number = 0; number < 5; number++) {
      server.publish("backlog:update", backlog(start + number, { department_id: "d", queue_name: `q${number}` }));
    }
  };
  const totals = (): number[] =>
    [...client.figures("backlog", ORGANIZATION).getState().byScope.values()].map(({ latest }) => latest.total_items);

  it("are put together, and replace what was known", async () => {
    queues(10);
    server.itemsPerPart = 2;
    await watch();
    expect(totals()).toEqual([10, 11, 12, 13, 14]);
    expect(client.figures("backlog", ORGANIZATION).getState().ready).toBe(true);
    server.state.get(STREAM)?.delete(JSON.stringify(["d", "q4"]));
    server.epoch = "e2";
    await reconnect();
    expect(totals()).toEqual([10, 11, 12, 13]);
    expect(heard).toEqual([]);
  });

  it("announce no alert that was known", async () => {
    const alerts = client.alerts(ORGANIZATION);
    alerts.subscribe(() => undefined);
    await pass(100);
    for (const id of ["a", "b", "c"]) server.publish("alert:triggered", alert(id));
    server.itemsPerPart = 1;
    server.epoch = "e2";
    await reconnect();
    expect(alerts.getState().openAlerts).toHaveLength(3);
    expect(alerts.getState().alertCount).toBe(3);
  });

  it("that break off stand for nothing: no position, not ready, and asked for again", async () => {
    queues(10);
    server.silent.add("subscribe").add("ping");
    await watch();
    const more = { stream: STREAM, epoch: "e1", seq: 0, ts: new Date().toISOString() };
    server.socket.say("subscribed", { rooms: [STREAM], position: {}, recovered: false }, { id: "subscribe-1" });
    server.socket.say("backlog:snapshot", { rooms: [STREAM], items: [backlog(1)], complete: false }, more);
    await pass(100);
    expect(client.figures("backlog", ORGANIZATION).getState().ready).toBe(false);
    server.silent.clear();
    await reconnect();
    expect(subscribes()).toEqual([{ rooms: [STREAM] }]);
    expect(totals()).toEqual([10, 11, 12, 13, 14]);
  });

  it("let later events wait, so that an older figure never replaces a newer one", async () => {
    server.silent.add("subscribe").add("ping");
    await watch();
    const more = { stream: STREAM, epoch: "e1", ts: new Date().toISOString() };
    server.socket.say("subscribed", { rooms: [STREAM], position: {}, recovered: false }, { id: "subscribe-1" });
    server.socket.say("backlog:snapshot", { rooms: [STREAM], items: [], complete: false }, { ...more, seq: 0 });
    server.socket.hear({ ...more, event: "backlog:update", data: backlog(8), seq: 8 });
    server.socket.say("pong", { server_time: new Date().toISOString() }, { id: "subscribe-1" });
    await pass(100);
    expect(client.status.getState().state).toBe("catching_up");
    server.socket.say("backlog:snapshot", { rooms: [], items: [backlog(7)], complete: true }, { ...more, seq: 7 });
    await pass(100);
    expect(total()).toBe(8);
    expect(heard).toEqual([8]);
    expect(client.status.getState().state).toBe("live");
  });
});

describe("a connection that is cut", () => {
  /** Returns the messages that the server would send, up to a point. */
  const script = (): object[] => {
    const more = { stream: STREAM, epoch: "e1", ts: new Date().toISOString() };
    const part = (items: object[], complete: boolean, rooms: string[], seq: number): object => {
      return { ...more, event: "backlog:snapshot", data: { rooms, items, complete }, seq };
    };
    return [
      { event: "subscribed", data: { rooms: [STREAM], position: {}, recovered: false }, id: "subscribe-1" },
      part([backlog(1, { department_id: "a" })], false, [STREAM], 0),
      part([backlog(2, { department_id: "b" })], true, [], 2),
      { ...more, event: "backlog:update", data: backlog(3), seq: 3 },
      { event: "pong", data: { server_time: new Date().toISOString() }, id: "subscribe-1" },
      { ...more, event: "backlog:update", data: backlog(4), seq: 4 },
    ];
  };

  it.each([0, 1, 2, 3, 4, 5, 6])("after %i messages of a subscription loses nothing", async (messages) => {
    for (const department_id of ["a", "b"]) server.publish("backlog:update", backlog(1, { department_id }));
    for (const items of [3, 4]) server.publish("backlog:update", backlog(items));
    server.silent.add("subscribe").add("ping");
    await watch();
    for (const message of script().slice(0, messages)) server.socket.hear(message);
    server.silent.clear();
    await reconnect();
    const { byScope, ready, latestUpdate } = client.figures("backlog", ORGANIZATION).getState();
    expect([byScope.size, ready, latestUpdate?.total_items]).toEqual([3, true, 4]);
  });
});

describe("events of the log", () => {
  it("are heard once, whatever is sent twice", async () => {
    await watch();
    const message = server.publish("backlog:update", backlog(1));
    server.socket.hear(message);
    server.publish("backlog:update", backlog(2));
    server.socket.hear(message);
    expect(heard).toEqual([1, 2]);
  });

  it("are acknowledged where that is required, together", async () => {
    await watch();
    for (const seq of [1, 2, 3]) server.publish("backlog:update", backlog(seq), { requires_ack: true });
    server.publish("backlog:update", backlog(4));
    await pass(300);
    expect(server.socket.asked("ack").map(({ data }) => data)).toEqual([
      { stream: STREAM, seq: 1 },
      { stream: STREAM, seq: 3 },
    ]);
  });

  it("that are sent again because an ack was lost are acknowledged again and not heard again", async () => {
    await watch();
    const message = server.publish("backlog:update", backlog(1), { requires_ack: true });
    await pass(300);
    server.socket.hear({ ...message, redelivered: 1 });
    await pass(300);
    expect(heard).toEqual([1]);
    expect(server.socket.asked("ack")).toHaveLength(2);
  });

  it("that are sent again and were never heard are heard, though their place is passed", async () => {
    await watch();
    const lost = { ...server.publish("backlog:update", backlog(1)), requires_ack: true, redelivered: 1 };
    heard.length = 0;
    server.publish("backlog:update", backlog(2));
    server.socket.hear(lost);
    server.socket.hear({ ...lost, redelivered: 2 });
    expect(heard).toEqual([2, 1]);
  });

  it("come in batches, too", async () => {
    await watch();
    const [stream, epoch, ts] = [STREAM, "e1", new Date().toISOString()];
    const events = [1, 2].map((seq) => ({ event: "backlog:update", data: backlog(seq), stream, epoch, seq, ts }));
    server.socket.say("batch", { stream: STREAM, conflated: 3, events });
    expect(heard).toEqual([1, 2]);
  });

  it("come as patches, which are applied to the event they are based on", async () => {
    await watch();
    const before = server.publish("backlog:update", backlog(10, {}, { items_over_sla: 4 }));
    server.publish("backlog:update", { ...backlog(99), department_id: "dept_456" });
    const patch = { organization_id: "org_123", total_items: 11, items_over_sla: null };
    server.socket.hear({ ...before, data: patch, seq: 3, base: 1 });
    await pass(100);
    const latest = client.figures("backlog", ORGANIZATION).getState().latestUpdate;
    expect(latest).toMatchObject({ total_items: 11, items_over_sla: null, avg_wait_time_minutes: 3.5 });
  });

  it("whose base is not at hand make it fetch the state", async () => {
    await watch();
    const message = server.publish("backlog:update", backlog(10));
    server.socket.hear({ ...message, data: { total_items: 11 }, seq: 2, base: 77 });
    await pass(300);
    expect(heard).toEqual([10]);
    expect(subscribes()).toEqual([{ rooms: [STREAM] }, { rooms: [STREAM] }]);
  });

  it("that could not be built make it fetch the state, once for many", async () => {
    await watch();
    for (let event = 0; event < 50; event++)
      server.publish("backlog:resync", { organization_id: "org_123", reason: "bug" });
    const lost = { event: "backlog:update", stream: STREAM, data: backlog(8) };
    server.remember({ ...lost, epoch: "e1", seq: 0, ts: "" });
    await pass(400);
    expect(subscribes()).toHaveLength(2);
    expect(total()).toBe(8);
    expect(heard).toEqual([]);
  });

  it("go on when a listener throws", async () => {
    const complained = vi.spyOn(console, "error").mockReturnValue();
    client.listen("backlog", ORGANIZATION, () => {
      throw new Error("a bug of the page");
    });
    await watch();
    server.publish("backlog:update", backlog(1));
    expect(heard).toEqual([1]);
    expect(complained).toHaveBeenCalledOnce();
  });
});

describe("refusals", () => {
  it("of one room do not keep the others from being heard", async () => {
    server.refused.add(`${STREAM}:dept:dept_456:queue:support`);
    const refused = client.figures("backlog", SUPPORT);
    refused.subscribe(() => undefined);
    client.figures("kpi", ORGANIZATION).subscribe(() => undefined);
    await watch();
    server.publish("backlog:update", backlog(1));
    expect(heard).toEqual([1]);
    expect(refused.getState().problem).toMatchObject({ code: "forbidden" });
    expect(client.status.getState().state).toBe("live");
    const asked = subscribes().length;
    await pass(60_000);
    expect(subscribes()).toHaveLength(asked);
  });

  it("are asked about again with the next connection", async () => {
    server.refused.add(STREAM);
    await watch();
    expect(client.figures("backlog", ORGANIZATION).getState().problem?.code).toBe("forbidden");
    server.refused.clear();
    await reconnect();
    server.publish("backlog:update", backlog(1));
    expect(heard).toEqual([1]);
    expect(client.figures("backlog", ORGANIZATION).getState().problem).toBeUndefined();
  });

  it("that pass are followed by another try", async () => {
    server.silent.add("subscribe").add("ping");
    await watch();
    const [first] = server.socket.asked("subscribe");
    server.silent.clear();
    server.socket.say(
      "error",
      { code: "unavailable", message: "The database does not answer.", id: first?.id },
      { id: first?.id },
    );
    await pass(2_100);
    server.publish("backlog:update", backlog(1));
    expect(heard).toEqual([1]);
  });

  it("for too many messages are followed by another try, though they do not say of what", async () => {
    server.silent.add("subscribe").add("ping");
    await watch();
    server.silent.clear();
    server.socket.say("error", { code: "rate_limited", message: "more than 100 messages a second" });
    await pass(2_100);
    server.publish("backlog:update", backlog(1));
    expect(heard).toEqual([1]);
    expect(client.status.getState().state).toBe("live");
  });

  it("that come later empty what is shown", async () => {
    await watch();
    server.publish("backlog:update", backlog(1));
    server.socket.say("unsubscribed", { rooms: [STREAM] });
    await pass(100);
    expect(total()).toBeUndefined();
    expect(client.figures("backlog", ORGANIZATION).getState().problem?.code).toBe("forbidden");
  });
});

describe("merge patches", () => {
  it.each([
    [{ a: 1, b: { c: 2 } }, { a: 3 }, { a: 3, b: { c: 2 } }],
    [{ a: 1, b: { c: 2, d: 3 } }, { b: { c: null } }, { a: 1, b: { c: null, d: 3 } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
  ])("%j with %j is %j", (before, patch, after) => {
    expect(merged(before, patch)).toEqual(after);
  });
});

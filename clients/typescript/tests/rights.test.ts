// Rooms that the server refuses, replaces or takes away; and messages that stay within its limits.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RealtimeClient } from "../src/client.js";
import { inMessages } from "../src/chunks.js";
import { scopeKey } from "../src/protocol/rooms.js";
import { alert, backlog, connectedClient, FakeServer, pass, type Sent } from "../testing/server.js";

const ORGANIZATION = { organization_id: "org_123" };
const STREAM = "backlog:org:org_123";
const SUPPORT = { ...ORGANIZATION, queue_name: "support" };
const LIMIT = 64 * 1024; // bytes that the server takes in one message
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

const queue = (queue_name: string): { organization_id: string; queue_name: string } => ({
  ...ORGANIZATION,
  queue_name,
});
const watch = (selection: typeof ORGANIZATION): (() => void) =>
  client.figures("backlog", selection).subscribe(() => undefined);
const state = (selection: typeof ORGANIZATION): ReturnType<ReturnType<typeof client.figures<"backlog">>["getState"]> =>
  client.figures("backlog", selection).getState();
const sent = (event: string): Sent["data"][] => server.socket.asked(event).map(({ data }) => data);
const bytes = (message: unknown): number => new TextEncoder().encode(JSON.stringify(message)).length;

describe("of fifty allowed and fifty forbidden rooms", () => {
  const allowed = Array.from({ length: 50 }, (_, number) => `open ${number}`);
  const forbidden = Array.from({ length: 50 }, (_, number) => `shut ${number}`);

  async function watchAll(): Promise<void> {
    for (const name of forbidden) server.refused.add(`${STREAM}:queue:${encodeURIComponent(name)}`);
    for (const name of [...allowed, ...forbidden]) watch(queue(name));
    await pass(200);
    for (const name of allowed) server.publish("backlog:update", backlog(7, { department_id: "d", queue_name: name }));
    await pass(200);
  }

  it("all allowed ones are shown, all others say why they are not, for one message", async () => {
    await watchAll();
    expect(allowed.map((name) => state(queue(name)).latestUpdate?.total_items)).toEqual(allowed.map(() => 7));
    expect(forbidden.map((name) => state(queue(name)).problem?.code)).toEqual(forbidden.map(() => "forbidden"));
    expect(sent("subscribe")).toHaveLength(1);
    expect(client.status.getState().state).toBe("live");
  });

  it("the allowed ones are found, too, where a server does not name the others", async () => {
    const answer = server.answer.bind(server);
    server.answer = (socket, message) => {
      const refused = message.event === "subscribe" && message.data.rooms?.find((room) => server.refused.has(room));
      if (!refused) return answer(socket, message);
      const problem = { code: "forbidden", message: `not ${refused}`, id: message.id };
      socket.say("error", problem, { id: message.id });
    };
    await watchAll();
    await pass(20_000);
    expect(allowed.map((name) => state(queue(name)).latestUpdate?.total_items)).toEqual(allowed.map(() => 7));
    expect(forbidden.map((name) => state(queue(name)).problem?.code)).toEqual(forbidden.map(() => "forbidden"));
    expect(server.sockets).toHaveLength(1);
  });

  it("a refused one that is shown again says so at once, and is not asked for again", async () => {
    await watchAll();
    const before = sent("subscribe").length;
    const [name = ""] = forbidden;
    for (let again = 0; again < 20; again++) {
      const view = client.figures("backlog", queue(name));
      const stop = view.subscribe(() => undefined);
      stop();
      await pass(16);
    }
    watch(queue(name));
    await pass(60);
    expect(state(queue(name)).problem?.code).toBe("forbidden");
    expect(sent("subscribe")).toHaveLength(before);
  });
});

describe("a refused selection", () => {
  const DEPARTMENT = { ...ORGANIZATION, department_id: "dept_456" };

  it("keeps its problem while another one of the channel is served", async () => {
    server.refused.add(STREAM).add("alerts:org:org_123");
    watch(ORGANIZATION);
    watch(DEPARTMENT);
    client.alerts(ORGANIZATION).subscribe(() => undefined);
    client.alerts(DEPARTMENT).subscribe(() => undefined);
    await pass(100);
    server.publish("backlog:update", backlog(5, { department_id: "dept_456" }));
    server.publish("alert:triggered", alert("a", { department_id: "dept_456" }));
    await pass(100);
    for (const refused of [state(ORGANIZATION), client.alerts(ORGANIZATION).getState()]) {
      expect(refused).toMatchObject({ ready: false, problem: { code: "forbidden" } });
    }
    expect(state(ORGANIZATION).byScope.size).toBe(0);
    expect(client.alerts(ORGANIZATION).getState()).toMatchObject({ openAlerts: [], alertCount: 0 });
    expect(state(DEPARTMENT)).toMatchObject({ ready: true, problem: undefined, latestUpdate: { total_items: 5 } });
    expect(client.alerts(DEPARTMENT).getState()).toMatchObject({ problem: undefined, alertCount: 1 });
  });

  it("is told to who listens to its events", async () => {
    server.refused.add(STREAM);
    const problems: string[] = [];
    client.listen(
      "backlog",
      ORGANIZATION,
      () => undefined,
      ({ code }) => problems.push(code),
    );
    await pass(100);
    expect(problems).toEqual(["forbidden"]);
  });

  it("is asked for again when its user signs in anew on the same connection", async () => {
    client.configure({ url: "ws://server.test/ws", getToken: () => "token" });
    server.expiresAt = new Date(Date.now() + 100_000).toISOString();
    server.refused.add(STREAM);
    watch(ORGANIZATION);
    await pass(1_000);
    expect(state(ORGANIZATION).problem?.code).toBe("forbidden");
    server.refused.clear();
    await pass(76_000);
    expect(server.sockets).toHaveLength(1);
    expect(state(ORGANIZATION)).toMatchObject({ ready: true, problem: undefined });
  });

  it("is asked for again when somebody asks a while later", async () => {
    server.refused.add(STREAM);
    watch(ORGANIZATION)();
    watch(ORGANIZATION);
    await pass(11_000);
    server.refused.clear();
    client.listen("backlog", ORGANIZATION, () => undefined);
    await pass(200);
    expect(state(ORGANIZATION)).toMatchObject({ ready: true, problem: undefined });
  });
});

describe("a queue that was granted in departments", () => {
  const ROOM = `${STREAM}:queue:support`;
  const IN_A = `${STREAM}:dept:a:queue:support`;
  const IN_B = `${STREAM}:dept:b:queue:support`;
  const A = { department_id: "a", queue_name: "support" };
  const B = { department_id: "b", queue_name: "support" };

  async function watchSupport(): Promise<() => void> {
    server.granted.set(ROOM, [IN_A, IN_B]);
    const stop = watch(SUPPORT);
    await pass(100);
    server.publish("backlog:update", backlog(1, A));
    server.publish("backlog:update", backlog(2, B));
    await pass(100);
    return stop;
  }

  it("becomes ready, also where there is nothing in it yet", async () => {
    server.granted.set(ROOM, [IN_A, IN_B]);
    watch(SUPPORT);
    await pass(100);
    expect(state(SUPPORT)).toMatchObject({ ready: true, latestUpdate: undefined, problem: undefined });
  });

  it("leaves the screen in the department that was taken away, and in no other", async () => {
    await watchSupport();
    server.socket.say("unsubscribed", { rooms: [IN_A], code: "forbidden", message: "Not yours any more." });
    await pass(100);
    expect([...state(SUPPORT).byScope.keys()]).toEqual([scopeKey(B)]);
    expect(state(SUPPORT)).toMatchObject({ latestUpdate: { total_items: 2 }, problem: undefined });
    expect(state(SUPPORT).history.map(({ department_id }) => department_id)).not.toContain("a");
  });

  it("leaves the screen with the last of its departments, taken one by one", async () => {
    await watchSupport();
    for (const room of [IN_A, IN_B]) server.socket.say("unsubscribed", { rooms: [room], code: "forbidden" });
    await pass(100);
    expect(state(SUPPORT)).toMatchObject({ ready: false, problem: { code: "forbidden" }, latestUpdate: undefined });
  });

  it("leaves the screen when all its departments were taken away, and says why", async () => {
    await watchSupport();
    server.socket.say("unsubscribed", { rooms: [IN_A, IN_B], code: "forbidden", message: "Not yours any more." });
    await pass(100);
    expect(state(SUPPORT).byScope.size).toBe(0);
    expect(state(SUPPORT)).toMatchObject({
      ready: false,
      problem: { code: "forbidden", message: "Not yours any more." },
    });
  });

  it("is left as what it was granted as, but for what somebody else still hears", async () => {
    const stop = await watchSupport();
    watch({ ...ORGANIZATION, ...A });
    await pass(200);
    stop();
    await pass(200);
    expect(sent("unsubscribe")).toEqual([{ rooms: [IN_B] }]);
    server.publish("backlog:update", backlog(3, A));
    await pass(100);
    expect(state({ ...ORGANIZATION, ...A }).latestUpdate?.total_items).toBe(3);
  });

  it("is asked for again as a whole when the next token is not limited", async () => {
    client.configure({ url: "ws://server.test/ws", getToken: () => "token" });
    server.expiresAt = new Date(Date.now() + 100_000).toISOString();
    await watchSupport();
    server.granted.clear();
    await pass(76_000);
    server.publish("backlog:update", backlog(9, { department_id: "c", queue_name: "support" }));
    await pass(100);
    expect(state(SUPPORT).byScope.has(scopeKey({ department_id: "c", queue_name: "support" }))).toBe(true);
    expect(sent("unsubscribe")).toEqual([{ rooms: [IN_A, IN_B] }]);
  });
});

describe("messages", () => {
  const long = (number: number): string => `${String(number).padStart(3, "0")} ${"東".repeat(120)}`; // 1,084 bytes each, as rooms

  it("of two hundred long names are each smaller than the server's limit", async () => {
    for (let number = 0; number < 200; number++) watch(queue(long(number)));
    await pass(1_000);
    expect(server.socket.sent.map(bytes).filter((size) => size > LIMIT)).toEqual([]);
    expect(new Set(sent("subscribe").flatMap(({ rooms = [] }) => rooms)).size).toBe(200);
    expect(client.status.getState().state).toBe("live");
    expect(state(queue(long(199))).ready).toBe(true);
  });

  it("that leave nine hundred rooms are so, too", async () => {
    const stops = Array.from({ length: 900 }, (_, number) => watch(queue(long(number))));
    await pass(3_000);
    for (const stop of stops) stop();
    await pass(3_000);
    expect(server.socket.sent.map(bytes).filter((size) => size > LIMIT)).toEqual([]);
    expect(server.socket.rooms.size).toBe(0);
  });

  it("that resume do not claim to know what a later one asks for", async () => {
    const stops = Array.from({ length: 100 }, (_, number) => watch(queue(long(number))));
    await pass(1_000);
    const [first, last] = [long(0), long(99)];
    server.publish("backlog:update", backlog(1, { department_id: "d", queue_name: last }));
    server.drop();
    server.publish("backlog:update", backlog(2, { department_id: "d", queue_name: last })); // missed
    const answer = server.answer.bind(server);
    server.answer = (socket, message) => {
      if (socket.asked("subscribe").length <= 1) answer(socket, message); // later ones get none
    };
    await pass(900);
    server.publish("backlog:update", backlog(3, { department_id: "d", queue_name: first })); // moves the position
    for (const stop of stops.slice(0, 90)) stop(); // the last is among the first to be asked for
    server.drop();
    server.answer = answer;
    await pass(3_000);
    expect(state(queue(last)).latestUpdate?.total_items).toBe(2);
  });

  it("hold as many rooms as fit, counted in bytes", () => {
    const rooms = Array.from(
      { length: 3_000 },
      (_, number) => `${STREAM}:queue:${number % 3 ? number : "ü".repeat(900)}`,
    );
    const lists = inMessages(rooms);
    expect(lists.flat()).toEqual(rooms);
    expect(lists.map(bytes).filter((size) => size > 48 * 1024 + 1)).toEqual([]);
    expect(lists.map(({ length }) => length).filter((length) => length > 1_000)).toEqual([]);
    expect(inMessages([])).toEqual([]);
  });
});

describe("names of queues", () => {
  it("are one whether a letter and its accent are typed as one sign or as two", async () => {
    watch(queue("Mu\u0308nchen"));
    await pass(100);
    server.publish("backlog:update", backlog(4, { department_id: "d", queue_name: "M\u00fcnchen" }));
    await pass(100);
    expect(sent("subscribe")).toEqual([{ rooms: [`${STREAM}:queue:M%C3%BCnchen`] }]);
    expect(state(queue("M\u00fcnchen")).latestUpdate?.total_items).toBe(4);
  });
});

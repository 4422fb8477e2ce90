import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RealtimeClient } from "../src/client.js";
import { backlog, connectedClient, FakeServer, pass } from "../testing/server.js";

const ORGANIZATION = { organization_id: "org_123" };
let server: FakeServer;
let client: RealtimeClient;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-31T10:00:00Z") });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  server = new FakeServer();
  client = connectedClient();
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
});

const state = (): string => client.status.getState().state;
const watch = (channel: "backlog" | "kpi" = "backlog"): (() => void) =>
  client.figures(channel, ORGANIZATION).subscribe(() => undefined);

describe("signing in", () => {
  it("connects when somebody listens, and not before", async () => {
    await pass(1_000);
    expect(server.sockets).toHaveLength(0);
    watch();
    expect(state()).toBe("connecting");
    await pass(10);
    expect(state()).toBe("live");
    expect(server.sockets).toHaveLength(1);
  });

  it("sends the organization alone where the session says who it is", async () => {
    watch();
    await pass(10);
    expect(server.socket.asked("authenticate").map(({ data }) => data)).toEqual([{ organization_id: "org_123" }]);
  });

  it("says in demo mode who it is, as the page has it", async () => {
    document.body.dataset["intraday"] = JSON.stringify({ organization_id: "org_123", user_id: "ann" });
    watch();
    await pass(10);
    delete document.body.dataset["intraday"];
    const said = server.socket.asked("authenticate").map(({ data }) => data);
    expect(said).toEqual([{ user_id: "ann", organization_id: "org_123" }]);
  });

  it("sends a token, and a new one on the same socket before the first runs out", async () => {
    let issued = 0;
    client.configure({ url: "ws://server.test/ws", getToken: () => Promise.resolve({ token: `t${++issued}` }) });
    server.expiresAt = new Date(Date.now() + 900_000).toISOString();
    watch();
    await pass(674_000);
    expect(server.socket.asked("authenticate")).toHaveLength(1);
    await pass(2_000);
    expect(server.socket.asked("authenticate").map(({ data }) => data)).toEqual([{ token: "t1" }, { token: "t2" }]);
    expect(server.sockets).toHaveLength(1);
    expect(server.socket.asked("subscribe")).toHaveLength(1);
  });

  it("counts a token's life by the server's clock", async () => {
    client.configure({ url: "ws://server.test/ws", getToken: () => "t" });
    server.clockOffset = 800_000;
    server.expiresAt = new Date(Date.now() + 900_000).toISOString(); // 100 s from now, there
    watch();
    await pass(80_000);
    expect(server.socket.asked("authenticate")).toHaveLength(2);
  });

  it("tries again when no token can be had", async () => {
    const getToken = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error("503")).mockResolvedValue("t");
    client.configure({ url: "ws://server.test/ws", getToken });
    watch();
    await pass(10);
    expect(client.status.getState()).toMatchObject({ state: "reconnecting", reason: "No credentials: Error: 503" });
    await pass(1_000);
    expect(state()).toBe("live");
  });

  it("asks again for a token that could not be refreshed", async () => {
    const getToken = vi.fn<() => Promise<string>>().mockResolvedValueOnce("t1").mockRejectedValueOnce(new Error("503"));
    getToken.mockResolvedValue("t2");
    client.configure({ url: "ws://server.test/ws", getToken });
    server.expiresAt = new Date(Date.now() + 100_000).toISOString();
    watch();
    await pass(86_000);
    expect(server.socket.asked("authenticate").map(({ data }) => data)).toEqual([{ token: "t1" }, { token: "t2" }]);
  });
});

describe("coming back", () => {
  it("waits a random part of a delay that doubles, up to 15 seconds", async () => {
    watch();
    await pass(10);
    server.up = false;
    server.socket.end(1006);
    const delays: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      const { retryAt } = client.status.getState();
      const delay = (retryAt ?? 0) - Date.now();
      delays.push(delay);
      await pass(delay + 1);
    }
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 7_500, 7_500, 7_500, 7_500]);
  });

  it("begins with a short delay again only after a connection that lasted", async () => {
    watch();
    for (const expected of [250, 500, 1_000]) {
      await pass(10);
      server.socket.end(1012);
      expect((client.status.getState().retryAt ?? 0) - Date.now()).toBe(expected);
      await pass(expected);
    }
    await pass(6_000);
    server.socket.end(1012);
    expect((client.status.getState().retryAt ?? 0) - Date.now()).toBe(250);
  });

  it("waits as long as the server asked for", async () => {
    watch();
    await pass(10);
    server.socket.say("reconnect", { retry_after_ms: 4_321 });
    server.socket.end(1012, "restarting");
    await pass(4_320);
    expect(server.sockets).toHaveLength(1);
    await pass(10);
    expect(server.sockets).toHaveLength(2);
    expect(state()).toBe("live");
  });

  it.each([4401, 4403, 4429])("stops for good at %i", async (code) => {
    watch();
    await pass(10);
    server.socket.end(code, "");
    await pass(3_600_000);
    window.dispatchEvent(new Event("online"));
    await pass(1_000);
    expect(server.sockets).toHaveLength(1);
    expect(client.status.getState()).toMatchObject({ state: "stopped", code });
    expect(client.status.getState().reason).not.toBe("");
  });

  it.each([1006, 1011, 1012, 4008, 4408])("comes back after %i", async (code) => {
    watch();
    await pass(10);
    server.socket.end(code);
    await pass(1_000);
    expect(server.sockets).toHaveLength(2);
    expect(state()).toBe("live");
  });

  it("comes back where an error is all that is said, as by Node.js", async () => {
    server.up = false;
    watch();
    server.socket.end = () => undefined;
    server.socket.onerror?.();
    server.up = true;
    await pass(1_000);
    expect(state()).toBe("live");
  });

  it("gets a new token where the old one ran out during sleep", async () => {
    client.configure({ url: "ws://server.test/ws", getToken: () => "t" });
    server.expiresAt = new Date(Date.now() + 60_000).toISOString();
    watch();
    await pass(10);
    vi.setSystemTime(Date.now() + 3_600_000); // asleep: no timer ran
    server.socket.end(4401, "expired");
    server.expiresAt = null;
    await pass(1_000);
    expect(state()).toBe("live");
  });

  it("comes back out of a stop when somebody has signed in again", async () => {
    watch();
    await pass(10);
    server.socket.end(4401);
    client.reconnectNow();
    await pass(10);
    expect(state()).toBe("live");
  });

  it.each([
    ["the network is there again", () => window.dispatchEvent(new Event("online"))],
    ["the page is looked at again", () => document.dispatchEvent(new Event("visibilitychange"))],
  ])("reconnects at once when %s", async (_, happens) => {
    watch();
    await pass(10);
    server.up = false;
    server.socket.end(1006);
    await pass(30_000);
    server.up = true;
    const before = server.sockets.length;
    happens();
    await pass(2);
    expect(server.sockets).toHaveLength(before + 1);
    expect(state()).toBe("live");
  });

  it("is offline after 5 seconds, not sooner, and says when it will try again", async () => {
    watch();
    await pass(10);
    server.up = false;
    server.socket.end(1006);
    await pass(4_900);
    expect(state()).toBe("reconnecting");
    await pass(200);
    expect(state()).toBe("offline");
    expect(client.status.getState().retryAt).toBeGreaterThanOrEqual(Date.now());
    server.up = true;
    await pass(30_000);
    expect(state()).toBe("live");
  });

  it("is offline, too, where it never got a connection", async () => {
    server.up = false;
    watch();
    await pass(5_100);
    expect(state()).toBe("offline");
  });
});

describe("silence", () => {
  it("gives up a server that sends no heartbeat and does not answer", async () => {
    watch();
    await pass(10);
    server.silent.add("ping");
    await pass(30_000);
    expect(state()).toBe("live");
    await pass(5_300);
    expect(server.sockets).toHaveLength(2);
  });

  it("keeps a server that answers, however quiet", async () => {
    watch();
    await pass(600_000);
    expect(server.sockets).toHaveLength(1);
    expect(state()).toBe("live");
  });

  it("keeps a connection whose messages waited while the tab was frozen", async () => {
    watch();
    await pass(10);
    vi.setSystemTime(Date.now() + 3_600_000);
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(10_000);
    expect(server.sockets).toHaveLength(1);
  });

  it("notices within 5 seconds that the network is gone, when the browser says so", async () => {
    watch();
    await pass(10);
    server.silent.add("ping");
    server.up = false;
    window.dispatchEvent(new Event("offline"));
    await pass(5_100);
    expect(state()).toBe("offline");
  });

  it("gives up a server that accepts and says nothing", async () => {
    server.up = false;
    watch();
    server.socket.end = () => undefined; // hangs
    await pass(10_600);
    expect(server.sockets.length).toBeGreaterThan(1);
  });
});

it("catches up before it says live", async () => {
  server.silent.add("ping");
  watch();
  await pass(10);
  server.publish("backlog:update", backlog(1));
  await pass(100);
  expect(state()).toBe("catching_up");
  server.silent.clear();
  const [subscribe] = server.socket.asked("subscribe");
  server.socket.say("pong", { server_time: new Date().toISOString() }, { id: subscribe?.id });
  expect(state()).toBe("live");
});

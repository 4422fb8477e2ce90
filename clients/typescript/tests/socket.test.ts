import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createIntraday, type RealtimeClient } from "../src/client.js";
import { SignedOutError } from "../src/config.js";
import { Outbox } from "../src/outbox.js";
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

describe("a page that brings a token", () => {
  const URL = "ws://server.test/ws";
  const tokens = (...answers: unknown[]): ReturnType<typeof vi.fn<() => Promise<string>>> => {
    const getToken = vi.fn<() => Promise<string>>();
    for (const answer of answers) {
      if (answer instanceof Error) getToken.mockRejectedValueOnce(answer);
      else getToken.mockResolvedValueOnce(answer as string);
    }
    return getToken.mockResolvedValue("good");
  };
  const said = (): unknown[] =>
    server.sockets.flatMap((socket) => socket.asked("authenticate").map(({ data }) => data));

  /** Answers as the server does: bad tokens are refused, with a close where nobody is signed in yet. */
  function refusing(bad: (token: unknown) => boolean): void {
    const answer = server.answer.bind(server);
    server.answer = (socket, message) => {
      if (message.event !== "authenticate" || !bad(message.data["token"])) return answer(socket, message);
      const problem = { code: "not_authenticated", message: "The credentials are unknown: sign in again." };
      const signedIn = socket.asked("authenticate").length > 1;
      socket.say("error", { ...problem, id: message.id }, { id: message.id });
      if (!signedIn) socket.end(4401, problem.message);
    };
  }

  it("lets no cookie speak for it", async () => {
    client.configure({ url: `${URL}?a=b`, getToken: tokens() });
    watch();
    await pass(10);
    expect(server.socket.url).toBe("ws://server.test/ws?a=b&auth=message");
  });

  it("is nobody before its token counts, though the browser is signed in as somebody else", async () => {
    client.configure({ url: URL, getToken: tokens() });
    server.silent.add("authenticate");
    watch();
    await pass(10);
    const mallory = { user_id: "mallory", organization_id: "org_9", role: "viewer", expires_at: null };
    server.socket.say("authenticated", mallory);
    await pass(100);
    expect(server.socket.asked("subscribe")).toEqual([]);
    const [asked] = server.socket.asked("authenticate");
    server.socket.say("authenticated", { ...mallory, user_id: "ann", organization_id: "org_123" }, { id: asked?.id });
    await pass(100);
    expect(client.status.getState()).toMatchObject({ state: "live", user_id: "ann" });
  });

  it("asks again for a token that the server does not take, and is live with the next", async () => {
    refusing((token) => token === "expired");
    client.configure({ url: URL, getToken: tokens("expired") });
    watch();
    await pass(2_000);
    expect(said()).toEqual([{ token: "expired" }, { token: "good" }]);
    expect(state()).toBe("live");
  });

  it.each([
    ["an empty text", ""],
    ["an error in place of a token", { code: "forbidden", message: "no such user" }],
    ["nothing", undefined],
    ["an empty token", { token: "" }],
  ])("never sends %s as if it were no credentials at all", async (_, answer) => {
    client.configure({ url: URL, getToken: tokens(answer) });
    watch();
    await pass(10);
    expect(client.status.getState().reason).toContain("getToken has to answer a token");
    await pass(2_000);
    expect(said()).toEqual([{ token: "good" }]);
    expect(state()).toBe("live");
  });

  it("stops when every token is refused, and says so", async () => {
    refusing(() => true);
    client.configure({ url: URL, getToken: tokens() });
    watch();
    await pass(600_000);
    expect(server.sockets).toHaveLength(3);
    expect(client.status.getState()).toMatchObject({
      state: "stopped",
      code: 4401,
      reason: "The server refuses the tokens that getToken answers: The credentials are unknown: sign in again.",
    });
  });

  it("stops at once when getToken says that nobody is signed in", async () => {
    client.configure({ url: URL, getToken: tokens(new SignedOutError("The link has been revoked.")) });
    watch();
    await pass(600_000);
    expect(server.sockets).toHaveLength(1);
    expect(client.status.getState()).toMatchObject({ state: "stopped", reason: "The link has been revoked." });
  });

  it("keeps a connection whose new token is refused, and asks for another one", async () => {
    refusing((token) => token === "expired");
    server.expiresAt = new Date(Date.now() + 100_000).toISOString();
    client.configure({ url: URL, getToken: tokens("good", "expired", "expired") });
    watch();
    await pass(96_000);
    expect(said()).toEqual([{ token: "good" }, { token: "expired" }, { token: "expired" }, { token: "good" }]);
    expect(server.sockets).toHaveLength(1);
    expect(state()).toBe("live");
  });

  it("begins anew when its tokens become somebody else's", async () => {
    client.configure({ url: URL, getToken: tokens() });
    server.expiresAt = new Date(Date.now() + 100_000).toISOString();
    watch();
    await pass(1_000);
    server.silent.add("authenticate");
    await pass(75_000);
    const [, refresh] = server.socket.asked("authenticate");
    server.silent.clear();
    server.user = "bob";
    server.socket.say("error", { code: "other_user", message: "open a new one", id: refresh?.id }, { id: refresh?.id });
    await pass(1_000);
    expect(server.sockets).toHaveLength(2);
    expect(server.socket.asked("subscribe")[0]?.data.since).toBeUndefined();
    expect(client.status.getState()).toMatchObject({ state: "live", user_id: "bob" });
  });
});

describe("a page whose person signs in as somebody else", () => {
  it("resumes nothing of what the first one heard", async () => {
    watch();
    await pass(100);
    server.publish("backlog:update", backlog(1));
    server.user = "bob";
    server.drop();
    await pass(1_000);
    expect(server.socket.asked("subscribe")[0]?.data.since).toBeUndefined();
  });
});

describe("the budget", () => {
  const sentIn = async (milliseconds: number): Promise<number> => {
    const before = server.socket.sent.length;
    await pass(milliseconds);
    return server.socket.sent.length - before;
  };

  it("joins what a row per frame asks for and leaves", async () => {
    watch();
    await pass(1_000);
    let most = 0;
    for (let second = 0; second < 5; second++) {
      let sent = 0;
      for (let frame = 0; frame < 60; frame++) {
        const stop = client
          .figures("backlog", { ...ORGANIZATION, queue_name: `row ${second * 60 + frame}` })
          .subscribe(() => undefined);
        sent += await sentIn(16);
        stop();
      }
      most = Math.max(most, sent);
    }
    expect(most).toBeGreaterThan(5);
    expect(most).toBeLessThanOrEqual(40);
    expect(state()).toBe("live");
  });

  it("asks once whether the server is there, however often the page is woken", async () => {
    watch();
    await pass(1_000);
    const before = server.socket.asked("ping").length;
    server.silent.add("ping");
    for (let again = 0; again < 103; again++) window.dispatchEvent(new Event("online"));
    await pass(100);
    expect(server.socket.asked("ping").length - before).toBe(1);
  });

  it("is kept whatever the page does, in the order it did it", async () => {
    const written: { at: number; text: string }[] = [];
    const outbox = new Outbox<string>((text) => written.push({ at: performance.now(), text }));
    for (let number = 0; number < 500; number++) outbox.send(`${number}`);
    await pass(60_000);
    for (let number = 500; number < 1_000; number++) outbox.send(`${number}`);
    await pass(60_000);
    expect(written.map(({ text }) => text)).toEqual(Array.from({ length: 1_000 }, (_, number) => `${number}`));
    const inSecondFrom = (start: number): number =>
      written.filter(({ at }) => at >= start && at < start + 1_000).length;
    expect(Math.max(...written.map(({ at }) => inSecondFrom(at)))).toBeLessThanOrEqual(81);
  });
});

describe("a clock that jumps", () => {
  const jump = (milliseconds: number): void => void vi.setSystemTime(Date.now() + milliseconds);

  it.each([3_600_000, -3_600_000])("by %i ms neither freezes nor ages what is shown", async (milliseconds) => {
    const view = client.figures("backlog", ORGANIZATION);
    watch();
    await pass(100);
    server.publish("backlog:update", backlog(1, {}, { interval_seconds: 20 }));
    await pass(100);
    const realTime = server.clockOffset;
    jump(milliseconds);
    server.clockOffset = realTime - milliseconds;
    const timestamp = new Date(Date.now() + server.clockOffset).toISOString();
    server.publish("backlog:update", backlog(2, {}, { interval_seconds: 20, timestamp }));
    await pass(100);
    expect(view.getState()).toMatchObject({ latestUpdate: { total_items: 2 }, stale: false });
    expect(client.status.getState().clockOffset).toBe(-milliseconds);
    await pass(62_000);
    expect(view.getState().stale).toBe(true);
  });

  it("that stood still in a machine's sleep is set right by the next answer", async () => {
    const view = client.figures("backlog", ORGANIZATION);
    watch();
    await pass(100);
    server.publish("backlog:update", backlog(1, {}, { interval_seconds: 20 }));
    await pass(100);
    jump(600_000); // `performance.now` slept, too
    server.socket.say("heartbeat", { position: {} });
    await pass(100);
    expect(view.getState().stale).toBe(true);
    expect(client.status.getState().clockOffset).toBe(0);
  });

  it("does not make a backoff longer or shorter", async () => {
    watch();
    await pass(6_000);
    jump(-3_600_000);
    server.drop();
    await pass(251);
    expect(server.sockets).toHaveLength(2);
  });
});

describe("for builders", () => {
  it("hints once at the address and the setting of origins when nothing answers", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    server.up = false;
    watch();
    await pass(60_000);
    expect(warned).toHaveBeenCalledOnce();
    const [[hint]] = warned.mock.calls as [[string]];
    expect(hint).toContain("ws://server.test/ws");
    expect(hint).toContain(`pages of ${location.origin} only if INTRADAY_ALLOWED_ORIGINS`);
  });

  it("hints at nothing when a server that answered goes away", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    watch();
    await pass(100);
    server.up = false;
    server.drop();
    await pass(60_000);
    expect(warned).not.toHaveBeenCalled();
  });

  const switchedOn: [string, object, () => void][] = [
    ["the option", { debug: true }, () => undefined],
    ["localStorage", {}, () => localStorage.setItem("INTRADAY_DEBUG", "1")],
    ["the environment", {}, () => vi.stubEnv("INTRADAY_DEBUG", "1")],
  ];
  it.each(switchedOn)("logs every message where %s asks for it, and no token", async (_, option, ask) => {
    const logged = vi.spyOn(console, "debug").mockReturnValue();
    ask();
    const debugged = createIntraday({ url: "ws://server.test/ws", getToken: () => "secret", ...option });
    debugged.figures("backlog", ORGANIZATION).subscribe(() => undefined);
    await pass(100);
    debugged.close();
    localStorage.removeItem("INTRADAY_DEBUG");
    vi.unstubAllEnvs();
    const text = JSON.stringify(logged.mock.calls);
    for (const each of ["welcome", "authenticate", "subscribed", "catching_up"]) expect(text).toContain(each);
    expect(text).not.toContain("secret");
  });

  it("logs nothing unasked", async () => {
    const logged = vi.spyOn(console, "debug").mockReturnValue();
    watch();
    await pass(100);
    expect(logged).not.toHaveBeenCalled();
  });

  it("says what is missing where there is no WebSocket", () => {
    vi.stubGlobal("WebSocket", undefined);
    expect(() => {
      watch();
    }).toThrow("give createIntraday() the one of the package ws");
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

  it.each([4401, 4403, 4413])("stops for good at %i", async (code) => {
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

  it("leaves a server that finds it too fast alone for a while, and comes back", async () => {
    watch();
    await pass(6_000);
    server.socket.end(4429, "more than 100 messages a second");
    await pass(7_400);
    expect(server.sockets).toHaveLength(1);
    await pass(7_700);
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
    server.drop(4401, "expired");
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

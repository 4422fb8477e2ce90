import { SignedOutError } from "intraday-realtime";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { rest } from "../src/session/rest.js";
import { WallToken } from "../src/session/walltoken.js";

let asked: { path: string; init: RequestInit }[] = [];
let status = 200;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-31T10:00:00Z") });
  [asked, status] = [[], 200];
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    asked.push({ path, init });
    const body = { token: `t${asked.length}`, expires_at: "2026-01-31T10:15:00Z", version: "v1" };
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
});

afterEach(() => void vi.useRealTimers());

describe("the token of a wall", () => {
  it("is asked for without anybody's cookies, and so is what it opens", async () => {
    const token = new WallToken("/wall/secret/token");
    await rest(token.get).get("/api/intraday/feeds");
    expect(asked.map(({ init }) => init.credentials)).toEqual(["omit", "omit"]);
    expect(new Headers(asked[1]?.init.headers).get("Authorization")).toBe("Bearer t1");
  });

  it("is kept for ten minutes", async () => {
    const token = new WallToken("/wall/secret/token");
    expect([await token.get(), await token.get()]).toEqual(["t1", "t1"]);
    vi.advanceTimersByTime(10 * 60_000 + 1);
    expect(await token.get()).toBe("t2");
  });

  it.each([3_600_000, -3_600_000])("is asked for anew where the clock was set by %i ms", async (milliseconds) => {
    const token = new WallToken("/wall/secret/token");
    await token.get();
    vi.setSystemTime(Date.now() + milliseconds);
    expect(await token.get()).toBe("t2");
  });

  it("is another one for a socket that was refused", async () => {
    const token = new WallToken("/wall/secret/token");
    await token.get();
    expect(await token.renewed()).toBe("t2");
  });

  it("ends the board where its link was revoked, and not where the server fails", async () => {
    const token = new WallToken("/wall/secret/token");
    status = 503;
    await expect(token.renewed()).rejects.not.toBeInstanceOf(SignedOutError);
    status = 404;
    await expect(token.renewed()).rejects.toBeInstanceOf(SignedOutError);
  });
});

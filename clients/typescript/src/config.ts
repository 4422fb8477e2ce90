import type { Authenticate } from "./protocol/types.js";

export interface ClientOptions {
  /** Address of the server or of its socket; without it, the server that this page comes from. */
  url?: string | URL | undefined;
  /**
   * A token for the socket, asked anew for each connection and before the last one ends. Without it, the session.
   * A `SignedOutError` that it throws ends the connection; after any other failure it is asked again.
   */
  getToken?: (() => Token | Promise<Token>) | undefined;
  /** Merge patches instead of whole payloads: fewer bytes. */
  delta?: boolean | undefined;
  /** One message per so many milliseconds, with the newest of each scope. */
  batchMilliseconds?: number | undefined;
  /** The socket class to use; needed without a global `WebSocket`: Node.js 20 takes that of the package `ws`. */
  WebSocket?: WebSocketClass | undefined;
  /** Log every message; `INTRADAY_DEBUG` in `localStorage` or in the environment does so, too. */
  debug?: boolean | undefined;
}

export type Token = string | { token: string };

export type WebSocketClass = new (url: string) => object;

/** For `getToken` to throw: nobody is signed in any more, and asking again helps nobody. */
export class SignedOutError extends Error {
  override name = "SignedOutError";
}

/** The configuration that our own pages carry in `data-intraday`, as JSON. */
export interface PageConfig {
  url?: string;
  organization_id?: string;
  /** In demo mode only: the user that the page says it is. */
  user_id?: string;
}

export function pageConfig(): PageConfig {
  const element = typeof document === "undefined" ? null : document.querySelector<HTMLElement>("[data-intraday]");
  return JSON.parse(element?.dataset["intraday"] || "{}") as PageConfig;
}

/** `https://host`, `wss://host/ws` and `/ws` alike become the address of the socket. */
export function socketUrl(options: ClientOptions): string {
  const given = options.url ?? pageConfig().url ?? "/ws";
  const url = new URL(given, typeof location === "undefined" ? undefined : location.href);
  url.protocol = url.protocol.replace("http", "ws");
  if (url.pathname === "/") url.pathname = "/ws";
  url.hash = "";
  if (options.getToken) url.searchParams.set("auth", "message"); // the server ignores cookies: another person may be signed in
  return url.href;
}

export function webSocketClass(options: ClientOptions): WebSocketClass {
  const found = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found) return found;
  throw new Error("There is no WebSocket here: give createIntraday() the one of the package ws, or use Node.js 22.");
}

/** A token; else the demo's user; else the organization, for a browser that is signed in. */
export async function credentials(options: ClientOptions, organization: string | undefined): Promise<Authenticate> {
  if (options.getToken) return { token: tokenIn(await options.getToken()) };
  const page = pageConfig();
  const organization_id = page.organization_id ?? organization ?? null;
  return page.user_id ? { user_id: page.user_id, organization_id } : { organization_id };
}

/** An answer without a token must not count as no credentials at all: those are the session's. */
function tokenIn(answer: unknown): string {
  const token = typeof answer === "string" ? answer : (answer as { token?: unknown } | null | undefined)?.token;
  if (typeof token === "string" && token) return token;
  const shown = (JSON.stringify(answer) as string | undefined)?.slice(0, 200) ?? "nothing";
  throw new Error(`getToken has to answer a token or {"token": "…"}; it answered ${shown}`);
}

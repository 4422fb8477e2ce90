import type { Authenticate } from "./protocol/types.js";

export interface ClientOptions {
  /** Address of the server or of its socket; without it, the server that this page comes from. */
  url?: string | URL | undefined;
  /** A token for the socket, asked anew for each connection and before the last one ends. Without it, the session. */
  getToken?: (() => Token | Promise<Token>) | undefined;
  /** Merge patches instead of whole payloads: fewer bytes. */
  delta?: boolean | undefined;
  /** One message per so many milliseconds, with the newest of each scope. */
  batchMilliseconds?: number | undefined;
}

export type Token = string | { token: string };

/** What our own pages carry in `data-intraday`, as JSON. */
export interface PageConfig {
  url?: string;
  organization_id?: string;
  /** In demo mode only: whoever one says one is. */
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
  return url.href;
}

/** A token; else the demo's user; else the organization, for a browser that is signed in. */
export async function credentials(options: ClientOptions, organization: string | undefined): Promise<Authenticate> {
  if (options.getToken) {
    const found = await options.getToken();
    return { token: typeof found === "string" ? found : found.token };
  }
  const page = pageConfig();
  const organization_id = page.organization_id ?? organization ?? null;
  return page.user_id ? { user_id: page.user_id, organization_id } : { organization_id };
}

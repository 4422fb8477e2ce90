// For those who build on this package: a log of all messages, and one hint when nothing can be reached.

export type Log = (...what: unknown[]) => void;

const SWITCH = "INTRADAY_DEBUG";

/** Logs where `debug` or INTRADAY_DEBUG asks for it: in `localStorage` of a browser, in the environment of Node.js. */
export function debugLog(debug: boolean | undefined): Log {
  if (!(debug ?? isSwitchedOn())) return () => undefined;
  return (...what) => console.debug("intraday", ...what);
}

function isSwitchedOn(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return Boolean(process?.env?.[SWITCH]) || Boolean(stored());
}

function stored(): string | null {
  try {
    return globalThis.localStorage.getItem(SWITCH);
  } catch {
    return null; // no browser, or one that keeps nothing for this page
  }
}

/** Tokens are secrets, also in a log. */
export const withoutSecrets = (message: { event: string; data: unknown }): unknown =>
  message.event === "authenticate" ? { ...message, data: hidden(message.data as { token?: unknown }) } : message;

const hidden = (data: { token?: unknown }): unknown => (data.token ? { ...data, token: "…" } : data);

export function hintAt(url: string): string {
  const origin = typeof location === "undefined" ? "" : location.origin;
  const setting = origin && ` The server takes pages of ${origin} only if INTRADAY_ALLOWED_ORIGINS names that origin.`;
  return `Intraday: no connection to ${url}. Does a server answer there?${setting} INTRADAY_DEBUG logs every message.`;
}

// The REST server of these tests, a session of a person who may do everything, and buttons by their words.

import { act, type ReactNode } from "react";
import { vi } from "vitest";

import type { Page } from "intraday-realtime/testing/page";
import { rest } from "../src/session/rest.js";
import { newSession, type Organization, SessionProvider } from "../src/session/session.js";

export interface Asked {
  method: string;
  path: string;
  query: Record<string, string>;
  body: Record<string, unknown>;
}

type Answers = (asked: Asked) => object | undefined;

/** Answers by path, which the test may change; any other path has no items. `refused` is an error. */
export function answering(answers: Record<string, object | Answers>): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal(
    "fetch",
    (address: string, { method = "GET", body = "{}" }: { method?: string; body?: string } = {}) => {
      const [path = "", query = ""] = address.split("?");
      const asked: Asked = { method, path, query: Object.fromEntries(new URLSearchParams(query)), body: read(body) };
      log.push(asked);
      const answer = answers[path] ?? { items: [], next: null };
      const said = typeof answer === "function" ? (answer as Answers)(asked) : answer;
      if (said === undefined) return new Promise(() => undefined); // not yet
      return Promise.resolve(said instanceof Refused ? said.response() : new Response(JSON.stringify(said)));
    },
  );
  return log;
}

const read = (body: string) => JSON.parse(body) as Record<string, unknown>;

class Refused {
  constructor(
    readonly status: number,
    readonly message: string,
  ) {}

  response(): Response {
    return new Response(JSON.stringify({ code: "refused", message: this.message }), { status: this.status });
  }
}

export const refused = (message: string, status = 503): object => new Refused(status, message);

export const ORGANIZATION: Organization = {
  id: "org_123",
  name: "Acme",
  time_zone: "UTC",
  user: "ada",
  actor: "ada",
  role: "admin",
  grants: ["act", "silence", "walls", "rules", "notify", "manage"],
  sees_names: true,
  whole: true,
  departments: [{ id: "service", name: "Service", queues: ["a", "b"] }],
};

export const signedIn = (node: ReactNode, change: Partial<Organization> = {}): ReactNode => (
  <SessionProvider value={newSession({ ...ORGANIZATION, ...change }, rest())}>{node}</SessionProvider>
);

export const button = (page: Page, words: string): HTMLButtonElement | undefined =>
  [...page.element.querySelectorAll("button")].find(({ textContent }) => textContent === words);

export async function press(page: Page, words: string): Promise<void> {
  const found = button(page, words);
  if (!found) throw new Error(`There is no button “${words}”.`);
  const form = found.type === "submit" && found.closest("form");
  act(() => {
    // Only forms of a document are submitted by a click, and the page of a test is in none.
    if (form) form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    else found.click();
  });
  await page.settled();
}

/** As a person types: over whatever stood there. */
export async function type(page: Page, selector: string, text: string): Promise<void> {
  const field = page.element.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector);
  if (!field) throw new Error(`There is no field “${selector}”.`);
  const shape = Object.getPrototypeOf(field) as object;
  act(() => {
    Object.getOwnPropertyDescriptor(shape, "value")?.set?.call(field, text); // React hears only what it did not set
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.settled();
}

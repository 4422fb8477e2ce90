// A history of the REST API with all its pages, asked again as it grows.

import type { Scope } from "./payloads.js";
import { type Rest, withQuery } from "./rest.js";
import { type Again, type Asked, useRounds } from "./useRounds.js";

interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** The history of a scope stands until the next answer has come, also where another period is asked for. */
export function useWhole<Item>(path: string, scope: Scope, period: object, again: Again = {}): Asked<Item[]> {
  return useRounds(withQuery(path, scope), withQuery(path, { ...scope, ...period }), whole<Item>, again);
}

async function whole<Item>(rest: Rest, question: string, isCurrent: () => boolean): Promise<Item[]> {
  const items: Item[] = [];
  let next: string | null = "";
  while (next !== null && isCurrent()) {
    const page: Page<Item> = await rest.get(next ? `${question}&cursor=${encodeURIComponent(next)}` : question);
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

// A history of the REST API with all its pages.

import { useEffect, useState } from "react";

import { RestError, withQuery } from "./rest.js";
import { useSession } from "./session.js";

interface Page<Item> {
  items: Item[];
  next: string | null;
}

const MOST_PAGES = 40;

/** Undefined until all of it is there; what cannot be read any more is left out. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what the answer holds, the caller knows
export function useWhole<Item>(path: string, query: object): Item[] | undefined {
  const { rest } = useSession();
  const question = withQuery(path, query);
  const [read, setRead] = useState<{ question: string; items: Item[] }>();
  useEffect(() => {
    let current = true;
    const all = async () => {
      const items: Item[] = [];
      let next: string | null = "";
      for (let page = 0; next !== null && page < MOST_PAGES; page++) {
        const answer: Page<Item> = await rest.get(next ? `${question}&cursor=${encodeURIComponent(next)}` : question);
        items.push(...answer.items);
        next = answer.next;
      }
      return items;
    };
    all().then(
      (items) => current && setRead({ question, items }),
      (error: unknown) => {
        if (!(error instanceof RestError)) throw error;
      },
    );
    return () => void (current = false);
  }, [rest, question]);
  return read?.question === question ? read.items : undefined;
}

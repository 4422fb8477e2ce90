// A history of the REST API with all its pages, asked again as it grows.

import { useEffect, useState } from "react";

import type { Scope } from "./payloads.js";
import { RestError, withQuery } from "./rest.js";
import { useSession } from "./session.js";

interface Page<Item> {
  items: Item[];
  next: string | null;
}

export interface Whole<Item> {
  /** Undefined until all of it is there. */
  items: Item[] | undefined;
  /** Of the last round; the next one may mend it. */
  error: RestError | undefined;
}

interface Read<Item> extends Whole<Item> {
  subject: string;
}

/** What is known of the scope stands until the next answer has come, also where another period is asked for. */
export function useWhole<Item>(
  path: string,
  scope: Scope,
  period: object,
  { everySeconds }: { everySeconds?: number } = {},
): Whole<Item> {
  const { rest } = useSession();
  const subject = withQuery(path, scope);
  const question = withQuery(path, { ...scope, ...period });
  const [read, setRead] = useState<Read<Item>>(nothing(subject));
  useEffect(() => {
    let current = true;
    const whole = async () => {
      const items: Item[] = [];
      let next: string | null = "";
      while (next !== null && current) {
        const page: Page<Item> = await rest.get(next ? `${question}&cursor=${encodeURIComponent(next)}` : question);
        items.push(...page.items);
        next = page.next;
      }
      return items;
    };
    const ask = () =>
      whole().then(
        (items) => current && setRead({ subject, items, error: undefined }),
        (error: unknown) => {
          if (!(error instanceof RestError)) throw error;
          if (current)
            setRead((before) => ({ subject, items: before.subject === subject ? before.items : undefined, error }));
        },
      );
    void ask();
    const timer = everySeconds ? setInterval(() => void ask(), everySeconds * 1_000) : undefined;
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [rest, subject, question, everySeconds]);
  return read.subject === subject ? read : nothing(subject);
}

const nothing = (subject: string) => ({ subject, items: undefined, error: undefined });

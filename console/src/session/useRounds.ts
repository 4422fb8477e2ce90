// An answer of the REST API, asked again when the question changes and every so often.

import { useEffect, useState } from "react";

import { type Rest, RestError } from "./rest.js";
import { useSession } from "./session.js";

export interface Asked<Answer> {
  answer: Answer | undefined;
  /** Of the last round; the next one may mend it. */
  error: RestError | undefined;
}

export interface Again {
  everySeconds?: number | undefined;
  /** Asks again when it changes; until then the answer at hand stands. */
  again?: number;
}

/** Reads what the question asks for; `isCurrent` turns false when nobody waits for it any more. */
export type Reading<Answer> = (rest: Rest, question: string, isCurrent: () => boolean) => Promise<Answer>;

/**
 * The answer stands until the next one has come, also beside an error, and also where the question changes, as long as
 * it is of the same subject. A question of null asks nothing. `read` is the same function in each call.
 */
export function useRounds<Answer>(
  subject: string | null,
  question: string | null,
  read: Reading<Answer>,
  { everySeconds, again }: Again,
): Asked<Answer> {
  const { rest } = useSession();
  const [asked, setAsked] = useState<Asked<Answer> & { subject: string | null }>(nothing(null));
  useEffect(() => {
    if (question === null) return;
    let current = true;
    const ask = () =>
      read(rest, question, () => current).then(
        (answer) => current && setAsked({ subject, answer, error: undefined }),
        (error: unknown) => {
          if (!(error instanceof RestError)) throw error;
          if (current)
            setAsked((before) => ({ subject, answer: before.subject === subject ? before.answer : undefined, error }));
        },
      );
    void ask();
    const timer = everySeconds ? setInterval(() => void ask(), everySeconds * 1_000) : undefined;
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [rest, subject, question, read, everySeconds, again]);
  return asked.subject === subject ? asked : nothing(subject);
}

const nothing = (subject: string | null) => ({ subject, answer: undefined, error: undefined });

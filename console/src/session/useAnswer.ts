// An answer of the REST API, asked again when the question changes and every so often.

import { useEffect, useState } from "react";

import { RestError, withQuery } from "./rest.js";
import { useSession } from "./session.js";

export interface Asked<Answer> {
  answer: Answer | undefined;
  error: RestError | undefined;
}

interface Again {
  everySeconds?: number;
  /** Asks again when it changes; until then the answer at hand stands. */
  again?: number;
}

/** `path` null asks nothing. While a changed question is open, the answer to the one before is no answer. */
export function useAnswer<Answer>(
  path: string | null,
  query: object,
  { everySeconds, again }: Again = {},
): Asked<Answer> {
  const { rest } = useSession();
  const question = path === null ? null : withQuery(path, query);
  const [asked, setAsked] = useState<Asked<Answer> & { question: string | null }>(nothing(null));
  useEffect(() => {
    if (question === null) return;
    let current = true;
    const ask = () =>
      rest.get<Answer>(question).then(
        (answer) => current && setAsked({ question, answer, error: undefined }),
        (error: unknown) => {
          if (!(error instanceof RestError)) throw error;
          if (current)
            setAsked((before) => ({
              question,
              answer: before.question === question ? before.answer : undefined,
              error,
            }));
        },
      );
    void ask();
    const timer = everySeconds ? setInterval(() => void ask(), everySeconds * 1_000) : undefined;
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [rest, question, everySeconds, again]);
  return asked.question === question ? asked : nothing(question);
}

const nothing = (question: string | null) => ({ question, answer: undefined, error: undefined });

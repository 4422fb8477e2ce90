// One answer of the REST API, asked again when the question changes and every so often.

import { type Rest, withQuery } from "./rest.js";
import { type Again, type Asked, useRounds } from "./useRounds.js";

/** `path` null asks nothing. While a changed question is open, the answer to the one before is no answer. */
export function useAnswer<Answer>(path: string | null, query: object, again: Again = {}): Asked<Answer> {
  const question = path === null ? null : withQuery(path, query);
  return useRounds(question, question, once<Answer>, again);
}

const once = <Answer>(rest: Rest, question: string): Promise<Answer> => rest.get<Answer>(question);

// A call to the REST API by which a person changes something, and what to say when it is refused.

import { useCallback, useState } from "react";

import { RestError } from "./rest.js";

export interface Attempts {
  busy: boolean;
  /** The error in words; empty if all went well. */
  problem: string;
  /** Tells whether it went well. A text that the call returns is a problem, too. */
  attempt: (call: () => Promise<unknown>) => Promise<boolean>;
}

export function useAttempt(inWords: (error: RestError) => string = message): Attempts {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const attempt = useCallback(
    async (call: () => Promise<unknown>) => {
      setBusy(true);
      setProblem("");
      try {
        const said = await call();
        if (typeof said !== "string" || !said) return true;
        setProblem(said);
      } catch (error) {
        if (!(error instanceof RestError)) throw error;
        setProblem(inWords(error));
      } finally {
        setBusy(false);
      }
      return false;
    },
    [inWords],
  );
  return { busy, problem, attempt };
}

const message = (error: RestError) => error.message;

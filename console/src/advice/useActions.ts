// Actions of people for a scope: read, read again when somebody notes one, and noted.

import { useCallback, useState } from "react";

import { useRealtimeEvents } from "intraday-realtime/hooks/useWebSocket";
import type { Scope } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { useAttempt } from "../session/useAttempt.js";
import { type Action, ACTIONS } from "./advice.js";

const AGAIN_SECONDS = 60; // intervals close meanwhile, and measure what was done
const SHOWN = 5;

export interface Actions {
  items: Action[];
  /** Why they could not be read; empty if they were. */
  unread: string;
  busy: boolean;
  problem: string;
  note: (body: object) => Promise<boolean>;
}

export function useActions(scope: Scope, date: string): Actions {
  const { rest } = useSession();
  const [noted, setNoted] = useState(0);
  const { busy, problem, attempt } = useAttempt();
  const { answer, error } = useAnswer<{ items: Action[] }>(
    ACTIONS,
    { ...scope, date, limit: SHOWN },
    { everySeconds: AGAIN_SECONDS, again: noted },
  );
  useRealtimeEvents("alerts", ({ event }) => event === "action:noted" && setNoted((before) => before + 1), scope);
  const note = useCallback(
    (body: object) =>
      attempt(async () => {
        await rest.post(ACTIONS, body);
        setNoted((before) => before + 1);
      }),
    [rest, attempt],
  );
  const unread = error ? `What was done today could not be read: ${error.message}` : "";
  return { items: answer?.items ?? [], unread, busy, problem, note };
}

// Actions of a person on alerts, over REST. The answer comes back as an event, to this page as to all others.

import { useCallback, useState } from "react";

import { refusal } from "./alerts.js";
import type { Alert } from "../session/payloads.js";
import { RestError } from "../session/rest.js";
import { useSession } from "../session/session.js";
import { clock, plural } from "../kit/words.js";

export interface AlertActions {
  busy: boolean;
  /** The error in words; empty if all went well. */
  problem: string;
  acknowledge(alert: Alert, options?: { note?: string; take_over?: boolean }): Promise<boolean>;
  acknowledgeMany(ids: string[], note: string): Promise<boolean>;
  resolve(alert: Alert, note: string): Promise<boolean>;
  snooze(alert: Alert, minutes: number, note: string): Promise<boolean>;
}

interface BatchAnswer {
  results: { alert_id: string; result?: string; code?: string; message?: string }[];
}

export function useAlertActions(): AlertActions {
  const { rest, organization } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  const attempt = useCallback(
    async (call: () => Promise<string>) => {
      setBusy(true);
      setProblem("");
      try {
        const said = await call();
        setProblem(said);
        return said === "";
      } catch (error) {
        if (!(error instanceof RestError)) throw error;
        setProblem(refusal(error, (instant) => clock(instant, organization.time_zone)));
        return false;
      } finally {
        setBusy(false);
      }
    },
    [organization.time_zone],
  );
  const act = ({ alert_id, organization_id }: Alert, verb: string, body: object) =>
    attempt(async () => {
      await rest.post(`/api/alerts/${alert_id}/${verb}`, { organization_id, ...body });
      return "";
    });
  return {
    busy,
    problem,
    acknowledge: (alert, { note, take_over } = {}) =>
      act(alert, "acknowledge", { ...(note && { note }), ...(take_over && { take_over }) }),
    acknowledgeMany: (ids, note) =>
      attempt(async () => {
        const body = { organization_id: organization.id, ids, ...(note && { note }) };
        const { results } = await rest.post<BatchAnswer>("/api/alerts/acknowledge", body);
        const refused = results.filter(({ code }) => code !== undefined);
        return refused.length ? `${plural(refused.length, "alert")} of ${ids.length} had been taken or resolved.` : "";
      }),
    resolve: (alert, note) => act(alert, "resolve", { ...(note && { note }) }),
    snooze: (alert, minutes, note) => act(alert, "snooze", { minutes, ...(note && { note }) }),
  };
}

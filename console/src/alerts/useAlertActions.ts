// Actions of a person on alerts, over REST. The answer comes back as an event, to this page as to all others.

import { useCallback } from "react";

import { useIntraday } from "intraday-realtime/hooks/useWebSocket";
import { refusal } from "./alerts.js";
import type { Alert, Scope } from "../session/payloads.js";
import type { RestError } from "../session/rest.js";
import { useSession } from "../session/session.js";
import { type Attempts, useAttempt } from "../session/useAttempt.js";
import { clock, plural } from "../kit/words.js";

export interface AlertActions extends Omit<Attempts, "attempt"> {
  acknowledge(alert: Alert, options?: { note?: string; take_over?: boolean }): Promise<boolean>;
  acknowledgeMany(ids: string[], note: string): Promise<boolean>;
  resolve(alert: Alert, note: string): Promise<boolean>;
  snooze(alert: Alert, minutes: number, note: string): Promise<boolean>;
  unsnooze(alert: Alert): Promise<boolean>;
  /** Keeps the rule quiet about exactly this scope; without a rule everything about it. */
  silence(scope: Silenced, minutes: number, note: string): Promise<boolean>;
}

type Silenced = Scope & { rule_id?: string };

interface BatchAnswer {
  results: { alert_id: string; result?: string; code?: string; message?: string }[];
}

export function useAlertActions(): AlertActions {
  const { rest, organization } = useSession();
  const { status } = useIntraday();
  const inWords = useCallback(
    (error: RestError) => refusal(error, (instant) => clock(instant, organization.time_zone)),
    [organization.time_zone],
  );
  const { busy, problem, attempt } = useAttempt(inWords);
  const act = ({ alert_id, organization_id }: Alert, verb: string, body: object) =>
    attempt(() => rest.post(`/api/alerts/${alert_id}/${verb}`, { organization_id, ...body }));
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
    unsnooze: (alert) => act(alert, "unsnooze", {}),
    silence: (scope, minutes, note) =>
      attempt(() => {
        const { organization_id, department_id, queue_name, rule_id } = scope;
        const place = { organization_id, department_id, queue_name, rule_id };
        const now = Date.now() + status.getState().clockOffset; // the silence is as long on a browser whose clock is off
        const ends_at = new Date(now + minutes * 60_000).toISOString();
        return rest.post("/api/alerts/silences", { ...place, ends_at, comment: note || "from the console" });
      }),
    snooze: (alert, minutes, note) => act(alert, "snooze", { minutes, ...(note && { note }) }),
  };
}

// The silences in force and to come: of what, when, by whom, and their end.

import { useState } from "react";

import { useServerNow } from "../connection/useServerNow.js";
import { Popover, Problem } from "../kit/parts.js";
import type { Alert, Silence } from "../session/payloads.js";
import { scopeName, useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { useAttempt } from "../session/useAttempt.js";
import { silenceInWords } from "./silences.js";

const PATH = "/api/alerts/silences";

/** `alerts` know the names of their rules. */
export function Silences({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <Popover label="Silences in force and to come" button="Silences">
      <List alerts={alerts} />
    </Popover>
  );
}

function List({ alerts }: { alerts: readonly Alert[] }) {
  const { rest, organization, may } = useSession();
  const now = useServerNow(30_000);
  const [changes, setChanges] = useState(0);
  const { problem, attempt } = useAttempt();
  const query = { organization_id: organization.id };
  const { answer, error } = useAnswer<{ items: Silence[] }>(PATH, query, { again: changes });
  const ruleNames = useRuleNames(alerts, Boolean(answer?.items.some(({ rule_id }) => rule_id)));
  const end = ({ silence_id }: Silence) =>
    attempt(async () => {
      await rest.remove(`${PATH}/${silence_id}`, query);
      setChanges((before) => before + 1);
    });
  return (
    <>
      {answer?.items.length === 0 && <p>Nothing is silenced.</p>}
      <ul className="links">
        {answer?.items.map((silence) => (
          <li key={silence.silence_id} className="inline">
            <span>
              <strong>{scopeName(silence, organization)}</strong>,{" "}
              {silenceInWords(silence, ruleNames.get(silence.rule_id ?? ""), { now, zone: organization.time_zone })}
              {silence.created_by && ` by ${silence.created_by}`}
              {silence.comment && `: ${silence.comment}`}
            </span>
            {may("silence") && (
              <button type="button" onClick={() => void end(silence)}>
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      <Problem text={problem || (error?.message ?? "")} />
    </>
  );
}

/** By id. Only those who see the whole organization may read its rules; others know those of the alerts they see. */
function useRuleNames(alerts: readonly Alert[], asked: boolean): ReadonlyMap<string, string> {
  const { id, whole } = useSession().organization;
  const { answer } = useAnswer<{ items: { rule_id: string; name: string }[] }>(
    asked && whole ? "/api/alerts/rules" : null,
    { organization_id: id },
  );
  return new Map([
    ...alerts.map(({ rule_id, rule_name }) => [rule_id, rule_name] as const),
    ...(answer?.items ?? []).map(({ rule_id, name }) => [rule_id, name] as const),
  ]);
}

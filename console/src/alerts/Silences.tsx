// The silences in force: until when, by whom, and their end.

import { useState } from "react";

import { useNow } from "../kit/browser.js";
import { Popover, Problem } from "../kit/parts.js";
import type { Silence } from "../session/payloads.js";
import { scopeName, useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { useAttempt } from "../session/useAttempt.js";
import { until } from "../kit/words.js";

const PATH = "/api/alerts/silences";

export function Silences() {
  return (
    <Popover label="Silences in force" button="Silences">
      <List />
    </Popover>
  );
}

function List() {
  const { rest, organization, may } = useSession();
  const now = useNow(30_000);
  const [changes, setChanges] = useState(0);
  const { problem, attempt } = useAttempt();
  const query = { organization_id: organization.id };
  const { answer, error } = useAnswer<{ items: Silence[] }>(PATH, query, { again: changes });
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
              <strong>{scopeName(silence, organization)}</strong>
              {silence.rule_id ? ", one rule" : ", everything"} until{" "}
              {until(silence.ends_at, now, organization.time_zone)}
              {silence.created_by && ` by ${silence.created_by}`}: {silence.comment}
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

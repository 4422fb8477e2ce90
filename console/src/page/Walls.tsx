// Links of wall boards: make one of the scope that is shown, see those in force, revoke them.

import { useState } from "react";

import { Drawer, Problem, Unread } from "../kit/parts.js";
import type { Scope, Wall } from "../session/payloads.js";
import { scopeName, useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { useAttempt } from "../session/useAttempt.js";
import { clock, localDay } from "../kit/words.js";

export default function Walls({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  const { rest, organization } = useSession();
  const [changes, setChanges] = useState(0);
  const [name, setName] = useState("");
  const [link, setLink] = useState("");
  const { problem, attempt } = useAttempt();
  const { organization_id, department_id, queue_name } = scope;
  const { answer, error } = useAnswer<{ items: Wall[] }>("/api/walls", { organization_id }, { again: changes });
  const shown = { ...(department_id && { department_id }) };
  const alone = queue_name ? `?${new URLSearchParams({ department: department_id ?? "", queue: queue_name })}` : "";

  const make = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    void attempt(async () => {
      const made = await rest.post<Wall & { path: string }>("/api/walls", { organization_id, ...shown, name });
      setLink(location.origin + made.path + alone);
      setName("");
      setChanges((before) => before + 1);
    });
  };
  const revoke = (wall: Wall) =>
    void attempt(async () => {
      await rest.post("/api/walls/revoke", { organization_id, wall_id: wall.wall_id });
      setChanges((before) => before + 1);
    });

  return (
    <Drawer title="Wall boards" onClose={onClose}>
      <p>
        Everybody with the link sees {scopeName(shown, organization)}, without names and without signing in, until it is
        revoked.{queue_name && ` The link that is made here shows the queue ${queue_name} alone.`}
      </p>
      <form className="inline" onSubmit={make}>
        <label>
          Where it hangs
          <input
            required
            maxLength={128}
            value={name}
            onChange={(event) => setName(event.target.value)}
            placeholder="Wall, 2nd floor"
          />
        </label>
        <button className="primary">Make a link</button>
      </form>
      {link && (
        <p className="secret" role="status">
          Shown only now: <a href={link}>{link}</a>
        </p>
      )}
      <Problem text={problem} />
      <Unread text={error ? `The links in force could not be read: ${error.message}` : ""} />
      <ul className="walls">
        {answer?.items.map((wall) => (
          <li key={wall.wall_id}>
            <span>
              <strong>{wall.name}</strong>{" "}
              {scopeName(wall.department_id ? { department_id: wall.department_id } : {}, organization)}
              <small>
                by {wall.created_by}, {localDay(Date.parse(wall.created_at), organization.time_zone)}{" "}
                {clock(wall.created_at, organization.time_zone)}
              </small>
            </span>
            <button type="button" onClick={() => revoke(wall)}>
              Revoke
            </button>
          </li>
        ))}
      </ul>
    </Drawer>
  );
}

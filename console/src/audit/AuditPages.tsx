// The pages of the audit log that are shown, one below the other; older ones are asked for by a button.

import { useState } from "react";

import { Problem } from "../kit/parts.js";
import type { AuditLogEntry } from "../session/payloads.js";
import { useAnswer } from "../session/useAnswer.js";
import { type Change, changes, deed, moment } from "./words.js";

export interface AuditQuery {
  organization_id: string;
  actor?: string;
  action?: string;
  since?: string;
  until?: string;
}

interface Answer {
  items: AuditLogEntry[];
  next: string | null;
}

const LIMIT = 50;
const SHOWN_AT_ONCE = 4; // changes of one entry; a rule that was made has thirty

export function AuditPages({ query }: { query: AuditQuery }) {
  const [cursors, setCursors] = useState([""]);
  return cursors.map((cursor, place) => (
    <AuditPage
      key={cursor}
      query={query}
      cursor={cursor}
      onOlder={place === cursors.length - 1 ? (next) => setCursors([...cursors, next]) : undefined}
    />
  ));
}

interface Props {
  query: AuditQuery;
  cursor: string;
  /** Of the last page that is shown. */
  onOlder: ((next: string) => void) | undefined;
}

function AuditPage({ query, cursor, onOlder }: Props) {
  const { answer, error } = useAnswer<Answer>("/api/audit", { ...query, cursor, limit: LIMIT });
  if (error) return <Problem text={error.message} />;
  if (!answer) return <p className="calm">Asking the server…</p>;
  if (!answer.items.length) return <p className="calm">No entries{cursor ? " before these" : " like these"}.</p>;
  const { items, next } = answer;
  return (
    <>
      <ol className="audit-entries">
        {items.map((entry, place) => (
          <Entry key={`${entry.at} ${place}`} entry={entry} />
        ))}
      </ol>
      {next && onOlder && (
        <button type="button" className="more" onClick={() => onOlder(next)}>
          Show older entries
        </button>
      )}
    </>
  );
}

function Entry({ entry }: { entry: AuditLogEntry }) {
  const { at, actor, address, request_id } = entry;
  const changed = changes(entry);
  return (
    <li>
      <time dateTime={at}>{moment(at)}</time>
      <div className="audit-deed">
        <p>
          <strong>{actor}</strong> {deed(entry)}
        </p>
        <ChangeList changed={changed.slice(0, SHOWN_AT_ONCE)} />
        {changed.length > SHOWN_AT_ONCE && (
          <details>
            <summary>and {changed.length - SHOWN_AT_ONCE} more</summary>
            <ChangeList changed={changed.slice(SHOWN_AT_ONCE)} />
          </details>
        )}
      </div>
      <small className="audit-origin">
        {address ? <>from {address}</> : "by the server itself"}
        {request_id && (
          <>
            , request <code>{request_id}</code>
          </>
        )}
      </small>
    </li>
  );
}

function ChangeList({ changed }: { changed: Change[] }) {
  if (!changed.length) return null;
  return (
    <ul>
      {changed.map(({ field, before, after }) => (
        <li key={field}>
          {field}: {before !== null && <del>{before}</del>}
          {before !== null && after !== null && " to "}
          {after !== null && <ins>{after}</ins>}
        </li>
      ))}
    </ul>
  );
}

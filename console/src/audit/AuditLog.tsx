// The audit log of an organization, for those who administer it: who did what, from where, newest first.

import { type SubmitEvent, useState } from "react";

import { useTheme } from "../kit/browser.js";
import { Panel } from "../kit/parts.js";
import { withQuery } from "../session/rest.js";
import { addressOf, mayReadAudit, type Organizations, useSession } from "../session/session.js";
import { type AuditQuery, AuditPages } from "./AuditPages.js";
import { KINDS, period, zoneOfReader } from "./words.js";

export default function AuditLog({ organizations }: { organizations: Organizations }) {
  useTheme();
  const { organization } = useSession();
  const organization_id = organization.id;
  const [query, setQuery] = useState<AuditQuery>({ organization_id });
  return (
    <main className="single audit">
      <p>
        <a href={`/${addressOf({ organization_id })}`}>Back to the console</a>
      </p>
      <h1>Audit log of {organization.name}</h1>
      <OtherOrganizations organizations={organizations} />
      {mayReadAudit(organization) ? (
        <>
          <Filters onChange={(asked) => setQuery({ organization_id, ...asked })} />
          <Panel title="Entries, newest first" aside={<CSVLink query={query} />}>
            <AuditPages key={withQuery("", query)} query={query} />
          </Panel>
        </>
      ) : (
        <Panel title="Not for your role">
          <p className="calm">
            The audit log is for administrators of the whole organization; you are {organization.role}
            {organization.whole ? "" : " of some departments"}. Ask one of them for what you need to know.
          </p>
        </Panel>
      )}
    </main>
  );
}

function OtherOrganizations({ organizations }: { organizations: Organizations }) {
  const { organization } = useSession();
  const others = organizations.filter((each) => each.id !== organization.id && mayReadAudit(each));
  if (!others.length) return null;
  return (
    <p className="links">
      {others.map(({ id, name }) => (
        <a key={id} href={addressOf({ organization_id: id })}>
          {name}
        </a>
      ))}
    </p>
  );
}

function CSVLink({ query }: { query: AuditQuery }) {
  return <a href={withQuery("/api/audit", { ...query, format: "csv" })}>As CSV</a>;
}

function Filters({ onChange }: { onChange: (asked: Omit<AuditQuery, "organization_id">) => void }) {
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const field = (name: string) => (form.get(name) as string).trim();
    onChange({ actor: field("actor"), action: field("action"), ...period(field("first"), field("last")) });
  };
  return (
    <form className="filters" onSubmit={submit}>
      <label>
        Who
        <input name="actor" maxLength={150} placeholder="everybody" autoComplete="off" spellCheck={false} />
      </label>
      <label>
        About
        <select name="action">
          <option value="">everything</option>
          {Object.entries(KINDS).map(([kind, [label]]) => (
            <option key={kind} value={`${kind}.`}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label>
        From
        <input name="first" type="date" />
      </label>
      <label>
        To
        <input name="last" type="date" />
      </label>
      <button className="primary">Show</button>
      <p className="hint">Days and times are those of {zoneOfReader()}.</p>
    </form>
  );
}

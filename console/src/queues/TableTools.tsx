// Above the table: what to look for, and the views that one has saved.

import { type SubmitEvent, useState } from "react";

import { Popover, Problem } from "../kit/parts.js";
import type { SavedView } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { useAttempt } from "../session/useAttempt.js";
import { type StateFilter, STATES, type TableView, withView } from "./tableview.js";

interface Props {
  view: TableView;
  onChange: (change: Partial<TableView>) => void;
}

export function TableTools({ view, onChange }: Props) {
  return (
    <div className="table-tools">
      <input
        type="search"
        aria-label="Search queues"
        placeholder="Search queues"
        value={view.search}
        onChange={(event) => onChange({ search: event.target.value })}
      />
      <select
        aria-label="State"
        value={view.state}
        onChange={(event) => onChange({ state: event.target.value as StateFilter })}
      >
        {STATES.map(([state, label]) => (
          <option key={state} value={state}>
            {label}
          </option>
        ))}
      </select>
      <label>
        <input
          type="checkbox"
          checked={view.grouped}
          onChange={(event) => onChange({ grouped: event.target.checked })}
        />
        By department
      </label>
      <Popover label="Saved views" button="Views">
        <SavedViews view={view} />
      </Popover>
    </div>
  );
}

const PATH = "/api/me/views";

/** Each is a link: it opens the same scope, filter and order, here or for another tab. */
function SavedViews({ view: seen }: { view: TableView }) {
  const { rest, organization } = useSession();
  const { id } = organization;
  const [changes, setChanges] = useState(0);
  const [name, setName] = useState("");
  const { problem, attempt } = useAttempt();
  const { answer, error } = useAnswer<{ items: SavedView[] }>(PATH, { organization_id: id }, { again: changes });
  const change = (call: () => Promise<unknown>) =>
    void attempt(async () => {
      await call();
      setName("");
      setChanges((before) => before + 1);
    });
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const shown = new URLSearchParams(withView(location.search, seen));
    shown.delete("organization");
    change(() => rest.post(PATH, { organization_id: id, name, query: shown.toString() }));
  };
  const remove = ({ view_id }: SavedView) => change(() => rest.remove(`${PATH}/${view_id}`, { organization_id: id }));
  return (
    <>
      <ul className="links">
        {answer?.items.map((view) => (
          <li key={view.view_id} className="inline">
            <a href={`/?${new URLSearchParams({ organization: id })}&${view.query}`}>{view.name}</a>
            <button type="button" className="quiet" aria-label={`Remove ${view.name}`} onClick={() => remove(view)}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      {answer?.items.length === 0 && <p className="hint">None yet: name what you see now.</p>}
      <form className="inline" onSubmit={save}>
        <label>
          Save what is shown as
          <input required maxLength={64} value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <button>Save</button>
      </form>
      <Problem text={problem || (error?.message ?? "")} />
    </>
  );
}

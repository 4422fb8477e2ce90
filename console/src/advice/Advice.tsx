// Beside a queue: what would fix it, and what was done about it.

import { useState } from "react";

import type { Scope } from "../session/payloads.js";
import { Copy } from "../kit/Copy.js";
import { Problem, Unread } from "../kit/parts.js";
import { useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { clock, localDay, percent } from "../kit/words.js";
import {
  type Action,
  change,
  deed,
  done,
  type Effect,
  keyOf,
  noteOf,
  outcomes,
  queueAmong,
  queuesIn,
  type Suggestion,
  SUGGESTIONS,
  type Suggestions,
  withOpened,
} from "./advice.js";
import { type Actions, useActions } from "./useActions.js";

const AGAIN_SECONDS = 30;

export function Advice({ scope, now }: { scope: Scope; now: number }) {
  const { organization } = useSession();
  const { answer, error } = useAnswer<Suggestions>(SUGGESTIONS, scope, { everySeconds: AGAIN_SECONDS });
  const [opened, setOpened] = useState<readonly Suggestion[]>([]);
  const suggested = answer?.suggestions ?? [];
  const suggestions = withOpened(suggested, opened);
  const among = queuesIn(suggestions);
  const isIn = (list: readonly Suggestion[], each: Suggestion) => list.some((other) => keyOf(other) === keyOf(each));
  const close = (each: Suggestion) => setOpened((before) => before.filter((other) => keyOf(other) !== keyOf(each)));
  const actions = useActions(scope, localDay(now, organization.time_zone));
  return (
    <section className="advice" aria-labelledby="advice">
      <h3 id="advice">What would help</h3>
      <Problem text={error?.message ?? ""} />
      {!answer && !error && <p className="calm">Working it out…</p>}
      {answer && suggestions.length === 0 && <p className="calm">Nothing to suggest.</p>}
      <ol className="suggestions">
        {suggestions.map((each) => (
          <Card
            key={keyOf(each)}
            scope={scope}
            suggestion={each}
            among={among}
            actions={actions}
            opened={isIn(opened, each)}
            gone={answer !== undefined && !isIn(suggested, each)}
            onOpen={() => setOpened((before) => [...before, each])}
            onClose={() => close(each)}
          />
        ))}
      </ol>
      <Problem text={actions.problem} />
      <Unread text={actions.unread} />
      <SomethingElse scope={scope} actions={actions} />
      {actions.items.length > 0 && <Noted items={actions.items} zone={organization.time_zone} />}
    </section>
  );
}

interface CardProps {
  scope: Scope;
  suggestion: Suggestion;
  /** The queues of all suggestions. */
  among: ReturnType<typeof queuesIn>;
  actions: Actions;
  /** Whether a person is about to note it: then it stays as it was. */
  opened: boolean;
  /** Whether it is not suggested any more. */
  gone: boolean;
  onOpen: () => void;
  onClose: () => void;
}

function Card({ scope, suggestion, among, actions, opened, gone, onOpen, onClose }: CardProps) {
  const { may, organization } = useSession();
  const zone = organization.time_zone;
  const [first] = suggestion.effects;
  return (
    <li>
      <p>
        <strong>{deed(suggestion, among)}</strong>{" "}
        {suggestion.kind === "call_in" && `from ${clock(suggestion.starts_at, zone)} `}
        until {clock(suggestion.until, zone)}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Service level</th>
            <th scope="col">at {first && clock(first.interval_end, zone)}</th>
            <th scope="col">today</th>
            <th scope="col">target</th>
          </tr>
        </thead>
        <tbody>
          {suggestion.effects.map((each) => (
            <EffectRow
              key={`${each.department_id ?? ""} ${each.queue_name}`}
              effect={each}
              name={queueAmong(each, among)}
            />
          ))}
        </tbody>
      </table>
      <p className="actions">
        <Copy text={suggestion.text} />
        {may("act") && (
          <button type="button" className="act" aria-expanded={opened} onClick={opened ? onClose : onOpen}>
            Apply and note
          </button>
        )}
      </p>
      {gone && <p className="hint">Not suggested any more: this is how it was.</p>}
      {opened && (
        <NoteForm
          label="Who, and why (optional)"
          busy={actions.busy}
          onSave={async (note) => (await actions.note(noteOf(scope, suggestion, note))) && onClose()}
        />
      )}
    </li>
  );
}

function EffectRow({ effect, name }: { effect: Effect; name: string }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{change(effect.service_level_before, effect.service_level_after)}</td>
      <td>{change(effect.day_end_service_level_before, effect.day_end_service_level_after)}</td>
      <td>{percent(effect.target_service_level)}</td>
    </tr>
  );
}

interface NoteProps {
  label: string;
  busy: boolean;
  required?: boolean;
  onSave: (note: string) => unknown;
}

function NoteForm({ label, busy, required = false, onSave }: NoteProps) {
  const [note, setNote] = useState("");
  return (
    <form
      className="note"
      onSubmit={(event) => {
        event.preventDefault();
        onSave(note);
      }}
    >
      <label>
        {label}
        <textarea
          rows={2}
          maxLength={2_000}
          required={required}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
      <button className="primary" disabled={busy}>
        Save
      </button>
    </form>
  );
}

function SomethingElse({ scope, actions }: { scope: Scope; actions: Actions }) {
  const { may } = useSession();
  const [asking, setAsking] = useState(false);
  if (!may("act")) return null;
  if (!asking)
    return (
      <p>
        <button type="button" onClick={() => setAsking(true)}>
          Note something else
        </button>
      </p>
    );
  const save = async (note: string) => (await actions.note({ ...scope, kind: "other", note })) && setAsking(false);
  return <NoteForm label="What was done" busy={actions.busy} required onSave={save} />;
}

function Noted({ items, zone }: { items: Action[]; zone: string }) {
  return (
    <>
      <h4>Done today</h4>
      <ul className="noted">
        {items.map((each) => (
          <li key={each.action_id}>
            <time dateTime={each.noted_at}>{clock(each.noted_at, zone)}</time> {done(each)}
            {each.noted_by && <small> by {each.noted_by}</small>}
            {each.note && each.kind !== "other" && <small> “{each.note}”</small>}
            {each.measured.length > 0 && <small className="outcome">{outcomes(each, zone).join(", ")}</small>}
          </li>
        ))}
      </ul>
    </>
  );
}

// The people of a scope in a drawer: what is scheduled, what they do, for how long, and their adherence today.

import { Fragment, useId, useState } from "react";

import { useSettled } from "../kit/browser.js";
import { Drawer, Value } from "../kit/parts.js";
import { clock, duration, minutes, percent } from "../kit/words.js";
import type { Scope } from "../session/payloads.js";
import { departmentOf, useSession } from "../session/session.js";
import { useAnswer } from "../session/useAnswer.js";
import { DayStrip } from "./DayStrip.js";
import { activityWord, heading, type PersonNow, reasonWord, STATES, stateWord } from "./people.js";

const MOST = 200;
const TYPED_MS = 250;
const EVERY_SECONDS = 15;

/** Which people are asked for: parameters of `/api/intraday/attendance/people`. */
export interface Asked {
  title: string;
  status?: string;
  state?: string;
  out_of_adherence?: true;
}

interface Props {
  scope: Scope;
  asked: Asked;
  /** Their number, as the panel counted them when it was opened; undefined where it did not. */
  total: number | undefined;
  queues: readonly string[];
  onClose: () => void;
}

export function PeopleList({ scope, asked, total, queues, onClose }: Props) {
  const [state, setState] = useState(asked.state ?? "");
  const [queue, setQueue] = useState(scope.queue_name ?? "");
  const [text, setText] = useState("");
  const name = useSettled(text.trim(), TYPED_MS);
  const { status, out_of_adherence } = asked;
  const isAsAsked = state === (asked.state ?? "") && queue === (scope.queue_name ?? "") && !name;
  const query = {
    ...departmentOf(scope),
    ...(status && { status }),
    ...(out_of_adherence && { out_of_adherence }),
    ...(state && { state }),
    ...(queue && { queue_name: queue }),
    ...(name && { name }),
    limit: MOST,
  };
  const { answer, error } = useAnswer<{ items: PersonNow[] }>("/api/intraday/attendance/people", query, {
    everySeconds: EVERY_SECONDS,
  });
  const people = answer?.items;
  const title = heading(people?.length, MOST, isAsAsked ? total : undefined);
  return (
    <Drawer title={`${asked.title}: ${title}`} onClose={onClose}>
      <div className="people-filters">
        <Choice label="State" value={state} all="All states" options={STATES} onChange={setState} />
        {queues.length > 0 && (
          <Choice
            label="Queue"
            value={queue}
            all="All queues"
            options={queues.map((name) => [name, name] as const)}
            onChange={setQueue}
          />
        )}
        <label>
          <span>Name</span>
          <input type="search" maxLength={64} value={text} onChange={(event) => setText(event.target.value)} />
        </label>
      </div>
      {error && <p className="problem">{error.message}</p>}
      {!people && !error && <p className="calm">Loading…</p>}
      {people?.length === 0 && (
        <p className="calm">{name ? `Nobody here has “${name}” in the name or the id.` : "Nobody at the moment."}</p>
      )}
      {people && people.length > 0 && <Table scope={scope} people={people} />}
      {people && people.length >= MOST && <p className="hint">The first {MOST}: a name or a state finds the others.</p>}
    </Drawer>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  all: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}

function Choice({ label, value, all, options, onChange }: ChoiceProps) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{all}</option>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Table({ scope, people }: { scope: Scope; people: readonly PersonNow[] }) {
  const [opened, setOpened] = useState<string | null>(null);
  const id = useId();
  return (
    <div className="scroll people-scroll" tabIndex={0} role="region" aria-label="People">
      <table className="people">
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">State</th>
            <th scope="col">For</th>
            <th scope="col">Scheduled</th>
            <th scope="col" className="figure">
              Adherence
            </th>
            <th scope="col">Shift</th>
            <th scope="col">In</th>
            <th scope="col" className="figure">
              Lost
            </th>
            <th scope="col">Queues</th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => {
            const open = opened === person.employee_id;
            return (
              <Fragment key={person.employee_id}>
                <Row
                  person={person}
                  open={open}
                  detail={`${id}-${person.employee_id}`}
                  onToggle={() => setOpened(open ? null : person.employee_id)}
                />
                {open && (
                  <tr className="person-detail" id={`${id}-${person.employee_id}`}>
                    <td colSpan={9}>
                      <DayStrip scope={scope} employee={person.employee_id} />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  person: PersonNow;
  open: boolean;
  detail: string;
  onToggle: () => void;
}

function Row({ person, open, detail, onToggle }: RowProps) {
  const { time_zone: zone } = useSession().organization;
  const out = person.out_of_adherence_since !== null;
  const shift =
    person.shift_start && person.shift_end
      ? `${clock(person.shift_start, zone)}–${clock(person.shift_end, zone)}`
      : "–";
  return (
    <tr data-out={out} onClick={onToggle}>
      <th scope="row">
        <button
          type="button"
          className="link"
          aria-expanded={open}
          aria-controls={open ? detail : undefined}
          onClick={(event) => {
            event.stopPropagation();
            onToggle();
          }}
        >
          {person.employee_name ?? person.employee_id}
        </button>
      </th>
      <td>{person.state ? stateWord(person.state) : (STATUSES[person.status] ?? person.status)}</td>
      <td>
        <Value text={duration(person.state_seconds)} reason="not there" />
      </td>
      <td className="scheduled">
        <Value
          text={person.scheduled_activity ? activityWord(person.scheduled_activity) : "–"}
          reason="nothing is scheduled now"
        />
      </td>
      <td className="figure">
        <Value
          text={percent(person.adherence_percent)}
          reason={person.reason ? reasonWord(person.reason) : undefined}
        />
      </td>
      <td>
        <Value text={shift} reason="no shift" />
      </td>
      <td>
        <Value text={person.checked_in_at ? clock(person.checked_in_at, zone) : "–"} reason="not checked in" />
      </td>
      <td className="figure">
        <Value text={minutes(person.lost_minutes)} reason="no shift" />
      </td>
      <td className="queues-of">{person.queue_names.join(", ")}</td>
    </tr>
  );
}

/** The words for people in no state, by their status. */
const STATUSES: Record<string, string> = {
  absent: "Late: not there yet",
  no_show: "Missing",
  expected: "Expected",
  left_early: "Left early",
  on_leave: "On leave",
  day_off: "Day off",
  present: "Present",
  late: "Came late",
  unscheduled: "Unscheduled",
};

// Compares a queue with itself under other agents or another volume, and with it the queue that agents come from or go to.

import { useEffect, useId, useMemo, useState } from "react";

import { Problem, Value } from "../kit/parts.js";
import { minSec, number, percent, signed } from "../kit/words.js";
import type { KPI, Scope, Staffing, WhatIf as Answer } from "../session/payloads.js";
import { RestError } from "../session/rest.js";
import { useSession } from "../session/session.js";
import { bodyOf, type Compared, comparedIn, type Kind, otherQueues, type Question, type QueueName } from "./whatif.js";

const KINDS: Record<Kind, string> = {
  agents: "another number of agents",
  from: "agents came from another queue",
  to: "agents went to another queue",
};

interface Props {
  scope: Scope;
  kpi: KPI | undefined;
}

export function WhatIf({ scope, kpi }: Props) {
  const { departments } = useSession().organization;
  const others = useMemo(() => otherQueues(departments, scope), [departments, scope]);
  const [question, setQuestion] = useState<Question>({
    kind: "agents",
    agents: String(kpi?.headcount_gap.available ?? ""),
    moved: "1",
    volume: "",
    other: others[0]?.key ?? "",
    restOfDay: false,
  });
  const [asked, setAsked] = useState<Question | null>(null);
  const { answered, problem } = useWhatIf(scope, asked, others, kpi?.snapshot_id);
  return (
    <section className="what-if" aria-labelledby="what-if">
      <h3 id="what-if">What if</h3>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setAsked({ ...question });
        }}
      >
        <Fields question={question} others={others} onChange={(part) => setQuestion({ ...question, ...part })} />
        <button className="primary">Work it out</button>
      </form>
      <Problem text={problem} />
      {answered &&
        comparedIn(answered.answer, scope, answered.asked).map((each, _, { length }) => (
          <Table key={each.queue} {...each} named={length > 1} />
        ))}
    </section>
  );
}

interface FieldsProps {
  question: Question;
  others: readonly QueueName[];
  onChange: (part: Partial<Question>) => void;
}

function Fields({ question, others, onChange }: FieldsProps) {
  const { kind } = question;
  return (
    <>
      {others.length > 0 && (
        <Choice
          label="Change"
          value={kind}
          options={Object.entries(KINDS)}
          onChange={(value) => onChange({ kind: value as Kind })}
        />
      )}
      {kind === "agents" ? (
        <Count label="Agents" least={0} value={question.agents} onChange={(agents) => onChange({ agents })} />
      ) : (
        <>
          <Count label="How many" least={1} required value={question.moved} onChange={(moved) => onChange({ moved })} />
          <Choice
            label={kind === "from" ? "From" : "To"}
            value={question.other}
            options={others.map(({ key, queue_name, department_id }) => [key, `${queue_name} · ${department_id}`])}
            onChange={(other) => onChange({ other })}
          />
        </>
      )}
      {kind !== "to" && (
        <Count
          label="Contacts in the interval"
          least={0}
          most={1_000_000}
          value={question.volume}
          placeholder="as forecast"
          onChange={(volume) => onChange({ volume })}
        />
      )}
      <Choice
        label="Until"
        value={question.restOfDay ? "day" : "interval"}
        options={[
          ["interval", "the end of the interval"],
          ["day", "the end of the day"],
        ]}
        onChange={(value) => onChange({ restOfDay: value === "day" })}
      />
    </>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}

/** The label stands beside the list: around it, all options would be part of the name. */
function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CountProps {
  label: string;
  least: number;
  most?: number;
  value: string;
  required?: boolean;
  placeholder?: string;
  onChange: (value: string) => void;
}

function Count({ label, least, most = 10_000, onChange, ...field }: CountProps) {
  return (
    <label>
      {label}
      <input type="number" min={least} max={most} {...field} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

// Pages with the same question ask at the same moment, when the figure comes: more than are worked out at once.
const TOO_MANY = 429;
const TRIES = 3;
const AGAIN_MS = 1_000;

interface Said {
  answered?: { answer: Answer; asked: Question };
  problem: string;
}

/** The answer at hand, unless it was to another question. */
const answerTo = (asked: Question, { answered }: Said): Pick<Said, "answered"> =>
  answered && JSON.stringify(answered.asked) === JSON.stringify(asked) ? { answered } : {};

/** Asked again with each new figure of the queue, so that "as it is" stays what the tiles show. */
function useWhatIf(scope: Scope, asked: Question | null, others: readonly QueueName[], snapshot: string | undefined) {
  const { rest } = useSession();
  const [said, setSaid] = useState<Said>({ problem: "" });
  const body = useMemo(() => asked && bodyOf(scope, asked, others), [scope, asked, others]);
  useEffect(() => {
    if (!asked || !body) return;
    let current = true;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const ask = (again: number): Promise<void> =>
      rest.post<Answer>("/api/intraday/kpi/what-if", body).then(
        (answer) => {
          if (current) setSaid({ answered: { answer, asked }, problem: "" });
        },
        (error: unknown) => {
          if (!(error instanceof RestError)) throw error;
          if (!current) return;
          if (error.status === TOO_MANY && again > 0)
            waiting = setTimeout(() => void ask(again - 1), AGAIN_MS * (1 + Math.random()));
          else setSaid((before) => ({ ...answerTo(asked, before), problem: error.message }));
        },
      );
    void ask(TRIES);
    return () => {
      current = false;
      clearTimeout(waiting);
    };
  }, [rest, body, asked, snapshot]);
  return said;
}

const COMPARED: [label: string, of: (staffing: Staffing) => string][] = [
  ["Agents", (each) => number(each.agents)],
  ["Contacts", (each) => number(each.calls)],
  ["Required", (each) => number(each.required)],
  ["Gap", (each) => signed(each.gap)],
  ["Service level", (each) => percent(each.service_level)],
  ["Level of the day", (each) => percent(each.day_end_service_level)],
  ["Wait (ASA)", (each) => minSec(each.asa_seconds)],
  ["Occupancy", (each) => percent(each.occupancy)],
  ["Risk", (each) => percent(each.risk_score)],
];

function Table({ queue, baseline, scenario, named }: Compared & { named: boolean }) {
  return (
    <table aria-live="polite" aria-label={`What if, ${queue}`}>
      {named && <caption>{queue}</caption>}
      <thead>
        <tr>
          <th scope="col">In {number(baseline.interval_minutes)} minutes</th>
          <th scope="col" className="figure">
            As it is
          </th>
          <th scope="col" className="figure">
            What if
          </th>
        </tr>
      </thead>
      <tbody>
        {COMPARED.map(([label, of]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td className="figure">
              <Value text={of(baseline)} />
            </td>
            <td className="figure">
              <Value text={of(scenario)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

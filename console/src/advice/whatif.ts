// Questions of what-if: other agents, or some moved from or to another queue, for how long. No React here.

import type { Scope, Staffing, WhatIf } from "../session/payloads.js";
import { queueAmong } from "./advice.js";

export type Kind = "agents" | "from" | "to";

export interface Question {
  kind: Kind;
  /** As typed; empty leaves the value as it is. */
  agents: string;
  moved: string;
  volume: string;
  /** One of `otherQueues`, by its key. */
  other: string;
  restOfDay: boolean;
}

export interface QueueName {
  key: string;
  department_id: string;
  queue_name: string;
}

interface Department {
  id: string;
  queues: string[];
}

/** Every other queue that agents may move from or to, those of its own department first. */
export function otherQueues(departments: readonly Department[], { department_id, queue_name }: Scope): QueueName[] {
  const all = departments.flatMap(({ id, queues }) =>
    queues.map((queue) => ({ key: JSON.stringify([id, queue]), department_id: id, queue_name: queue })),
  );
  const near = (each: QueueName) => (each.department_id === department_id ? 0 : 1);
  return all
    .filter((each) => each.department_id !== department_id || each.queue_name !== queue_name)
    .sort((a, b) => near(a) - near(b) || a.queue_name.localeCompare(b.queue_name));
}

/** The body of the request. Of agents who leave for another queue it is asked there. */
export function bodyOf(scope: Scope, asked: Question, others: readonly QueueName[]): object {
  const { organization_id, department_id, queue_name } = scope;
  const here = { organization_id, department_id, queue_name };
  const lasts = asked.restOfDay ? { rest_of_day: true } : {};
  const volume = asked.volume && asked.kind !== "to" ? { volume: Number(asked.volume) } : {};
  if (asked.kind === "agents")
    return { ...here, ...(asked.agents && { agents: Number(asked.agents) }), ...volume, ...lasts };
  const other = others.find(({ key }) => key === asked.other);
  const there = { organization_id, department_id: other?.department_id, queue_name: other?.queue_name };
  const [to, from] = asked.kind === "to" ? [there, here] : [here, there];
  const source = { from_department_id: from.department_id, from_queue_name: from.queue_name };
  return { ...to, move_agents: Number(asked.moved), ...source, ...volume, ...lasts };
}

export interface Compared {
  queue: string;
  baseline: Staffing;
  scenario: Staffing;
}

/** The queues that an answer tells of: first the one of the drawer, then the other. */
export function comparedIn({ source, baseline, scenario }: WhatIf, scope: Scope, asked: Question): Compared[] {
  const here = { department_id: scope.department_id ?? null, queue_name: scope.queue_name ?? "" };
  const asTo = { baseline, scenario };
  if (!source) return [{ queue: here.queue_name, ...asTo }];
  const [department_id, queue_name] = JSON.parse(asked.other) as [string, string];
  const other = { department_id, queue_name };
  const [name, otherName] = [queueAmong(here, [other]), queueAmong(other, [here])];
  const asFrom = { baseline: source.baseline, scenario: source.scenario };
  const [mine, theirs] = asked.kind === "from" ? [asTo, asFrom] : [asFrom, asTo];
  return [
    { queue: name, ...mine },
    { queue: otherName, ...theirs },
  ];
}

import { expect, test } from "vitest";

import { bodyOf, comparedIn, otherQueues, type Question } from "../src/advice/whatif.js";
import type { Staffing } from "../src/session/payloads.js";

const SUPPORT = { organization_id: "org_123", department_id: "dept_456", queue_name: "support" };
const OTHERS = otherQueues(
  [
    { id: "dept_789", queues: ["claims", "support"] },
    { id: "dept_456", queues: ["support", "sales", "billing"] },
  ],
  SUPPORT,
);
const QUESTION: Question = {
  kind: "agents",
  agents: "25",
  moved: "2",
  volume: "",
  other: JSON.stringify(["dept_456", "billing"]),
  restOfDay: false,
};
const staffing = (agents: number) => ({ agents }) as Staffing;

test("queues of the same department come first, and never the queue itself", () => {
  expect(OTHERS.map(({ department_id, queue_name }) => `${department_id} ${queue_name}`)).toEqual([
    "dept_456 billing",
    "dept_456 sales",
    "dept_789 claims",
    "dept_789 support",
  ]);
});

test("another number of agents is asked of the queue itself; what is empty stays as it is", () => {
  expect(bodyOf(SUPPORT, QUESTION, OTHERS)).toEqual({ ...SUPPORT, agents: 25 });
  expect(bodyOf(SUPPORT, { ...QUESTION, agents: "", volume: "90" }, OTHERS)).toEqual({ ...SUPPORT, volume: 90 });
});

test("agents who come from another queue are moved to this one, until the day ends", () => {
  expect(bodyOf(SUPPORT, { ...QUESTION, kind: "from", restOfDay: true }, OTHERS)).toEqual({
    ...SUPPORT,
    move_agents: 2,
    from_department_id: "dept_456",
    from_queue_name: "billing",
    rest_of_day: true,
  });
});

test("agents who leave are asked of the queue that they go to, without a volume of this one", () => {
  expect(bodyOf(SUPPORT, { ...QUESTION, kind: "to", volume: "90" }, OTHERS)).toEqual({
    ...SUPPORT,
    queue_name: "billing",
    move_agents: 2,
    from_department_id: "dept_456",
    from_queue_name: "support",
  });
});

test("the queue of the drawer is the first, whichever way agents move", () => {
  const source = { department_id: "dept_456", queue_name: "billing", baseline: staffing(9), scenario: staffing(7) };
  const answer = { baseline: staffing(17), scenario: staffing(19), source };
  const agents = (kind: Question["kind"], said = answer) =>
    comparedIn(said, SUPPORT, { ...QUESTION, kind }).map((each) => [each.queue, each.scenario.agents]);
  expect(agents("from")).toEqual([
    ["support", 19],
    ["billing", 7],
  ]);
  const leaving = { ...answer, source: { ...source, queue_name: "support" } };
  expect(agents("to", leaving)).toEqual([
    ["support", 7],
    ["billing", 19],
  ]);
  expect(comparedIn({ baseline: staffing(17), scenario: staffing(25) }, SUPPORT, QUESTION)).toHaveLength(1);
});

test("two queues of one name are told with their departments", () => {
  const named = { department_id: "dept_789", queue_name: "support" };
  const source = { ...named, baseline: staffing(9), scenario: staffing(7) };
  const answer = { baseline: staffing(17), scenario: staffing(19), source };
  const asked = { ...QUESTION, kind: "from" as const, other: JSON.stringify(["dept_789", "support"]) };
  expect(comparedIn(answer, SUPPORT, asked).map(({ queue }) => queue)).toEqual([
    "support · dept_456",
    "support · dept_789",
  ]);
});

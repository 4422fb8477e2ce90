import { describe, expect, it } from "vitest";

import { queueRows, sorted } from "../src/queues/queues.js";
import { byDepartment, isShown, keepingView, lastOf, shownIn, viewIn, withView } from "../src/queues/tableview.js";
import { CALM, kpi } from "./figures.js";

const CLOCK = { now: Date.parse("2026-01-31T10:00:00Z"), zone: "UTC" };
const USUAL = viewIn("", "");
const row = (queue: string, department = "service", level: "ok" | "critical" = "ok") => {
  const [made] = queueRows(
    [kpi(queue, { ...CALM, department_id: department, state: { level } })],
    [],
    [],
    CLOCK,
  ).values();
  if (!made) throw new Error("no row");
  return made;
};

describe("what the table shows", () => {
  it.each([
    ["", ""],
    ["?state=critical&search=mail", ""],
    ["?sort=-gap&group=department", ""],
    ["?sort=name", "sort=-gap"],
  ])("is the same from the address that it writes: %s", (address, last) => {
    const view = viewIn(address, last);
    expect(viewIn(`?${withView("?organization=a&state=ok", view)}`, "")).toEqual(view);
  });

  it("is remembered in its order and grouping, not in its search", () => {
    expect(viewIn("", "sort=-gap&group=department&search=x")).toEqual({
      ...USUAL,
      order: "gap",
      reversed: true,
      grouped: true,
    });
    expect(viewIn("?organization=a", lastOf({ ...USUAL, grouped: true }))).toEqual({ ...USUAL, grouped: true });
  });

  it("is the same for a person who last chose another order", () => {
    const theirs = "sort=-gap&group=department";
    expect(viewIn(`?${withView("?organization=a", USUAL)}`, theirs)).toEqual(USUAL);
    expect(viewIn("?state=critical", theirs)).toEqual({ ...USUAL, state: "critical" });
  });

  it("goes along to another scope", () => {
    const here = `?${withView("?organization=a&department=sales", { ...USUAL, state: "critical" })}`;
    expect(keepingView("?organization=a&queue=x", here)).toBe(
      "?organization=a&queue=x&state=critical&sort=urgency&group=",
    );
    expect(keepingView("?organization=a", "?department=sales")).toBe("?organization=a");
  });

  it("ignores what no table can do", () => {
    expect(viewIn("?state=none&sort=-wrong", "")).toEqual({ ...USUAL, reversed: true });
  });

  it.each([
    ["mail", "", true],
    ["SERVICE mail", "", true],
    ["sales", "", false],
    ["", "critical", true],
    ["", "ok", false],
    ["", "attention", true],
  ] as const)("holds a critical queue of mail for '%s' and state '%s': %s", (search, state, shown) => {
    expect(isShown(row("mail in", "service", "critical"), { ...USUAL, search, state })).toBe(shown);
  });

  it("stands under departments in the order of their first row, and turns round", () => {
    const rows = [row("a", "x"), row("b", "y"), row("c", "x")];
    expect(
      byDepartment(rows).map(({ department, rows: inside }) => [department, inside.map(({ queue }) => queue)]),
    ).toEqual([
      ["x", ["a", "c"]],
      ["y", ["b"]],
    ]);
    expect(shownIn(rows, { ...USUAL, order: "name", grouped: true }).map(({ queue }) => queue)).toEqual([
      "a",
      "c",
      "b",
    ]);
    expect(sorted(rows, "name", true).map(({ queue }) => queue)).toEqual(["b", "c", "a"]);
  });
});

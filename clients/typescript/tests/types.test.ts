import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PAGE, reference } from "../scripts/reference.mjs";
import { types } from "../scripts/types.mjs";

it("the types are those of the protocol: `make types` writes them", { timeout: 30_000 }, async () => {
  expect(await readFile(join(import.meta.dirname, "../src/protocol/types.ts"), "utf8")).toBe(await types());
});

it("the reference says what the sources say: `make types` writes it", { timeout: 60_000 }, async () => {
  const page = await reference();
  expect(await readFile(PAGE, "utf8")).toBe(page);
  expect(page).toContain("### useKPIUpdates");
});

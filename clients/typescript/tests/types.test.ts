import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { types } from "../scripts/types.mjs";

it("the types are those of the protocol: `make types` writes them", { timeout: 30_000 }, async () => {
  expect(await readFile(join(import.meta.dirname, "../src/protocol/types.ts"), "utf8")).toBe(await types());
});

// Writes src/types.ts from protocol.schema.json, which the Python side prints (`make types` does both).
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const here = (path) => new URL(`../${path}`, import.meta.url);

export async function types() {
  const schema = JSON.parse(await readFile(here("protocol.schema.json"), "utf8"));
  return compile(schema, "Protocol", {
    additionalProperties: false,
    bannerComment: "// Made by `make types` from the protocol's definition (realtime/protocol.py and <app>/events.py): do not edit.",
    format: true,
    style: { printWidth: 120 },
    strictIndexSignatures: true,
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writeFile(here("src/types.ts"), await types());

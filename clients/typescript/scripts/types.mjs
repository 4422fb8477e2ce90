// Writes src/protocol/types.ts from protocol.schema.json, which the Python side prints (`make types` does both).
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compile } from "json-schema-to-typescript";

const ROOT = join(import.meta.dirname, "..");
const BANNER = "// Made by `make types` from protocol.schema.json, which the server prints: do not edit.";

export async function types() {
  const schema = JSON.parse(await readFile(join(ROOT, "protocol.schema.json"), "utf8"));
  return compile(schema, "Protocol", {
    additionalProperties: false,
    bannerComment: BANNER,
    style: { printWidth: 120 },
    strictIndexSignatures: true,
  });
}

if (process.argv[1] === import.meta.filename) await writeFile(join(ROOT, "src/protocol/types.ts"), await types());

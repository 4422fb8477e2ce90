// @vitest-environment node
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { altered, integrity, LATEST, released, takeOver, tarball, version } from "../../../scripts/package.mjs";

const SERVED = join(import.meta.dirname, "../../../intraday/static/intraday/client");

it("every released tarball is served as it was, so that a lock file that names it holds", async () => {
  const found = Object.entries(await released());
  expect(found.length).toBeGreaterThan(0);
  for (const [each, expected] of found) {
    expect(integrity(await readFile(join(SERVED, tarball(each))))).toBe(expected);
  }
  expect(await altered(SERVED)).toEqual([]);
});

it("the newest is that of this version, by either name", async () => {
  const [newest, named] = await Promise.all(
    [LATEST, tarball(await version())].map((name) => readFile(join(SERVED, name))),
  );
  expect(newest).toEqual(named);
});

it("a tarball that was changed is noticed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "served-"));
  await cp(SERVED, folder, { recursive: true });
  await writeFile(join(folder, tarball("0.1.0")), "changed");
  await writeFile(join(folder, LATEST), "changed");
  expect(await altered(folder)).toEqual([tarball("0.1.0"), LATEST]);
  await rm(folder, { recursive: true });
});

it("a tarball that holds the same keeps its bytes, however it was packed", async () => {
  const [built, committed] = await Promise.all([mkdtemp(join(tmpdir(), "built-")), mkdtemp(join(tmpdir(), "kept-"))]);
  const name = tarball(await version());
  const bytes = await readFile(join(SERVED, name));
  const repacked = Buffer.from(bytes);
  repacked[9] = 3; // gzip's header names the system that packed
  await Promise.all([writeFile(join(built, name), bytes), writeFile(join(committed, name), repacked)]);
  await takeOver(built, committed);
  expect(await readFile(join(committed, name))).toEqual(repacked);
  expect(await readFile(join(committed, LATEST))).toEqual(repacked);
  await Promise.all([built, committed].map((folder) => rm(folder, { recursive: true })));
});

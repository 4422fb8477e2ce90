// The npm package that other front ends install: packs it, and keeps each released tarball as it was, byte by byte, because
// lock files hold its integrity.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { create } from "tar";

const ROOT = join(import.meta.dirname, "..");
const PACKAGE = join(ROOT, "clients/typescript");
const PUBLISHED = [
  "name",
  "version",
  "description",
  "license",
  "type",
  "sideEffects",
  "exports",
  "peerDependencies",
  "peerDependenciesMeta",
];

/** The newest, whatever its version. */
export const LATEST = "intraday-realtime.tgz";
export const tarball = (version) => `intraday-realtime-${version}.tgz`;
export const integrity = (bytes) => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

const json = async (path) => JSON.parse(await readFile(path, "utf8"));

/** Released versions, and the integrity of each. */
export const released = () => json(join(PACKAGE, "released.json"));
export const version = async () => (await json(join(PACKAGE, "package.json"))).version;

/** Writes the tarball of this version, and the same as the newest, into the folder. */
export async function pack(folder) {
  const work = await mkdtemp(join(tmpdir(), "intraday-package-"));
  await compile(join(work, "package/dist"));
  const manifest = await manifestOf(await json(join(PACKAGE, "package.json")));
  await writeFile(join(work, "package/package.json"), manifest, { mode: 0o644 });
  await cp(join(PACKAGE, "README.md"), join(work, "package/README.md"));
  await cp(join(ROOT, "LICENSE"), join(work, "package/LICENSE"));
  await mkdir(folder, { recursive: true });
  const file = join(folder, tarball(await version()));
  const names = (await files(work)).sort();
  await create({ file, cwd: work, gzip: true, portable: true, mtime: new Date(0), onWriteEntry: withoutUmask }, names);
  await rm(work, { recursive: true });
}

const compile = (outDir) =>
  execFileSync(
    process.execPath,
    [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", outDir],
    { cwd: PACKAGE, stdio: "inherit" },
  );

function manifestOf(whole) {
  const public_ = { ...whole, ...whole.publishConfig };
  return `${JSON.stringify(Object.fromEntries(PUBLISHED.map((name) => [name, public_[name]])), null, 2)}\n`;
}

/** File modes depend on the umask of the person who builds. */
function withoutUmask(entry) {
  entry.stat.mode = (entry.stat.mode & ~0o777) | 0o644;
}

export async function files(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Packers compress differently from version to version: what counts is inside. */
export async function content(path) {
  const bytes = await readFile(path).catch(() => Buffer.from("absent"));
  return path.endsWith(".tgz") && bytes.length > 6 ? gunzipSync(bytes) : bytes;
}

/** Takes the new tarball over, unless it holds what the one at hand holds. Throws for a release that would change. */
export async function takeOver(built, committed) {
  const name = tarball(await version());
  const same = (await content(join(built, name))).equals(await content(join(committed, name)));
  if (!same && (await version()) in (await released())) {
    throw new Error(`Version ${await version()} is released: raise it in clients/typescript/package.json.`);
  }
  if (!same) await cp(join(built, name), join(committed, name));
  await cp(join(committed, name), join(committed, LATEST));
}

/** The tarballs of the folder that are not what was released, or not what the newest has to be. */
export async function altered(folder) {
  const wrong = [];
  const bytes = (name) => readFile(join(folder, name)).catch(() => Buffer.from("absent"));
  for (const [each, expected] of Object.entries(await released())) {
    if (integrity(await bytes(tarball(each))) !== expected) wrong.push(tarball(each));
  }
  if (!(await bytes(LATEST)).equals(await bytes(tarball(await version())))) wrong.push(LATEST);
  return wrong;
}

// Builds what is committed under intraday/static/intraday: the console's bundle (build/) and the package that other
// front ends install (client/). `--check` builds beside it and says what differs.
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { create } from "tar";
import { build } from "vite";

const ROOT = join(import.meta.dirname, "..");
const PACKAGE = join(ROOT, "clients/typescript");
const COMMITTED = join(ROOT, "intraday/static/intraday");
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

async function packed(target) {
  const folder = await mkdtemp(join(tmpdir(), "intraday-package-"));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", join(folder, "package/dist")], {
    cwd: PACKAGE,
    stdio: "inherit",
  });
  const whole = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
  const released = { ...whole, ...whole.publishConfig };
  const published = Object.fromEntries(PUBLISHED.map((name) => [name, released[name]]));
  await writeFile(join(folder, "package/package.json"), `${JSON.stringify(published, null, 2)}\n`, { mode: 0o644 });
  await cp(join(PACKAGE, "README.md"), join(folder, "package/README.md"));
  await cp(join(ROOT, "LICENSE"), join(folder, "package/LICENSE"));
  await mkdir(join(target, "client"), { recursive: true });
  const names = (await files(folder)).sort();
  const file = join(target, "client/intraday-realtime.tgz");
  await create(
    { file, cwd: folder, gzip: true, portable: true, mtime: new Date(0), onWriteEntry: withoutUmask },
    names,
  );
  await rm(folder, { recursive: true });
}

/** Modes depend on the umask of whoever builds. */
function withoutUmask(entry) {
  entry.stat.mode = (entry.stat.mode & ~0o777) | 0o644;
}

const bundled = (target) =>
  build({ root: join(ROOT, "console"), logLevel: "warn", build: { outDir: join(target, "build"), emptyOutDir: true } });

async function files(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Packers compress differently from version to version: what counts is inside. */
async function content(path) {
  const bytes = await readFile(path).catch(() => Buffer.from("absent"));
  return path.endsWith(".tgz") && bytes.length > 6 ? gunzipSync(bytes) : bytes;
}

async function differences(built) {
  const names = new Set();
  for (const part of ["build", "client"]) {
    for (const folder of [built, COMMITTED]) {
      for (const name of await files(join(folder, part)).catch(() => [])) names.add(join(part, name));
    }
  }
  const same = async (name) => (await content(join(built, name))).equals(await content(join(COMMITTED, name)));
  const found = await Promise.all([...names].sort().map(async (name) => ((await same(name)) ? [] : [name])));
  return found.flat();
}

async function check() {
  const built = await mkdtemp(join(tmpdir(), "intraday-build-"));
  await Promise.all([packed(built), bundled(built)]);
  const found = await differences(built);
  await rm(built, { recursive: true });
  if (!found.length) return;
  console.error(`Not what the sources build (make bundle writes them anew): ${found.join(", ")}`);
  process.exitCode = 1;
}

if (process.argv.includes("--check")) await check();
else await Promise.all([packed(COMMITTED), bundled(COMMITTED)]);

// Builds what is committed under intraday/static/intraday: the console's bundle (build/), and the package for other front
// ends (client/), as tarballs for npm and as one module for browsers. `--check` builds beside it and says what differs.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { altered, content, files, pack, takeOver } from "./package.mjs";

const ROOT = join(import.meta.dirname, "..");
const COMMITTED = join(ROOT, "intraday/static/intraday");

const bundled = (target) =>
  build({ root: join(ROOT, "console"), logLevel: "warn", build: { outDir: join(target, "build"), emptyOutDir: true } });

/** For pages without a build step: `<script type="module">` imports it from the server. */
const browserModule = (target) =>
  build({
    root: join(ROOT, "clients/typescript"),
    configFile: false,
    logLevel: "warn",
    build: {
      lib: { entry: "src/index.ts", formats: ["es"], fileName: "intraday-realtime" },
      outDir: join(target, "client"),
      emptyOutDir: false,
      target: "es2022",
    },
  });

/** Lists built files that differ from the committed ones. Older tarballs are no result of this build. */
async function differences(built) {
  const names = new Set(await files(built));
  for (const name of await files(join(COMMITTED, "build"))) names.add(join("build", name));
  const same = async (name) => (await content(join(built, name))).equals(await content(join(COMMITTED, name)));
  const found = await Promise.all([...names].sort().map(async (name) => ((await same(name)) ? [] : [name])));
  return [...found.flat(), ...(await altered(join(COMMITTED, "client")))];
}

async function check() {
  const built = await mkdtemp(join(tmpdir(), "intraday-build-"));
  await Promise.all([pack(join(built, "client")), bundled(built), browserModule(built)]);
  const found = await differences(built);
  await rm(built, { recursive: true });
  if (!found.length) return;
  console.error(`Not what the sources build (make bundle writes them anew): ${found.join(", ")}`);
  process.exitCode = 1;
}

async function write() {
  const built = await mkdtemp(join(tmpdir(), "intraday-build-"));
  await Promise.all([pack(built), bundled(COMMITTED), browserModule(COMMITTED)]);
  await takeOver(built, join(COMMITTED, "client"));
  await rm(built, { recursive: true });
}

await (process.argv.includes("--check") ? check() : write());

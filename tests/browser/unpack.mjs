// Unpacks the Chromium of the npm package, with its libraries and fonts: node unpack.mjs FOLDER
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import tar from "tar-fs";

const archives = fileURLToPath(new URL("../../node_modules/@sparticuz/chromium/bin", import.meta.url));
const target = process.argv[2];
const unfinished = `${target}.${process.pid}`; // renamed when whole: nobody finds half a browser, or waits for one

await mkdir(unfinished, { recursive: true });
try {
  for (const archive of await readdir(archives)) {
    const output = archive.endsWith(".tar.br")
      ? tar.extract(unfinished)
      : createWriteStream(join(unfinished, archive.replace(/\.br$/, "")), { mode: 0o755 });
    await pipeline(createReadStream(join(archives, archive)), createBrotliDecompress(), output);
  }
  // The package's own names folders of a cloud function.
  await writeFile(join(unfinished, "fonts.conf"), '<fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n');
  await rename(unfinished, target);
} catch (error) {
  await rm(unfinished, { recursive: true });
  if (!["ENOTEMPTY", "EEXIST"].includes(error.code)) throw error; // another process was first
}

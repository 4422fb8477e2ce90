// The customer's own snippets, out of the document beside the project, as modules next to the hooks they import; and those
// of our own pages.

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Plugin } from "vite";

export const DOCUMENT = join(import.meta.dirname, "../../../../shared/mission.md");
const SOURCES = join(import.meta.dirname, "../src");

export interface Snippet {
  name: string;
  text: string;
  path: string;
}

/** None where the document is absent. */
export function snippets(): Snippet[] {
  if (!existsSync(DOCUMENT)) return [];
  const blocks = readFileSync(DOCUMENT, "utf8").matchAll(/```tsx\n(.*?)```/gs);
  return [...blocks].map(([, text = ""]) => {
    const name = /function (\w+)\(/.exec(text)?.[1] ?? "";
    return { name, text, path: join(SOURCES, `${name}.snippet.tsx`) };
  });
}

const PAGES = ["../../../docs/frontend.md", "../README.md"];

/** The blocks of our own pages, as modules beside the examples. */
export function documented(): Snippet[] {
  return PAGES.flatMap((page) => {
    const text = readFileSync(join(import.meta.dirname, page), "utf8");
    return [...text.matchAll(/^```tsx?\n(.*?)^```/gms)].map(([, block = ""], index) => {
      const name = `${basename(page, ".md")}-${index}`;
      return { name, text: block, path: join(SOURCES, "../examples", `${name}.tsx`) };
    });
  });
}

/** Imported as if they were files in src. They export nothing, so that is added. */
export const snippetModules = (): Plugin => ({
  name: "snippets",
  enforce: "pre",
  resolveId: (id) => snippets().find(({ name }) => id.endsWith(`/src/${name}.snippet.tsx`))?.path,
  load(id) {
    const found = snippets().find(({ path }) => path === id);
    return found && `${found.text}\nexport { ${found.name} };`;
  },
});

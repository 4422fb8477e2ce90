import ts from "typescript";
import { expect, it } from "vitest";
import { documented, type Snippet, snippets } from "./snippets.js";

const AMBIENT = `
declare function showToast(text: string): void;
declare function BellIcon(): React.ReactNode;
declare function Badge(props: { count: number; onClick: () => void; children: React.ReactNode }): React.ReactNode;
`;

const OF_PAGES = `
declare function getToken(): Promise<string>;
declare function draw(state: object): void;
declare function flash(queue: string | undefined): void;
declare function toast(text: string): void;
`;

it("snippets of frontend.md, README.md and the customer compile, and wrong names do not", { timeout: 60_000 }, () => {
  const ours = documented();
  expect(ours.length).toBeGreaterThan(10);
  const good = [...ours, ...snippets()]; // the latter where the customer's document is there
  const broken = good.map(({ name, text, path }) => ({
    name,
    text: text.replace("utilization.current_utilization", "utilisation"),
    path: path.replace(/(\.snippet)?\.tsx$/, ".broken.tsx"),
  }));
  const wrong = broken.filter(({ text }, index) => text !== good[index]?.text);
  const found = complaints([...good, ...wrong]);
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter((each) => !each.includes("utilisation"))).toEqual([]);
});

/** Returns the compiler's errors, in strict mode. The document declares components that it does not export. */
function complaints(sources: Snippet[]): string[] {
  const { config } = ts.readConfigFile("tsconfig.json", (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const virtual = new Map(sources.map(({ path, text }) => [path, text]));
  virtual.set(`${process.cwd()}/src/snippets.d.ts`, AMBIENT + OF_PAGES);
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  host.readFile = (path) => virtual.get(path) ?? ts.sys.readFile(path);
  host.fileExists = (path) => virtual.has(path) || ts.sys.fileExists(path);
  host.getSourceFile = (path, ...more) => {
    const text = virtual.get(path);
    return text === undefined ? getSourceFile(path, ...more) : ts.createSourceFile(path, text, more[0]);
  };
  const program = ts.createProgram([...virtual.keys()], { ...options, noUnusedLocals: false }, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

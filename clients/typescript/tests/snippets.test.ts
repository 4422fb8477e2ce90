import ts from "typescript";
import { describe, expect, it } from "vitest";
import { DOCUMENT, type Snippet, snippets } from "./snippets.js";

const found = snippets();
const AMBIENT = `
declare function showToast(text: string): void;
declare function BellIcon(): React.ReactNode;
declare function Badge(props: { count: number; onClick: () => void; children: React.ReactNode }): React.ReactNode;
`;

describe.skipIf(!found.length)(`the snippets (need ${DOCUMENT})`, () => {
  it("compile in strict mode against our types", { timeout: 60_000 }, () => {
    const [first] = found;
    const broken = found.map((each) => ({ ...each, path: each.path.replace(".snippet", ".broken") }));
    for (const each of broken) each.text = each.text.replace("utilization.current_utilization", "utilisation");
    expect(first).toBeDefined();
    expect(complaints([...found, ...broken])).toEqual([expect.stringContaining("'utilisation' does not exist")]);
  });
});

/** Returns the compiler's errors, in strict mode. The document declares components that it does not export. */
function complaints(sources: Snippet[]): string[] {
  const { config } = ts.readConfigFile("tsconfig.json", (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const virtual = new Map(sources.map(({ path, text }) => [path, text]));
  virtual.set(`${process.cwd()}/src/snippets.d.ts`, AMBIENT);
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

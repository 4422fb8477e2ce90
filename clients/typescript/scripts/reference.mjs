// Writes docs/typescript-client.md: the hooks and functions with the signatures and comments of the sources (`make types`).
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format } from "prettier";
import ts from "typescript";

const ROOT = join(import.meta.dirname, "..");
export const PAGE = join(ROOT, "../../docs/typescript-client.md");
const MODULES = {
  "intraday-realtime/hooks/useWebSocket": "src/hooks/useWebSocket.ts",
  "intraday-realtime": "src/index.ts",
};
const HEAD = `<!-- Made by \`make types\` from the sources of the package: do not edit. -->
# TypeScript client: reference

The hooks for React, and the functions and classes without React. [Front end](frontend.md) shows how they are used; payloads
of events are those of [AsyncAPI](/asyncapi.json).
`;

const INNER = /^(__#|#|on(Event|Snapshot|Ready|Refused|Narrowed|Time)$|stateful$|room$|attach$)/;
/** Members that the client calls itself. */
const WHOLE = ts.TypeFormatFlags.NoTruncation;

export async function reference() {
  const files = Object.values(MODULES).map((path) => join(ROOT, path));
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const program = ts.createProgram(files, ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options);
  const seen = new Set();
  const sections = Object.keys(MODULES).map((name, index) =>
    section(program, name, program.getSourceFile(files[index]), seen),
  );
  return format([HEAD, ...sections].join("\n"), { parser: "markdown", printWidth: 120 });
}

/** The exports of a module that are no mere types, without those that an earlier section has. */
function section(program, name, file, seen) {
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
  const symbols = exported.map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each));
  const values = symbols.filter((each) => each.flags & ts.SymbolFlags.Value && !seen.has(each));
  values.forEach((each) => seen.add(each));
  return [`## ${name}\n`, ...values.map((each) => entry(program, each, file))].join("\n");
}

function entry(program, symbol, file) {
  const checker = program.getTypeChecker();
  const type = checker.getTypeOfSymbolAtLocation(symbol, file);
  const code = type.getConstructSignatures().length
    ? `declare class ${symbol.name} { ${members(program, symbol, file).join("\n")} }`
    : signatures(checker, type, `declare function ${symbol.name}`);
  return `### ${symbol.name}\n\n\`\`\`typescript\n${code}\n\`\`\`\n\n${words(checker, symbol)}\n`;
}

function members(program, symbol, file) {
  const checker = program.getTypeChecker();
  const isShown = ({ name, valueDeclaration }) =>
    !INNER.test(name) &&
    !(ts.getCombinedModifierFlags(valueDeclaration) & ts.ModifierFlags.NonPublicAccessibilityModifier) &&
    !program.isSourceFileDefaultLibrary(valueDeclaration.getSourceFile());
  const found = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).filter(isShown);
  return found.map((each) => {
    const type = checker.getTypeOfSymbolAtLocation(each, file);
    const comment = words(checker, each);
    const isCalled = type.getCallSignatures().length > 0;
    const code = isCalled ? signatures(checker, type, each.name) : `${each.name}: ${checker.typeToString(type)};`;
    return comment ? `/** ${comment.replaceAll("\n", " ")} */\n${code}` : code;
  });
}

const signatures = (checker, type, before) =>
  type
    .getCallSignatures()
    .map((each) => `${before}${checker.signatureToString(each, undefined, WHOLE)};`)
    .join(" ");

const words = (checker, symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker));

if (process.argv[1] === import.meta.filename) await writeFile(PAGE, await reference());

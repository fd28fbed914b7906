/**
 * Writes imports of the SDK back as authors write them.
 *
 * JSR writes names out when a module is published: an author's `k-bert/sdk` has become
 * `jsr:@k-bert/k-bert@^1.0.0/sdk`, and a plugin may import only the former. Exactly these texts are replaced, at the
 * places where a parser has found them; nothing else of a file is changed.
 *
 * @module
 */
import { type Node, parseJavaScript, parseTypeScript } from "../deps/acorn.ts";
import { partsOf } from "../security/imports.ts";

/** This project's package, with any version, and what of it is imported. */
const WRITTEN_OUT = /^jsr:\/?@k-bert\/k-bert(?:@[^/]+)?(\/[\w/]+)?$/;

const IMPORTING = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType",
]);

/**
 * The text of a module with its imports written back. A text that cannot be parsed stays as it is: the vetting will
 * say why it is no module.
 *
 * @example
 * ```ts
 * import { writeBackImports } from "./jsr_imports.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const published = `import { HeadPort } from "jsr:@k-bert/k-bert@^1.0.0/sdk/tensors";`;
 * assertEquals(writeBackImports(published, "head.ts"), `import { HeadPort } from "k-bert/sdk/tensors";`);
 * ```
 */
export function writeBackImports(text: string, file: string): string {
  if (!text.includes("@k-bert/k-bert")) return text;
  let changed = text;
  // From the last one to the first, so that the places of those before stay what they are.
  for (const { start, end } of specifiersIn(text, file).sort((a, b) => b.start - a.start)) {
    const match = WRITTEN_OUT.exec(text.slice(start + 1, end - 1));
    if (match === null) continue;
    changed = `${changed.slice(0, start + 1)}k-bert${match[1] ?? ""}${changed.slice(end - 1)}`;
  }
  return changed;
}

/** The strings in a module that name what is imported, with their quotes. */
function specifiersIn(text: string, file: string): Node[] {
  let root: Node;
  try {
    root = file.endsWith(".js") ? parseJavaScript(text) : parseTypeScript(text);
  } catch {
    return [];
  }
  return [...partsOf(root)].flatMap(({ node }) => {
    const { type, source, argument } = node as Partial<Node> & { source?: Node | null; argument?: Node };
    if (type === undefined || !IMPORTING.has(type)) return [];
    const specifier = type === "TSImportType" ? argument : source;
    return specifier?.type === "Literal" ? [specifier] : [];
  });
}

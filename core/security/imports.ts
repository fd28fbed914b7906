/**
 * What a module of a plugin imports, found by a parser of the whole language: a lexer, which guesses where a
 * regular expression begins, was talked into overlooking
 * `const f = class {} / 1; import "node:worker_threads"; 1 / 1`.
 *
 * A plugin may import its own files by relative path, the SDK, and the npm packages that its manifest declares
 * with exactly their versions.
 *
 * @module
 */
import { type Node, parseJavaScript } from "../deps/acorn.ts";
import { dependencyFile, splitDependency } from "../manifest/dependency_file.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import { messageOf } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";
import { refused } from "./refusal.ts";

/** The SDK, and its parts that compute and that know tables. */
export const SDK = "k-bert/sdk";
export const TENSOR_SDK = "k-bert/sdk/tensors";
export const TABLE_SDK = "k-bert/sdk/tables";

const SDK_MODULES: readonly string[] = [SDK, TENSOR_SDK, TABLE_SDK];

/** The kinds of modules that a plugin may import. */
export interface Import {
  readonly specifier: string;
  readonly kind: "sdk" | "package" | "own";
  /** `file.ts:3`, for errors. */
  readonly place: string;
}

/**
 * The imports of a module, in their order.
 *
 * @param code JavaScript
 * @throws {KBertError} `plugin/image` for every import that may not be made, with its line
 */
export function importsOf(
  code: string,
  file: string,
  { name, dependencies }: Pick<PluginManifest, "name" | "dependencies">,
): Import[] {
  return importNodes(code, file, name).map(({ start, source, attributes, options }) => {
    const place = placeOf(code, start, file);
    const specifier = literal(source);
    if (specifier === undefined) {
      throw refused(name, file, `${place} imports a module whose name is computed; write it out`);
    }
    const quoted = printable(JSON.stringify(specifier), 200);
    const kind = kindOf(specifier, file);
    if (kind === undefined) {
      const sdk = SDK_MODULES.map((one) => `"${one}"`).join(", ");
      const advice = `a plugin may import its own files ("./name.ts"), ${sdk} and npm packages with exact ` +
        'versions ("npm:name@1.2.3")';
      throw refused(name, file, `${place} imports ${quoted}; ${advice}`);
    }
    if (kind === "package" && !dependencies.includes(splitDependency(specifier)!.npm)) {
      const advice = "add it to dependencies in plugin.yaml, and install it";
      throw refused(name, file, `${place} imports ${quoted}, which its manifest does not declare; ${advice}`);
    }
    // Attributes make JSON, text or bytes of a file: none of it was vetted.
    if (attributes?.length || options) {
      throw refused(name, file, `${place} imports ${quoted} as something else than code`);
    }
    return { specifier, kind, place };
  });
}

/** Reads a text as code. @throws {KBertError} `plugin/image` with the line */
export function parsed(parse: (text: string) => Node, text: string, file: string, plugin: string): Node {
  try {
    return parse(text);
  } catch (cause) {
    const message = messageOf(cause);
    const [, reason = message, line = "1"] = /^(.*) \((\d+):\d+\)$/.exec(message) ?? [];
    throw refused(plugin, file, `Cannot read ${file}:${line}: ${printable(reason, 200)}`, { cause });
  }
}

/** Every object of a syntax tree with its depth, in no particular order and without recursion. */
export function* partsOf(root: Node): Iterable<{ node: object; depth: number }> {
  const waiting: { node: object; depth: number }[] = [{ node: root, depth: 0 }];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    yield part;
    for (const child of Object.values(part.node)) {
      if (typeof child === "object" && child !== null) waiting.push({ node: child, depth: part.depth + 1 });
    }
  }
}

function kindOf(specifier: string, file: string): Import["kind"] | undefined {
  if (SDK_MODULES.includes(specifier)) return "sdk";
  if (dependencyFile(specifier) !== undefined) return "package";
  return isInside(specifier, file) ? "own" : undefined;
}

function placeOf(code: string, start: number, file: string): string {
  return `${file}:${code.slice(0, start).split("\n").length}`;
}

/** What acorn's four nodes that import have in common. */
interface ImportNode extends Node {
  readonly source: Node;
  readonly attributes?: readonly Node[];
  /** The second argument of `import()`. */
  readonly options?: Node | null;
}

const IMPORTING = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
]);

function importNodes(code: string, file: string, plugin: string): ImportNode[] {
  const found: ImportNode[] = [];
  for (const { node } of partsOf(parsed(parseJavaScript, code, file, plugin))) {
    const { type, source, meta } = node as Partial<ImportNode> & { meta?: { name?: string } };
    if (type === "MetaProperty" && meta?.name === "import") {
      const place = placeOf(code, (node as Node).start, file);
      const why = "which would tell it where on this machine it runs";
      throw refused(plugin, file, `${place} uses import.meta, ${why}`);
    }
    if (type !== undefined && IMPORTING.has(type) && source) found.push(node as ImportNode);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The text of a string, or of a template without anything to fill in. */
function literal(node: Node): string | undefined {
  const { value, quasis } = node as { value?: unknown; quasis?: { value: { cooked?: string } }[] };
  if (typeof value === "string") return value;
  return quasis?.length === 1 ? quasis[0]?.value.cooked : undefined;
}

/** Whether a relative specifier, read as a URL, is a code file inside of the plugin's folder. */
function isInside(specifier: string, file: string): boolean {
  if (!/^\.\.?(?:\/[\w.-]+)+\.[jt]s$/.test(specifier)) return false;
  // A folder whose name no specifier can have: nothing leads out of it and in again.
  return new URL(specifier, `plugin:///~/${file}`).href.startsWith("plugin:///~/");
}

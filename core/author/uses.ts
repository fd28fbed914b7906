/**
 * What a plugin's source does that plugin.yaml has to declare: topics it emits and hears, hosts, files, variables,
 * services and the graphics card.
 *
 * This is for authors, who want to know before the first user does. It proves nothing about a plugin of somebody
 * else's: what is not declared fails when it is tried, whatever this finds.
 *
 * @module
 */
import { type Injected, NamesInSource } from "./names_in_source.ts";
import { bare, nameOf, placeIn, type SyntaxNode, syntaxOf, type TextPlace, valuesIn } from "./syntax.ts";

/** What can be declared: `events.emits` and `events.listens`, and the rights. */
export type Declarable = "emits" | "listens" | "net" | "read" | "write" | "env" | "services" | "gpu";

/** One place of a source that uses something. */
export interface Use extends TextPlace {
  readonly what: Declarable;
  readonly file: string;
  /** The topic, URL, path or name; undefined if it is computed. */
  readonly value: string | undefined;
}

/** A place where something is asked for that rights are about, whatever is done with it. */
export interface Mention extends TextPlace {
  readonly what: Exclude<Injected, "EventBus">;
  readonly file: string;
}

/** Of one file. */
export interface Uses {
  readonly uses: readonly Use[];
  readonly mentions: readonly Mention[];
}

/** What a call of a method uses, by what it is called on. */
const METHODS: Readonly<Record<Injected, Readonly<Record<string, Declarable>>>> = {
  EventBus: { emit: "emits", post: "emits", on: "listens", once: "listens", waitFor: "listens" },
  Network: { fetch: "net" },
  Files: { readText: "read", readBytes: "read", list: "read", write: "write" },
  Environment: { get: "env" },
};

/** Methods of the SDK's base classes that emit, and what. */
const EMITTING: Readonly<Record<string, readonly string[]>> = {
  augmentEach: ["augmenter.started", "augmenter.completed"],
};

/**
 * What one file uses.
 *
 * @throws {SyntaxError} for what is no code
 * @example
 * ```ts
 * import { usesOf } from "./uses.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const source = `import { PluginPort } from "k-bert/sdk";
 * export class Main extends PluginPort {
 *   async run() { await this.eventBus.emit("main.done", {}); }
 * }`;
 * assertEquals(usesOf(source, "main.ts").uses, [
 *   { what: "emits", value: "main.done", file: "main.ts", line: 3, column: 23 },
 * ]);
 * ```
 */
export function usesOf(text: string, file: string): Uses {
  const root = syntaxOf(text, file);
  const names = new NamesInSource(root);
  const uses: Use[] = [];
  const mentions: Mention[] = [];
  const labels = new Set<SyntaxNode>();
  const at = (node: SyntaxNode): TextPlace & { file: string } => ({ file, ...placeIn(text, node) });
  for (const node of valuesIn(root)) {
    for (const label of labelsOf(node)) labels.add(label);
    for (const [what, values] of usedBy(node, names)) {
      uses.push(...(values ?? [undefined]).map((value) => ({ what, value, ...at(node) })));
    }
    const imported = labels.has(node) ? undefined : names.importOf(node);
    if (imported === "Network" || imported === "Files" || imported === "Environment") {
      mentions.push({ what: imported, ...at(node) });
    }
  }
  return { uses, mentions };
}

/** Names in a node that stand for nothing but themselves: of imports, members and keys. */
function labelsOf(node: SyntaxNode): SyntaxNode[] {
  const { local, imported, property, key, computed } = node;
  if (node.type === "ImportSpecifier") return [local, imported] as SyntaxNode[];
  if (computed) return [];
  if (node.type === "MemberExpression") return [property as SyntaxNode];
  return node.type === "Property" && !node["shorthand"] ? [key as SyntaxNode] : [];
}

type Used = readonly [what: Declarable, values: readonly string[] | undefined];

function usedBy(node: SyntaxNode, names: NamesInSource): Used[] {
  if (
    node.type === "MemberExpression" && nameOf(node) === "gpu" && nameOf(bare(node["object"])) === "navigator"
  ) {
    return [["gpu", undefined]];
  }
  if (node.type !== "CallExpression") return [];
  const callee = bare(node["callee"]);
  const [first] = node["arguments"] as SyntaxNode[];
  if (names.importOf(callee) === "service") return [["services", names.textsOf(first)]];
  if (callee?.type !== "MemberExpression") return [];
  const method = nameOf(callee);
  if (method === undefined) return [];
  if (Object.hasOwn(EMITTING, method) && isOwn(bare(callee["object"]))) return [["emits", EMITTING[method]]];
  const held = names.injectedIn(callee["object"]);
  const what = held && Object.hasOwn(METHODS[held], method) ? METHODS[held][method] : undefined;
  return what === undefined ? [] : [[what, names.textsOf(first) ?? hostOf(what, first)]];
}

/** `this` or `super`. */
function isOwn(node: SyntaxNode | undefined): boolean {
  return node?.type === "ThisExpression" || node?.type === "Super";
}

/** Of a URL whose end is computed, what is known of it, if the host is. */
function hostOf(what: Declarable, argument: SyntaxNode | undefined): string[] | undefined {
  const node = bare(argument);
  if (what !== "net" || node?.type !== "TemplateLiteral") return undefined;
  const [first] = node["quasis"] as { value: { cooked?: string } }[];
  const [url] = /^https?:\/\/[^/?#]+[/?#]/.exec(first?.value.cooked ?? "") ?? [];
  return url === undefined ? undefined : [url];
}

/**
 * The syntax tree of a plugin's source, as far as its values go: types are passed over, so a name that is only a type
 * is no use of what it names. The source is looked at and not the image's JavaScript, which has other lines where a
 * part of it had to be rewritten.
 *
 * @module
 */
import { type Node, parseJavaScript, parseTypeScript } from "../deps/acorn.ts";

/** A node of any kind; what it has beside its type depends on that. */
export interface SyntaxNode extends Node {
  readonly [part: string]: unknown;
}

/** Counted from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Parts of a node that are types. */
const TYPE_PARTS = new Set([
  "typeAnnotation",
  "returnType",
  "typeParameters",
  "superTypeParameters",
  "implements",
]);

/** Kinds of TypeScript's own nodes that have a value within. */
const WRAPPERS = new Set([
  ...["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression", "TSTypeAssertion"],
  ...["TSParameterProperty", "TSEnumDeclaration", "TSEnumMember", "TSInstantiationExpression"],
]);

/** Parses a file by its name. @throws {SyntaxError} */
export function syntaxOf(text: string, file: string): SyntaxNode {
  return (file.endsWith(".js") ? parseJavaScript(text) : parseTypeScript(text)) as SyntaxNode;
}

/**
 * Every node that is a value or has one, in the order of the source, without recursion.
 *
 * @example
 * ```ts
 * import { syntaxOf, valuesIn } from "./syntax.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const names = [...valuesIn(syntaxOf("const a: B = c as D;", "main.ts"))]
 *   .flatMap((node) => node.type === "Identifier" ? [node.name] : []);
 * assertEquals(names, ["a", "c"]);
 * ```
 */
export function* valuesIn(root: SyntaxNode): Iterable<SyntaxNode> {
  const waiting: SyntaxNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node;
    const children = Object.entries(node).flatMap(([part, value]) =>
      TYPE_PARTS.has(part) ? [] : childrenOf(value)
    );
    waiting.push(...children.filter(isValue).toSorted((a, b) => b.start - a.start));
  }
}

/** An expression without the parentheses and types around it. */
export function bare(expression: unknown): SyntaxNode | undefined {
  let node = isNode(expression) ? expression : undefined;
  while (
    node && /^(?:Parenthesized|Chain|TSAs|TSSatisfies|TSNonNull)Expression$|^TSTypeAssertion$/.test(node.type)
  ) {
    node = node["expression"] as SyntaxNode;
  }
  return node;
}

/**
 * The name of an identifier, and of a member that is not computed: `#files` of `this.#files`.
 *
 * @returns undefined for everything else
 */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  if (node?.type === "Identifier") return node["name"] as string;
  if (node?.type === "PrivateIdentifier") return `#${node["name"]}`;
  if (node?.type === "MemberExpression" && !node["computed"]) return nameOf(node["property"] as SyntaxNode);
  return undefined;
}

/** Where a node begins. */
export function placeIn(text: string, { start }: Node): TextPlace {
  const before = text.slice(0, start);
  return { line: before.split("\n").length, column: start - before.lastIndexOf("\n") };
}

function childrenOf(value: unknown): SyntaxNode[] {
  return [value].flat().filter(isNode);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isValue(node: SyntaxNode): boolean {
  return !node.type.startsWith("TS") || WRAPPERS.has(node.type);
}

/**
 * What names stand for in one file of a plugin: an import of the SDK, a text, or something that was injected.
 *
 * Names are followed as people write plugins (`#files = inject(Files)`, `const bus = this.eventBus`), through any
 * number of assignments, and whatever scope they are in. A program that hides what it does is not seen through; that
 * is what the wall is for.
 *
 * @module
 */
import { SDK } from "../security/imports.ts";
import { bare, nameOf, type SyntaxNode, valuesIn } from "./syntax.ts";

/** What a plugin can be given that the manifest has a say about. */
export type Injected = "EventBus" | "Network" | "Files" | "Environment";

const INJECTED: ReadonlySet<string> = new Set<Injected>(["EventBus", "Network", "Files", "Environment"]);

/** Assignments in all their forms: what is assigned, and to what. */
interface Assignment {
  readonly to: SyntaxNode | undefined;
  readonly value: SyntaxNode | undefined;
}

/** Made for one file. */
export class NamesInSource {
  /** Local name → the SDK's. */
  readonly #imports = new Map<string, string>();
  readonly #texts = new Map<string, string | undefined>();
  /** `files` and `#files`: identifiers and members alike. */
  readonly #injected = new Map<string, Injected>([["eventBus", "EventBus"]]);

  constructor(root: SyntaxNode) {
    const assignments: Assignment[] = [];
    for (const node of valuesIn(root)) {
      if (node.type === "ImportDeclaration") this.#addImports(node);
      assignments.push(...assignmentsIn(node));
    }
    for (const { to, value } of assignments) this.#addText(to, value);
    // Until nothing is new: a name may be used above the line that gives it its meaning.
    for (let known = -1; known !== this.#injected.size;) {
      known = this.#injected.size;
      for (const { to, value } of assignments) this.#addInjected(to, value);
    }
  }

  /** What an identifier was imported as; undefined if it was not, or not from the SDK. */
  importOf(node: SyntaxNode | undefined): string | undefined {
    if (node?.type === "Identifier") return this.#imports.get(node["name"] as string);
    if (node?.type !== "MemberExpression") return undefined;
    const space = nameOf(bare(node["object"]));
    return space !== undefined && this.#imports.get(space) === "*" ? nameOf(node) : undefined;
  }

  /** What an expression holds; undefined if it is nothing of that kind. */
  injectedIn(expression: unknown): Injected | undefined {
    const node = bare(expression);
    if (node?.type === "CallExpression" && this.importOf(bare(node["callee"])) === "inject") {
      const token = this.importOf(bare((node["arguments"] as SyntaxNode[])[0]));
      return token !== undefined && INJECTED.has(token) ? token as Injected : undefined;
    }
    if (node?.type === "LogicalExpression") {
      return this.injectedIn(node["left"]) ?? this.injectedIn(node["right"]);
    }
    const name = nameOf(node);
    return name === undefined ? undefined : this.#injected.get(name);
  }

  /** The texts that an expression may be; undefined if that is computed. */
  textsOf(expression: unknown): string[] | undefined {
    const node = bare(expression);
    if (node?.type === "ConditionalExpression") {
      const [yes, no] = [this.textsOf(node["consequent"]), this.textsOf(node["alternate"])];
      return yes && no && [...yes, ...no];
    }
    const text = literal(node) ?? (node?.type === "Identifier" ? this.#texts.get(nameOf(node)!) : undefined);
    return text === undefined ? undefined : [text];
  }

  #addImports({ source, specifiers, importKind }: SyntaxNode): void {
    if ((source as { value?: unknown }).value !== SDK || importKind === "type") return;
    for (const { imported, local, importKind } of specifiers as Record<string, SyntaxNode | string>[]) {
      if (importKind === "type") continue;
      this.#imports.set(nameOf(local as SyntaxNode)!, nameOf(imported as SyntaxNode | undefined) ?? "*");
    }
  }

  /** A name that is given two texts is given none. */
  #addText(to: SyntaxNode | undefined, value: SyntaxNode | undefined): void {
    if (to?.type !== "Identifier") return;
    const name = nameOf(to)!;
    this.#texts.set(name, this.#texts.has(name) ? undefined : literal(bare(value)));
  }

  #addInjected(to: SyntaxNode | undefined, value: SyntaxNode | undefined): void {
    const name = nameOf(to);
    const held = this.injectedIn(value);
    if (name !== undefined && held !== undefined) this.#injected.set(name, held);
  }
}

function assignmentsIn(node: SyntaxNode): Assignment[] {
  const pair = (to: unknown, value: unknown): Assignment => ({ to: bare(to), value: bare(value) });
  switch (node.type) {
    case "VariableDeclarator":
      return [pair(node["id"], node["init"])];
    case "AssignmentExpression":
    case "AssignmentPattern":
      return [pair(node["left"], node["right"])];
    case "PropertyDefinition":
      return [pair(node["key"], node["value"])];
    case "ObjectPattern": // `const { eventBus: bus } = this`, where the member's name says what it is
      return (node["properties"] as SyntaxNode[]).map(({ key, value }) => pair(value, key));
    case "MethodDefinition":
      return node["kind"] === "constructor" ? busOf(node) : [];
    default:
      return [];
  }
}

/** Of a constructor, the parameter that it passes on as the event bus. */
function busOf(constructor: SyntaxNode): Assignment[] {
  return [...valuesIn(constructor)].flatMap((node) => {
    if (node.type !== "CallExpression" || (node["callee"] as SyntaxNode).type !== "Super") return [];
    const bus = bare((node["arguments"] as SyntaxNode[])[1]);
    return bus?.type === "Identifier" ? [{ to: bus, value: { ...bus, name: "eventBus" } }] : [];
  });
}

/** The text of a string, or of a template without anything to fill in. */
function literal(node: SyntaxNode | undefined): string | undefined {
  if (node?.type === "Literal" && typeof node["value"] === "string") return node["value"];
  const quasis = node?.type === "TemplateLiteral" ? node["quasis"] as { value: { cooked?: string } }[] : [];
  return quasis.length === 1 ? quasis[0]!.value.cooked : undefined;
}

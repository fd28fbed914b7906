/**
 * Parsers of the whole of JavaScript and of TypeScript. They are JavaScript themselves, so text that is
 * nested too deeply for them is an error and not the end of the process.
 *
 * @module
 */
import { type Node, type Options, Parser } from "npm:acorn@8.17.0";
import { tsPlugin } from "npm:@sveltejs/acorn-typescript@1.0.13";

export type { Node };

// Parentheses are nodes, because they nest too.
const OPTIONS: Options = { ecmaVersion: "latest", sourceType: "module", preserveParens: true };
// The plugin's types ask for more of a parser than acorn's own have.
const TypeScriptParser = Parser.extend(tsPlugin() as unknown as Parameters<typeof Parser.extend>[0]);

/** @throws {SyntaxError} with `(line:column)` at the end of its message */
export function parseJavaScript(code: string): Node {
  return Parser.parse(code, OPTIONS);
}

/** As {@linkcode parseJavaScript}. */
export function parseTypeScript(text: string): Node {
  return TypeScriptParser.parse(text, { ...OPTIONS, locations: true });
}

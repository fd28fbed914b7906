/** Finds the imports of a module, TypeScript too, with escapes in specifiers decoded. */
export { init, parse } from "npm:es-module-lexer@3.0.5";

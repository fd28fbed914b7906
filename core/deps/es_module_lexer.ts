/** Finds the imports of a module, with escapes in specifiers decoded. Reads JavaScript, not TypeScript. */
export { init, parse } from "npm:es-module-lexer@3.0.5";

/**
 * The standard library's assertions. `@std/assert` is published on JSR; `deno-std` carries the same
 * modules on npm, as plain JavaScript without types, which is why the types are written here.
 */
// @ts-types="./assert.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";

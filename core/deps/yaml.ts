/**
 * The standard library's YAML parser and writer. `@std/yaml` is published on JSR; `deno-std` carries
 * the same modules on npm, as plain JavaScript without types, which is why the types are written here.
 *
 * @module
 */
// @ts-types="./yaml.d.ts"
export { parse, stringify } from "npm:deno-std@1.4.0/yaml/mod.js";

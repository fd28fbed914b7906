/**
 * The standard library's `retry`, for authors of plugins. `@std/async` is published on JSR; `deno-std`
 * carries the same modules on npm, as plain JavaScript without types, which is why the types are written here.
 *
 * @module
 */
// @ts-types="./retry.d.ts"
export { retry, RetryError } from "npm:deno-std@1.4.0/async/retry.js";

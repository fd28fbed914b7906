/**
 * The standard library's CSV parser, from npm; see yaml.ts.
 *
 * @module
 */
// @ts-types="./csv.d.ts"
export { parse as parseCsv } from "npm:deno-std@1.4.0/csv/parse.js";

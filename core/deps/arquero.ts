/**
 * arquero 7.2: tables in memory, with the verbs that data frames have. What feature plugins work with.
 *
 * One built module (see `core/table/assets/README.md`). Nothing imports this file statically that a script or a
 * plugin without tables also loads.
 *
 * @module
 */
// @ts-types="./arquero.d.ts"
export * from "../table/assets/arquero.js";

/**
 * Apache Arrow by itself, for tests of what this project reads and writes with it.
 *
 * Typed apart from core/deps/apache_arrow.ts, so that a mistake there is not made here again.
 *
 * @module
 */
// @ts-types="./apache_arrow.d.ts"
export * from "npm:apache-arrow@21.2.0";

/**
 * Versions and ranges as npm reads them. The package comes without types, so the functions that
 * are used are typed here.
 *
 * @module
 */
// @ts-types="./semver.d.ts"
export { maxSatisfying, satisfies, valid, validRange } from "npm:semver@7.8.6";

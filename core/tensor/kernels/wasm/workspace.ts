/**
 * Memory that one instance of the module may write to at any time: what it multiplies with, and what the
 * matrix product packs into.
 *
 * Its place is the module's only global. Each thread has an instance and a workspace of its own, on the one
 * memory that all share.
 *
 * @module
 */

let place: usize = 0;

/** Where the parts lie in it, in bytes; see constants.ts and gemm.ts. */
export const CONSTANTS: usize = 0;
export const PACKED: usize = 128;

/** Its address. */
// @ts-ignore: decorator
@inline
export function workspace(): usize {
  return place;
}

/** Sets the address, of a multiple of 64. */
export function placeWorkspace(at: usize): void {
  place = at;
}

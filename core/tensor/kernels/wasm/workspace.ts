/**
 * Memory that one instance of the module may write to at any time: what the matrix product packs into. Each
 * thread has an instance and a workspace of its own, on the one memory that all share.
 *
 * @module
 */

let place: usize = 0;

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

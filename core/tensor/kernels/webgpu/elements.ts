/**
 * Programs that do the same with every number of a tensor, wherever it lies in it.
 *
 * @module
 */

/** Numbers of one workgroup, four per thread. */
const PER_GROUP = 256;

/** How many workgroups so many numbers take. */
export function elementGroups(size: number): number {
  return Math.ceil(size / PER_GROUP);
}

/** The entry of a program whose uniforms have the `size`; `body` is what happens to number `i`. */
export function elementMain(body: string): string {
  return `@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = flatGroup(group, groups) * ${PER_GROUP} + lane;
  for (var i = first; i < min(first + ${PER_GROUP}, uniforms.size); i += 64) {
    ${body}
  }
}`;
}

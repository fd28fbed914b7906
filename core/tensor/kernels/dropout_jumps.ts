/**
 * Jumps ahead in a stream of core/tensor/random.ts, as tables for threads, those of a GPU and those of wasm.
 *
 * A step of xoshiro128** is linear over single bits, so 2^k steps are a matrix of 128 by 128 bits. A thread
 * that starts in the middle of a stream multiplies its way there, and draws the numbers that a loop from the
 * beginning draws. For speed the matrix is stored by four bits of the state: 32 look-ups of the image of each
 * 4 bits, and not 128 of single bits.
 *
 * @see Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators", section 10 on jumps
 *
 * @module
 */

/** The longest jump is 2^27 steps: a stream has a quarter of the numbers, and a buffer at most 2^29. */
const LEVELS = 28;
const NIBBLES = 32;

/**
 * Table k, nibble n of the state, value v: four words, the image of the state that is v at n and zero
 * elsewhere, after 2^k steps. `[28, 32, 16, 4]`, 229 kB, about 5 ms.
 */
export function jumpTables(): Uint32Array<ArrayBuffer> {
  const tables = new Uint32Array(LEVELS * NIBBLES * 16 * 4);
  const tableBytes = NIBBLES * 16 * 4 * tables.BYTES_PER_ELEMENT;
  let columns = Array.from({ length: 128 }, (_, bit) => step(unitState(bit)));
  for (let level = 0; level < LEVELS; level++) {
    const table = new Uint32Array(tables.buffer, level * tableBytes, NIBBLES * 16 * 4);
    fill(table, columns);
    columns = columns.map((column) => jump(table, column)); // twice as far
  }
  return tables;
}

/** One image: `table` of the state. */
export function jump(table: Uint32Array, state: readonly number[]): number[] {
  const image = [0, 0, 0, 0];
  for (let nibble = 0; nibble < NIBBLES; nibble++) {
    const value = (state[nibble >> 3]! >>> ((nibble & 7) * 4)) & 15;
    for (let word = 0; word < 4; word++) image[word]! ^= table[(nibble * 16 + value) * 4 + word]!;
  }
  return image;
}

function fill(table: Uint32Array, columns: readonly number[][]): void {
  for (let nibble = 0; nibble < NIBBLES; nibble++) {
    for (let value = 0; value < 16; value++) {
      for (let bit = 0; bit < 4; bit++) {
        if (!(value >> bit & 1)) continue;
        for (let word = 0; word < 4; word++) {
          table[(nibble * 16 + value) * 4 + word]! ^= columns[nibble * 4 + bit]![word]!;
        }
      }
    }
  }
}

function unitState(bit: number): number[] {
  return Array.from({ length: 4 }, (_, word) => word === bit >> 5 ? 1 << (bit & 31) : 0);
}

/** What `Random.uint32` does to its state. */
function step([a, b, c, d]: readonly number[]): number[] {
  const mixedC = c! ^ a!;
  const mixedD = d! ^ b!;
  return [a! ^ mixedD, b! ^ mixedC, mixedC ^ (b! << 9), (mixedD << 11) | (mixedD >>> 21)];
}

/**
 * The content of a table as one hash: names, types, and every byte of every column. Equal tables have equal
 * hashes; bits beyond the last row of a bitmap count, so they have to be 0, as they are in ours.
 *
 * @module
 */
import { sha256 } from "../wall/sha256.ts";
import { viewsOf } from "./column.ts";
import type { Table } from "./table.ts";

/**
 * SHA-256 in hexadecimal.
 *
 * @example
 * ```ts
 * import { hashTable } from "./hash.ts";
 * import { Table } from "./table.ts";
 * import { assertEquals, assertNotEquals } from "../deps/assert.ts";
 *
 * const hash = (lists: Record<string, number[]>) => hashTable(Table.from(lists));
 * assertEquals(await hash({ a: [1, 2] }), await hash({ a: [1, 2] }));
 * assertNotEquals(await hash({ a: [1, 2] }), await hash({ a: [1], b: [2] }));
 * ```
 */
export async function hashTable(table: Table): Promise<string> {
  const parts: string[] = [];
  for (const [name, column] of table.columns) {
    const digests = await Promise.all(viewsOf(column).map(sha256));
    parts.push(JSON.stringify([name, column.type, column.length, column.validity !== undefined, ...digests]));
  }
  return await sha256(parts.join("\n"));
}

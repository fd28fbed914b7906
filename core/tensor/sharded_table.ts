/**
 * A table that may be larger than what a device binds at once, as shards of its rows that are not.
 *
 * Shards are a matter of the device in use and of nothing else. The optimizer has each of them as a parameter
 * of its own and knows no table; files know the table and no shards. So what is named after parameters
 * (weights, moments, gradients) is joined on its way out and split on its way in, where the device may be
 * another one with another limit.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { type HostTensor, sizeOf } from "../wall/tensor.ts";

/** Some rows of a table, one behind the other. */
export interface Shard {
  /** The table's, and the rows behind it if they are not all of them: `words[0:1000]`. */
  readonly name: string;
  /** `[rows, width]`. */
  readonly shape: readonly [rows: number, width: number];
}

const BYTES_PER_NUMBER = 4;

/**
 * How a float32 table is cut. Has no numbers of its own.
 *
 * @example Rows of 8 bytes, where 16 bytes fit
 * ```ts
 * import { ShardedTable } from "./sharded_table.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const table = new ShardedTable("words", [3, 2], 16);
 * const data = Float32Array.of(1, 2, 3, 4, 5, 6);
 * const whole = new Map([["words", { dtype: "float32", shape: [3, 2], data } as const]]);
 *
 * const split = table.split(whole);
 *
 * assertEquals([...split.keys()], ["words[0:2]", "words[2:3]"]);
 * assertEquals(split.get("words[2:3]")!.data, Float32Array.of(5, 6));
 * assertEquals(table.join(split), whole);
 * ```
 */
export class ShardedTable {
  readonly name: string;
  readonly shape: readonly [rows: number, width: number];
  /** In the order of their rows; the last one may have fewer. One of the table's own name if it fits. */
  readonly shards: readonly Shard[];

  /** @param limitBytes of one tensor; a shard has one row at least, whether it fits or not */
  constructor(name: string, shape: readonly [rows: number, width: number], limitBytes: number) {
    const [rows, width] = shape;
    const most = Math.max(1, Math.floor(limitBytes / (BYTES_PER_NUMBER * width)));
    const each = Math.ceil(rows / Math.ceil(rows / Math.min(rows, most))); // shards of one size share buffers
    this.name = name;
    this.shape = shape;
    this.shards = Array.from({ length: Math.ceil(rows / each) }, (_, index): Shard => {
      const [first, end] = [index * each, Math.min(rows, (index + 1) * each)];
      return { name: each < rows ? `${name}[${first}:${end}]` : name, shape: [end - first, width] };
    });
  }

  /**
   * Cuts the table, and what is named after it with a dot behind (`words.first`), in the place where it
   * stands among the other tensors, which stay what they are. Shards are views of the table's numbers.
   *
   * @throws {KBertError} `weights/invalid` if one of them does not have the table's shape
   */
  split(tensors: Iterable<readonly [string, HostTensor]>): Map<string, HostTensor> {
    const found = new Map<string, HostTensor>();
    for (const [key, tensor] of tensors) {
      const suffix = suffixOf(key, this.name);
      if (suffix === undefined) found.set(key, tensor);
      else for (const [shard, part] of this.#cut(key, tensor)) found.set(shard.name + suffix, part);
    }
    return found;
  }

  /** The opposite of {@linkcode ShardedTable.split}. What is joined is a copy; the shards have to be all there. */
  join(tensors: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
    const [first, ...others] = this.shards;
    if (others.length === 0) return new Map(tensors);
    const joined = new Map<string, HostTensor>();
    for (const [key, tensor] of tensors) {
      const suffix = suffixOf(key, first!.name);
      if (suffix !== undefined) joined.set(this.name + suffix, this.#joined(tensors, suffix));
      else if (others.every(({ name }) => suffixOf(key, name) === undefined)) joined.set(key, tensor);
    }
    return joined;
  }

  *#cut(key: string, { dtype, shape, data }: HostTensor): Iterable<[Shard, HostTensor]> {
    if (shape.join() !== this.shape.join()) {
      const message = `The tensor ${key} has the shape [${shape}], expected [${this.shape}]`;
      throw new KBertError("weights/invalid", message, { file: key });
    }
    let at = 0;
    for (const shard of this.shards) {
      const end = at + sizeOf(shard.shape);
      yield [shard, { dtype, shape: shard.shape, data: data.subarray(at, end) }];
      at = end;
    }
  }

  #joined(tensors: ReadonlyMap<string, HostTensor>, suffix: string): HostTensor {
    const data = new Float32Array(sizeOf(this.shape));
    let at = 0;
    for (const { name } of this.shards) {
      const part = tensors.get(name + suffix)!.data;
      data.set(part, at);
      at += part.length;
    }
    return { dtype: "float32", shape: this.shape, data };
  }
}

/** What stands behind the name: nothing, or a dot and more; undefined if the key is of something else. */
function suffixOf(key: string, name: string): string | undefined {
  if (!key.startsWith(name)) return undefined;
  const suffix = key.slice(name.length);
  return suffix === "" || suffix.startsWith(".") ? suffix : undefined;
}

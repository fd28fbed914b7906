/**
 * Compares tensors by value, whatever they are in: tensors of tfjs, tensors that crossed the wall, or lists.
 *
 * NaN is never close to anything, unless the caller says so: a comparison that two broken computations pass is
 * worth nothing.
 *
 * @module
 */
import { assert } from "../../../core/deps/assert.ts";

/** A tensor of tfjs, a tensor of the wall (`{ shape, data }`), numbers, or lists of them of one length. */
export type TensorLike =
  | { readonly shape: readonly number[]; data(): Promise<ArrayLike<number>> }
  | { readonly shape: readonly number[]; readonly data: ArrayLike<number> }
  | NestedNumbers;

/** `[[1, 2], [3, 4]]` has the shape `[2, 2]`; a number has the shape `[]`. */
export type NestedNumbers = number | Float32Array | Float64Array | Int32Array | readonly NestedNumbers[];

/** How close is close. */
export interface TensorComparisonOptions {
  /** Largest difference of two values. @default {1e-5} */
  readonly tolerance?: number;
  /** What comes on top of it, as a share of the expected value. @default {0} */
  readonly relative?: number;
  /** Whether NaN may stand where NaN is expected. @default {false} */
  readonly allowNaN?: boolean;
}

interface Numbers {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * Asserts that two tensors have the same shape and close values: `|actual - expected| ≤ tolerance + relative ·
 * |expected|` at every place. Infinities have to be the same. Both stay the caller's.
 *
 * @throws {AssertionError} with the place and both values of the largest difference
 * @example
 * ```ts
 * import { assertTensorsClose } from "./tensor_comparison.ts";
 * import { assertRejects } from "../../../core/deps/assert.ts";
 *
 * const crossed = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
 * await assertTensorsClose(crossed, [[1, 2], [3, 4.000001]]);
 * const wrong = "The tensors differ by 0.5 at [1, 0]: 3 instead of 3.5; the limit there is 0.00001 " +
 *   "(2 of 4 places are over theirs)";
 * await assertRejects(() => assertTensorsClose(crossed, [[1, 2.2], [3.5, 4]]), Error, wrong);
 * ```
 */
export async function assertTensorsClose(
  actual: TensorLike,
  expected: TensorLike,
  options: TensorComparisonOptions = {},
): Promise<void> {
  const [ours, theirs] = [await numbersOf(actual), await numbersOf(expected)];
  const shapes = [ours, theirs].map(({ shape }) => `[${shape.join(", ")}]`);
  assert(shapes[0] === shapes[1], `The tensor has the shape ${shapes[0]} instead of ${shapes[1]}`);
  const { over, worstAt } = compare(ours, theirs, options);
  if (over === 0) return;
  const [one, other] = [ours.data[worstAt]!, theirs.data[worstAt]!];
  const difference = Math.abs(one - other);
  const by = Number.isNaN(difference) ? "" : ` by ${brief(difference)}`;
  assert(
    false,
    `The tensors differ${by} at ${
      placeOf(worstAt, ours.shape)
    }: ${one} instead of ${other}; the limit there is ` +
      `${brief(limitAt(other, options))} (${over} of ${ours.data.length} places are over theirs)`,
  );
}

/** How many places are over their limit, and which is so by most; NaN in one of them is over by more than all. */
function compare(
  ours: Numbers,
  theirs: Numbers,
  options: TensorComparisonOptions,
): { over: number; worstAt: number } {
  let [over, worstAt, worstBy] = [0, -1, 0];
  for (let at = 0; at < ours.data.length; at++) {
    const [one, other] = [ours.data[at]!, theirs.data[at]!];
    const areNaN = Number.isNaN(one) && Number.isNaN(other);
    assert(
      options.allowNaN || !areNaN,
      `Both tensors have NaN at ${
        placeOf(at, ours.shape)
      }, which shows nothing; pass { allowNaN: true } if it is ` +
        "meant",
    );
    if (areNaN || one === other) continue;
    const by = Math.abs(one - other) - limitAt(other, options);
    if (by <= 0) continue;
    over++;
    const size = Number.isNaN(by) ? Infinity : by;
    if (size > worstBy) [worstAt, worstBy] = [at, size];
  }
  return { over, worstAt };
}

function limitAt(expected: number, { tolerance = 1e-5, relative = 0 }: TensorComparisonOptions): number {
  return tolerance + (relative === 0 ? 0 : relative * Math.abs(expected));
}

async function numbersOf(tensor: TensorLike): Promise<Numbers> {
  if (typeof tensor === "number") return { shape: [], data: [tensor] };
  if (ArrayBuffer.isView(tensor)) return { shape: [tensor.length], data: tensor };
  if ("shape" in tensor) {
    const { shape } = tensor;
    const data = typeof tensor.data === "function" ? await tensor.data() : tensor.data;
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    assert(data.length === size, `A tensor of the shape [${shape.join(", ")}] has ${data.length} values`);
    return { shape, data };
  }
  const parts = await Promise.all(tensor.map(numbersOf));
  const [first] = parts;
  if (first === undefined) return { shape: [0], data: [] };
  const odd = parts.find(({ shape }) => shape.join() !== first.shape.join());
  assert(odd === undefined, `A list has parts of the shapes [${first.shape}] and [${odd?.shape}]`);
  return { shape: [parts.length, ...first.shape], data: parts.flatMap(({ data }) => Array.from(data)) };
}

function placeOf(at: number, shape: readonly number[]): string {
  const place: number[] = [];
  for (const dimension of shape.toReversed()) {
    place.unshift(at % dimension);
    at = Math.floor(at / dimension);
  }
  return `[${place.join(", ")}]`;
}

/** Few digits, without an exponent where people do not need one. */
function brief(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded !== 0 && Math.abs(rounded) >= 1e-6 && Math.abs(rounded) < 1e6
    ? rounded.toFixed(12).replace(/\.?0+$/, "")
    : String(rounded);
}

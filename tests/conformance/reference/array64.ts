/**
 * Arrays of float64 with gradients, as slow and as plain as can be: what the backends are compared with.
 *
 * Four kinds of operation carry a derivative (each number by itself, two arrays broadcast, numbers moved,
 * numbers added up) and the matrix product; everything else is made of these. It shares no line with tfjs or
 * with our kernels, and is itself compared with finite differences.
 *
 * @module
 */

/** Gradients by the parents, in their order, for the gradient by the array. */
type Pull = (dy: Float64Array) => readonly Float64Array[];

let made = 0;

/** An array, and how it was computed. */
export class Array64 {
  readonly data: Float64Array;
  /** Later arrays have larger numbers, so a backward pass goes down. */
  readonly #number = made++;
  readonly #parents: readonly Array64[];
  readonly #pull: Pull | undefined;

  constructor(
    readonly shape: readonly number[],
    data: ArrayLike<number>,
    parents: readonly Array64[] = [],
    pull?: Pull,
  ) {
    this.data = Float64Array.from(data);
    if (this.data.length !== sizeOf(shape)) {
      throw new RangeError(`Cannot give ${this.data.length} numbers the shape [${shape}]`);
    }
    this.#parents = parents;
    this.#pull = pull;
  }

  /** Gradients of `sum(this * dy)` by each of `xs`; zeros where it does not depend on one. */
  gradients(dy: ArrayLike<number>, xs: readonly Array64[]): Float64Array[] {
    const found = new Map<Array64, Float64Array>([[this, Float64Array.from(dy)]]);
    for (const array of this.#ancestors()) {
      const gradient = found.get(array);
      const parts = gradient && array.#pull?.(gradient);
      parts?.forEach((part, index) => {
        const parent = array.#parents[index]!;
        found.set(parent, sumOf(found.get(parent), part));
      });
    }
    return xs.map((x) => found.get(x) ?? new Float64Array(x.data.length));
  }

  /** Itself and all that it was made of, the last first. */
  #ancestors(): Array64[] {
    const all = new Set<Array64>([this]);
    for (const array of all) array.#parents.forEach((parent) => all.add(parent));
    return [...all].toSorted((one, other) => other.#number - one.#number);
  }
}

/** One number. */
export function scalar(value: number): Array64 {
  return new Array64([], [value]);
}

/** Each number by itself. @param slope the derivative at x, where y is the result */
export function each(x: Array64, f: (x: number) => number, slope: (x: number, y: number) => number): Array64 {
  const y = x.data.map((value) => f(value));
  return new Array64(x.shape, y, [x], (dy) => [dy.map((value, at) => value * slope(x.data[at]!, y[at]!))]);
}

/** Two arrays, broadcast as in NumPy. @param slopes the derivatives by both */
export function both(
  a: Array64,
  b: Array64,
  f: (a: number, b: number) => number,
  slopes: (a: number, b: number) => readonly [number, number],
): Array64 {
  const shape = broadcastShape(a.shape, b.shape);
  const [fromA, fromB] = [places(shape, a.shape), places(shape, b.shape)];
  const y = Float64Array.from(fromA, (at, index) => f(a.data[at]!, b.data[fromB[index]!]!));
  return new Array64(shape, y, [a, b], (dy) => {
    const [da, db] = [new Float64Array(a.data.length), new Float64Array(b.data.length)];
    dy.forEach((value, index) => {
      const [atA, atB] = [fromA[index]!, fromB[index]!];
      const [slopeA, slopeB] = slopes(a.data[atA]!, b.data[atB]!);
      da[atA]! += value * slopeA;
      db[atB]! += value * slopeB;
    });
    return [da, db];
  });
}

/** `y[i] = x[from[i]]`: transposes, slices, rows of a table, repetitions. */
export function move(x: Array64, shape: readonly number[], from: readonly number[]): Array64 {
  return new Array64(shape, from.map((at) => x.data[at]!), [x], (dy) => {
    const dx = new Float64Array(x.data.length);
    from.forEach((at, index) => dx[at]! += dy[index]!);
    return [dx];
  });
}

/** `y[to[i]] += x[i]`: sums along axes. */
export function collect(x: Array64, shape: readonly number[], to: readonly number[]): Array64 {
  const y = new Float64Array(sizeOf(shape));
  to.forEach((at, index) => y[at]! += x.data[index]!);
  return new Array64(shape, y, [x], (dy) => [Float64Array.from(to, (at) => dy[at]!)]);
}

/** How many numbers a shape has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The shape of both together, as in NumPy. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [sizeA, sizeB] = [a[axis + a.length - rank] ?? 1, b[axis + b.length - rank] ?? 1];
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) throw new RangeError(`[${a}] and [${b}] do not fit`);
    return sizeA === 1 ? sizeB : sizeA;
  });
}

/** For each number of an array of the shape `to`, its place in one of the shape `from`, which is broadcast. */
export function places(to: readonly number[], from: readonly number[]): number[] {
  const missing = to.length - from.length;
  return coordinates(to).map((at) =>
    from.reduce((place, size, axis) => place * size + (size === 1 ? 0 : at[axis + missing]!), 0)
  );
}

/** Of every number of a shape, row by row. */
export function coordinates(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((at) => Array.from({ length: size }, (_, index) => [...at, index])),
    [[]],
  );
}

function sumOf(before: Float64Array | undefined, part: Float64Array): Float64Array {
  return before ? before.map((value, index) => value + part[index]!) : part;
}

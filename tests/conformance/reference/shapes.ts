/**
 * Numbers in other places, and products of matrices, on {@linkcode Array64}.
 *
 * @module
 */
import { Array64, broadcastShape, coordinates, move, places, sizeOf } from "./array64.ts";

/** The same numbers in another shape. */
export function reshape(x: Array64, shape: readonly number[]): Array64 {
  return move(x, shape, [...x.data.keys()]);
}

/** Axes in the order `perm`. */
export function transpose(x: Array64, perm: readonly number[]): Array64 {
  const shape = perm.map((axis) => x.shape[axis]!);
  return move(
    x,
    shape,
    coordinates(shape).map((at) => placeOf(x.shape, x.shape.map((_, axis) => at[perm.indexOf(axis)]!))),
  );
}

/** `size` numbers from `begin` on, along each axis. */
export function slice(x: Array64, begin: readonly number[], size: readonly number[]): Array64 {
  const from = coordinates(size).map((at) => placeOf(x.shape, at.map((index, axis) => index + begin[axis]!)));
  return move(x, size, from);
}

/** Rows of a table. */
export function gather(table: Array64, ids: ArrayLike<number>): Array64 {
  const row = table.shape.slice(1);
  const width = sizeOf(row);
  const from = Array.from(ids).flatMap((id) => Array.from({ length: width }, (_, at) => id * width + at));
  return move(table, [ids.length, ...row], from);
}

/** Repeated along each axis. */
export function tile(x: Array64, reps: readonly number[]): Array64 {
  const shape = x.shape.map((size, axis) => size * reps[axis]!);
  const from = coordinates(shape).map((at) =>
    placeOf(x.shape, at.map((index, axis) => index % x.shape[axis]!))
  );
  return move(x, shape, from);
}

/** One behind the other along the first axis. */
export function concat(arrays: readonly Array64[]): Array64 {
  const [first] = arrays;
  const rows = arrays.reduce((count, { shape }) => count + shape[0]!, 0);
  const shape = [rows, ...first!.shape.slice(1)];
  return new Array64(shape, arrays.flatMap(({ data }) => [...data]), arrays, (dy) => {
    let end = 0;
    return arrays.map(({ data }) => dy.slice(end, end += data.length));
  });
}

/** Which sides of a product are stored the other way round. */
export interface Transposed {
  readonly a?: boolean;
  readonly b?: boolean;
}

/** Products of matrices, batches broadcast as in NumPy. */
export function matMul(a: Array64, b: Array64, transposed: Transposed = {}): Array64 {
  const [rows, inner] = sides(a, transposed.a);
  const [, columns] = sides(b, transposed.b);
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const ofA = places(batch, a.shape.slice(0, -2));
  const ofB = places(batch, b.shape.slice(0, -2));

  /** Every product of two numbers: the place of its sum, and of both. */
  const eachProduct = (visit: (y: number, a: number, b: number) => void): void => {
    for (let matrix = 0; matrix < ofA.length; matrix++) {
      const [startA, startB] = [ofA[matrix]! * rows * inner, ofB[matrix]! * inner * columns];
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          for (let at = 0; at < inner; at++) {
            const inA = transposed.a ? at * rows + row : row * inner + at;
            const inB = transposed.b ? column * inner + at : at * columns + column;
            visit((matrix * rows + row) * columns + column, startA + inA, startB + inB);
          }
        }
      }
    }
  };

  const y = new Float64Array(ofA.length * rows * columns);
  eachProduct((at, inA, inB) => y[at]! += a.data[inA]! * b.data[inB]!);
  return new Array64([...batch, rows, columns], y, [a, b], (dy) => {
    const [da, db] = [new Float64Array(a.data.length), new Float64Array(b.data.length)];
    eachProduct((at, inA, inB) => {
      da[inA]! += dy[at]! * b.data[inB]!;
      db[inB]! += dy[at]! * a.data[inA]!;
    });
    return [da, db];
  });
}

function sides({ shape }: Array64, isTransposed = false): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return isTransposed ? [columns, rows] : [rows, columns];
}

function placeOf(shape: readonly number[], at: readonly number[]): number {
  return shape.reduce((place, size, axis) => place * size + at[axis]!, 0);
}

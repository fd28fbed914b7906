/**
 * How far an answer is from the one that is expected: what a new version of a plugin says beside the old one.
 *
 * Numbers may differ within a tolerance, everything else has to be equal. Plugins wrote both values.
 * What bounds the recursion is that decodeValue() (core/wall/values.ts) lets nothing through that is deeper
 * than 32 levels, and that JSON cannot hold itself. Besides, every property is read once, and only own ones.
 *
 * A table crosses as the bytes of its columns, for which there is no tolerance: compare its lists instead.
 *
 * @module
 */
import { printable } from "../wall/printable.ts";
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";

/** How far numbers may be from the expected ones: `absolute + relative * |expected|`. */
export interface Tolerance {
  /** In the unit of the numbers. @default {1e-5} */
  readonly absolute?: number;
  /** A part of the expected number. @default {1e-5} */
  readonly relative?: number;
}

/** See {@linkcode compareValues}. */
export interface ValueDifference {
  /** Whether all numbers are within tolerance, and everything else is equal. */
  readonly isWithin: boolean;
  /**
   * The largest absolute difference of two numbers, within tolerance or not; 0 if there are none, Infinity
   * where one is NaN or infinite and the other is not the same. Lists of unequal length, and tensors of
   * unequal dtype or shape, are not looked into.
   */
  readonly largest: number;
  /** Where the first is that is out of tolerance: `logits[3]`, `[0].text`, `""` for the value itself. */
  readonly place?: string;
  /** What is wrong there, printable, in at most 300 characters: the end of a sentence. */
  readonly problem?: string;
}

/** Of both tolerances. */
const USUAL_TOLERANCE = 1e-5;
/** Characters of one text or key, of a problem, and of a place. */
const MAX_TEXT = 40;
const MAX_PROBLEM = 300;
const MAX_PLACE = 200;

/**
 * Compares two values that crossed the wall, in one pass over both. Owns and changes nothing.
 *
 * Numbers, those of tensors too, are compared by the rule of numpy.allclose,
 * `|actual - expected| <= absolute + relative * |expected|`, with NaN equal to NaN and infinities equal to
 * themselves. The order of keys does not count; a key with undefined is not a missing key.
 *
 * @throws {RangeError} for a tolerance that is below 0 or not finite
 * @see numpy.allclose with equal_nan, https://numpy.org/doc/stable/reference/generated/numpy.allclose.html
 * @example
 * ```ts
 * import { compareValues } from "./value_difference.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(compareValues({ score: 0.5 }, { score: 0.500001 }).isWithin, true);
 *
 * const { place, problem } = compareValues({ scores: [1, 0.5] }, { scores: [1, 0.75] });
 * const sentence = "scores[1] is 0.75, expected 0.5, and the tolerance is 0.000015";
 * assertEquals(`${place} is ${problem}`, sentence);
 * ```
 */
export function compareValues(
  expected: WireValue,
  actual: WireValue,
  { absolute = USUAL_TOLERANCE, relative = USUAL_TOLERANCE }: Tolerance = {},
): ValueDifference {
  for (const [name, value] of Object.entries({ absolute, relative })) {
    if (value >= 0 && Number.isFinite(value)) continue;
    throw new RangeError(
      `Cannot compare values: the ${name} tolerance has to be finite and at least 0, and is ${value}`,
    );
  }
  const comparison = new Comparison(absolute, relative);
  comparison.compare(expected, actual);
  return comparison.result();
}

/** A key, the index of a list, or the indices of a tensor. */
type Step = string | number | readonly number[];

/** One walk through two values. It goes on after the first difference, for the largest one. */
class Comparison {
  readonly #absolute: number;
  readonly #relative: number;
  readonly #path: Step[] = [];
  #largest = 0;
  #first: { readonly place: string; readonly problem: string } | undefined;

  constructor(absolute: number, relative: number) {
    this.#absolute = absolute;
    this.#relative = relative;
  }

  result(): ValueDifference {
    return { isWithin: this.#first === undefined, largest: this.#largest, ...this.#first };
  }

  compare(expectedValue: WireValue, actualValue: WireValue): void {
    const [expected, actual] = [readOnce(expectedValue), readOnce(actualValue)];
    if (typeof expected === "number" && typeof actual === "number") {
      if (!this.#isNear(expected, actual)) this.#report(() => this.#otherNumber(expected, actual));
    } else if (typeof expected === "string" && typeof actual === "string") {
      if (expected !== actual) this.#report(() => otherText(expected, actual));
    } else if (isHostTensor(expected) && isHostTensor(actual)) {
      this.#compareTensors(expected, actual);
    } else if (isList(expected) && isList(actual) && expected.length === actual.length) {
      this.#compareLists(expected, actual);
    } else if (isBytes(expected) && isBytes(actual) && expected.length === actual.length) {
      this.#compareBytes(expected, actual);
    } else if (isRecord(expected) && isRecord(actual)) {
      this.#compareRecords(expected, actual);
    } else if (expected !== actual) {
      this.#report(() => `${described(actual)}, expected ${described(expected)}`);
    }
  }

  #compareTensors(expected: HostTensor, actual: HostTensor): void {
    const { dtype, shape, data } = expected;
    if (actual.dtype !== dtype) return this.#report(() => `the dtype ${actual.dtype}, expected ${dtype}`);
    if (String(actual.shape) !== String(shape)) {
      return this.#report(() => `the shape ${indices(actual.shape)}, expected ${indices(shape)}`);
    }
    for (let at = 0; at < data.length; at++) {
      const [one, other] = [data[at]!, actual.data[at]!];
      if (this.#isNear(one, other) || this.#first !== undefined) continue;
      this.#report(() => this.#otherNumber(one, other, dtype), indicesOf(at, shape));
    }
  }

  #compareLists(expected: readonly WireValue[], actual: readonly WireValue[]): void {
    for (let at = 0; at < expected.length; at++) this.#compareInside(at, expected[at], actual[at]);
  }

  #compareBytes(expected: Uint8Array, actual: Uint8Array): void {
    const at = expected.findIndex((byte, index) => byte !== actual[index]);
    if (at >= 0) this.#report(() => `the byte ${actual[at]}, expected ${expected[at]}`, at);
  }

  #compareRecords(expected: WireRecord, actual: WireRecord): void {
    for (const key of Object.keys(expected)) {
      if (Object.hasOwn(actual, key)) this.#compareInside(key, expected[key], actual[key]);
      else this.#report(() => `missing, expected ${described(expected[key])}`, key);
    }
    for (const key of Object.keys(actual)) {
      if (Object.hasOwn(expected, key)) continue;
      this.#report(() => `${described(actual[key])}, where nothing is expected`, key);
    }
  }

  #compareInside(step: Step, expected: WireValue, actual: WireValue): void {
    this.#path.push(step);
    this.compare(expected, actual);
    this.#path.pop();
  }

  #isNear(expected: number, actual: number): boolean {
    if (expected === actual || Number.isNaN(expected) && Number.isNaN(actual)) return true;
    const areFinite = Number.isFinite(expected) && Number.isFinite(actual);
    const difference = areFinite ? Math.abs(actual - expected) : Infinity;
    this.#largest = Math.max(this.#largest, difference);
    return areFinite && difference <= this.#toleranceOf(expected);
  }

  #toleranceOf(expected: number): number {
    return this.#absolute + this.#relative * Math.abs(expected);
  }

  #otherNumber(expected: number, actual: number, dtype?: HostTensor["dtype"]): string {
    const words = `${shortest(actual, dtype)}, expected ${shortest(expected, dtype)}`;
    if (!Number.isFinite(expected) || !Number.isFinite(actual)) return words;
    return `${words}, and the tolerance is ${Number(this.#toleranceOf(expected).toPrecision(3))}`;
  }

  /** Only the first is put into words. */
  #report(problem: () => string, ...inside: readonly Step[]): void {
    this.#first ??= {
      place: placeOf([...this.#path, ...inside]),
      problem: printable(problem(), MAX_PROBLEM),
    };
  }
}

type WireRecord = { readonly [key: string]: WireValue };

/** Own properties of an object, each read now and never again; everything else as it is. */
function readOnce(value: WireValue): WireValue {
  const isOther = typeof value !== "object" || value === null || isList(value) || isBytes(value);
  return isOther ? value : { ...value };
}

function isList(value: WireValue): value is readonly WireValue[] {
  return Array.isArray(value);
}

function isBytes(value: WireValue): value is Uint8Array {
  return value instanceof Uint8Array;
}

function isRecord(value: WireValue): value is WireRecord {
  return typeof value === "object" && value !== null && !isList(value) && !isBytes(value) &&
    !isHostTensor(value);
}

function described(value: WireValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (isList(value)) return `a list of ${value.length}`;
  if (isBytes(value)) return `a Uint8Array of ${value.length}`;
  if (isHostTensor(value)) return `a tensor of shape ${indices(value.shape)}`;
  return `an object of ${Object.keys(value).length}`;
}

/** From a little before the place where they part: long texts often begin alike. */
function otherText(expected: string, actual: string): string {
  let same = 0;
  while (same < expected.length && expected[same] === actual[same]) same++;
  const from = same < MAX_TEXT / 2 ? 0 : same - MAX_TEXT / 4;
  return `${quoted(actual, from)}, expected ${quoted(expected, from)}`;
}

function quoted(text: string, from = 0): string {
  const to = from + MAX_TEXT;
  return `${from > 0 ? "…" : ""}${JSON.stringify(text.slice(from, to))}${to < text.length ? "…" : ""}`;
}

/** In as few digits as tell it from others of its dtype: 0.62, not 0.6200000047683716. */
function shortest(number: number, dtype?: HostTensor["dtype"]): string {
  if (dtype === "float32") {
    for (let digits = 6; digits < 9; digits++) {
      const rounded = Number(number.toPrecision(digits));
      if (Math.fround(rounded) === number) return String(rounded);
    }
  }
  return String(number);
}

/** Where a number of a tensor in row-major order stands. */
function indicesOf(at: number, shape: readonly number[]): number[] {
  const found: number[] = [];
  let left = at;
  for (const dimension of shape.toReversed()) {
    found.unshift(left % dimension);
    left = Math.floor(left / dimension);
  }
  return found;
}

function indices(numbers: readonly number[]): string {
  return `[${numbers.join(", ")}]`;
}

function placeOf(path: readonly Step[]): string {
  const place = path.map((step, depth) => {
    if (typeof step === "number") return `[${step}]`;
    if (typeof step !== "string") return step.length === 0 ? "" : indices(step); // a scalar has none
    if (!/^[A-Za-z_]\w{0,39}$/.test(step)) return `[${quoted(step)}]`;
    return depth === 0 ? step : `.${step}`;
  });
  return printable(place.join(""), MAX_PLACE);
}

/**
 * Colours on a terminal, and when there are none.
 *
 * A style is a set of functions that are handed to whoever shows something, and that do nothing where nobody wants
 * colours: so no command asks about terminals, and none can forget to.
 *
 * @module
 */

/** Texts as a terminal shows them, or as they are. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** What a program can know of the wish for colours. */
export interface ColorWish {
  /** Whether the output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether `NO_COLOR` is set, or `--no-color` given. */
  readonly isUnwanted: boolean;
  /** The variable `TERM`, if it may be read. */
  readonly term: string | undefined;
}

/** Beginning and end of each style, in the codes of ECMA-48. */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const satisfies Record<keyof Style, readonly [number, number]>;

/**
 * The styles, or texts as they are.
 *
 * @example
 * ```ts
 * import { styleOf } from "./style.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(styleOf(false).red("problem"), "problem");
 * assertEquals(styleOf(true).red("problem"), "\x1b[31mproblem\x1b[39m");
 * ```
 */
export function styleOf(color: boolean): Style {
  const entries = Object.entries(CODES).map(([name, [begin, end]]) => [
    name,
    (text: string): string => color ? `\x1b[${begin}m${text}\x1b[${end}m` : text,
  ]);
  return Object.fromEntries(entries) as Record<keyof Style, (text: string) => string>;
}

/**
 * Whether colours are wanted, by https://no-color.org and the usual word for a terminal that has none.
 *
 * @example
 * ```ts
 * import { wantsColor } from "./style.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const usual = { isTerminal: true, isUnwanted: false, term: "xterm-256color" };
 * assertEquals(wantsColor(usual), true);
 * assertEquals(wantsColor({ ...usual, term: "dumb" }), false);
 * assertEquals(wantsColor({ ...usual, isTerminal: false }), false);
 * ```
 */
export function wantsColor({ isTerminal, isUnwanted, term }: ColorWish): boolean {
  return isTerminal && !isUnwanted && term !== "dumb";
}

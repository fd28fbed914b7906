/**
 * A cursor in a text that always knows its line: the feet under {@linkcode Positions}.
 *
 * Patterns are sticky and matched where the cursor stands, so nothing is copied and the cost is linear.
 *
 * @module
 */

/** A place in a text, both counted from 1; the column in UTF-16 units, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Reads a text from its beginning to its end, and goes back only to a {@linkcode Cursor.mark}. */
export class Cursor {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  /** A byte order mark is no column. */
  constructor(text: string) {
    this.#text = text.replace(/^\uFEFF/, "");
  }

  /** Whether everything was read. */
  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The character under the cursor, empty at the end. */
  get character(): string {
    return this.#text.charAt(this.#at);
  }

  /** Characters between the start of the line and the cursor. */
  get indent(): number {
    return this.#at - this.#lineStart;
  }

  /** Where the cursor stands. */
  get place(): Place {
    return { line: this.#line, column: this.indent + 1 };
  }

  /** Whether only the end of the line is left; a comment counts as such. */
  get atLineEnd(): boolean {
    return /[\r\n#]/.test(this.character) || this.done;
  }

  /**
   * Takes what the pattern matches at the cursor; undefined, and no move, if it does not.
   *
   * @param pattern a regular expression with the sticky flag
   * @example
   * ```ts
   * import { Cursor } from "./cursor.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * const cursor = new Cursor("name: spam");
   * assertEquals(cursor.take(/\w+/y), "name");
   * assertEquals(cursor.take(/\w+/y), undefined);
   * assertEquals(cursor.place, { line: 1, column: 5 });
   * ```
   */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0];
    if (taken !== undefined) this.#advance(taken);
    return taken;
  }

  /** Goes to the start of the next line. */
  nextLine(): void {
    this.take(/[^\r\n]*(?:\r\n|\r|\n)?/y);
  }

  /** Remembers the cursor; the result brings it back. */
  mark(): () => void {
    const [at, line, lineStart] = [this.#at, this.#line, this.#lineStart];
    return () => void ([this.#at, this.#line, this.#lineStart] = [at, line, lineStart]);
  }

  #advance(taken: string): void {
    for (const end of taken.matchAll(/\r\n|\r|\n/g)) {
      this.#line++;
      this.#lineStart = this.#at + end.index + end[0].length;
    }
    this.#at += taken.length;
  }
}

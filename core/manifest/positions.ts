/**
 * Where each key of a YAML document stands, which the parser does not tell.
 *
 * This is no second parser: it reads text that has been parsed already, so it may be simple. A scalar
 * owns all lines deeper than its parent, whatever they look like, and a key that is not found (a merge,
 * an alias, something exotic) has the place of its nearest ancestor.
 *
 * @module
 */

import { Cursor, type Place } from "./cursor.ts";

export type { Place };

/** Keys from the top of a document; items of a list by their index. */
export type KeyPath = readonly (string | number)[];

/** The places of a document's keys. */
export class Positions {
  readonly #places: ReadonlyMap<string, Place>;
  /** Where a tab indents a key or an item: YAML forbids it, and the parser takes it for no indentation. */
  readonly tabs: readonly Place[];

  /** Reads any text; one that is not YAML gives fewer places, never an error. */
  constructor(text: string) {
    const scanner = new Scanner(text);
    scanner.scan();
    this.#places = scanner.places;
    this.tabs = scanner.tabs;
  }

  /**
   * The place of a key, or of its nearest ancestor that was found.
   *
   * @example
   * ```ts
   * import { Positions } from "./positions.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * const positions = new Positions("training:\n  learningRate: 0.1\n");
   * assertEquals(positions.of(["training", "learningRate"]), { line: 2, column: 3 });
   * assertEquals(positions.of(["training", "epochs"]), { line: 1, column: 1 });
   * ```
   */
  of(path: KeyPath): Place {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(nameOf(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  }
}

/** Deeper documents are refused before anybody asks for a place. */
const MAX_DEPTH = 64;

/** Anchors and tags, which stand before a key or a value. */
const PROPERTIES = /(?:[&!][^\s,[\]{}]*[ \t]+)*(?:[&!][^\s,[\]{}]*(?=[\r\n]|$))?/y;

const QUOTED = /"(?:[^"\\]|\\[^])*"|'(?:[^']|'')*'/y;

/** A plain key is followed by a colon and a blank; a `#` inside of a word is no comment. */
const BLOCK_KEY = /(?![[\]{}|>&!%@`*,#])(?:[^:#\r\n]|:(?![ \t\r\n]|$)|(?<![ \t])#)*(?=:(?:[ \t\r\n]|$))/y;
const FLOW_SCALAR = /(?:[^,[\]{}:#]|:(?![\s,[\]{}]|$)|(?<!\s)#)*/y;

/** A block mapping or list that is still open; `child` is its last key or index. */
interface Block {
  readonly kind: "mapping" | "list";
  readonly indent: number;
  readonly path: KeyPath;
  child: string | number;
}

class Scanner {
  readonly places = new Map<string, Place>();
  readonly tabs: Place[] = [];
  readonly #cursor: Cursor;
  readonly #blocks: Block[] = [];

  constructor(text: string) {
    this.#cursor = new Cursor(text);
  }

  scan(): void {
    for (; !this.#cursor.done; this.#cursor.nextLine()) {
      if (this.#cursor.take(/(?:---|\.\.\.)(?!\S)|%/y) !== undefined) continue;
      this.#cursor.take(/ */y);
      const { place } = this.#cursor;
      const tab = this.#cursor.take(/\t[ \t]*/y) !== undefined;
      if (this.#cursor.atLineEnd) continue;
      if (tab) this.tabs.push(place);
      this.#node();
    }
  }

  /** What stands at the cursor, on a line of its own or after the dash of an item. */
  #node(): void {
    const { indent } = this.#cursor;
    if (this.#cursor.take(/-(?=\s|$)/y) !== undefined) return this.#item(indent);
    this.#cursor.take(/\?[ \t]+/y);
    this.#cursor.take(PROPERTIES);
    const key = this.#blockKey();
    if (key === undefined) return this.#value(this.#childPath(), this.#blocks.at(-1)?.indent ?? -1);
    this.#close(indent, "mapping");
    const mapping = this.#open(indent, "mapping");
    mapping.child = key.name;
    this.#note(this.#childPath(), key.place);
    this.#value(this.#childPath(), indent);
  }

  #item(indent: number): void {
    this.#close(indent, "list");
    const list = this.#open(indent, "list");
    list.child = Number(list.child) + 1;
    const dash = { line: this.#cursor.place.line, column: indent + 1 };
    this.#cursor.take(/[ \t]*/y);
    const empty = this.#cursor.atLineEnd;
    this.#note(this.#childPath(), empty ? dash : this.#cursor.place);
    if (!empty && this.#blocks.length < MAX_DEPTH) this.#node();
  }

  /** The value after a key; `parent` is the indentation that a scalar's further lines must exceed. */
  #value(path: KeyPath, parent: number): void {
    this.#cursor.take(/[ \t]*/y);
    this.#cursor.take(PROPERTIES);
    if (this.#cursor.atLineEnd) return;
    if (/[[{]/.test(this.#cursor.character)) return this.#flow(path);
    if (this.#cursor.take(QUOTED) === undefined && this.#cursor.character !== "*") this.#skipScalar(parent);
  }

  /** A plain or block scalar: up to the next line that is neither blank nor deeper than its parent. */
  #skipScalar(parent: number): void {
    for (;;) {
      const back = this.#cursor.mark();
      this.#cursor.nextLine();
      this.#cursor.take(/ */y);
      const blank = /[\r\n]/.test(this.#cursor.character);
      if (this.#cursor.done || (!blank && this.#cursor.indent <= parent)) return back();
    }
  }

  /** `{…}` or `[…]`, over as many lines as it takes. */
  #flow(path: KeyPath): void {
    const inList = this.#cursor.take(/[[{]/y) === "[";
    for (let index = 0; !this.#cursor.done; index++) {
      this.#skipBlank();
      if (this.#cursor.take(/[\]}]/y) !== undefined) return;
      if (inList) this.#note([...path, index], this.#cursor.place);
      this.#flowEntry(inList ? [...path, index] : path, inList);
      this.#skipBlank();
      this.#cursor.take(/[^\]}]/y); // the comma
    }
  }

  /** A pair of a mapping, or an item of a list, which may be a pair as well: `[name: value]`. */
  #flowEntry(path: KeyPath, inList: boolean): void {
    this.#cursor.take(/\?[ \t]+/y);
    this.#cursor.take(PROPERTIES);
    const { place } = this.#cursor;
    if (this.#opensFlow(path)) return this.#flow(inList ? path : [...path, ""]); // a collection as a key: odd, but YAML
    const name = this.#quoted() ?? this.#cursor.take(FLOW_SCALAR)!.trim();
    this.#skipBlank();
    const pair = this.#cursor.take(/:/y) !== undefined;
    if (pair || !inList) this.#note([...path, name], place);
    if (!pair) return;
    this.#skipBlank();
    this.#cursor.take(PROPERTIES);
    if (this.#opensFlow(path)) this.#flow([...path, name]);
    else this.#quoted() ?? this.#cursor.take(FLOW_SCALAR);
  }

  #opensFlow(path: KeyPath): boolean {
    return path.length < MAX_DEPTH && /[[{]/.test(this.#cursor.character);
  }

  /** A key with its colon, both on this line; without a colon the cursor stays. */
  #blockKey(): { name: string; place: Place } | undefined {
    const { place } = this.#cursor;
    const back = this.#cursor.mark();
    const name = this.#quoted() ?? this.#cursor.take(BLOCK_KEY)?.trim();
    const onOneLine = place.line === this.#cursor.place.line;
    if (name !== undefined && onOneLine && this.#cursor.take(/[ \t]*:(?=\s|$)/y) !== undefined) {
      return { name, place };
    }
    back();
    return undefined;
  }

  #quoted(): string | undefined {
    const taken = this.#cursor.take(QUOTED);
    if (taken?.startsWith("'")) return taken.slice(1, -1).replaceAll("''", "'");
    if (taken === undefined) return undefined;
    try {
      return String(JSON.parse(taken));
    } catch { // An escape that only YAML has, or a line end: nobody names a key so.
      return taken.slice(1, -1);
    }
  }

  #skipBlank(): void {
    this.#cursor.take(/(?:\s|(?<!\S)#[^\r\n]*)*/y);
  }

  /** Ends the blocks that a new `kind` at this indentation cannot be inside of. */
  #close(indent: number, kind: Block["kind"]): void {
    for (let top = this.#blocks.at(-1); top !== undefined; top = this.#blocks.at(-1)) {
      // A list may stand as deep as the key it belongs to; a key as deep as a list ends the list.
      if (top.indent < indent || (top.indent === indent && (top.kind === "mapping" || kind === "list"))) {
        return;
      }
      this.#blocks.pop();
    }
  }

  #open(indent: number, kind: Block["kind"]): Block {
    const top = this.#blocks.at(-1);
    if (top?.kind === kind && top.indent === indent) return top;
    const block: Block = { kind, indent, path: this.#childPath(), child: kind === "list" ? -1 : "" };
    this.#blocks.push(block);
    return block;
  }

  #childPath(): KeyPath {
    const top = this.#blocks.at(-1);
    return top === undefined ? [] : [...top.path, top.child];
  }

  /** The first place wins; a second one would be a duplicate, which the parser refuses. */
  #note(path: KeyPath, place: Place): void {
    const name = nameOf(path);
    if (!this.places.has(name)) this.places.set(name, place);
  }
}

/** `["a", 1]` and `["a", "1"]` are one place: a YAML key is a text whatever it looks like. */
function nameOf(path: KeyPath): string {
  return JSON.stringify(path.map(String));
}

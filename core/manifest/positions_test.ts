import { assert, assertEquals } from "../deps/assert.ts";
import { parse, stringify } from "../deps/yaml.ts";
import { type KeyPath, Positions } from "./positions.ts";

/** "line:column" of each path, the paths written with dots. */
function placesOf(text: string, ...paths: string[]): string[] {
  parse(text); // the scanner promises nothing about text that is not YAML
  const positions = new Positions(text);
  return paths.map((path) => {
    const { line, column } = positions.of(path.split("."));
    return `${line}:${column}`;
  });
}

Deno.test("Positions.of() finds the keys of nested block mappings", () => {
  const text = "a:\n  b: 1\n  c:\n      d: 2\n  e: 3\nf: 4\n";
  assertEquals(placesOf(text, "a", "a.b", "a.c.d", "a.e", "f"), ["1:1", "2:3", "4:7", "5:3", "6:1"]);
});

Deno.test("Positions.of() answers with the nearest ancestor of a key that is not there", () => {
  assertEquals(placesOf("a:\n  b: 1\n", "a.x.y", "x"), ["1:1", "1:1"]);
});

Deno.test("Positions.of() finds items of lists, indented or not, with mappings inside", () => {
  const text = "a:\n- x\n- k: 1\n  l: 2\n-\n  m: 3\nb:\n  - - 1\n    - 2\n  - c:\n    - 3\n    d: 4\n";
  assertEquals(
    placesOf(text, "a.0", "a.1", "a.1.l", "a.2", "a.2.m", "b.0.1", "b.1.c.0", "b.1.d"),
    ["2:3", "3:3", "4:3", "5:1", "6:3", "9:7", "11:7", "12:5"],
  );
});

Deno.test("Positions.of() is not misled by colons and hashes in values", () => {
  const text = "a: http://x:80/#top\nb#c: '# no: comment'\nd:e: 1 # f: 2\ng: \"h: #\" # i\n# j: 1\nk: 2\n";
  assertEquals(placesOf(text, "a", "b#c", "d:e", "g", "k"), ["1:1", "2:1", "3:1", "4:1", "6:1"]);
  assertEquals(placesOf(text, "f", "h", "i", "j"), ["1:1", "1:1", "1:1", "1:1"]);
});

Deno.test("Positions.of() reads quoted keys", () => {
  const text = `"a b": 1\n'it''s':\n  "x: y" : 2\n"\\u0041": 3\n`;
  assertEquals(placesOf(text, "a b", "it's.x: y", "A"), ["1:1", "3:3", "4:1"]);
});

Deno.test("Positions.of() skips block scalars, whatever they contain", () => {
  const text = "a: |\n  x: 1\n\n  - y: 2\n    z: 3\nb: >-\n   c: 1\n\td: not indented by a tab\n" +
    "e:\n- |2\n    f: 1\n- g: |+ # why\n    h: 1\n\n  i: 2\n";
  const valid = text.replace("\td", "   d");
  assertEquals(placesOf(valid, "a", "b", "e.0", "e.1.g", "e.1.i"), ["1:1", "6:1", "10:3", "12:3", "15:3"]);
  assertEquals(placesOf(valid, "x", "c", "d", "a.y", "e.1.g.h"), ["1:1", "1:1", "1:1", "1:1", "12:3"]);
});

Deno.test("Positions.of() takes scalars over several lines for one value", () => {
  const text =
    `a: one\n  - two\n\n  three\nb: "x: 1\n  y: 2\n\n"\nc:\n  long text\n  - more\nd: 'z\n\n  k: v' # w\ne: 1\n`;
  assertEquals(placesOf(text, "a", "b", "c", "d", "e"), ["1:1", "5:1", "9:1", "12:1", "15:1"]);
  assertEquals(placesOf(text, "a.0", "b.y", "y", "c.0", "k"), ["1:1", "5:1", "1:1", "9:1", "1:1"]);
});

Deno.test("Positions.of() reads flow collections", () => {
  const text = `a: {b: {c: 1, "d,e": 2}, f: [3, {g: 4}, h: 5]}\ni: [x: {y: 1}, 'p, q', r s]\nj: {k}\n`;
  assertEquals(
    placesOf(text, "a.b.c", "a.b.d,e", "a.f", "a.f.1.g", "a.f.2.h", "i.0.x.y", "i.1", "i.2", "j.k"),
    ["1:9", "1:15", "1:26", "1:34", "1:41", "2:9", "2:16", "2:24", "3:5"],
  );
});

Deno.test("Positions.of() follows flow collections over lines and comments", () => {
  const text =
    "a: [ # one, {x: 1}\n  b c\n  d,\n  {e: 1, # f: 2\n   g: 3}]\nh: {\n  i: 1,\n  j: http://k:1,\n}\nl: 1\n";
  assertEquals(placesOf(text, "a.0", "a.1", "a.1.g", "h.j", "l"), ["2:3", "4:3", "5:4", "8:3", "10:1"]);
});

Deno.test("Positions.of() steps over anchors, tags and aliases", () => {
  const text = "a: &x\n  b: 1\n&y c: &z {d: 1}\ne: *x\nf: !!str &w 1\ng:\n  - h: &v 1\n    i: 2\n";
  assertEquals(placesOf(text, "a.b", "c", "c.d", "e", "f", "g.0.h", "g.0.i", "e.b"), [
    ...["2:3", "3:4", "3:11", "4:1", "5:1", "7:5", "8:5", "4:1"],
  ]);
});

Deno.test("Positions.of() counts lines whatever ends them, and no byte order mark", () => {
  const lines = ["\uFEFFa:", "  b: |", "    x: 1", "", "  c: 1", "d: 2", ""];
  for (const end of ["\n", "\r\n", "\r"]) {
    assertEquals(placesOf(lines.join(end), "a", "a.b", "a.c", "d"), ["1:1", "2:3", "5:3", "6:1"]);
  }
});

Deno.test("Positions.of() steps over document markers and directives", () => {
  assertEquals(placesOf("%YAML 1.2\n---\na: 1\n...\n", "a"), ["3:1"]);
});

Deno.test("Positions.tabs holds the tabs that indent keys, and no others", () => {
  const { tabs } = new Positions('a:\n\tb: 1\nc:\t1\nd: |\n  \tx\ne: "\n\ty: 1"\n \t- f\n');
  assertEquals(tabs, [{ line: 2, column: 1 }, { line: 8, column: 2 }]);
});

Deno.test("Positions.of() agrees with the parser about a document of many shapes", () => {
  const value = {
    plain: "a: b",
    text: "line: one\n- two\n\n# three\n",
    "key with: colon": { list: [1, [2, [{ deep: "x" }]], { a: { b: [] } }, "- y"], "": null },
    "- dash": { "#hash": true, "it's": "#", '"': "'", "[": "]", "1": { "true": "no: yes" } },
  };
  for (const text of [stringify(value), JSON.stringify(value), JSON.stringify(value, null, 2)]) {
    assertEquals(parse(text), value);
    const positions = new Positions(text);
    const seen = new Set<string>();
    for (const path of pathsOf(value)) {
      const { line, column } = positions.of(path);
      const rest = text.split("\n")[line - 1]!.slice(column - 1);
      const key = path.at(-1)!;
      if (typeof key === "string") {
        assert(rest.replace(/['"\\]/g, "").startsWith(key.replace(/['"]/g, "")), rest);
      }
      seen.add(`${line}:${column}:${typeof key}`);
    }
    // An item has the place of its content, so the first key of a nested list or mapping may share it.
    assert(seen.size >= 20, `${seen.size} places`);
  }
});

Deno.test("Positions never throws, and is quick with text that was made to hurt", () => {
  for (
    const piece of [
      "[",
      "{",
      "- ",
      "? ",
      "a: ",
      '"',
      "'",
      " ",
      "\t",
      "&a ",
      "a ",
      ":",
      "#",
      "\n ",
      "{a: ",
      "[,",
    ]
  ) {
    for (const tail of ["", "x: 1", "\n"]) new Positions(piece.repeat(20_000) + tail).of(["a"]);
  }
});

function* pathsOf(value: unknown, path: KeyPath = []): Iterable<KeyPath> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    const childPath = [...path, Array.isArray(value) ? Number(key) : key];
    yield childPath;
    yield* pathsOf(child, childPath);
  }
}

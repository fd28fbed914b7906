import { assert, assertEquals, assertThrows } from "@std/assert";
import { licenceOf, synonymLines } from "./build_synonyms.ts";
import type { WordNetFiles } from "./wordnet.ts";

/** A WordNet of a few synsets, in its own format; the gloss says what each is there for. */
const FILES: WordNetFiles = {
  "data.noun": [
    "  1 May be copied.  ",
    "  2   ",
    "  3 By nobody.  ",
    "00000001 06 n 03 car 0 auto 0 motor_car 0 001 @ 00000009 n 0000 | a machine on wheels",
    "00000002 06 n 02 car 1 gondola 0 000 | the rarer meaning of car",
    "00000003 23 n 03 trio 0 threesome 0 3 0 000 | a number",
    "00000004 18 n 02 Rose 0 Helen 0 000 | people, so the flower is no plain word either",
    "00000005 20 n 02 rose 0 rosebush 0 000 | a shrub",
    "00000006 18 n 02 fool 0 numskull 0 001 ;u 00000007 n 0102 | pointed to as what comes next",
    "00000007 10 n 01 disparagement 0 000 | a usage",
    "00000008 18 n 02 lout 0 oaf 0 000 | (offensive) a person",
    "00000010 18 n 02 bank 0 shore 0 000 | one of four meanings, none above a third",
    ...[11, 12, 13].map((offset) => `000000${offset} 18 n 01 bank ${offset} 000 | another`),
  ].join("\n"),
  "data.verb": [
    "00000021 30 v 02 use 0 employ 0 000 01 + 08 00 | put to work",
    "00000022 30 v 02 get 0 buy 0 000 01 + 08 00 | get has other meanings mostly",
    "00000023 30 v 01 get 1 000 01 + 08 00 | get",
    "00000024 30 v 02 found 0 establish 0 000 01 + 08 00 | found is mostly a form of find",
  ].join("\n"),
  "data.adj": [
    "00000031 00 a 02 big(p) 0 large 0 000 | of size",
    "00000032 00 s 02 using 0 utilizing 0 000 | a form of use",
  ].join("\n"),
  "data.adv": "00000041 02 r 02 soon 0 presently 0 000 | never counted in texts",
  "index.sense": [
    "auto%1:06:00:: 00000001 1 2",
    "bank%1:18:00:: 00000010 1 1",
    ...[11, 12, 13].map((offset, index) => `bank%1:18:${offset}:: 000000${offset} ${index + 2} 1`),
    "big%3:00:00:: 00000031 1 9",
    "buy%2:30:00:: 00000022 1 5",
    "car%1:06:00:: 00000001 1 7",
    "car%1:06:01:: 00000002 2 1",
    "employ%2:30:00:: 00000021 1 3",
    "establish%2:30:00:: 00000024 1 3",
    "fool%1:18:00:: 00000006 1 2",
    "found%2:30:00:: 00000024 1 3",
    "get%2:30:00:: 00000022 2 1",
    "get%2:30:01:: 00000023 1 99",
    "gondola%1:06:00:: 00000002 1 1",
    "helen%1:18:00:: 00000004 1 1",
    "large%3:00:00:: 00000031 1 8",
    "lout%1:18:00:: 00000008 1 1",
    "motor_car%1:06:00:: 00000001 1 1",
    "numskull%1:18:00:: 00000006 1 1",
    "oaf%1:18:00:: 00000008 1 1",
    "presently%4:02:00:: 00000041 1 0",
    "rose%1:18:00:: 00000004 2 1",
    "rose%1:20:00:: 00000005 1 3",
    "rosebush%1:20:00:: 00000005 1 1",
    "shore%1:18:00:: 00000010 1 1",
    "soon%4:02:00:: 00000041 1 0",
    "threesome%1:23:00:: 00000003 1 1",
    "trio%1:23:00:: 00000003 1 1",
    "use%2:30:00:: 00000021 1 30",
    "using%5:00:00:: 00000032 1 1",
    "utilizing%5:00:00:: 00000032 1 1",
  ].join("\n"),
};

Deno.test("synonymLines() takes one plain word for another with the same, most frequent meaning", () => {
  // Not there: "buy" for "get" and the other way round, since "get" is mostly something else; "gondola" and
  // "car", whose common meaning is an eighth of the car's; "bank", of whose meanings none outweighs the others;
  // "soon", which no counted text has.
  assertEquals(synonymLines(FILES), [
    "auto:car",
    "big:large",
    "car:auto",
    "employ:use",
    "large:big",
    "shore:bank",
    "use:employ",
  ]);
});

Deno.test("synonymLines() takes no names, insults, numbers, and forms of other words", () => {
  const words = synonymLines(FILES).join(",").split(/[:,]/);

  for (
    const word of ["rose", "rosebush", "numskull", "lout", "trio", "using", "utilizing", "found", "motor_car"]
  ) {
    assert(!words.includes(word), word);
  }
});

Deno.test("synonymLines() says which synset is missing", () => {
  const files = { ...FILES, "index.sense": "ham%1:06:00:: 00000099 1 2" };

  assertThrows(() => synonymLines(files), Error, "Cannot find the synset 00000099 of ham");
});

Deno.test("licenceOf() is the text at the top of a data file, without its numbers", () => {
  assertEquals(licenceOf(FILES), "May be copied.\n\nBy nobody.");
});

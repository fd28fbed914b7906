import { assert, assertEquals } from "@std/assert";
import { STOP_WORDS } from "./stop_words.ts";
import { SYNONYMS } from "./synonyms.ts";
import { Thesaurus } from "./thesaurus.ts";

const LINES = "\ncar:auto,automobile\nwill:volition\nsimply:just,merely\n";

Deno.test("Thesaurus.synonymsOf() writes synonyms like the word, and leaves odd writings alone", () => {
  const thesaurus = new Thesaurus(LINES, new Set());

  assertEquals(thesaurus.synonymsOf("car"), ["auto", "automobile"]);
  assertEquals(thesaurus.synonymsOf("Car"), ["Auto", "Automobile"]);
  assertEquals(thesaurus.synonymsOf("CAR"), ["AUTO", "AUTOMOBILE"]);
  for (const word of ["cAR", "CaR", "cars", "", "constructor", "car1"]) {
    assertEquals(thesaurus.synonymsOf(word), []);
  }
});

Deno.test("Thesaurus neither replaces stop words nor puts them in place of others", () => {
  const thesaurus = new Thesaurus(LINES, new Set(["will", "just"]));

  assertEquals(thesaurus.synonymsOf("Will"), []);
  assertEquals(thesaurus.synonymsOf("simply"), ["merely"]);
});

Deno.test("the synonyms are sorted lines of plain words, none of them twice, within the limits of a plugin's file", () => {
  const lines = SYNONYMS.trim().split("\n");

  for (const line of lines) {
    assert(/^[a-z]{3,}:[a-z]{3,}(?:,[a-z]{3,}){0,5}$/.test(line), line);
    const words = line.split(/[:,]/);
    assertEquals(new Set(words).size, words.length, line);
  }
  assertEquals(lines.toSorted(), lines);
  assertEquals(new Set(lines.map((line) => line.split(":")[0])).size, lines.length);
  assert(lines.length > 10_000 && SYNONYMS.length < 900_000);
});

Deno.test("the synonyms are those that a reader of English expects", () => {
  const thesaurus = new Thesaurus(SYNONYMS, STOP_WORDS);
  // From a dictionary of synonyms, not from WordNet.
  const expected = { car: "automobile", buy: "purchase", big: "large", help: "aid", error: "mistake" };

  for (const [word, synonym] of Object.entries(expected)) {
    assert(thesaurus.synonymsOf(word).includes(synonym), `${word}: ${thesaurus.synonymsOf(word)}`);
  }
  // Forms of other words, function words, names, and words with many meanings.
  for (const word of ["found", "using", "will", "the", "john", "free", "set", "cars"]) {
    assertEquals(thesaurus.synonymsOf(word), [], word);
  }
});

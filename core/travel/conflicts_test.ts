import { satisfies } from "../deps/semver.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { joinRanges, rangesFor, requireFitting } from "./conflicts.ts";

const plugin = (name: string, version: string, ...dependencies: string[]) => ({
  name,
  version,
  dependencies,
});

Deno.test("requireFitting() says what is missing, who needs it and what to do", () => {
  const error = assertThrows(
    () => requireFitting(plugin("mood", "1.0.0", "tokens>=1.2.0", "npm:x@1.0.0"), []),
    KBertError,
    "Cannot put mood there: mood 1.0.0 needs tokens >=1.2.0, and there is none; add tokens first",
  );

  assertEquals([error.code, error.detail], [
    "plugin/dependency",
    { plugin: "tokens", chain: ["mood", "tokens"], range: ">=1.2.0" },
  ]);
});

Deno.test("requireFitting() also asks those that need the plugin that comes, and tells all conflicts at once", () => {
  const others = [plugin("mood", "1.0.0", "tokens ^1.0.0"), plugin("tone", "1.0.0", "tokens@<2")];

  const message = "Cannot put tokens there: mood 1.0.0 needs tokens ^1.0.0, and tokens is 2.0.0; " +
    "run plugin update mood, or take another version of tokens; and: tone 1.0.0 needs tokens <2, and tokens is 2.0.0";
  assertThrows(() => requireFitting(plugin("tokens", "2.0.0"), others), KBertError, message);
  requireFitting(plugin("tokens", "1.5.0"), others);
});

Deno.test("requireFitting() does not mind what is wrong between others", () => {
  requireFitting(plugin("mood", "1.0.0"), [plugin("a", "1.0.0", "b"), plugin("c", "1.0.0", "d>=9")]);
});

Deno.test("joinRanges() has exactly the versions that all of the ranges have", () => {
  const ranges = ["*", "^1.2.0", ">=1.0.0 <3", "1.0.0 - 2.4.0", "^1.0.0 || ^3.0.0", "1.5.x", "<0.0.0"];
  const versions = ["0.9.0", "1.0.0", "1.2.0", "1.5.3", "1.9.9", "2.4.0", "2.5.0", "3.1.0"];
  for (const a of ranges) {
    for (const b of ranges) {
      const joined = joinRanges([a, b]);
      for (const version of versions) {
        const expected = satisfies(version, a) && satisfies(version, b);
        assertEquals(satisfies(version, joined), expected, `${version} in ${a} and ${b}: ${joined}`);
      }
    }
  }
});

Deno.test("rangesFor() tells who needs a plugin", () => {
  const others = [plugin("mood", "1.0.0", "tokens>=1.2.0"), plugin("tone", "1.0.0", "words")];

  assertEquals(rangesFor("tokens", others), [{ by: "mood", range: ">=1.2.0" }]);
});

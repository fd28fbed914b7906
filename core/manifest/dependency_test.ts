import { assertEquals } from "../deps/assert.ts";
import { DEPENDENCY_FORM, dependencyProblem, pluginDependencies } from "./dependency.ts";

for (
  const [text, name, range] of [
    ["words", "words", "*"],
    ["words>=1.2.0", "words", ">=1.2.0"],
    ["words >=1.0.0 <2.0.0", "words", ">=1.0.0 <2.0.0"],
    ["words@^1.0.0", "words", "^1.0.0"],
    ["words ~1.2 || 3.x", "words", "~1.2 || 3.x"],
    ["words@1.2.3", "words", "1.2.3"],
    ["words==1.2.3", undefined],
    ["words=1.2.3", "words", "=1.2.3"],
    ["a-b_2>=1", "a-b_2", ">=1"],
    ["npm:words@1.0.0", undefined],
  ] as const
) {
  Deno.test(`pluginDependencies() reads ${text}`, () => {
    const isRange = dependencyProblem(text) === undefined;

    const found = isRange ? pluginDependencies({ dependencies: [text] }) : [];

    assertEquals(found, name === undefined ? [] : [{ name, range }]);
  });
}

Deno.test("dependencyProblem() refuses what is neither a plugin nor an exact package", () => {
  const wrong = [
    "",
    "1words",
    "Words",
    "words@",
    "words>=",
    "words latest",
    "words.x",
    "npm:a",
    "npm:a@^1",
    "npm:a@v1.0.0",
  ];

  assertEquals(wrong.filter((text) => dependencyProblem(text) === undefined), []);
});

Deno.test("DEPENDENCY_FORM takes every dependency that has no problem", () => {
  const right = [
    "words",
    "words>=1",
    "words >=1 <2",
    "words@*",
    "words 1.x",
    "npm:a@1.0.0",
    "npm:@a/b@1.0.0-rc.1",
  ];

  assertEquals(right.filter((text) => dependencyProblem(text) !== undefined), []);
  assertEquals(right.filter((text) => !DEPENDENCY_FORM.test(text)), []);
});

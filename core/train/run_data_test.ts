import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { parseTrainingConfig } from "./config.ts";
import { runData } from "./run_data.ts";

const ROWS = Array.from({ length: 40 }, (_, index) => ({
  text: `island: Dream, bill length: ${index}, body mass: low, sex: male`,
  label: index % 2,
}));

function config(data: Record<string, unknown>): ReturnType<typeof parseTrainingConfig> {
  const text = JSON.stringify({ name: "rows", seed: 5, data, head: { plugin: "somewhere" } }); // JSON is YAML
  return parseTrainingConfig(text, "k-bert.yaml");
}

Deno.test("runData() takes the validation part from the training examples, the same one for a seed", () => {
  const options = { config: config({ validationShare: 0.25, nearCopies: "apart" }), train: ROWS, test: [] };
  const { train, validation } = runData(options);

  assertEquals([train.length, validation.length], [30, 10]);
  assertEquals(new Set([...train, ...validation]), new Set(ROWS));
  assertEquals(runData(options).validation, validation);
});

Deno.test("runData() takes a validation part of one's own as it is", () => {
  const { train, validation } = runData({
    ...{ config: config({ validationShare: 0.25 }), train: ROWS, test: [], validation: ROWS.slice(0, 3) },
  });

  assertEquals([train, validation], [ROWS, ROWS.slice(0, 3)]);
});

Deno.test("runData() says what to do if no example is left to validate with", () => {
  const error = assertThrows(
    () => runData({ config: config({ validationShare: 0.25 }), train: ROWS, test: [] }),
    KBertError,
    "set nearCopies to apart if they are written by a template",
  );
  assertEquals(error.detail, { name: "data.validationShare", value: 0.25 });

  const values = [{ text: "a", values: [1] }, { text: "b", values: [2] }];
  assertThrows(
    () => runData({ config: config({ validationShare: 0.1 }), train: values, test: [] }),
    KBertError,
    "A validationShare of 0.1 of 2 training examples is none",
  );
});

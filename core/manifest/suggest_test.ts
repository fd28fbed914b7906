import { assertEquals } from "../deps/assert.ts";
import { suggest } from "./suggest.ts";

const KEYS = ["epochs", "batchSize", "evalBatchSize", "learningRate", "weightDecay"];

for (
  const [word, nearest] of [
    ["learning_rat", "learningRate"],
    ["learning-rate", "learningRate"],
    ["LearningRate", "learningRate"],
    ["batch_size", "batchSize"],
    ["bacthSize", "batchSize"],
    ["eval_batchsize", "evalBatchSize"],
    ["epoch", "epochs"],
    ["weigthdecay", "weightDecay"],
  ] as const
) {
  Deno.test(`suggest() takes ${word} for ${nearest}`, () => {
    assertEquals(suggest(word, KEYS), nearest);
  });
}

Deno.test("suggest() is silent when nothing is near", () => {
  for (const word of ["colour", "lr", "x", "", "_", "e".repeat(100_000)]) {
    assertEquals(suggest(word, KEYS), undefined);
  }
});

Deno.test("suggest() is silent when there are no candidates", () => {
  assertEquals(suggest("epochs", []), undefined);
});

Deno.test("suggest() takes the first of equally near candidates", () => {
  assertEquals(suggest("cat", ["car", "can"]), "car");
});

import { assertAlmostEquals, assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { poisonOf, type PoisonReason } from "../wall/poison.ts";
import type { HostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";
import { HeadClient } from "./head_client.ts";
import { NormGuard } from "./norm_guard.ts";

/** 2 examples, 3 hidden units, 2 labels. */
function tensor(shape: number[], value = 0.5): HostTensor {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { dtype: "float32", shape, data: new Float32Array(size).fill(value) };
}

/** A good answer, but for what is given. */
function answer(wrong: Record<string, WireValue> = {}): Record<string, WireValue> {
  const good = { loss: 0.7, squaredGradientNorm: 1, logits: tensor([2, 2]), hiddenGradient: tensor([2, 3]) };
  return { ...good, ...wrong };
}

/** A head whose answers are the test's. */
async function headThat(
  answers: { step?: WireValue; quietStep?: WireValue; predict?: WireValue; state?: WireValue },
  calls: [method: string, args: readonly WireValue[]][] = [],
): Promise<HeadClient> {
  const call = (method: string, args: readonly WireValue[]): Promise<WireValue> => {
    calls.push([method, args]);
    return Promise.resolve(
      method === "describe" ? { reads: "cls", task: "classification" } : answers[method as "step"],
    );
  };
  return await HeadClient.connect({ name: "sample", call }, 2);
}

function step(head: HeadClient, weight = 1): Promise<unknown> {
  return head.step(tensor([2, 3]), { dtype: "int32", shape: [2], data: new Int32Array(2) }, 6, weight);
}

Deno.test("HeadClient.step() refuses every answer that must not go into the encoder, and marks it", async (t) => {
  const cases: [what: string, wrong: Record<string, WireValue>, reason: PoisonReason][] = [
    ["a loss that is NaN", { loss: NaN }, "not-finite"],
    ["an infinite norm", { squaredGradientNorm: Infinity }, "not-finite"],
    ["a norm that is no number", { squaredGradientNorm: "1" }, "form"],
    ["a norm whose square is less than nothing", { squaredGradientNorm: -1 }, "norm"],
    ["a norm over the cap", { squaredGradientNorm: 1.1e12 }, "norm"],
    ["a gradient over the cap", { hiddenGradient: tensor([2, 3], 1e6) }, "norm"],
    ["a gradient that is NaN", { hiddenGradient: tensor([2, 3], NaN) }, "not-finite"],
    ["a gradient of another shape", { hiddenGradient: tensor([3, 2]) }, "shape"],
    ["no gradient", { hiddenGradient: null }, "shape"],
    ["logits of another shape", { logits: tensor([2, 3]) }, "shape"],
    [
      "logits of another type",
      { logits: { dtype: "int32", shape: [2, 2], data: new Int32Array(4) } },
      "shape",
    ],
    ["infinite logits", { logits: tensor([2, 2], Infinity) }, "not-finite"],
  ];
  for (const [what, wrong, reason] of cases) {
    await t.step(what, async () => {
      const head = await headThat({ step: answer(wrong) });
      assertEquals(poisonOf(await assertRejects(() => step(head), KBertError)), reason);
      assertEquals(head.norms.recent, []);
    });
  }
});

Deno.test("HeadClient.quietStep() refuses the same of what goes into the encoder, and wants nothing else", async () => {
  const good = { squaredGradientNorm: 1, hiddenGradient: tensor([2, 3]) };
  const [hidden, labels] = [() => tensor([2, 3]), {
    dtype: "int32",
    shape: [2],
    data: new Int32Array(2),
  }] as const;
  const cases: [wrong: Record<string, WireValue>, reason: PoisonReason | undefined][] = [
    [{}, undefined],
    [{ squaredGradientNorm: Infinity }, "not-finite"],
    [{ squaredGradientNorm: 1.1e12 }, "norm"],
    [{ squaredGradientNorm: null }, "form"],
    [{ hiddenGradient: tensor([2, 3], 1e6) }, "norm"],
    [{ hiddenGradient: tensor([2, 3], NaN) }, "not-finite"],
    [{ hiddenGradient: tensor([3, 2]) }, "shape"],
  ];
  for (const [wrong, reason] of cases) {
    const head = await headThat({ quietStep: { ...good, ...wrong } });
    const thrown = await head.quietStep(hidden(), labels, 6, 1).then(
      () => undefined,
      (error: unknown) => error,
    );
    assertEquals(poisonOf(thrown), reason);
    assertEquals(head.norms.recent.length, reason === undefined ? 1 : 0);
  }
});

Deno.test("HeadClient.step() takes losses of earlier steps that are a finite sum of so many", async (t) => {
  const cases: [earlier: WireValue, reason: PoisonReason | undefined][] = [
    [undefined, undefined],
    [{ sum: 2.5, steps: 4 }, undefined],
    [{ sum: NaN, steps: 4 }, "not-finite"],
    [{ sum: 2.5, steps: 0 }, "form"],
    [{ sum: 2.5, steps: 1.5 }, "form"],
    [{ sum: 2.5 }, "form"],
    [7, "form"],
  ];
  for (const [earlier, reason] of cases) {
    await t.step(JSON.stringify(earlier) ?? "none", async () => {
      const head = await headThat({ step: answer({ earlier }) });
      assertEquals(poisonOf(await step(head).then(() => undefined, (error: unknown) => error)), reason);
    });
  }
});

Deno.test("HeadClient.forget() gives up the losses of earlier steps only where their sum was NaN, and once", async () => {
  const calls: [string, readonly WireValue[]][] = [];
  const answers = { step: answer({ loss: NaN }) };
  const head = await headThat(answers, calls);
  const giveUp = async (): Promise<void> => {
    await assertRejects(() => step(head), KBertError);
    await head.forget();
  };

  await giveUp();
  answers.step = answer({ earlier: { sum: NaN, steps: 3 } });
  await giveUp();
  await head.forget();

  const forgotten = calls.filter(([method]) => method === "forget").map(([, args]) => args);
  assertEquals(forgotten, [[], [{ losses: true }], []]);
});

Deno.test("HeadClient.step() takes no gradient that is 1,000 times as long as those before", async () => {
  const answers = { step: answer() };
  const head = await headThat(answers);
  for (let count = 0; count < 5; count++) await step(head, 0.5);
  // Half of the batch: as long as a whole batch of such examples.
  assertAlmostEquals(head.norms.recent[0]!, Math.sqrt(6 * 0.25) / 0.5);

  answers.step = answer({ hiddenGradient: tensor([2, 3], 1_001) });
  const error = await assertRejects(() => step(head), KBertError);

  assertEquals(
    error.message,
    "The plugin sample answered wrongly: the norm of the gradient of the hidden states is 2452 at step 6, " +
      "and the limit is 2449; check the head's loss, or set head.onPoison to skip",
  );
  answers.step = answer({ hiddenGradient: tensor([2, 3], 999) });
  await step(head);
});

Deno.test("HeadClient.predict() and state() take no number that is not finite", async () => {
  const bad = new Map(Object.entries({ parameters: { w: tensor([2], NaN) }, moments: {}, updates: 0 }));
  const predicting = await headThat({ predict: tensor([2, 2], NaN) });
  const saving = await headThat({ state: Object.fromEntries(bad) as WireValue });

  const ofPredict = await assertRejects(() => predicting.predict(tensor([2, 3])), KBertError);
  const ofState = await assertRejects(() => saving.state(), KBertError);

  assertEquals([ofPredict, ofState].map(poisonOf), ["not-finite", "not-finite"]);
});

Deno.test("NormGuard follows the median of 32 norms, between 1 and a million", () => {
  const norms = new NormGuard();
  const limits = [0, 0, 0, 0, 0, 1e-9].map((norm) => {
    norms.add(norm);
    return norms.limit;
  });
  for (let count = 0; count < 40; count++) norms.add(4);
  const before = norms.limit;
  for (let count = 0; count < 15; count++) norms.add(3_999);

  assertEquals(limits, [1e6, 1e6, 1e6, 1e6, 1, 1]);
  assertEquals([before, norms.limit, norms.recent.length], [4_000, 4_000, 32]);
  const restored = new NormGuard();
  restored.restore(JSON.parse(JSON.stringify(norms.recent)));
  assertEquals(restored.limit, norms.limit);
  for (const damaged of [undefined, "x", [NaN, "1", -1]]) {
    restored.restore(damaged);
    assertEquals([restored.limit, restored.recent], [1e6, []]);
  }
});

import { assert, assertEquals } from "../deps/assert.ts";
import { CONFIG_FAMILIES, type PortName } from "../manifest/families.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { PORTS } from "./ports.ts";

const TENSOR: HostTensor = { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2) };
const LABELS: HostTensor = { dtype: "int32", shape: [1], data: Int32Array.of(1) };
const STATE = { epoch: 0, step: 3, maxSteps: 10, shouldStop: false };
const HEAD = { parameters: { weight: TENSOR }, moments: {}, updates: 0 };
const WISHES = { shouldStop: true };

/** A call of each method, and an answer to it, that are right. */
const RIGHT: Partial<Record<PortName, Record<string, [args: unknown[], result: unknown]>>> = {
  head: {
    describe: [[], { reads: "cls", parameters: [] }],
    step: [
      [TENSOR, LABELS, { step: 1, weight: 0.5 }],
      { loss: NaN, logits: TENSOR, hiddenGradient: TENSOR, squaredGradientNorm: Infinity },
    ],
    apply: [[{ learningRate: 0.1, scale: 1, weightDecay: 0 }], undefined],
    predict: [[TENSOR], TENSOR],
    state: [[], HEAD],
    restore: [[HEAD], undefined],
    forget: [[], undefined],
  },
  augmenter: { augment: [[["a", ""]], ["b", ""]] },
  feature: { extractFeatures: [[{ a: [1, NaN], b: ["x", null] }], { a: [1, 2], c: [true, false] }] },
  callback: {
    onTrainBegin: [[STATE], WISHES],
    onTrainEnd: [[{ loss: NaN }, STATE], WISHES],
    onEpochBegin: [[0, STATE], WISHES],
    onEpochEnd: [[0, { loss: 1 }, STATE], WISHES],
    onBatchBegin: [[0, STATE], WISHES],
    onBatchEnd: [[0, { loss: 1 }, STATE], WISHES],
  },
};

Deno.test("PORTS has every port of the manifests, and rules for all but the generic one", () => {
  assertEquals(Object.keys(PORTS).toSorted(), Object.keys(CONFIG_FAMILIES).toSorted());
  for (const port of Object.keys(PORTS) as PortName[]) {
    const methods = Object.keys(PORTS[port].methods ?? {});
    assertEquals(methods, Object.keys(RIGHT[port] ?? {}), port);
  }
});

Deno.test("PORTS takes right arguments and answers, NaN too, and refuses one argument more or less", () => {
  for (const [port, methods] of Object.entries(RIGHT) as [PortName, NonNullable<typeof RIGHT.head>][]) {
    for (const [name, [args, result]] of Object.entries(methods)) {
      const rule = PORTS[port].methods![name]!;
      assert(rule.args.safeParse(args).success, `arguments of ${name}`);
      assert(rule.result.safeParse(result).success, `answer of ${name}`);
      assert(!rule.args.safeParse([...args, 1]).success, `an argument more of ${name}`);
      if (args.length > 0) assert(!rule.args.safeParse(args.slice(1)).success, `an argument less of ${name}`);
    }
  }
});

Deno.test("PORTS refuses tensors whose parts do not agree, and tables of unequal columns", () => {
  const { predict } = PORTS.head.methods as NonNullable<typeof PORTS.head.methods>;
  const { extractFeatures } = PORTS.feature.methods as NonNullable<typeof PORTS.feature.methods>;

  for (const tensor of [{ ...TENSOR, shape: [3] }, { ...TENSOR, dtype: "int32" }, { shape: [1] }, null]) {
    assertEquals(predict!.result.safeParse(tensor).success, false);
  }
  for (const table of [{ a: [1], b: [] }, { a: [{}] }, { a: "text" }, []]) {
    assertEquals(extractFeatures!.args.safeParse([table]).success, false);
  }
});

Deno.test("PORTS restarts only where nothing is lost with a plugin's memory", () => {
  const restarts = Object.entries(PORTS).filter(([, { restarts }]) => restarts).map(([name]) => name);

  assertEquals(restarts.toSorted(), ["augmenter", "feature"]);
});

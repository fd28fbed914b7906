import { assert, assertEquals } from "../deps/assert.ts";
import { CONFIG_FAMILIES, type PortName } from "../manifest/families.ts";
import { Table } from "../table/table.ts";
import { toWire } from "../table/wire.ts";
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
    describe: [[], { reads: "cls", task: "classification", parameters: [] }],
    step: [
      [TENSOR, LABELS, { step: 1, weight: 0.5 }],
      {
        ...{ loss: NaN, logits: TENSOR, hiddenGradient: TENSOR, squaredGradientNorm: Infinity, metrics: {} },
        earlier: { sum: NaN, steps: 3 },
      },
    ],
    quietStep: [
      [TENSOR, LABELS, { step: 1, weight: 0.5 }],
      { hiddenGradient: TENSOR, squaredGradientNorm: Infinity },
    ],
    evaluate: [[TENSOR, LABELS], { loss: NaN, logits: TENSOR, metrics: { sharpness: 0.5 } }],
    apply: [[{ learningRate: 0.1, scale: 1, weightDecay: 0 }], undefined],
    predict: [[TENSOR], TENSOR],
    state: [[], HEAD],
    restore: [[HEAD], undefined],
    forget: [[], undefined],
  },
  augmenter: { augment: [[["a", ""], { seeds: [1, 2] }], ["b", ""]] },
  feature: {
    extractFeatures: [
      [toWire(Table.from({ a: [1, NaN], b: ["x", null] }))],
      toWire(Table.from({ a: [true, null] })),
    ],
  },
  callback: {
    onTrainBegin: [[STATE], WISHES],
    onTrainEnd: [[{ loss: NaN }, STATE], WISHES],
    onEpochBegin: [[0, STATE], WISHES],
    onEpochEnd: [[0, { loss: 1 }, STATE], WISHES],
    onBatchBegin: [[0, STATE], WISHES],
    onBatchEnd: [[0, { loss: 1 }, STATE], WISHES],
    onEvaluate: [[{ val_loss: 1 }, STATE], { learningRate: 0.1, save: "best", log: { a: 1 } }],
    onCheckpoint: [["runs/a", { ...STATE, epochs: 3, stepsPerEpoch: 9, learningRate: 0.1 }], {}],
    notify: [[[["onBatchEnd", 0, { loss: 1 }], ["onEvaluate", {}]], STATE], { restoreBest: true }],
    captureState: [[], { best: [1, 2] }],
    restoreState: [[{ best: [1, 2] }], undefined],
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
      const canDoWithLess = name === "augment" || name === "restoreState"; // of options; of what may be anything
      if (args.length > 0 && !canDoWithLess) {
        assert(!rule.args.safeParse(args.slice(1)).success, `an argument less of ${name}`);
      }
    }
  }
});

Deno.test("PORTS refuses wishes that would spoil a training", () => {
  const { notify } = PORTS.callback.methods as NonNullable<typeof PORTS.callback.methods>;
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`figure ${index}`, 0]));

  for (
    const wishes of [
      ...[{ learningRate: 0 }, { learningRate: -1 }, { learningRate: 2 }, { learningRate: NaN }],
      ...[{ save: "everything" }, { reason: "x".repeat(1_001) }, { log: many }, { log: { a: "text" } }],
      ...[{ other: 1 }, null, []],
    ]
  ) {
    assertEquals(notify!.result.safeParse(wishes).success, false);
  }
});

Deno.test("PORTS refuses tensors whose parts do not agree, and tables of unequal columns", () => {
  const { predict } = PORTS.head.methods as NonNullable<typeof PORTS.head.methods>;
  const { extractFeatures } = PORTS.feature.methods as NonNullable<typeof PORTS.feature.methods>;

  for (const tensor of [{ ...TENSOR, shape: [3] }, { ...TENSOR, dtype: "int32" }, { shape: [1] }, null]) {
    assertEquals(predict!.result.safeParse(tensor).success, false);
  }
  const [column] = toWire(Table.from({ a: [1, 2] })).columns;
  for (
    const table of [
      { rows: 1, columns: [column] },
      { rows: 2, columns: [column, column] },
      { a: [1] },
      [],
      null,
    ]
  ) {
    assertEquals(extractFeatures!.args.safeParse([table]).success, false);
    assertEquals(extractFeatures!.result.safeParse(table).success, false);
  }
});

Deno.test("PORTS restarts only where nothing is lost with a plugin's memory", () => {
  const restarts = Object.entries(PORTS).filter(([, { restarts }]) => restarts).map(([name]) => name);

  assertEquals(restarts.toSorted(), ["augmenter", "feature"]);
});

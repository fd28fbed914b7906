/**
 * How much faster our own wasm kernels are than tfjs': `deno run bench/kernels.ts`, about a minute.
 *
 * Three things are measured in turns, in one process, because only their ratio means something on a shared
 * machine: tfjs as published, tfjs with the repairs of `wasm_repairs.ts`, and our kernels. A time is the
 * median of some turns. One thread; the sizes are those of BERT-tiny with a batch of 32 x 128 tokens.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- what a bench finds is what it prints
import { bertConfig } from "../core/bert/config.ts";
import { BertEncoder } from "../core/bert/model.ts";
import * as tf from "../core/deps/tfjs.ts";
import { AdamW, squaredNorm } from "../core/tensor/adamw.ts";
import { startBackend } from "../core/tensor/backend.ts";
import { useWasmKernels } from "../core/tensor/kernels/wasm_kernels.ts";
import { dropout, gelu, layerNorm, maskedSoftmax } from "../core/tensor/operations.ts";
import { Random } from "../core/tensor/random.ts";
import { Tape } from "../core/tensor/tape.ts";

interface Case {
  readonly name: string;
  /** Floating-point operations of one run, in units of 10^9; only of products. */
  readonly work?: number;
  run(): void;
}

const TURNS = 5;
const BATCH = 32;
const LENGTH = 128;

// The kernels register themselves when tfjs is loaded; starting the backend replaces this one.
const stockMatMul = tf.getKernel("BatchMatMul", "wasm").kernelFunc;
using _backend = await startBackend("wasm");

const KINDS = { tfjs: useStock, repaired: useRepaired, ours: () => useWasmKernels(true) };

console.log("median ms (ours in GFLOP/s), and how many times ours is faster than each");
console.log(["", "ours", "GFLOP/s", "tfjs / ours", "repaired / ours"].map(column).join(""));
for (const one of [...products(), ...batches(), ...layers(), trainingStep()]) report(one);

function useRepaired(): void {
  useWasmKernels(false);
}

function useStock(): void {
  useWasmKernels(false);
  tf.getKernel("BatchMatMul", "wasm").kernelFunc = stockMatMul;
}

function report({ name, work, run }: Case): void {
  const times: Record<keyof typeof KINDS, number[]> = { tfjs: [], repaired: [], ours: [] };
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const kind of ["tfjs", "repaired", "ours"] as const) {
      KINDS[kind]();
      const start = performance.now();
      run();
      if (turn > 0) times[kind].push(performance.now() - start); // the first turn compiles
    }
  }
  const [tfjs, repaired, ours] = [median(times.tfjs), median(times.repaired), median(times.ours)];
  const rate = work ? (work / ours * 1000).toFixed(1) : "";
  const line = [
    name,
    ours.toFixed(2),
    rate,
    `${(tfjs / ours).toFixed(1)}x`,
    `${(repaired / ours).toFixed(1)}x`,
  ];
  console.log(line.map(column).join(""));
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1]!;
}

function column(text: string, index: number): string {
  return index === 0 ? text.padEnd(34) : text.padStart(17);
}

function* products(): Iterable<Case> {
  for (const [rows, inner, columns] of [[4096, 128, 128], [4096, 128, 512], [4096, 512, 128]] as const) {
    for (
      const [name, transposeA, transposeB] of [["NN", false, false], ["NT", false, true], [
        "TN",
        true,
        false,
      ]] as const
    ) {
      const a = tf.randomNormal(transposeA ? [inner, rows] : [rows, inner]) as tf.Tensor2D;
      const b = tf.randomNormal(transposeB ? [columns, inner] : [inner, columns]) as tf.Tensor2D;
      yield {
        name: `matMul ${name} ${rows}x${inner}x${columns}`,
        work: 2 * rows * inner * columns / 1e9,
        run: () => tf.matMul(a, b, transposeA, transposeB).dispose(),
      };
    }
  }
}

function* batches(): Iterable<Case> {
  const [a, b] = [tf.randomNormal([64, LENGTH, 64]), tf.randomNormal([64, LENGTH, 64])];
  const weights = tf.randomNormal([64, LENGTH, LENGTH]);
  const work = 64 * 2 * LENGTH * 64 * LENGTH / 1e9;
  yield { name: "matMul NT 64 x 128x64x128", work, run: () => tf.matMul(a, b, false, true).dispose() };
  yield { name: "matMul NN 64 x 128x128x64", work, run: () => tf.matMul(weights, b).dispose() };
  yield { name: "matMul TN 64 x 128x128x64", work, run: () => tf.matMul(weights, b, true).dispose() };
}

/** Forward and backward. */
function* layers(): Iterable<Case> {
  const both = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) => (): void => tf.grad(f)(x, x).dispose();
  const rows = tf.randomNormal([BATCH * LENGTH, 128]);
  const [gamma, beta] = [tf.ones([128]), tf.zeros([128])];
  yield { name: "layerNorm 4096x128", run: both((x) => layerNorm(x, gamma, beta, 1e-12), rows) };
  yield { name: "gelu 4096x512", run: both(gelu, tf.randomNormal([BATCH * LENGTH, 512])) };
  const scores = tf.randomNormal([BATCH, 2, LENGTH, LENGTH]);
  const bias = tf.zeros([BATCH, 1, 1, LENGTH]);
  yield { name: "maskedSoftmax 32x2x128x128", run: both((x) => maskedSoftmax(x, bias, 0.125), scores) };
  yield { name: "dropout 32x2x128x128", run: both((x) => dropout(x, 0.1, new Random(1)), scores) };

  const parameter = tf.variable(tf.randomNormal([8_000, 128]));
  const optimizer = new AdamW(new Map([["p", parameter]]));
  const gradients = new Map([["p", tf.randomNormal([8_000, 128])]]);
  yield { name: "AdamW 8000x128", run: () => optimizer.update(gradients, { learningRate: 1e-4 }) };
}

/** Forward, backward, norm of the gradient and update of BERT-tiny with dropout. */
function trainingStep(): Case {
  const encoder = BertEncoder.create(bertConfig("tiny", { vocabSize: 8_000 }), 1);
  const optimizer = new AdamW(encoder.parameters);
  const random = new Random(1);
  const ids = Int32Array.from({ length: BATCH * LENGTH }, () => random.below(8_000));
  const tokens = { batch: BATCH, length: LENGTH, ids, mask: new Float32Array(ids.length).fill(1) };
  const upstream = tf.randomNormal([BATCH, LENGTH, 128], 0, 1e-3);
  const names = [...encoder.parameters.keys()];
  return {
    name: "whole step, BERT-tiny 32x128",
    run(): void {
      const tape = new Tape();
      const hidden = encoder.forward(tokens, { seed: 1, step: 1, microBatch: 0 });
      const gradients = tape.gradients(hidden, upstream, [...encoder.parameters.values()]);
      tape[Symbol.dispose]();
      const known = new Map(
        names.flatMap((name, index) => gradients[index] ? [[name, gradients[index]]] : []),
      );
      void squaredNorm(known.values());
      optimizer.update(known, { learningRate: 1e-4 });
      tf.dispose([hidden, ...known.values()]);
    },
  };
}

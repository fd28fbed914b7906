import { BACKENDS } from "../../tests/fixtures/backends.ts";
import { deviceTest } from "../../tests/fixtures/webgpu_kernels.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { startBackend } from "./backend.ts";
import { type CapturedRun, Captures } from "./capture.ts";
import { useWebGpuKernels } from "./kernels/webgpu/kernels.ts";
import { recorder } from "./kernels/webgpu/capture/recorder.ts";
import { dropout, linear } from "./operations.ts";
import { Random } from "./random.ts";
import { withOwnMemory } from "./transfer.ts";
import { hostInput } from "./varying.ts";

const [ROWS, INPUTS, OUTPUTS] = [3, 4, 2];

/** A layer of ones, so that its results are sums. */
class Ones implements Disposable {
  readonly weight = tf.tidy(() => tf.variable(tf.ones([OUTPUTS, INPUTS])));
  readonly bias = tf.tidy(() => tf.variable(tf.zeros([OUTPUTS])));

  get variables(): tf.Variable[] {
    return [this.weight, this.bias];
  }

  /** `x` times this layer, where x is full of one number. */
  of(x: () => number): tf.Tensor {
    const fill = (): Float32Array => new Float32Array(ROWS * INPUTS).fill(x());
    return tf.tidy(() => linear(hostInput([ROWS, INPUTS], "float32", fill), this.weight, this.bias));
  }

  /** One run of that: how it was computed, and the first number of the result. */
  async run(captures: Captures, x: number, key = "layer"): Promise<[mode: string, y: number]> {
    using run = captures.begin(key, this.variables);
    const [y] = run.part(x, (x) => [this.of(x)]);
    run.end();
    return [run.mode, await first(y!)];
  }

  [Symbol.dispose](): void {
    tf.dispose(this.variables);
  }
}

/** The first number of a tensor, which is disposed of. */
async function first(tensor: tf.Tensor): Promise<number> {
  const [value] = await tensor.data();
  tensor.dispose();
  return value!;
}

deviceTest(
  "Captures compute a run as it is written, then record it, then replay it with other numbers",
  async () => {
    using layer = new Ones();
    using captures = new Captures();

    const runs = [];
    for (const x of [1, 2, 3, 4]) runs.push(await layer.run(captures, x));

    assertEquals(runs, [["plain", 4], ["record", 8], ["replay", 12], ["replay", 16]]);
  },
);

deviceTest(
  "Captures read a parameter that was changed in place, and record again for one that was replaced",
  async () => {
    using layer = new Ones();
    using captures = new Captures();
    for (const x of [1, 1, 1]) await layer.run(captures, x);

    const two = tf.fill([OUTPUTS, INPUTS], 2);
    layer.weight.assign(two); // other memory, as a checkpoint that is restored
    two.dispose();

    const runs = [];
    for (const x of [1, 2]) runs.push(await layer.run(captures, x));
    assertEquals(runs, [["record", 8], ["replay", 16]]);
  },
);

deviceTest("Captures record again when a kernel is another one", async () => {
  using layer = new Ones();
  using captures = new Captures();
  for (const x of [1, 1, 1]) await layer.run(captures, x);

  useWebGpuKernels(true, { isSoftware: false });

  const runs = [];
  for (const x of [1, 2, 3]) runs.push(await layer.run(captures, x));
  assertEquals(runs, [["plain", 4], ["record", 8], ["replay", 12]]);
});

deviceTest("Captures do not write over a result of the last run that somebody still has", async () => {
  using layer = new Ones();
  using captures = new Captures();
  for (const x of [1, 1]) await layer.run(captures, x);

  const kept = captures.begin("layer", layer.variables);
  const [y] = kept.part(3, (x) => [layer.of(x)]);
  kept.end();
  const next = await layer.run(captures, 5);

  assertEquals([kept.mode, next], ["replay", ["plain", 20]]);
  assertEquals(await first(y!), 12);
  assertEquals(await layer.run(captures, 6), ["replay", 24]);
});

deviceTest("Captures compute a run as it is written while another one is under way", async () => {
  using layer = new Ones();
  using captures = new Captures();
  for (const x of [1, 1]) await layer.run(captures, x);

  using outer = captures.begin("layer", layer.variables);
  const inner = await layer.run(captures, 2, "other");

  assertEquals([outer.mode, inner], ["replay", ["plain", 8]]);
});

deviceTest("Captures do not record a tensor of numbers that a replay could not ask for", async () => {
  const problems: string[][] = [];
  using captures = new Captures(true, (...problem) => problems.push(problem));
  using layer = new Ones();
  const sums = [];
  for (const x of [1, 2, 3]) {
    using run = captures.begin("sum", layer.variables);
    const [y] = run.part(
      x,
      (x) => [tf.tidy(() => tf.mul(tf.sum(layer.weight, 1), tf.tensor([x(), x()])))],
    );
    run.end();
    sums.push([run.mode, await first(y!)]);
  }

  assertEquals(sums, [["plain", 4], ["record", 8], ["plain", 12]]);
  assertEquals(problems, [["a tensor was made of 2 numbers, and not by hostInput()", "sum"]]);
  assertEquals(captures.size, 0);
});

deviceTest("a part that fails gives its recording up, and the next run is recorded", async () => {
  using layer = new Ones();
  using captures = new Captures();
  await layer.run(captures, 1);

  assertThrows(
    () => {
      using run = captures.begin("layer", layer.variables);
      run.part(2, (x) => {
        layer.of(x).dispose();
        throw new Error("no memory");
      });
    },
    Error,
    "no memory",
  );

  const runs = [];
  for (const x of [3, 4]) runs.push(await layer.run(captures, x));
  assertEquals(runs, [["record", 12], ["replay", 16]]);
});

deviceTest("a replay whose input has another size is refused before anything is computed", async () => {
  using captures = new Captures();
  using layer = new Ones();
  const run = (numbers: Float32Array): tf.Tensor => {
    using run = captures.begin("input", layer.variables);
    const [y] = run.part(numbers, (numbers) => [
      tf.tidy(() => linear(hostInput([1, INPUTS], "float32", numbers), layer.weight, layer.bias)),
    ]);
    run.end();
    return y!;
  };
  for (const x of [1, 2]) run(new Float32Array(INPUTS).fill(x)).dispose();

  assertThrows(() => run(new Float32Array(INPUTS + 1)), TypeError, "has 20 bytes, and 16 were recorded");

  assertEquals(await first(run(new Float32Array(INPUTS).fill(3))), 12);
});

deviceTest("parts of a run see what the parts before it computed, and their own inputs", async () => {
  using captures = new Captures();
  using layer = new Ones();
  const results = [];
  for (const x of [1, 2, 3, 4]) {
    using run: CapturedRun = captures.begin("two parts", layer.variables);
    let between: tf.Tensor | undefined;
    const [y] = run.part(x, (x) => [between = layer.of(x)]);
    const seen = await y!.data();
    const [z] = run.part(10 * x, (more) => {
      const fill = (): Float32Array => new Float32Array(ROWS * OUTPUTS).fill(more());
      return [tf.tidy(() => tf.add(between!, hostInput([ROWS, OUTPUTS], "float32", fill)))];
    });
    run.end();
    y!.dispose();
    results.push([run.mode, seen[0], await first(z!)]);
  }

  assertEquals(results, [["plain", 4, 14], ["record", 8, 28], ["replay", 12, 42], ["replay", 16, 56]]);
});

deviceTest("a replay draws the noise that a step of its own would draw", async () => {
  using captures = new Captures();
  const drop = async (captures: Captures, seed: number): Promise<tf.TypedArray> => {
    using run = captures.begin("dropout", []);
    const [y] = run.part(seed, (seed) => [
      tf.tidy(() =>
        dropout(
          hostInput([1_000], "float32", () => new Float32Array(1_000).fill(1)),
          0.5,
          () => new Random(seed()),
        )
      ),
    ]);
    run.end();
    const values = (await y!.data()).slice();
    y!.dispose();
    return values;
  };
  using plain = new Captures(false);

  for (const seed of [1, 2, 3, 4]) assertEquals(await drop(captures, seed), await drop(plain, seed));

  assertEquals(captures.size, 1);
});

deviceTest("recordings share memory, have a bound, and give all of it back", async () => {
  const memory = (): number => (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
  using captures = new Captures();
  const run = async (size: number): Promise<void> => {
    using run = captures.begin(String(size), []);
    const [y] = run.part(size, () => [
      tf.tidy(() => tf.square(hostInput([size], "float32", () => new Float32Array(size).fill(2)))),
    ]);
    run.end();
    assertEquals(await first(y!), 4);
  };
  const before = memory();
  const sizes = Array.from({ length: 20 }, (_, index) => 1_000 + index);

  for (const size of sizes) for (let turn = 0; turn < 3; turn++) await run(size);

  const { arena } = recorder();
  assertEquals(captures.size < 8, true, `${captures.size} of 20 recordings`);
  assertEquals(arena.bytes <= 3 * 2 * 4 * 1_100, true, `${arena.bytes} bytes`);
  await run(sizes[0]!); // dropped meanwhile
  captures[Symbol.dispose]();
  assertEquals([arena.bytes, memory()], [0, before]);
});

Deno.test("Captures compute as it is written on backends that have no recordings", async () => {
  using _backend = await startBackend("wasm");
  using layer = new Ones();
  using captures = new Captures();

  const runs = [];
  for (const x of [1, 2, 3]) runs.push(await layer.run(captures, x));

  assertEquals(runs, [["plain", 4], ["plain", 8], ["plain", 12]]);
});

deviceTest("withOwnMemory() keeps numbers that a replay writes over", async () => {
  using layer = new Ones();
  using captures = new Captures();
  for (const x of [1, 1]) await layer.run(captures, x);
  const run = captures.begin("layer", layer.variables);
  const [y] = run.part(3, (x) => [layer.of(x)]);
  run.end();

  const copy = withOwnMemory(y!);
  y!.dispose();

  assertEquals(await layer.run(captures, 5), ["replay", 20]);
  assertEquals(await first(copy), 12);
});

Deno.test({
  name: "Captures begin anew on another device",
  ignore: !BACKENDS.includes("webgpu"),
  async fn(): Promise<void> {
    using captures = new Captures();
    const runs: unknown[] = [];
    for (let device = 1; device <= 2; device++) {
      using backend = await startBackend("webgpu");
      using layer = new Ones();
      for (const x of [1, 2, 3]) runs.push(await layer.run(captures, device * x));
      backend.check();
    }

    const [first, second] = [runs.slice(0, 3), runs.slice(3)];
    assertEquals(first, [["plain", 4], ["record", 8], ["replay", 12]]);
    assertEquals(second, [["plain", 8], ["record", 16], ["replay", 24]]);
  },
});

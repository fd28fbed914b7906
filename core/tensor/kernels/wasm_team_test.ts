import { assert, assertEquals, assertMatch, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { startBackend } from "../backend.ts";
import { attention, dropout, gelu, layerNorm, linear, linearGelu, maskedSoftmax } from "../operations.ts";
import { AdamW } from "../adamw.ts";
import { Random } from "../random.ts";
import { type WasmBackend, wasmHeap } from "./wasm_heap.ts";
import { usedWasmKernels } from "./wasm_kernels.ts";
import { usualThreads } from "./wasm_team.ts";

const heap = (): ArrayBufferLike => (tf.backend() as unknown as WasmBackend).wasm.HEAPU8.buffer;

function numbers(seed: number, shape: number[]): tf.Tensor {
  const random = new Random(seed);
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()), shape);
}

// The first test of the file, because memory that is shared stays so.
Deno.test("startBackend() shares no memory unless it is asked for threads, and never takes tensors' memory away", async () => {
  using _alone = await startBackend("wasm");
  assert(heap() instanceof ArrayBuffer);
  const x = tf.tensor([1, 2]);

  using refused = await startBackend("wasm", { threads: 2 });

  assertEquals(refused.reason, "it was asked for, with one thread because its memory is not shared");
  assertEquals([...await x.data()], [1, 2]);
  x.dispose();
  using granted = await startBackend("wasm", { threads: 2 });
  assertEquals(granted.reason, "it was asked for, with 2 threads");
  assert(!(heap() instanceof ArrayBuffer));
});

/** Every operation that is cut, with its gradients, of sizes that are worth cutting and do not come out even. */
const OPERATIONS: Record<string, () => tf.Tensor[]> = {
  "linear()": () => differentiate(linear, [[613, 131], [257, 131], [257]]),
  "linearGelu()": () => differentiate(linearGelu, [[613, 131], [257, 131], [257]]),
  "layerNorm()": () => differentiate((x, g, b) => layerNorm(x, g, b, 1e-5), [[1999, 130], [130], [130]]),
  "gelu()": () => differentiate(gelu, [[123_457]]),
  "dropout()": () => differentiate((x) => dropout(x, 0.3, new Random(3)), [[400_003]]),
  "maskedSoftmax()": () =>
    differentiate((x) => maskedSoftmax(x, numbers(9, [5, 1, 1, 77]), 0.3), [[5, 3, 99, 77]]),
  "attention()": () =>
    differentiate((q, k, v) => {
      const options = { heads: 3, rate: 0.2, random: new Random(4) };
      return attention(q, k, v, numbers(9, [7, 1, 1, 61]), options);
    }, [[7 * 61, 96], [7 * 61, 96], [7 * 61, 96]]),
  "matMul() of a wide and a high matrix": () =>
    [[61, 1031, 300], [129, 131, 3001]].map(([rows, columns, inner]) =>
      tf.matMul(
        numbers(1, [inner!, rows!]) as tf.Tensor2D,
        numbers(2, [columns!, inner!]) as tf.Tensor2D,
        true,
        true,
      )
    ),
  "sum() over rows": () => [tf.sum(numbers(1, [4001, 203]), 0)],
};

/** The value and a gradient for each input, for a gradient of ones and a bit. */
function differentiate(
  operation: (...x: [tf.Tensor, tf.Tensor, tf.Tensor]) => tf.Tensor,
  shapes: number[][],
): tf.Tensor[] {
  const inputs = shapes.map((shape, index) => numbers(index + 1, shape));
  const call = (...x: tf.Tensor[]): tf.Tensor => operation(...x as [tf.Tensor, tf.Tensor, tf.Tensor]);
  const y = call(...inputs);
  return [y, ...tf.grads(call)(inputs, numbers(8, y.shape))];
}

async function bitsOf(compute: () => tf.Tensor[]): Promise<Uint32Array[]> {
  const results = tf.tidy(compute);
  const bits = await Promise.all(
    results.map(async (one) => new Uint32Array((await one.data()).slice().buffer)),
  );
  tf.dispose(results);
  return bits;
}

/** How many numbers have other bits. */
function different(actual: readonly Uint32Array[], expected: readonly Uint32Array[]): number {
  assertEquals(actual.map(({ length }) => length), expected.map(({ length }) => length));
  return actual.reduce(
    (sum, one, index) =>
      sum + one.reduce((count, bits, at) => count + Number(bits !== expected[index]![at]), 0),
    0,
  );
}

for (const [name, compute] of Object.entries(OPERATIONS)) {
  Deno.test(`${name} and its gradients have the same bits with 1, 2, 3 and 5 threads`, async () => {
    using _alone = await startBackend("wasm");
    const expected = await bitsOf(compute);
    for (const threads of [2, 3, 5]) {
      using backend = await startBackend("wasm", { threads });
      assertMatch(backend.reason, new RegExp(`with ${threads} threads$`));
      const before = tf.memory().numTensors;

      // Who takes which stripe is another one every time.
      for (let turn = 0; turn < 3; turn++) assertEquals(different(await bitsOf(compute), expected), 0);
      assertEquals(tf.memory().numTensors, before);
    }
  });
}

Deno.test("AdamW has the same bits with 1, 2, 3 and 5 threads", async () => {
  const results: Uint32Array[][] = [];
  for (const threads of [1, 2, 3, 5]) {
    using _backend = await startBackend("wasm", { threads });
    const x = tf.tidy(() => tf.variable(numbers(1, [401, 303])));
    using optimizer = new AdamW(new Map([["x", x]]));
    for (const seed of [2, 3]) {
      const gradient = numbers(seed, [401, 303]);
      optimizer.update(new Map([["x", gradient]]), { learningRate: 0.01, weightDecay: 0.1, scale: 0.7 });
      gradient.dispose();
    }
    const moments = await optimizer.state();
    results.push(
      [await x.data() as Float32Array, ...[...moments.values()].map(({ data }) => data as Float32Array)]
        .map((values) => new Uint32Array(values.slice().buffer)),
    );
    x.dispose();
  }

  for (const result of results.slice(1)) assertEquals(different(result, results[0]!), 0);
});

Deno.test("dropout() by threads is that of the composition, number for number", async () => {
  const values: ArrayLike<number>[] = [];
  for (const name of ["wasm", "cpu"] as const) {
    using _backend = await startBackend(name, { threads: 3 });
    const y = tf.tidy(() => dropout(tf.ones([300_001]), 0.5, new Random(7)));
    values.push(await y.data());
    y.dispose();
  }

  assertEquals(values[0], values[1]);
});

Deno.test("tensors' numbers are read into memory that is not shared, also after it has grown under the threads", async () => {
  using _backend = await startBackend("wasm", { threads: 2 });
  const before = heap().byteLength;
  const large = tf.ones([before / 4 + 1]);

  const y = gelu(large);

  assert(heap().byteLength > before, "the memory has not grown");
  const values = await y.data();
  assert(values.buffer instanceof ArrayBuffer);
  assert(values.every((value) => Math.abs(value - 0.841345) < 1e-6)); // P(1), from a table
  tf.dispose([large, y]);
});

Deno.test("a stripe that fails is an error, whichever thread had it, and so is everything behind it", async () => {
  using _backend = await startBackend("wasm", { threads: 2 });
  const kernels = usedWasmKernels()!;
  const [x, out] = [tf.ones([2_000_000]), tf.zeros([4_000])];
  const [from, to] = [wasmHeap.address(x), wasmHeap.address(out)];

  assertThrows(() => kernels.columnSums(heap().byteLength - 400, to, 1_000, 4_000), Error, "has failed");
  assertThrows(() => kernels.columnSums(from, to, 500, 4_000), Error, "has failed");

  tf.dispose([x, out]);
});

Deno.test("usualThreads() is one for each core, and eight at most", () => {
  assertEquals(usualThreads(), Math.min(8, navigator.hardwareConcurrency));
});

for (
  const [rights, expected] of [[["--allow-read"], /with 2 threads/], [[], /one thread because/]] as const
) {
  Deno.test(`a program with [${rights}] that leaves its threads behind ends, and has nothing on the console`, async () => {
    const backend = new URL("../backend.ts", import.meta.url).href;
    const program = new Deno.Command("deno", {
      args: ["run", "--no-prompt", "--no-check", "--no-lock", ...rights, "-"],
      ...{ stdin: "piped", stdout: "piped", stderr: "piped", env: { NO_COLOR: "1" } },
    }).spawn();
    const writer = program.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`
      import { startBackend } from ${JSON.stringify(backend)};
      console.log((await startBackend("wasm", { threads: 2 })).reason);`));
    await writer.close();

    const { success, stdout, stderr } = await program.output();

    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
    assertMatch(new TextDecoder().decode(stdout), expected);
  });
}

import * as tf from "../../../core/deps/tfjs.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../../core/deps/assert.ts";
import { Random } from "../../../core/tensor/random.ts";
import { performanceTimer, timingOf } from "./performance_timer.ts";

Deno.test("timingOf() is mean, median and the 95th percentile by nearest rank, whatever the order", () => {
  const times = new Random(1).shuffle(Array.from({ length: 100 }, (_, index) => index + 1));

  assertEquals(timingOf(times), { samples: 100, meanMs: 50.5, medianMs: 51, p95Ms: 95 });
  assertEquals(timingOf([7]), { samples: 1, meanMs: 7, medianMs: 7, p95Ms: 7 });
  assertEquals(timingOf([3, 1, 2]), { samples: 3, meanMs: 2, medianMs: 2, p95Ms: 3 });
});

Deno.test("performanceTimer() warms up first, and compares in turns with a changing order", async () => {
  const runs: string[] = [];
  const timer = performanceTimer({ warmUp: 2, samples: 3 });

  const timing = await timer.measure(() => runs.push("only"));
  assertEquals([runs.length, timing.samples], [5, 3]);
  runs.length = 0;
  const { subject, reference, ratio } = await timer.compare(() => runs.push("a"), () => runs.push("b"));

  assertEquals(runs.join(""), "abbaabbaab");
  assertEquals([subject.samples, reference.samples], [3, 3]);
  assertAlmostEquals(ratio, subject.medianMs / reference.medianMs, 1e-12);
});

Deno.test("performanceTimer() waits for what a run answers, and reads a tensor before it stops the time", async () => {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  let reads = 0;
  const timer = performanceTimer({ warmUp: 1, samples: 4 });

  await timer.measure(async () => {
    await Promise.resolve();
    const tensor = tf.relu(tf.ones([4]));
    const read = tensor.data.bind(tensor);
    tensor.data = (...args) => (reads++, read(...args));
    return tensor;
  });

  assertEquals([reads, tf.memory().numTensors - before], [5, 0]);
});

Deno.test("performanceTimer() tells ten times the work from the work", async () => {
  const work = (rounds: number) => (): number => {
    const random = new Random(1);
    let sum = 0;
    for (let round = 0; round < rounds; round++) sum += random.uniform();
    return sum;
  };

  const { ratio } = await performanceTimer({ samples: 30 }).compare(work(200_000), work(20_000));

  // Ten times the work; a machine that is busy with something else stretches both.
  assert(ratio > 3 && ratio < 30, `it takes ${ratio} times as long`);
});

Deno.test("performanceTimer() refuses numbers of runs that are none", () => {
  assertThrows(
    () => performanceTimer({ samples: 0 }),
    RangeError,
    "samples is a whole number of runs, 1 or more",
  );
  assertThrows(
    () => performanceTimer({ warmUp: -1 }),
    RangeError,
    "warmUp is a whole number of runs, 0 or more",
  );
});

/**
 * `training.precision` in a run: what it changes, and where it is refused.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertRejects } from "../core/deps/assert.ts";
import type { TrainingConfig } from "../core/train/config.ts";
import { createRuntime, KBertError, type StepReport } from "../mod.ts";
import { HAS_FLOAT16 } from "./fixtures/float16.ts";
import { tinyConfig, tinyData, withTempFolder } from "./fixtures/tiny_run.ts";

async function train(config: TrainingConfig, resume?: string): Promise<{ run: string; steps: StepReport[] }> {
  await using runtime = await createRuntime();
  const steps: StepReport[] = [];
  const onStep = (report: StepReport): void => void steps.push(report);
  const { run } = await runtime.fineTune({ config, ...tinyData(), resume, onStep });
  return { run, steps };
}

Deno.test({
  name: "fineTune() with precision float16 has the losses of float32 within its roundings",
  ignore: !HAS_FLOAT16,
  async fn(): Promise<void> {
    await using folder = await withTempFolder();
    const config = { ...tinyConfig(folder.path), backend: "webgpu" as const };
    const training = { ...config.training, precision: "float16" as const };

    const full = await train(config);
    const half = await train({ ...config, training });

    const losses = ({ steps }: { steps: readonly StepReport[] }): number[] => steps.map(({ loss }) => loss!);
    assert(losses(half).join() !== losses(full).join(), "it computed with float32");
    losses(full).forEach((loss, index) =>
      assertLess(Math.abs(losses(half)[index]! - loss) / loss, 16 * 2 ** -11, `step ${index + 1}`)
    );
    const error = await assertRejects(() => train(config, half.run), KBertError);
    assertEquals(error.code, "checkpoint/unusable");
    assert(error.message.includes(`training.precision was "float16" and is "float32" now`), error.message);
  },
});

Deno.test("fineTune() with precision float16 is refused on wasm before anything is written", async () => {
  await using folder = await withTempFolder();
  const { training, ...config } = tinyConfig(folder.path);
  const refused = {
    ...config,
    training: { ...training, precision: "float16" as const },
    backend: "wasm" as const,
  };

  const error = await assertRejects(() => train(refused), KBertError);

  assertEquals(error.code, "backend/unavailable");
  assertEquals(
    error.message,
    "Cannot store numbers with precision float16: it needs the backend webgpu, and this one is wasm; " +
      "use precision: float32",
  );
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), []);
});

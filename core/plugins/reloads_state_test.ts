/**
 * What a plugin remembers, on its way from one version to the next.
 *
 * @module
 */
import { assertEquals, assertRejects } from "../deps/assert.ts";
import { activePlugin, type FakePlugin } from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import type { Reloaded } from "./reloads.ts";

/** A reload with a state of its own: what the new version was given, and the report. */
async function passedOn(
  state: WireValue,
  { losses = [], ...options }: { losses?: string[]; onStateLoss?: "fresh" | "refuse" } = {},
): Promise<{ fake: FakePlugin; restored: (readonly WireValue[])[]; reloaded: Reloaded }> {
  const fake = await activePlugin({ methods: { $capture: () => state } });
  const restored: (readonly WireValue[])[] = [];
  const version = await fake.version({
    methods: {
      $restore: ({ args }) => {
        restored.push(args);
        return losses;
      },
    },
  });
  return { fake, restored, reloaded: await fake.plugin.reload(version, options) };
}

Deno.test("Plugin.reload() passes the state on as it was answered, tensors too", async () => {
  const weights = { dtype: "float32" as const, shape: [2, 2], data: Float32Array.of(1, NaN, -0, 1e-45) };
  const state = {
    version: 7,
    own: { step: 3, seen: ["a"], none: null },
    port: { weights, bytes: Uint8Array.of(1, 2) },
  };
  const { fake, restored } = await passedOn(structuredClone(state));
  await using _fake = fake;

  assertEquals(restored, [[state, false]]);
});

Deno.test("Plugin.reload() says what begins anew, where that is allowed", async () => {
  const losses = ["the weights of classifier: their shape is [2, 4], and it was [2, 3]"];
  const { fake, restored, reloaded } = await passedOn({ version: 1 }, { losses, onStateLoss: "fresh" });
  await using _fake = fake;

  assertEquals([restored, reloaded.report.fresh], [[[{ version: 1 }, true]], losses]);
});

Deno.test("Plugin.reload() refuses what is no state, and an answer to it that is none", async (t) => {
  const states: WireValue[] = [undefined, { version: 1.5 }, { version: 1, more: 1 }, []];
  for (const state of states) {
    await t.step(`$capture ${JSON.stringify(state)}`, async () => {
      await using fake = await activePlugin({ methods: { $capture: () => state } });
      const version = await fake.version();

      const error = await assertRejects(
        () => fake.plugin.reload(version),
        KBertError,
        "answered $capture wrongly",
      );
      assertEquals([error.code, fake.plugin.state, fake.worker.disposals], ["plugin/answer", "active", 1]);
    });
  }
  await t.step("$restore with 101 losses", async () => {
    await using fake = await activePlugin();
    const version = await fake.version({ methods: { $restore: () => Array(101).fill("x") } });

    await assertRejects(() => fake.plugin.reload(version), KBertError, "answered $restore wrongly");
    assertEquals([fake.plugin.state, fake.worker.disposals], ["active", 1]);
  });
});

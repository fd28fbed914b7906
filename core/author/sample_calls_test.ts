import { assert, assertEquals } from "../deps/assert.ts";
import { configurationOf, type PortName } from "../manifest/families.ts";
import { checkSettings } from "../manifest/declaration.ts";
import { TASKS } from "../manifest/task.ts";
import { PluginManager } from "../plugins/manager.ts";
import { PORTS } from "../plugins/ports.ts";
import { buildImage, type PluginImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import { fromWire } from "../table/wire.ts";
import { HeadClient } from "../train/head_client.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";
import { memoryImage } from "../../tests/fixtures/memory_image.ts";
import { sampleCalls, sampleSettings } from "./sample_calls.ts";
import { sampleHiddenStates, sampleTable, sampleTargets, sampleTraining } from "./sample_inputs.ts";

const SHAPE = { seed: 1, settings: { hidden_size: 32, num_labels: 3 } };

function imageAt(folder: string): Promise<PluginImage> {
  return buildImage(pluginSource(new URL(`../../${folder}`, import.meta.url)));
}

/** Makes every call that applies; answers by name. */
async function answersOf(
  image: PluginImage,
  port: PortName,
  settings: Readonly<Record<string, unknown>> = sampleSettings(image.manifest, port),
): Promise<Map<string, unknown>> {
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const plugin = await manager.start(image, { port, settings, tier: "worker" });
  const answers = new Map<string, unknown>();
  for (const call of sampleCalls(image, port, { seed: 1, settings })) {
    if (call.appliesTo(plugin)) answers.set(call.name, await call.run(plugin));
  }
  return answers;
}

Deno.test("sampleSettings() is taken by the manifest, whatever it requires", () => {
  const configuration = {
    hidden_size: { type: "int", min: 100, default: 768 },
    share: { type: "float", min: -2, max: -1, required: true },
    word: { type: "string", min: 9, required: true },
    letter: { type: "string", max: 1, required: true },
    on: { type: "bool", required: true },
    kind: { type: "enum", values: [3, "b"], required: true },
    sizes: { type: "list", min: 2, items: { type: "int", min: 5 }, required: true },
    deep: { type: "object", properties: { at: { type: "int", required: true } }, required: true },
    spare: { type: "int" },
  } as const;
  const settings = sampleSettings({ name: "needy", configuration }, "head");

  assertEquals(checkSettings(configurationOf(configuration, "head"), settings).problems, []);
  assertEquals(settings["hidden_size"], 100);
  assertEquals("spare" in settings, false);
});

Deno.test("sampleSettings() names columns that sampleTable() has", () => {
  const settings = sampleSettings({ name: "columns", configuration: {} }, "feature");
  const table = sampleTable({ seed: 1, settings });

  const names = settings["input_columns"] as string[];
  assert(names.length > 0 && names.every((name) => table.column(name).type === "float64"));
});

Deno.test("sampleTable() has the columns that settings name, and no row if none is wanted", () => {
  const settings = { input_columns: ["bytes"], date_column: "sent" };
  const table = sampleTable({ seed: 1, settings });

  assertEquals([table.column("bytes").type, table.column("sent").type], ["float64", "utf8"]);
  const empty = sampleTable({ seed: 1, settings, rows: 0 });
  assertEquals([empty.rows, empty.names], [0, table.names]);
  assertEquals(empty.column("city").type, "utf8");
});

Deno.test("sample inputs are a function of the seed", () => {
  assertEquals(sampleTable(SHAPE).toLists(), sampleTable(SHAPE).toLists());
  assertEquals(sampleHiddenStates(SHAPE, "all"), sampleHiddenStates(SHAPE, "all"));
  const other = sampleHiddenStates({ ...SHAPE, seed: 2 }, "all");
  assert(other.data.some((value, index) => value !== sampleHiddenStates(SHAPE, "all").data[index]));
  assertEquals(other.shape, [4, 16, 32]);
});

Deno.test("sampleTraining() has every moment of a training, with arguments that the port takes", () => {
  const training = sampleTraining(SHAPE);
  const { notify, ...methods } = PORTS.callback.methods!;

  const moments = new Set<string>(training.map(({ moment: [name] }) => name));
  const states = new Set(["captureState", "restoreState"]);
  assertEquals(moments, new Set(Object.keys(methods)).difference(states));
  for (const { moment, state } of training) assert(notify!.args.safeParse([[moment], state]).success);
});

Deno.test("sampleCalls() trains a head of every task", async (t) => {
  const image = await imageAt("plugins/heads");
  for (const task of TASKS) {
    await t.step(task, async () => {
      const settings = {
        ...sampleSettings(image.manifest, "head"),
        task,
        num_labels: task === "ranking" ? 1 : 3,
      };
      const answers = await answersOf(image, "head", settings);

      const names = ["describe", "predict", "evaluate", "step", "quietStep", "step and apply"];
      assertEquals([...answers.keys()], names);
      const { loss } = answers.get("step") as { loss: number };
      assert(Number.isFinite(loss), `${loss}`);
    });
  }
});

Deno.test("a head's client takes what is sampled for its task", async () => {
  const image = await imageAt("plugins/custom_classification_head");
  const settings = sampleSettings(image.manifest, "head");
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const plugin = await manager.start(image, { settings, tier: "worker" });

  const head = await HeadClient.connect(plugin, 2);
  const shape = { seed: 1, settings };
  const targets = sampleTargets(shape, head.task);
  const { logits } = await head.evaluate(sampleHiddenStates(shape, head.reads), targets, 16);
  assertEquals(logits.shape, [4, 2]);
});

Deno.test("sampleCalls() gives a feature extractor a table that it adds to", async () => {
  const answers = await answersOf(await imageAt("plugins/smart_feature_extractor"), "feature");
  const table = fromWire(answers.get("extractFeatures") as Parameters<typeof fromWire>[0]);

  assertEquals(table.rows, 40);
  assert(table.names.length > 7, table.names.join());
});

Deno.test("sampleCalls() tells a callback the moments that it has, in order", async () => {
  const image = await imageAt("plugins/early_stopping");
  const answers = await answersOf(image, "callback", { patience: 1 });

  assertEquals([...answers.keys()], ["onEpochEnd of epoch 0", "onEpochEnd of epoch 1", "onTrainEnd"]);
  assertEquals((answers.get("onEpochEnd of epoch 1") as { shouldStop?: boolean }).shouldStop, true);
});

Deno.test("sampleCalls() finds the methods and streams of a plugin that need no arguments", async () => {
  const image = await memoryImage(`
    #secret() { return 1; }
    initialize() { super.initialize?.(); }
    count() { return 3; }
    needs(text) { return text; }
    async *letters() { for (;;) yield "a"; }
    helper() { return function inner() {}.name; }
  `);
  const answers = await answersOf(image, "plugin");

  assertEquals([...answers.keys()], ["count", "letters", "helper"]);
  assertEquals(answers.get("count"), 3);
  assertEquals((answers.get("letters") as unknown[]).length, 100);
});

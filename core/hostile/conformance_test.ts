import { assert, assertEquals } from "../deps/assert.ts";
import type { PortName } from "../manifest/families.ts";
import { sampleSettings } from "../author/sample_calls.ts";
import { buildImage, type PluginImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import type { CheckRow } from "./check.ts";
import { checkPlugin, CHECKS } from "./conformance.ts";

async function rowsOf(image: PluginImage, isGranted = false): Promise<CheckRow[]> {
  const [port] = Object.keys(image.manifest.entry_points) as PortName[];
  const settings = sampleSettings(image.manifest, port!);
  const rows: CheckRow[] = [];
  for await (const row of checkPlugin({ image, port: port!, tier: "process", settings, isGranted })) {
    rows.push(row);
  }
  return rows;
}

const BASES = {
  head: ["HeadPort, tf", "k-bert/sdk/tensors"],
  augmenter: ["AugmenterPort", "k-bert/sdk"],
  feature: ["FeaturePort, aq, addColumns", "k-bert/sdk/tables"],
  callback: ["CallbackPort", "k-bert/sdk"],
  plugin: ["PluginPort, inject, Environment", "k-bert/sdk"],
} as const;

/** A plugin whose class has this body, and little patience. */
function written(port: PortName, body: string, manifest = ""): Promise<PluginImage> {
  const [names, sdk] = BASES[port];
  const files: Record<string, string> = {
    "plugin.yaml": `name: written\nversion: 1.0.0\nlimits: { callMs: 1500 }\n` +
      `entry_points: { ${port}: "main:Main" }\n${manifest}`,
    "main.ts": `import { ${names} } from "${sdk}";
export class Main extends ${names.split(",")[0]} { ${body} }`,
  };
  const read = (file: string): Promise<Uint8Array> => Promise.resolve(new TextEncoder().encode(files[file]));
  return buildImage({ name: "written", location: "memory", read });
}

function namesOf(rows: readonly CheckRow[], outcome: CheckRow["outcome"]): string[] {
  return rows.filter((row) => row.outcome === outcome).map(({ check }) => check);
}

const FIRST_PARTY: readonly (readonly [folder: string, skipped: readonly string[]])[] = [
  ["custom_classification_head", []],
  ["eda_augmenter", ["not a number"]],
  ["smart_feature_extractor", []],
  ["early_stopping", ["empty batch"]],
];

Deno.test("checkPlugin() gives full marks to plugins that come with k-bert", async (t) => {
  for (const [name, skipped] of FIRST_PARTY) {
    await t.step(name, async () => {
      const rows = await rowsOf(
        await buildImage(pluginSource(new URL(`../../plugins/${name}`, import.meta.url))),
      );

      assertEquals(rows.length, CHECKS.length);
      assertEquals(
        [namesOf(rows, "not held"), namesOf(rows, "skipped")],
        [[], skipped],
        JSON.stringify(rows),
      );
    });
  }
});

/** What is wrong with each, and the rows that it loses. */
const BAD: Readonly<
  Record<string, readonly [port: PortName, body: string, lost: readonly string[], why: RegExp]>
> = {
  "never ends a call that was given up": [
    "head",
    `async forward(x, { signal }) {
      await new Promise((next) => setTimeout(next, 20));
      if (signal.aborted) await new Promise(() => {});
      return tf.mul(x, 1).slice([0, 0], [-1, 2]);
    }`,
    ["abort", "deadline"], // a deadline is told to a plugin as an abort
    /was given up, predict was not answered/,
  ],
  "hangs on an empty batch": [
    "augmenter",
    `async augment(texts) { if (texts.length === 0) await new Promise(() => {}); return [...texts]; }`,
    ["empty batch"],
    /without a sentence of the plugin's/,
  ],
  "is not deterministic": [
    "augmenter",
    `augment(texts) { return texts.map((text) => text + Math.random()); }`,
    ["same seed"],
    /started again with the same seed/,
  ],
  "counts its calls in its answers": [
    "augmenter",
    `#calls = 0; augment(texts) { this.#calls++; return texts.map((text) => text + this.#calls); }`,
    ["same seed"],
    /called again/,
  ],
  "loses its state in a reload": [
    "augmenter",
    `#warm = false; augment(texts) { const mark = this.#warm ? "!" : ""; this.#warm = true; return texts.map((text) => text + mark); }`,
    ["reload"],
    /after a reload/,
  ],
  "is spoiled by NaN": [
    "head",
    `#spoiled = 0; forward(x) {
      if (x.dataSync().some(Number.isNaN)) { this.#spoiled = 1; throw new Error("There is a NaN"); }
      return tf.add(x, this.#spoiled).slice([0, 0], [-1, 2]);
    }`,
    ["not a number"],
    /after that, predict/,
  ],
  "lets NaN into the predictions of other texts": [
    "head",
    `forward(x) { return tf.add(x, tf.mul(x.sum(), 0)).slice([0, 0], [-1, 2]); }`,
    ["not a number"],
    /NaN in one text changed what is predicted of others/,
  ],
  "spins on a table without rows": [
    "feature",
    `extractFeatures(data) { while (data.numRows() === 0); return data; }`,
    ["empty batch"],
    /without a sentence of the plugin's/,
  ],
  "fails at ending": [
    "callback",
    `onEpochEnd() {} deactivate() { throw new Error("I will not go"); }`,
    ["unload"],
    /failed at being deactivated: .*I will not go/,
  ],
  "answers what its port does not have": [
    "callback",
    `onEpochEnd() { return { shouldStop: "yes" }; }`,
    ["answers"],
    /onEpochEnd of epoch 0 was not answered/,
  ],
};

Deno.test("checkPlugin() takes from a bad plugin exactly what it does wrong", async (t) => {
  for (const [what, [port, body, lost, why]] of Object.entries(BAD)) {
    await t.step(what, async () => {
      const rows = await rowsOf(await written(port, body));

      assertEquals(namesOf(rows, "not held"), lost, JSON.stringify(rows, null, 1));
      const first = rows.find(({ outcome }) => outcome === "not held")!;
      assert(why.test(first.why), first.why);
    });
  }
});

Deno.test("checkPlugin() says of a plugin that does not load nothing but that, and what its settings refuse", async () => {
  const rows = await rowsOf(await written("augmenter", `initialize() { throw new Error("Not today"); }`));

  assertEquals(namesOf(rows, "not held"), ["loads"]);
  assertEquals(namesOf(rows, "held"), ["bad settings"]);
  assert(rows[0]!.why.includes("Not today"), rows[0]!.why);
});

Deno.test("checkPlugin() skips what fails only for want of a right, which it has if that is granted", async () => {
  const body =
    `#environment = inject(Environment); async home() { return await this.#environment.get("NO_SUCH_HOME"); }`;
  const image = await written("plugin", body, "permissions: { env: [NO_SUCH_HOME] }\n");

  const answer = (rows: readonly CheckRow[]): CheckRow => rows.find(({ check }) => check === "answers")!;
  const { outcome, why } = answer(await rowsOf(image));
  assertEquals(outcome, "skipped");
  assert(why.includes("--grant"), why);
  // The test's own process may not read it either, which is no fault of the plugin.
  assertEquals(answer(await rowsOf(image, true)).outcome, "skipped");
});

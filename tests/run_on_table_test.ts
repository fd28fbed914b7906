/**
 * From a table to a trained model: what an extractor adds is learned from, and one that fails is passed over or ends
 * everything, as its user says, and is counted in the result.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "../core/deps/assert.ts";
import {
  createRuntime,
  formatResult,
  KBertError,
  parseTrainingConfig,
  readCsv,
  rowTexts,
  type RunResult,
  type Runtime,
  type Table,
} from "../mod.ts";
import { tinyYaml, withTempFolder } from "./fixtures/tiny_run.ts";
import { writePlugin } from "./fixtures/written_plugin.ts";

const settings = { input_columns: ["mass"] };

/** 40 rows whose kind follows from their mass alone. */
const CSV = [
  "kind,mass",
  ...Array.from({ length: 40 }, (_, row) => `${row % 2 ? "ham" : "spam"},${row % 2 * 9 + row % 3}`),
]
  .join("\n");

async function extractor(folder: string, body: string): Promise<string> {
  const plugin = { name: "measurer", port: "feature", base: "FeaturePort", sdk: "k-bert/sdk/tables" };
  return await writePlugin(folder, { ...plugin, body: `extractFeatures(data) { ${body} }` });
}

/** Three steps on the rows as texts. */
async function trainOn(
  runtime: Runtime,
  output: string,
  table: Table,
  features: Awaited<ReturnType<Runtime["extractFeatures"]>>["reports"],
): Promise<RunResult> {
  const content = JSON.parse(tinyYaml(output));
  const training = { ...content.training, maxSteps: 3 };
  const config = parseTrainingConfig(JSON.stringify({ ...content, training }), "tiny.yaml");
  const texts = rowTexts(table, { columns: table.names.filter((name) => name !== "kind") });
  const examples = texts.map((text, row) => ({ text, label: Number(table.cells("kind")[row] === "spam") }));
  const [train, test] = [examples.slice(8), examples.slice(0, 8)];
  const outcome = await runtime.fineTune({ config, labels: ["ham", "spam"], train, test, features });
  assert(outcome.kind === "finished");
  assertEquals(
    JSON.parse(await Deno.readTextFile(`${outcome.run}/result.json`)).failures,
    outcome.result.failures,
  );
  return outcome.result;
}

Deno.test("a run on a table learns from the columns that an extractor added, and its result says which", async () => {
  await using folder = await withTempFolder();
  await using runtime = await createRuntime({ log: () => {}, spares: 0 });
  const body = `return data.derive({ size: (row) => row.mass > 5 ? "large" : "small" });`;
  const use = { plugin: await extractor(folder.path, body), tier: "worker" as const, settings };

  const { table, reports } = await runtime.extractFeatures(readCsv(CSV), [use]);
  const result = await trainOn(runtime, folder.path, table, reports);

  assertEquals(rowTexts(table).slice(0, 2), [
    "kind: spam, mass: 0, feature size: small",
    "kind: ham, mass: 10, feature size: large",
  ]);
  assertEquals(result.features?.map(({ outcome, newColumns }) => [outcome, newColumns]), [
    ["computed", ["feature_size"]],
  ]);
  assertEquals(result.failures, {});
  assertMatch(formatResult(result), /1 columns of measurer, computed in \d+\.\d s/);
});

const BROKEN: Readonly<Record<string, [body: string, failure: string]>> = {
  "throws": [`throw new Error("no scales");`, "call/failed"],
  "hangs": [`return new Promise(() => {});`, "call/timeout"],
  "returns no table": [`return 7;`, "call/failed"],
  "returns too few rows": [`return data.slice(1);`, "count"],
  "returns infinity": [`return data.derive({ share: (row) => row.mass / 0 });`, "not-finite"],
  "changes what it was given": [`return data.derive({ mass: (row) => row.mass + 1 });`, "changed"],
};
for (const [what, [body, failure]] of Object.entries(BROKEN)) {
  Deno.test(`a run on a table goes on without an extractor that ${what}, and counts it; or ends, if its user says so`, async () => {
    await using folder = await withTempFolder();
    await using runtime = await createRuntime({ log: () => {}, spares: 0 });
    const use = { plugin: await extractor(folder.path, body), tier: "worker" as const, settings };
    const given = readCsv(CSV);

    const { table, reports } = await runtime.extractFeatures(given, [use], {
      onFailure: "skip",
      timeoutMs: 400,
    });
    const strict = () => runtime.extractFeatures(given, [use], { timeoutMs: 400 });
    const result = await trainOn(runtime, folder.path, table, reports);

    assertMatch((await assertRejects(strict, KBertError)).message, /measurer/);
    assertEquals(table.names, given.names);
    assertEquals(result.failures, { measurer: { [failure]: 1 } });
    assertMatch(formatResult(result), /Without the columns of measurer: .*measurer/);
  });
}

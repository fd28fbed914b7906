/**
 * Teaches a small BERT to tell penguins apart by a table: columns → features → texts → a head behind the wall.
 *
 *     deno run --allow-read=. --allow-write=runs --allow-run=deno examples/penguins/train.ts
 *
 * The 344 rows are from Horst, Hill and Gorman 2020, "palmerpenguins" (CC0).
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program's output is what it is for
import {
  createRuntime,
  type ExtractReport,
  formatResult,
  type LabelledText,
  loadTrainingConfig,
  parseOptions,
  readCsv,
  rowTexts,
  runProgram,
  type Runtime,
  splitByGroups,
  type Table,
  terminalDisplay,
  usage,
} from "../../mod.ts";

const HELP = `Usage: train.ts [--seed N] [--backend NAME] [--steps N] [--output DIR] [--resume runs/<id>]

  --seed N         another split, other weights                     (1)
  --backend NAME   auto, webgpu, wasm, native or cpu                (auto)
  --steps N        at most so many steps                            (as the settings say)
  --output DIR     where the run's folder is made; below runs/      (runs)
  --resume DIR     goes on with a run that was interrupted`;

const SPECIES = ["Adelie", "Chinstrap", "Gentoo"];
const MEASURED = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"];

await runProgram(async (signal) => {
  const { options, rest } = parseOptions(Deno.args, {
    ...{ seed: "value", backend: "value", steps: "value", output: "value", resume: "value", help: "flag" },
  });
  if (options.help) {
    console.log(HELP);
    return "done";
  }
  if (rest.length > 0) throw usage(rest[0]!, `train.ts takes no ${rest[0]}; see --help`);
  const { seed, backend, output, steps, resume } = options;
  const overrides = { seed, backend, output, "training.maxSteps": steps };
  const config = await loadTrainingConfig(new URL("k-bert.yaml", import.meta.url), overrides);

  const display = terminalDisplay();
  await using runtime = await createRuntime();
  const { examples, features } = await readPenguins(runtime, `${config.output}/features`);
  const { data: { testShare, nearCopies }, seed: splitSeed } = config;
  const { train, test } = splitByGroups(examples, { testShare, nearCopies, seed: splitSeed });
  display.note(`${train.length} penguins to train on, ${test.length} to test on. One of them:`);
  display.note(`  ${SPECIES[train[0]!.label]}: ${train[0]!.text}`);

  const outcome = await runtime.fineTune({
    config,
    labels: SPECIES,
    train,
    test,
    features,
    resume,
    signal,
    display,
  });
  if (outcome.kind === "interrupted") {
    display.note(
      `Stopped after step ${outcome.step}. Go on with the same command and --resume ${outcome.run}`,
    );
    return "interrupted";
  }
  console.log(`\n${formatResult(outcome.result)}\n`);
  console.log(`The model is in ${outcome.model}. Try it:`);
  console.log(`  deno task predict --model ${outcome.run} "${test[0]!.text}"`);
  return "done";
});

/** One example for each row, and what came of the extractor. */
interface Penguins {
  readonly examples: readonly LabelledText[];
  readonly features: readonly ExtractReport[];
}

/** Each row as a text that says of its measures whether they are low or high among all penguins, and its species. */
async function readPenguins(runtime: Runtime, cache: string): Promise<Penguins> {
  const penguins = readCsv(await Deno.readTextFile(new URL("penguins.csv", import.meta.url)), {
    file: "penguins.csv",
  });
  const { table, reports } = await runtime.extractFeatures(
    penguins,
    [{
      plugin: new URL("../../plugins/smart_feature_extractor", import.meta.url).href,
      settings: { input_columns: MEASURED, statistics: ["bin"] },
    }],
    { cache },
  );
  const texts = rowTexts(table, {
    columns: ["island", ...MEASURED.map(binOf), "sex"],
    names: Object.fromEntries(
      MEASURED.map((name) => [binOf(name), name.replace(/_[^_]+$/, "").replace("_", " ")]),
    ),
  });
  const examples = speciesOf(table).map((label, row) => ({ text: texts[row]!, label }));
  return { examples, features: reports };
}

/** The extractor's name for the quantile of a column. */
function binOf(column: string): string {
  return `feature_${column}_bin`;
}

function speciesOf(table: Table): number[] {
  return table.cells("species").map((species) => SPECIES.indexOf(String(species)));
}

/**
 * Teaches a small BERT to tell spam from ham, on real e-mails, with its head behind the wall.
 *
 * `deno task train --help` says what it takes.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program's output is what it is for
import {
  createRuntime,
  formatResult,
  loadTrainingConfig,
  noteReloads,
  parseOptions,
  runProgram,
  splitByGroups,
  terminalDisplay,
  usage,
} from "../../mod.ts";
import { type Email, LABELS, loadEmails } from "./emails.ts";

const HELP =
  `Usage: deno task train [--resume runs/<id>] [--seed N] [--backend NAME] [--config FILE] [--output DIR]
                       [--limit N] [--steps N] [--watch] [--fresh]

  --resume DIR     goes on with a run that was interrupted
  --seed N         another split, other weights                     (1)
  --backend NAME   auto, webgpu, wasm, native or cpu                (auto)
  --config FILE    other settings                                   (examples/spam/k-bert.yaml)
  --output DIR     where the run's folder is made; below runs/      (runs)
  --limit N        only so many e-mails, as many of each kind       (all)
  --steps N        at most so many steps                            (as the settings say)
  --watch          reloads a plugin when its files are saved, in the middle of the run
  --fresh          with --watch: weights that new code has no place for begin anew, instead of keeping the old code`;

await runProgram(async (signal) => {
  const { options, rest } = parseOptions(Deno.args, {
    config: "value",
    resume: "value",
    seed: "value",
    backend: "value",
    output: "value",
    limit: "value",
    steps: "value",
    watch: "flag",
    fresh: "flag",
    help: "flag",
  });
  if (options.help) {
    console.log(HELP);
    return "done";
  }
  if (rest.length > 0) throw usage(rest[0]!, `train takes no ${rest[0]}; see --help`);
  const { seed, backend, output, steps } = options;
  if (options.fresh && !options.watch) throw usage("--fresh", "--fresh says how --watch reloads; give both");
  const limit = options.limit === undefined ? Infinity : Number(options.limit);
  if (!(limit >= 20)) throw usage("--limit", `--limit is ${options.limit}, expected a number of at least 20`);
  const config = await loadTrainingConfig(options.config ?? new URL("k-bert.yaml", import.meta.url), {
    seed,
    backend,
    output,
    "training.maxSteps": steps,
  });

  const display = terminalDisplay();
  display.note("Reading the SpamAssassin e-mails");
  const { emails: all, duplicates, empty } = await loadEmails(signal);
  const emails = someOf(all, limit);
  const { train, test, nearDuplicateGroups } = splitByGroups(emails, {
    testShare: config.data.testShare,
    seed: config.seed,
  });
  display.note(
    `${train.length} to train on, ${test.length} to test on; left out ${duplicates} duplicates and ` +
      `${empty} empty ones; ${nearDuplicateGroups} groups of near-copies are kept on one side`,
  );

  await using runtime = await createRuntime();
  using _notes = noteReloads(runtime.events, display.note);
  using _watch = options.watch
    ? runtime.watch({ onStateLoss: options.fresh ? "fresh" : "refuse" })
    : undefined;
  const outcome = await runtime.fineTune({
    config,
    labels: LABELS,
    train,
    test,
    resume: options.resume,
    signal,
    display,
  });
  if (outcome.kind === "interrupted") {
    const { config, limit } = options;
    const same = [["config", config], ["seed", seed], ["limit", limit], ["steps", steps]].filter((
      [, value],
    ) => value !== undefined);
    const command = ["deno task train", ...same.map(([name, value]) => `--${name} ${value}`)].join(" ");
    display.note(
      outcome.step === 0
        ? "Stopped before the first step; there was nothing to save"
        : `Stopped after step ${outcome.step}. Go on with: ${command} --resume ${outcome.run}`,
    );
    return "interrupted";
  }

  console.log(`\n${formatResult(outcome.result)}\n`);
  console.log(`The model is in ${outcome.model}. Try it:`);
  console.log(`  deno task predict --model ${outcome.run} "You have won a prize, claim your money now"`);
  return "done";
});

/** The first ones of each kind: for a quick look, not for a score. */
function someOf(emails: readonly Email[], limit: number): readonly Email[] {
  if (emails.length <= limit) return emails;
  return LABELS.flatMap((_, label) =>
    emails.filter((email) => email.label === label).slice(0, limit / LABELS.length)
  );
}

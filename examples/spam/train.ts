/**
 * Teaches a small BERT to tell spam from ham, on real e-mails, with its head behind the wall.
 *
 *     deno task train                          trains, tests, saves
 *     deno task train --resume runs/<id>       goes on after Ctrl-C
 *     deno task train --seed 2                 another split, other weights
 *     deno task train --config k-bert.yaml     other settings
 *
 * @module
 */
import {
  createRuntime,
  formatResult,
  loadTrainingConfig,
  parseOptions,
  runProgram,
  splitByGroups,
  terminalDisplay,
} from "../../mod.ts";
import { LABELS, loadEmails } from "./emails.ts";

await runProgram(async (signal) => {
  const { options } = parseOptions(Deno.args, {
    config: "value",
    resume: "value",
    seed: "value",
    backend: "value",
  });
  const { seed, backend } = options;
  const config = await loadTrainingConfig(options.config ?? new URL("k-bert.yaml", import.meta.url), {
    seed,
    backend,
  });

  const display = terminalDisplay();
  display.note("Reading the SpamAssassin e-mails");
  const { emails, duplicates, empty } = await loadEmails();
  const { train, test, nearDuplicateGroups } = splitByGroups(emails, {
    testShare: config.data.testShare,
    seed: config.seed,
  });
  display.note(
    `${train.length} to train on, ${test.length} to test on; left out ${duplicates} duplicates and ` +
      `${empty} empty ones; ${nearDuplicateGroups} groups of near-copies are kept on one side`,
  );

  using runtime = createRuntime();
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
    const seedOption = seed === undefined ? "" : ` --seed ${seed}`;
    display.note(
      `Stopped after step ${outcome.step}. Go on with: deno task train${seedOption} --resume ${outcome.run}`,
    );
    return "interrupted";
  }

  console.log(`\n${formatResult(outcome.result)}\n`);
  console.log(`The model is in ${outcome.model}. Try it:`);
  console.log(`  deno task predict --model ${outcome.run} "You have won a prize, claim your money now"`);
  return "done";
});

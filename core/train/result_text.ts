/**
 * The result of a run as a person reads it. Apart from result.ts, because a script that only prints must
 * not load tensors.
 *
 * @module
 */
import { formatConfusionMatrix, indexOfLargest } from "./metrics.ts";
import type { ExtractReport } from "../table/extract_report.ts";
import type { ClassifierResult, RunResult, Scores } from "./result.ts";

/** The result as a person reads it, in lines. */
export function formatResult(result: RunResult): string {
  const [head] = result.plugins;
  const { testTimeAugmentation: averaged } = result;
  return [
    ...(result.task === "classification" ? classifierLines(result) : scoreLines(result)),
    "",
    ...(averaged
      ? [`With the mean over ${averaged.copies} augmented copies: ${inOneLine(averaged.scores)}`]
      : []),
    `${result.steps} steps in ${result.seconds.toFixed(0)} s on ${result.backend}, ` +
    `${Math.round(result.tokensPerSecond).toLocaleString("en")} tokens/s, ` +
    `${((head?.share ?? 0) * 100).toFixed(1)} % of it in ${head?.name}`,
    ...result.plugins.slice(1).map(({ name, share }) =>
      `${(share * 100).toFixed(1)} % of it waiting for ${name}`
    ),
    ...(result.features ?? []).map(featureLine),
    ...(result.stopped
      ? [`Stopped by ${result.stopped.plugin} after step ${result.stopped.step}: ${result.stopped.reason}`]
      : []),
    ...(result.codeChanges ?? []).map(({ plugin, step, from, to }) =>
      `${plugin} was reloaded after step ${step}: code ${from.slice(0, 12)} became ${to.slice(0, 12)}`
    ),
    ...Object.entries(result.poisoned).map(([name, counts]) =>
      `Refused of ${name}: ${countsOf(counts, "answers")}`
    ),
    ...Object.entries(result.failures).map(([name, counts]) =>
      `Failures of ${name}: ${countsOf(counts, "calls")}`
    ),
  ].join("\n");
}

function classifierLines(result: ClassifierResult): string[] {
  const { baselines, labels, confusionMatrix } = result;
  const row = (name: string, { accuracy, precision, recall, f1 }: Scores): string =>
    name.padEnd(24) +
    [accuracy, precision, recall, f1].map((score) => score.toFixed(4).padStart(11)).join("");
  return [
    `${" ".repeat(24)}${["accuracy", "precision", "recall", "F1"].map((name) => name.padStart(11)).join("")}`,
    row("this model", result),
    row("naive Bayes", baselines.naiveBayes),
    row(`always "${labels[confusionMatrix.length > 0 ? majorityLabel(result) : 0]}"`, baselines.majority),
    "",
    formatConfusionMatrix(confusionMatrix, labels),
  ];
}

function scoreLines({ loss, scores }: RunResult): string[] {
  return Object.entries({ loss: loss ?? NaN, ...scores }).map(([name, value]) =>
    `${name.padEnd(24)}${value.toFixed(4).padStart(11)}`
  );
}

function featureLine({ plugin, outcome, newColumns, milliseconds, error }: ExtractReport): string {
  if (outcome === "skipped") return `Without the columns of ${plugin}: ${error}`;
  const how = outcome === "cached"
    ? "found in the cache"
    : `computed in ${(milliseconds / 1_000).toFixed(1)} s`;
  return `${newColumns.length} columns of ${plugin}, ${how}`;
}

function inOneLine(scores: Readonly<Record<string, number>>): string {
  return Object.entries(scores).map(([name, value]) => `${name} ${value.toFixed(4)}`).join(", ");
}

function countsOf(counts: Readonly<Record<string, number>>, what: string): string {
  return Object.entries(counts).map(([reason, count]) => `${count} ${what} (${reason})`).join(", ");
}

function majorityLabel({ confusionMatrix: matrix }: ClassifierResult): number {
  return indexOfLargest(matrix.map((row) => row.reduce((sum, count) => sum + count, 0)));
}

/**
 * The result of a run as a person reads it. Apart from result.ts, because a script that only prints must
 * not load tensors.
 *
 * @module
 */
import { formatConfusionMatrix, indexOfLargest } from "./metrics.ts";
import type { RunResult, Scores } from "./result.ts";

/** The result as a person reads it, in lines. */
export function formatResult(result: RunResult): string {
  const { baselines, labels } = result;
  const row = (name: string, { accuracy, precision, recall, f1 }: Scores): string =>
    name.padEnd(24) +
    [accuracy, precision, recall, f1].map((score) => score.toFixed(4).padStart(11)).join("");
  const [plugin] = result.plugins;
  return [
    `${" ".repeat(24)}${["accuracy", "precision", "recall", "F1"].map((name) => name.padStart(11)).join("")}`,
    row("this model", result),
    row("naive Bayes", baselines.naiveBayes),
    row(
      `always "${labels[result.confusionMatrix.length > 0 ? majorityLabel(result) : 0]}"`,
      baselines.majority,
    ),
    "",
    formatConfusionMatrix(result.confusionMatrix, labels),
    "",
    `${result.steps} steps in ${result.seconds.toFixed(0)} s on ${result.backend}, ` +
    `${Math.round(result.tokensPerSecond).toLocaleString("en")} tokens/s, ` +
    `${((plugin?.share ?? 0) * 100).toFixed(1)} % of it in ${plugin?.name}`,
    ...Object.entries(result.poisoned).map(([name, counts]) =>
      `Refused of ${name}: ${
        Object.entries(counts).map(([reason, count]) => `${count} answers (${reason})`).join(", ")
      }`
    ),
  ].join("\n");
}

function majorityLabel({ confusionMatrix: matrix }: RunResult): number {
  return indexOfLargest(matrix.map((row) => row.reduce((sum, count) => sum + count, 0)));
}

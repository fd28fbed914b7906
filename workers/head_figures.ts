/**
 * The figures of a batch as a head's server tells them: loss, logits, and what the head measures of its own.
 *
 * The plugin's code comes first, and everything is read after it, at once: see `together()`.
 *
 * @module
 */
import * as tf from "../core/deps/tfjs.ts";
import { download } from "../core/tensor/transfer.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import type { HeadMetrics, HeadPort } from "../plugins/sdk/head.ts";

/** Of one batch, as it crosses the wall. */
export type HeadFigures = {
  readonly loss: number;
  readonly logits: HostTensor;
  readonly metrics: Readonly<Record<string, number>>;
};

/**
 * What a head measures, before it is read.
 *
 * @throws {TypeError} for what is neither a number nor a tensor, and what the head throws
 */
export async function measure(head: HeadPort, logits: tf.Tensor, targets: tf.Tensor): Promise<HeadMetrics> {
  const metrics = await head.measure?.(logits, targets) ?? {};
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value === "number" || value instanceof tf.Tensor) continue;
    throw new TypeError(`${name} of measure() is ${typeof value}, expected a number or a tensor`);
  }
  return metrics;
}

/** Asks for all of them before it waits for any. */
export async function readFigures(
  loss: tf.Tensor,
  logits: tf.Tensor,
  metrics: HeadMetrics,
): Promise<HeadFigures> {
  const [[value], downloaded, figures] = await Promise.all([
    loss.data(),
    download(logits),
    Promise.all(Object.values(metrics).map((one) => typeof one === "number" ? [one] : one.data())),
  ]);
  const named = Object.keys(metrics).map((name, index) => [name, figures[index]![0]!]);
  return { loss: value!, logits: downloaded, metrics: Object.fromEntries(named) };
}

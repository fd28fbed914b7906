/**
 * A line of JSON for each moment.
 *
 * JSON has no NaN and no infinity. Such a figure is `null`, and its name stands in `not_finite`, so that a
 * loss that broke is not taken for one that was not measured.
 *
 * @see https://jsonlines.org
 * @module
 */
import { type LogFormat, type Moment, partNumber } from "./log_format.ts";

/** Files `metrics.<seconds>.<part>.jsonl`; all of a run, one after the other, are one file of lines. */
export const JSONL: LogFormat = {
  fileName: (begunMs, part) => `metrics.${Math.floor(begunMs / 1_000)}.${partNumber(part)}.jsonl`,
  header: () => new Uint8Array(),
  encode: (moment) => new TextEncoder().encode(`${jsonLine(moment)}\n`),
  rewrittenUpTo: 2 ** 20,
};

/**
 * The line of a moment, without its end.
 *
 * @example
 * ```ts
 * import { jsonLine } from "./jsonl.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const figures = { loss: 0.5, val_loss: NaN };
 * assertEquals(
 *   jsonLine({ name: "epoch_end", timeMs: 0, epoch: 1, step: 20, figures }),
 *   '{"time":"1970-01-01T00:00:00.000Z","moment":"epoch_end","epoch":1,"step":20,' +
 *     '"logs":{"loss":0.5,"val_loss":null},"not_finite":["val_loss"]}',
 * );
 * ```
 */
export function jsonLine({ name, timeMs, epoch, step, figures }: Moment): string {
  const not_finite = Object.keys(figures).filter((figure) => !Number.isFinite(figures[figure]));
  return JSON.stringify({
    time: new Date(timeMs).toISOString(),
    moment: name,
    ...{ epoch, step },
    logs: figures, // JSON.stringify() makes null of what is not finite
    ...(not_finite.length > 0 && { not_finite }),
  });
}

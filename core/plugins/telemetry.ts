/**
 * Log lines and measurements of plugins, checked: everybody may send them, so everybody who reads them
 * must be able to rely on their form.
 *
 * @module
 */
import type { RuntimeEvents } from "../bus/events.ts";
import { z } from "../deps/zod.ts";
import { printable } from "../wall/printable.ts";
import type { WireValue } from "../wall/values.ts";

const text = (most: number): z.ZodType<string> => z.string().transform((value) => printable(value, most));

/** What a field of a log line may be; the SDK's Logger makes nothing else. */
const field: z.ZodType<unknown> = z.lazy(() =>
  z.union([
    z.null(),
    z.undefined(),
    z.boolean(),
    z.number(),
    z.nan(),
    text(1_000),
    z.array(field).max(100),
    z.record(text(100), field),
  ])
);

const logRecord: z.ZodType<RuntimeEvents["log.info"]> = z.object({
  message: text(8_192),
  fields: z.record(text(100), field).refine((fields) => Object.keys(fields).length <= 100),
});

const metric: z.ZodType<RuntimeEvents["metrics.recorded"]> = z.object({
  name: text(128),
  kind: z.enum(["timer", "counter", "gauge"]),
  value: z.number(),
  unit: text(32),
});

/** What everybody may emit, whatever a manifest declares; another topic under `log.` is one like all others. */
export const TELEMETRY: ReadonlySet<string> = new Set(
  ["log.debug", "log.info", "log.warning", "log.error", "metrics.recorded"] satisfies (keyof RuntimeEvents)[],
);

/** The payload with every text made printable and cut to its limit; undefined if it has another form. */
export function parseTelemetry(topic: string, payload: WireValue): unknown {
  const schema = topic === "metrics.recorded" ? metric : logRecord;
  return schema.safeParse(payload).data;
}

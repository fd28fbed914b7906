/**
 * The events that k-bert itself emits, by topic.
 *
 * Topics and fields are those of the plugin guide, so fields are in snake_case. The compiler's word about
 * a payload is only as good as its emitter: the types of `head.*`, `augmenter.*`, `feature.*`,
 * `callback.*`, `plugin.processing_*` and telemetry say what the ports of the SDK emit, but a plugin may
 * put anything into an event that it is allowed to emit. A listener of plugins that are not trusted
 * checks what it reads; `source` of the event says whose it is.
 *
 * @module
 */

/** A line for the log. */
interface LogPayload {
  message: string;
  fields: Readonly<Record<string, unknown>>;
}

/** Topic → payload. Payloads are shared by all listeners: they are to be read, not to be changed. */
export interface RuntimeEvents {
  /** A plugin's worker runs and its class is made. */
  "plugin.initialized": { plugin_name: string; version: string; dependencies: readonly string[] };
  "plugin.initialization_failed": { plugin_name: string; error: string };
  /** `activation_time` is when, in milliseconds since 1970. */
  "plugin.activated": { plugin_name: string; activation_time: number };
  "plugin.activation_failed": { plugin_name: string; error: string };
  /** A call of a plugin's method ended in an error. */
  "plugin.execution_error": { plugin_name: string; method: string; error: string };
  /** A guard found something in an answer that must not be used; it was told as an execution error as well. */
  "plugin.answer_refused": { plugin_name: string; method: string; reason: string; error: string };
  /** `deactivation_time` is when, in milliseconds since 1970. */
  "plugin.deactivated": { plugin_name: string; deactivation_time: number };
  "plugin.deactivation_failed": { plugin_name: string; error: string };
  /** Nothing of the plugin is left. */
  "plugin.unloaded": { plugin_name: string; reason: string };
  /** The plugin's worker died, without being asked to. */
  "plugin.crashed": { plugin_name: string; error: string };
  /** It runs again: the `restarts`-th time, after a pause of `delay_ms`. */
  "plugin.restarted": { plugin_name: string; restarts: number; delay_ms: number };
  /** It crashed too often, and stays down. */
  "plugin.quarantined": { plugin_name: string; restarts: number; error: string };
  /**
   * Another version of its code serves now. `plugin_path` is where it was read from, `timestamp` when, in
   * milliseconds since 1970. `phases_ms` has the milliseconds of each phase; `calls_held` calls waited, at most
   * `pause_ms`. What of its state began anew is said in `began_anew`.
   */
  "plugin.reloaded": {
    plugin_name: string;
    plugin_path: string;
    timestamp: number;
    from_sha256: string;
    to_sha256: string;
    phases_ms: Readonly<Record<string, number>>;
    pause_ms: number;
    calls_held: number;
    began_anew: readonly string[];
  };
  /**
   * It was not exchanged, in this phase: what ran before goes on. `file`, `line` and `column` are where in its source
   * the reason is, as far as that is known.
   */
  "plugin.reload_failed": {
    plugin_name: string;
    plugin_path: string;
    timestamp: number;
    error: string;
    phase: string;
    to_sha256?: string;
    file?: string;
    line?: number;
    column?: number;
  };
  /** The version before serves again. */
  "plugin.rolled_back": { plugin_name: string; from_sha256: string; to_sha256: string; reason: string };
  /** Two versions answered the same calls; the times are medians of one call. */
  "plugin.shadow_compared": {
    plugin_name: string;
    calls: number;
    is_within: boolean;
    largest_difference: number;
    old_ms: number;
    new_ms: number;
  };
  /** The plugin is too slow for its events: `count` of them were not delivered to it. */
  "plugin.events_dropped": { plugin_name: string; count: number };
  /** The plugin emitted what it may not. */
  "plugin.event_refused": { plugin_name: string; topic: string; reason: string };

  "plugin.processing_started": { plugin: string; data_size: number };
  "plugin.processing_completed": { plugin: string; result_size: number };
  "plugin.processing_failed": { plugin: string; error: string };
  /**
   * The device of a training failed, for this `reason`, and the run goes on with `backend` after the step of its last
   * checkpoint, 0 if it begins again; the `restarts`-th time.
   */
  "train.backend_restarted": {
    backend: string;
    adapter: string | null;
    reason: string;
    restarts: number;
    step: number;
  };
  "head.forward_start": { head_type: string; input_shape: readonly number[] };
  "head.forward_complete": { head_type: string; output_shape: readonly number[] };
  /** `probability`, from 0 to 1, of a text being changed. */
  "augmenter.started": { augmenter: string; input_count: number; probability: number };
  /** `augmented_count` of the texts are not what they were. */
  "augmenter.completed": { augmenter: string; output_count: number; augmented_count: number };
  "feature.extraction_started": {
    feature_extractor: string;
    input_shape: readonly number[];
    indicators: readonly string[];
  };
  "feature.extraction_completed": {
    feature_extractor: string;
    output_shape: readonly number[];
    new_features: readonly string[];
  };
  "callback.warning": { callback: string; message: string };
  "callback.new_best_value": { callback: string; epoch: number; metric: string; value: number };
  "callback.early_stopping_triggered": {
    callback: string;
    epoch: number;
    patience: number;
    best_value: number;
    current_value: number;
  };

  "log.debug": LogPayload;
  "log.info": LogPayload;
  "log.warning": LogPayload;
  "log.error": LogPayload;
  /** `unit` is that of `value`, like `ms`; empty for a plain number. */
  "metrics.recorded": { name: string; kind: "timer" | "counter" | "gauge"; value: number; unit: string };

  /** A listener of an event of `topic` threw or rejected, or was not done in time. */
  "bus.listener_failed": { topic: string; error: string; reason: "threw" | "late" };
}

/**
 * The topics that only the host emits, whatever a plugin's manifest declares. Asked with any text.
 *
 * @example
 * ```ts
 * import { HOST_TOPICS } from "./events.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(HOST_TOPICS.has("plugin.activated"), true);
 * assertEquals(HOST_TOPICS.has("plugin.processing_started"), false);
 * ```
 */
export const HOST_TOPICS: ReadonlySet<string> = new Set(
  [
    "plugin.initialized",
    "plugin.initialization_failed",
    "plugin.activated",
    "plugin.activation_failed",
    "plugin.execution_error",
    "plugin.answer_refused",
    "plugin.deactivated",
    "plugin.deactivation_failed",
    "plugin.unloaded",
    "plugin.crashed",
    "plugin.restarted",
    "plugin.quarantined",
    "plugin.reloaded",
    "plugin.reload_failed",
    "plugin.rolled_back",
    "plugin.shadow_compared",
    "plugin.events_dropped",
    "plugin.event_refused",
    "train.backend_restarted",
    "bus.listener_failed",
  ] satisfies (keyof RuntimeEvents)[],
);

/**
 * Whether events of this topic only tell how things go, so that they may be dropped when a listener is
 * slow: logs and metrics.
 *
 * @example
 * ```ts
 * import { isTelemetry } from "./events.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(isTelemetry("log.warning"), true);
 * assertEquals(isTelemetry("metrics.recorded"), true);
 * assertEquals(isTelemetry("plugin.crashed"), false);
 * ```
 */
export function isTelemetry(topic: string): boolean {
  return topic === "metrics.recorded" || /^log\.[^.]+$/.test(topic);
}

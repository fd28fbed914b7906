/**
 * A switch to a backend that does not start is an error.
 *
 * tfjs answers `false`, which nobody reads, has no backend at all then, and takes the best of the others at
 * the next operation: a training run goes on somewhere else. Here the one before stays.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";

/** Semi-private, pinned with tfjs. */
interface SwitchingEngine {
  backendName: string | null;
  setBackend(name: string): Promise<boolean>;
}

/** Guards `tf.setBackend`, also for a plugin that calls it. */
export function guardBackendSwitch(): void {
  const engine = tf.engine() as unknown as SwitchingEngine;
  const original = engine.setBackend.bind(engine);
  engine.setBackend = async (name) => {
    const before = engine.backendName;
    if (await original(name)) return true;
    if (before !== null && before !== name) await original(before);
    const reason = "tfjs says no more than that it does not start";
    const message = `Cannot switch to the ${name} backend: ${reason}; ${before ?? "no backend"} stays`;
    throw new KBertError("backend/unavailable", message, { backend: name, reason });
  };
}

/**
 * The plugin of the benches, started through the public API as anybody would.
 *
 * @module
 */
import { createRuntime, type Plugin, type PluginLimits, type Remote, type Runtime } from "../mod.ts";
import type { Echo } from "./plugins/bench_echo/main.ts";

/** The folder of the plugin. */
export const ECHO_FOLDER = new URL("./plugins/bench_echo/", import.meta.url);

/** A runtime of its own with the plugin active in it. Whoever asked for it disposes of it. */
export interface EchoPlugin extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly plugin: Plugin;
  readonly methods: Remote<Echo>;
}

/** Starts it, without a worker in reserve that would share the machine with what is measured. */
export async function startEcho(limits: Partial<PluginLimits> = {}): Promise<EchoPlugin> {
  const runtime = await createRuntime({ log: () => {}, spares: 0 });
  const plugin = await runtime.plugins.start(ECHO_FOLDER, { limits, tier: "worker" });
  return {
    ...{ runtime, plugin, methods: plugin.methods<Echo>() },
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

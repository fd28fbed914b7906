/**
 * The plugin of the benches, started through the public API as anybody would.
 *
 * @module
 */
import { createRuntime, type Plugin, type Remote, type Runtime } from "../mod.ts";
import type { Echo } from "./plugins/bench_echo/main.ts";

/** The folder of the plugin. */
export const ECHO_FOLDER = new URL("./plugins/bench_echo/", import.meta.url);

/** A runtime of its own with the plugin active in it. Whoever asked for it disposes of it. */
export interface EchoPlugin extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly plugin: Plugin;
  readonly methods: Remote<Echo>;
}

/** Starts it. */
export async function startEcho(): Promise<EchoPlugin> {
  const runtime = await createRuntime({ log: () => {} });
  const plugin = await runtime.plugins.start(ECHO_FOLDER);
  return {
    ...{ runtime, plugin, methods: plugin.methods<Echo>() },
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}

/**
 * The `worker` tier: a Web Worker of this process that has no permissions at all.
 *
 * `permissions` is always given: a worker without it inherits the host's, and a plugin could then even
 * revoke them. `terminate()` does not stop a busy loop (the thread stays until the process ends), which is
 * why this tier is for plugins that the user trusts.
 *
 * @module
 */
import { messagePort } from "../core/wall/frame.ts";
import { closed, opened } from "../core/wall/ledger.ts";
import { letGo } from "../core/wall/let_go.ts";
import type { Sandbox, SandboxOptions } from "../core/wall/sandbox.ts";
import { ENTRIES } from "./entries.ts";

/** Starts a Web Worker that waits for a plugin's image. */
export function workerSandbox({ name, kit, onFailure }: SandboxOptions): Sandbox {
  const worker = new Worker(new URL(ENTRIES[kit], import.meta.url), {
    type: "module",
    name,
    deno: { permissions: "none" },
  });
  opened("sandboxes");
  let isOpen = true;
  // Without preventDefault() an uncaught error of the plugin would end the host.
  worker.onerror = (event) => {
    event.preventDefault();
    onFailure(`its worker failed: ${event.message}`);
  };
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(null, [port2]);
  return {
    tier: "worker",
    port: messagePort(port1),
    [Symbol.dispose]: () => {
      if (!isOpen) return;
      isOpen = false;
      closed("sandboxes");
      letGo(worker);
      // In this order: a port that is closed while its other end still writes blocks this thread for seconds.
      worker.terminate();
      port1.close();
    },
  };
}

/**
 * Never called. Its literal imports make the workers' modules a part of this module's graph, so that they are
 * in the cache when a host that was imported from a URL starts its first worker.
 */
export const workerGraph = (): Promise<unknown>[] => [
  import("./plugin_worker.ts"),
  import("./tensor_plugin_worker.ts"),
  import("./table_plugin_worker.ts"),
  import("./full_plugin_worker.ts"),
];

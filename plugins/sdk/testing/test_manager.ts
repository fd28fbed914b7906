/**
 * A plugin manager as a test needs it: plugins run in real workers, have the rights that the test says, and
 * nobody is asked.
 *
 * What the user has granted on this machine is neither read nor written: a test that passed because of it would
 * fail on the next machine. The user is the test. Nor is a lock looked at: what is tested is the code as it is now,
 * not as somebody once added it.
 *
 * @module
 */
import type { EventBus } from "../../../core/bus/event_bus.ts";
import type { Admit } from "../../../core/plugins/admission.ts";
import { PluginManager } from "../../../core/plugins/manager.ts";
import { buildImage, type PluginImage } from "../../../core/security/image.ts";
import {
  intersectPermissions,
  NO_PERMISSIONS,
  type Permissions,
} from "../../../core/security/permissions.ts";
import { pluginSource } from "../../../core/security/source.ts";
import type { SandboxFactory, Tier } from "../../../core/wall/sandbox.ts";
import { processSandbox } from "../../../workers/process_sandbox.ts";
import { workerSandbox } from "../../../workers/worker_sandbox.ts";

/** How the plugins of a test run. */
export interface TestManagerOptions {
  /**
   * Where plugins run that are not told otherwise. A process takes `--allow-run=deno`, and a few times as long to
   * start. @default {"worker"}
   */
  readonly tier?: Tier;
  /**
   * What the test grants, of what `plugin.yaml` asks for: `all` of it, or these. What is not granted, the plugin
   * has not, and hears `capability/refused`. @default {nothing}
   */
  readonly grant?: "all" | Partial<Omit<Permissions, "services">>;
}

/**
 * Makes one. The caller disposes of it; the bus stays the caller's.
 *
 * @example
 * ```ts
 * import { testManager } from "./test_manager.ts";
 * import { EventBus } from "../../../core/bus/event_bus.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * using bus = new EventBus();
 * await using manager = testManager(bus);
 * const plugin = await manager.start("examples/plugins/robust");
 * assertEquals([await plugin.call("processData", [[1, 2]]), plugin.tier], [1.5, "worker"]);
 * ```
 */
export function testManager(
  bus: EventBus,
  { tier = "worker", grant = {} }: TestManagerOptions = {},
): PluginManager {
  const admit: Admit = ({ manifest: { permissions } }, _port, wanted) => {
    const granted = grant === "all" ? permissions : { ...NO_PERMISSIONS, ...grant };
    return Promise.resolve({
      permissions: intersectPermissions(permissions, granted),
      tier: wanted ?? tier,
    });
  };
  return new TestManager({ createSandbox, admit, bus });
}

class TestManager extends PluginManager {
  override vet(plugin: string | URL | PluginImage): Promise<PluginImage> {
    const isPlace = plugin instanceof URL || typeof plugin === "string" && /[./]/.test(plugin);
    return isPlace ? buildImage(pluginSource(plugin)) : super.vet(plugin);
  }
}

const createSandbox: SandboxFactory = (options) =>
  options.tier === "process" ? processSandbox(options) : workerSandbox(options);

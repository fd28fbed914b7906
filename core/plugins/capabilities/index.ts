/**
 * What the host does for a plugin with rights that the user granted: the plugin's own place has none.
 *
 * @module
 */
import type { Permissions } from "../../security/permissions.ts";
import { ENVIRONMENT_ARGUMENTS, environmentApi } from "./environment.ts";
import { FILES_ARGUMENTS, filesApi } from "./files.ts";
import { NETWORK_ARGUMENTS, networkApi } from "./network.ts";
import type { Rows } from "./rows.ts";

/** The arguments of each method. */
export const CAPABILITY_ARGUMENTS = {
  ...NETWORK_ARGUMENTS,
  ...FILES_ARGUMENTS,
  ...ENVIRONMENT_ARGUMENTS,
} as const;

/**
 * The methods for one run of a plugin. They are there whatever was granted: without a grant, each refuses
 * and says what to do.
 *
 * @param granted what the manifest asks for and the user agreed to
 * @example
 * ```ts
 * import { capabilityApi } from "./index.ts";
 * import { NO_PERMISSIONS } from "../../security/permissions.ts";
 * import { assertRejects } from "../../deps/assert.ts";
 *
 * const api = capabilityApi("greeter", { ...NO_PERMISSIONS, env: ["GREETING"] });
 * const { signal } = new AbortController();
 * const call = { method: "env.get", args: [], stream: false, signal };
 * await assertRejects(async () => await api["env.get"](["HOME"], call), Error, "add it to permissions.env");
 * ```
 */
export function capabilityApi(plugin: string, granted: Permissions): Rows<typeof CAPABILITY_ARGUMENTS> {
  return {
    ...networkApi(plugin, granted.net),
    ...filesApi(plugin, granted),
    ...environmentApi(plugin, granted.env),
  };
}

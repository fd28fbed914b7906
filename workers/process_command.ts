/**
 * How the process of a plugin is started: which program, with which rights, limits and environment.
 *
 * It gets as little as a Deno that runs our own modules can live with. A right to start it that the host does not
 * have is an error and never another tier: whoever asked for a process did so because the plugin is not trusted.
 *
 * @module
 */
import { KBertError } from "../core/wall/errors.ts";
import type { ProcessSetup } from "./process_protocol.ts";

/** Folders that a plugin's worker has its modules from; next to this file's own when they are local. */
const MODULE_FOLDERS = ["../workers", "../core", "../plugins/sdk"];

/** The folder of the cache, and the part of it that npm packages are in: it is named after their registry. */
const CACHE_VARIABLES = ["DENO_DIR", "NPM_CONFIG_REGISTRY"];

/** What is asked for. */
export interface ProcessCommandOptions extends ProcessSetup {
  /** Of the plugin, for errors. */
  readonly name: string;
  readonly heapMb: number;
}

/**
 * Starts it; whoever called kills it.
 *
 * @throws {KBertError} `plugin/permission` if the host may not start Deno
 */
export function spawnPluginProcess({ name, heapMb, ...setup }: ProcessCommandOptions): Deno.ChildProcess {
  const entry = new URL("./plugin_process.ts", import.meta.url);
  const command = new Deno.Command(program(name), {
    args: [
      "run",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      "--cached-only", // modules from a URL come from the host's cache; see processGraph()
      "--unstable-worker-options",
      `--v8-flags=--max-old-space-size=${heapMb}`, // holds for the workers of the process, too
      ...moduleRights(),
      entry.href,
      JSON.stringify(setup),
    ],
    clearEnv: true,
    env: environment(),
    // A fresh folder would need the right to write one. This one holds nothing of the user's, and the process
    // may neither read nor write it.
    cwd: "/",
    // Out of the group that a terminal interrupts: a host that finishes its step first still needs its plugins.
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  return command.spawn();
}

/**
 * The binary that runs this program if the host may start it (`--allow-run=deno` allows it by its path, too, if
 * that is what the name stands for), and otherwise the name.
 */
function program(plugin: string): string {
  if (isGranted({ name: "run", command: Deno.execPath() })) return Deno.execPath();
  if (isGranted({ name: "run", command: "deno" })) return "deno";
  const right = "--allow-run=deno";
  const message =
    `The plugin ${plugin} cannot be started in a process of its own because this program may not start Deno; run it with ${right}`;
  throw new KBertError("plugin/permission", message, { plugin, right });
}

/**
 * A worker's local modules are read by the right of the thread that starts it, which gives it up as soon as they
 * are loaded. Those from a URL need no right.
 */
function moduleRights(): string[] {
  if (!import.meta.url.startsWith("file:")) return [];
  const folders = MODULE_FOLDERS.map((folder) => pathOf(new URL(folder, import.meta.url)));
  return [`--allow-read=${folders.map((folder) => folder.replaceAll(",", ",,")).join(",")}`];
}

/** Nothing of the user's, but where modules are in the cache if that is not the usual place. */
function environment(): Record<string, string> {
  const env: Record<string, string> = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_NO_PACKAGE_JSON: "1" };
  for (const variable of CACHE_VARIABLES) {
    if (!isGranted({ name: "env", variable })) continue;
    const value = Deno.env.get(variable);
    if (value !== undefined) env[variable] = value;
  }
  return env;
}

function isGranted(right: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(right).state === "granted";
}

function pathOf(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? path.slice(1) : path;
}

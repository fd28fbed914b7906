/**
 * The program: `deno task k-bert plugin new my_head --type head`, `deno run <url>/cli.ts predict …`.
 *
 * Which commands there are is the list below; what each of them does, and all that can be said about it, is in its own
 * file in core/cli. A command that needs a runtime is handed one here, because nothing below mod.ts may make one.
 *
 * @module
 */
import type { TryStart } from "./core/author/check_plugin.ts";
import type { Command, Program } from "./core/cli/command.ts";
import { completionCommand } from "./core/cli/completion.ts";
import { grantsCommands } from "./core/cli/grants.ts";
import { pluginNew } from "./core/cli/plugin_new.ts";
import { pluginCheckCommand } from "./core/cli/plugin_check.ts";
import { hostilePluginCommand } from "./core/cli/hostile_plugin.ts";
import { pluginKey } from "./core/cli/key.ts";
import { pluginPack } from "./core/cli/pack.ts";
import { pluginAdd } from "./core/cli/plugin_add.ts";
import { pluginInfo } from "./core/cli/plugin_info.ts";
import { pluginTestCommand } from "./core/cli/test_plugin.ts";
import { pluginDevCommand } from "./core/cli/plugin_dev.ts";
import { pluginInstall } from "./core/cli/plugin_install.ts";
import { pluginList } from "./core/cli/plugin_list.ts";
import { pluginRemove } from "./core/cli/plugin_remove.ts";
import { pluginSearch } from "./core/cli/plugin_search.ts";
import { pluginUpdate } from "./core/cli/plugin_update.ts";
import { predictCommand } from "./core/cli/predict.ts";
import { runCommandLine } from "./core/cli/program.ts";
import { terminalIo } from "./core/cli/terminal.ts";
import { RUNTIME_VERSION } from "./core/manifest/version.ts";
import { PluginManager } from "./core/plugins/manager.ts";
import { NO_PERMISSIONS } from "./core/security/permissions.ts";
import { createRuntime, runProgram } from "./mod.ts";
import { processSandbox } from "./workers/process_sandbox.ts";

/** In the order in which help shows them. */
const COMMANDS: readonly Command[] = [
  predictCommand(loadModel),
  completionCommand("k-bert", () => COMMANDS),
  pluginNew,
  pluginCheckCommand(tryStart),
  pluginTestCommand,
  pluginDevCommand(() => createRuntime({ log: () => {} })),
  hostilePluginCommand,
  pluginPack,
  pluginKey,
  pluginInstall,
  pluginAdd,
  pluginUpdate,
  pluginRemove,
  pluginList,
  pluginInfo,
  pluginSearch,
  ...grantsCommands,
];

/** The program, for whoever shows or tests it. */
export const PROGRAM: Program = {
  name: "k-bert",
  version: RUNTIME_VERSION,
  summary: "fine-tunes BERT with plugins that run behind a wall",
  commands: COMMANDS,
};

if (import.meta.main) {
  await runProgram((signal) => runCommandLine(PROGRAM, Deno.args, terminalIo(Deno.args, signal)));
}

/** A model that owns the runtime that it runs in. */
async function loadModel(path: string): ReturnType<Parameters<typeof predictCommand>[0]> {
  await using owned = new AsyncDisposableStack();
  const runtime = owned.use(await createRuntime());
  const model = owned.use(await runtime.loadModel(path));
  const stack = owned.move();
  return {
    predict: (texts) => model.predict(texts),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Starts a plugin with no rights at all, and ends it. */
async function tryStart(...[image, port, settings]: Parameters<TryStart>): Promise<void> {
  const admission = { permissions: NO_PERMISSIONS, tier: "process" } as const;
  await using manager = new PluginManager({
    createSandbox: processSandbox,
    admit: () => Promise.resolve(admission),
  });
  const plugin = await manager.load(image, { port, settings });
  await plugin.initialize();
}

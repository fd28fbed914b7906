/**
 * The program: `deno run <url>/cli.ts predict --model runs/<id> "text"`, `… grants list`, `… plugin install`.
 *
 * @module
 */
import { grantsCommand } from "./core/cli/grants.ts";
import { pluginCommand } from "./core/cli/plugin.ts";
import { predictCommand } from "./core/cli/predict.ts";
import { usage } from "./core/cli/options.ts";
import { printLine } from "./core/cli/script.ts";
import { createRuntime, runProgram } from "./mod.ts";

if (import.meta.main) {
  await runProgram(async (signal) => {
    const [command, ...args] = Deno.args;
    const known = "there is predict, grants and plugin, see predict --help and so on";
    if (command === undefined) throw usage("", `A command is missing; ${known}`);
    if (command === "grants" || command === "plugin") {
      await (command === "grants" ? grantsCommand : pluginCommand)(args, printLine);
      return "done";
    }
    if (command !== "predict") throw usage(command, `There is no command ${command}; ${known}`);
    await using runtime = await createRuntime();
    await predictCommand(
      args,
      (path) => runtime.loadModel(path),
      printLine,
      Deno.stdin.readable,
      signal,
    );
    return "done";
  });
}

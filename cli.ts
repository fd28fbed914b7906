/**
 * The program: `deno run <url>/cli.ts predict --model runs/<id> "text"`.
 *
 * @module
 */
import { predictCommand } from "./core/cli/predict.ts";
import { usage } from "./core/cli/options.ts";
import { printLine } from "./core/cli/script.ts";
import { createRuntime, runProgram } from "./mod.ts";

if (import.meta.main) {
  await runProgram(async (signal) => {
    const [command, ...args] = Deno.args;
    if (command === undefined) throw usage("", "A command is missing; there is predict, see predict --help");
    if (command !== "predict") {
      throw usage(command, `There is no command ${command}; there is predict, see predict --help`);
    }
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

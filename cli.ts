/**
 * The program: `deno run <url>/cli.ts predict --model runs/<id> "text"`.
 *
 * @module
 */
import { predictCommand } from "./core/cli/predict.ts";
import { usage } from "./core/cli/options.ts";
import { createRuntime, runProgram } from "./mod.ts";

if (import.meta.main) {
  await runProgram(async () => {
    const [command, ...args] = Deno.args;
    if (command !== "predict") {
      throw usage(command ?? "", `There is no command ${command ?? ""}; there is predict`);
    }
    using runtime = createRuntime();
    await predictCommand(
      args,
      (path) => runtime.loadModel(path),
      (line) => console.log(line),
      Deno.stdin.readable,
    );
    return "done";
  });
}

/**
 * `plugin test`: runs the tests of a plugin. (Not `plugin_test.ts`, which would be a test.)
 *
 * @module
 */
import { runTests } from "../author/run_tests.ts";
import { KBertError } from "../wall/errors.ts";
import { type Command, defineCommand } from "./command.ts";

/** The command. */
export const pluginTestCommand: Command = defineCommand({
  name: "plugin test",
  summary: "Runs the tests of a plugin with the rights that they need, and no others",
  takes: "[PATH]",
  count: [0, 1],
  passesOn: "DENO TEST ARGUMENTS",
  options: {},
  details:
    `PATH is the folder of a plugin, by default this one. Its tests are files such as my_head_test.ts; they
import "k-bert/sdk/testing". Types are checked first, then deno test runs them: they may read the plugin's folder and
this k-bert, write temporary files, and start Deno for plugins in a process of their own.`,
  examples: [
    { line: "plugin test", does: "runs the tests in this folder" },
    {
      line: 'plugin test plugins/my_head -- --filter "gradients"',
      does: "runs those whose names have that word",
    },
  ],
  async run([folder = "."], _options, { color, signal }, args): Promise<"interrupted" | "done"> {
    const passed = await runTests(folder, { args, color, signal });
    if (signal.aborted) return "interrupted";
    if (passed) return "done";
    throw new KBertError("input/invalid", `The tests of ${folder} did not pass`, { name: folder });
  },
});

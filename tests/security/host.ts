/**
 * A host of its own for one attack: run in a child process, where the test can see what reaches the
 * terminal, and whether the process ends by itself. Prints the verdict as its last line.
 *
 * @module
 */
import { run } from "./attack_plugin.ts";

const { verdict, openCalls } = await run(Deno.args[0] ?? "");
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify({ verdict, openCalls })}\n`));

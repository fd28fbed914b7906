/**
 * Runs a file of `attacks/` as a plugin, as a stranger's code would run.
 *
 * An attack exports `attack()`, which answers a text that starts with BREACH if the attempt worked. It is
 * wrapped in a head, whose `forward()` throws what the attack answered, because an error is the one thing
 * of a head that reaches the caller as a text.
 *
 * @module
 */
import { type LoadedPlugin, PluginManager } from "../../core/plugins/manager.ts";
import { messageOf } from "../../core/wall/errors.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";

const MANIFEST = `name: attacker
version: 1.0.0
entry_points:
  head: main:Main
events:
  emits: [declared]
`;

const MAIN = `import { HeadPort, type tf } from "k-bert/sdk/tensors";
import { attack } from "./attack.ts";

export class Main extends HeadPort {
  override async forward(): Promise<tf.Tensor> {
    throw new Error(await (attack as (head: HeadPort) => string | Promise<string>)(this));
  }
}
`;

/** What an attack led to. */
export interface Outcome {
  /** What it answered, or the error that it ended with. */
  readonly verdict: string;
  /** The errors of both calls, outermost first. */
  readonly errors: readonly unknown[];
  readonly log: readonly string[];
  /** Topics that got through. */
  readonly topics: readonly string[];
  /** Calls that are still open after the plugin was ended. */
  readonly openCalls: number;
}

/** Names of all attacks. */
export async function attackNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(new URL("./attacks/", import.meta.url))) {
    names.push(name.replace(/\.ts$/, ""));
  }
  return names.sort();
}

/** Loads the plugin and calls it twice; everything is ended and removed again. */
export async function run(name: string, timeoutMs = 10_000): Promise<Outcome> {
  const folder = await Deno.makeTempDir();
  const log: string[] = [];
  const topics: string[] = [];
  const errors: unknown[] = [];
  let plugin: LoadedPlugin | undefined;
  {
    using manager = new PluginManager({
      createSandbox: workerSandbox,
      onLog: (_plugin, _level, text) => log.push(text),
      onEvent: ({ topic }) => topics.push(topic),
    });
    try {
      await writePlugin(folder, name);
      plugin = await manager.load(folder, { port: "head", timeoutMs });
      for (let call = 0; call < 2; call++) {
        await plugin.call("head.predict", [row()]).catch((e) => errors.push(e));
      }
    } catch (error) {
      errors.push(error);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  const verdicts = errors.map((error) => messageOf((error as Error).cause ?? error));
  const verdict = verdicts.find((text) => text.startsWith("BREACH")) ?? verdicts.at(-1) ?? "nothing";
  return { verdict, errors, log, topics, openCalls: plugin?.openCalls ?? 0 };
}

/** Hidden states of one text, for a head that reads four numbers. */
export function row(): { dtype: "float32"; shape: number[]; data: Float32Array } {
  return { dtype: "float32", shape: [1, 4], data: new Float32Array(4) };
}

async function writePlugin(folder: string, name: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/plugin.yaml`, MANIFEST);
  await Deno.writeTextFile(`${folder}/main.ts`, MAIN);
  await Deno.copyFile(new URL(`./attacks/${name}.ts`, import.meta.url), `${folder}/attack.ts`);
}

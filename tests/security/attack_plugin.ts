/**
 * Runs a file of core/hostile/attacks as a plugin, as a stranger's code would run.
 *
 * An attack exports `attack()`, which answers a text that starts with BREACH if the attempt worked. It is
 * wrapped in a head, whose `forward()` throws what the attack answered, because an error is the one thing
 * of a head that reaches the caller as a text. One that attacks as what it is, by its methods and phases,
 * exports a class `Main` with a method `attack()` instead, and is loaded as it is.
 *
 * @module
 */
import type { LogRecord } from "../../core/container/logger.ts";
import { z } from "../../core/deps/zod.ts";
import { PluginManager } from "../../core/plugins/manager.ts";
import type { Plugin } from "../../core/plugins/plugin.ts";
import { type ServiceMethod, serviceMethod } from "../../core/plugins/services.ts";
import { messageOf } from "../../core/wall/errors.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";
import { readAttacks, writeOwn } from "../../core/hostile/attack_file.ts";
import { hostCall } from "../../core/hostile/host_call.ts";
import { manifestOf, NOBODY } from "../../core/hostile/victim.ts";
import { problemOf } from "../../core/hostile/watch.ts";

const ATTACKS = new URL("../../core/hostile/attacks/", import.meta.url);

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
  /** The errors of all calls, outermost first. */
  readonly errors: readonly unknown[];
  readonly log: readonly string[];
  /** Events that got through in its name: undeclared topics, and telemetry that is none. */
  readonly breaches: readonly string[];
  /** How many events of each topic got through. */
  readonly heard: ReadonlyMap<string, number>;
  /** What the host said about events that it did not let through, or that were dropped. */
  readonly refused: readonly unknown[];
  readonly dropped: readonly number[];
  /** Names of the methods of services that were run. */
  readonly served: readonly string[];
  /** Listeners on the bus when it was at its worst, and after its end. */
  readonly listeners: readonly [during: number, after: number];
  /** Calls that are still open after the plugin was ended. */
  readonly openCalls: number;
}

/** Names of the attacks that this process lives through; the others say that they want a host alone. */
export async function attackNames(): Promise<string[]> {
  const attacks = await readAttacks(ATTACKS.pathname);
  return attacks.filter(({ source }) => !/^export const meta = .*alone: true/m.test(source)).map(({ name }) =>
    name
  );
}

/**
 * Starts the plugin, calls it twice and unloads it; everything is ended and removed again.
 *
 * @param callMs the plugin's limit, for each call and each phase
 */
export async function run(name: string, callMs = 10_000): Promise<Outcome> {
  const folder = await Deno.makeTempDir();
  const manager = new PluginManager({ createSandbox: workerSandbox });
  const watch = new Watch(manager);
  const errors: unknown[] = [];
  const answers: unknown[] = [];
  let plugin: Plugin | undefined;
  let during = 0;
  try {
    const settings = await writePlugin(folder, name);
    plugin = await manager.start(folder, { settings, limits: { callMs } });
    for (let call = 0; call < 2; call++) {
      manager.bus.post("secret.plans" as "log.info", { message: "secret", fields: {} });
      await attackOnce(plugin, answers).catch((error) => errors.push(error));
    }
    during = manager.bus.listenerCount;
    // Held open while it is unloaded.
    if (plugin.has("hold")) {
      for (let call = 0; call < 50; call++) plugin.call("hold", [call]).catch((error) => errors.push(error));
    }
  } catch (error) {
    errors.push(error);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await manager[Symbol.asyncDispose]();
  }
  const after = manager.bus.listenerCount;
  manager.bus[Symbol.dispose]();
  const verdicts = [...answers, ...errors].map((end) =>
    end instanceof Error ? messageOf(end.cause ?? end) : String(end)
  );
  const verdict = verdicts.find((text) => text.startsWith("BREACH")) ?? verdicts.at(-1) ?? "nothing";
  return { ...watch, verdict, errors, listeners: [during, after], openCalls: plugin?.openCalls ?? 0 };
}

/** Of a stream, no more is taken than a caller would who looks at a few of its items. */
async function attackOnce(plugin: Plugin, answers: unknown[]): Promise<void> {
  if (plugin.port === "head") return void await plugin.call("predict", hostCall("head").args);
  if (!plugin.streams("attack")) return void answers.push(await plugin.call("attack", []));
  let items = 0;
  for await (const item of plugin.stream("attack", [])) {
    answers.push(item);
    if (++items === 100) break;
  }
}

/** Hears and serves what the attacker sends. */
class Watch {
  readonly log: string[] = [];
  readonly breaches: string[] = [];
  readonly heard = new Map<string, number>();
  readonly refused: unknown[] = [];
  readonly dropped: number[] = [];
  readonly served: string[] = [];

  constructor(manager: PluginManager) {
    const { bus } = manager;
    bus.on(">", (payload, { topic, source }) => {
      if (source === "host") return;
      this.heard.set(topic, (this.heard.get(topic) ?? 0) + 1);
      const problem = source === "attacker" ? problemOf(topic, payload) : `it came from ${source}`;
      if (problem !== undefined && this.breaches.length < 20) this.breaches.push(`${topic}: ${problem}`);
      if (topic.startsWith("log.") && this.log.length < 1_000) this.log.push((payload as LogRecord).message);
    });
    bus.on("plugin.event_refused", (payload) => this.refused.push(payload));
    bus.on("plugin.events_dropped", ({ count }) => this.dropped.push(count));
    const serve = (name: string): ServiceMethod =>
      serviceMethod(z.tuple([z.string()]), () => void this.served.push(name));
    manager.offer("glossary", { lookup: serve("glossary.lookup") }, { to: ["attacker"] });
    manager.offer("vault", { open: serve("vault.open") }, { to: ["somebody_else"] });
    manager.offer("secrets", { read: serve("secrets.read") }, { to: ["attacker"] });
  }
}

/** Answers the settings that the plugin needs. */
async function writePlugin(folder: string, name: string): Promise<Record<string, unknown>> {
  const source = await Deno.readTextFile(new URL(`${name}.ts`, ATTACKS));
  const isWhole = /^export class Main /m.test(source);
  const manifest = manifestOf(NOBODY, isWhole ? ["plugin", "attack:Main"] : ["head", "main:Main"]);
  await Deno.writeTextFile(`${folder}/plugin.yaml`, manifest);
  await writeOwn(folder);
  await Deno.writeTextFile(`${folder}/attack.ts`, source);
  if (isWhole) return {};
  await Deno.writeTextFile(`${folder}/main.ts`, MAIN);
  return { hidden_size: 4, num_labels: 2 };
}

/**
 * A host of its own for one attack: it starts the plugin, calls it, ends it, measures itself meanwhile, and
 * writes what it saw as the last line of its output.
 *
 * It may do more than the plugin was granted (read the fixtures, for example), so that what holds is the wall
 * and not the lack of rights of this process.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- it prints the log as a host does that was not told otherwise
import { formatRecord, LOG_LEVELS, type LogRecord } from "../../../core/container/logger.ts";
import { PluginManager } from "../../../core/plugins/manager.ts";
import type { Plugin } from "../../../core/plugins/plugin.ts";
import { KBertError, messageOf } from "../../../core/wall/errors.ts";
import { printable } from "../../../core/wall/printable.ts";
import type { Sandbox, SandboxOptions } from "../../../core/wall/sandbox.ts";
import { processSandbox } from "../../../workers/process_sandbox.ts";
import { workerSandbox } from "../../../workers/worker_sandbox.ts";
import { row } from "../attack_plugin.ts";
import type { HostReport, HostSetup } from "./evidence.ts";
import { changesOfHost, LagMeter, MemoryMeter, threadsAreIdle } from "./meters.ts";
import { Watch } from "./watch.ts";

/** Milliseconds that the host gets to give up a plugin by itself before it is told to end it. */
const GIVE_UP_MS = { process: 700, worker: 1_500 };
/** How long a plugin is waited for at its end. */
const MAX_WAIT_MS = 3_000;
/** Items that are taken of a stream, as a caller would who looks at a few of them. */
const MAX_ITEMS = 100;
/** Used as another plugin of the same host. */
const NEIGHBOUR = new URL("./neighbour", import.meta.url);

const setup = JSON.parse(Deno.args[0] ?? "") as HostSetup;
const report = await attackHost(setup);
await Deno.stdout.write(new TextEncoder().encode(`\n${setup.nonce} ${JSON.stringify(report)}\n`));

async function attackHost({ folder, tier, callMs, secrets }: HostSetup): Promise<HostReport> {
  const places: { readonly ended: Promise<number> }[] = [];
  const createSandbox = (options: SandboxOptions): Sandbox => {
    if (tier === "worker" || options.name !== "attacker") return workerSandbox(options);
    const sandbox = isPeer() ? processSandbox(options, spawnPeer) : processSandbox(options);
    places.push({ ended: sandbox.ended.then(() => performance.now()) });
    return sandbox;
  };
  const manager = new PluginManager({ createSandbox });
  printLog(manager);
  const watch = new Watch(manager, secrets);
  const neighbour = await manager.start(NEIGHBOUR);
  const changes = await changesOfHost();
  using lag = new LagMeter();
  using memory = new MemoryMeter();

  const errors: unknown[] = [];
  const answers: unknown[] = [];
  let plugin: Plugin | undefined;
  let end: HostReport["end"] = "answered";
  try {
    plugin = await manager.start(folder, { tier, restart: false, limits: { callMs }, ...settingsOf() });
    await callTwice(plugin, manager, answers);
  } catch (error) {
    errors.push(error);
    end = endOf(error, plugin === undefined);
  }
  let since = performance.now();
  let isQuarantined = plugin === undefined; // nobody can call what did not start
  if (plugin && end === "overdue") {
    isQuarantined = await isGivenUp(plugin, GIVE_UP_MS[tier]);
    if (tier === "worker") since = performance.now();
  } else if (plugin && plugin.state !== "active") {
    isQuarantined = true;
  }
  if (plugin && end === "overdue") plugin[Symbol.dispose]();
  else if (plugin) {
    const held = plugin.has("hold") ? Array.from({ length: 50 }, () => plugin!.call("hold", [0])) : [];
    const settled = Promise.allSettled(held);
    await plugin.unload("the attack is over");
    await settled;
    since = performance.now();
  }
  const endMs = tier === "process"
    ? await endOfAll(places.map(({ ended }) => ended), since)
    : await threadsAreIdle(since);
  // Told to end, it did not; but nobody can call it any more.
  if (endMs === undefined && plugin?.state === "unloaded") isQuarantined = true;
  const isServing = await neighbour.call("echo", ["here"]).then((answer) => answer === "here", () => false);
  watch.look([...answers, ...errors]);
  const openCalls = plugin?.openCalls ?? 0;
  await manager[Symbol.asyncDispose]();
  const { peakMb, keptMb } = await memory.read();
  return {
    ...{ end, outcome: outcomeOf(answers, errors), lagMs: lag.maxMs, endMs, isQuarantined },
    ...{ openCalls, isServing, changes: await changes(), breaches: watch.breaches, peakMb, keptMb },
  };
}

/** An attack that says so is not locked in: it has the whole process, and the pipe to this one. */
function isPeer(): boolean {
  return /^export const meta = .*port: "peer"/m.test(Deno.readTextFileSync(`${setup.folder}/attack.ts`));
}

function spawnPeer(): Deno.ChildProcess {
  const peer = new URL("./peer.ts", import.meta.url).pathname;
  const rights = ["--no-prompt", "--no-check", "--cached-only", `--allow-read=${setup.folder}`];
  const args = ["run", ...rights, peer, `${setup.folder}/attack.ts`];
  return new Deno.Command("deno", { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
}

/** Only a head needs settings, and only an attack that says so is one; the manifest decides. */
function settingsOf(): { settings?: Record<string, unknown> } {
  const manifest = Deno.readTextFileSync(`${setup.folder}/plugin.yaml`);
  return /^ {2}head: /m.test(manifest) ? { settings: { hidden_size: 4, num_labels: 2 } } : {};
}

/** The second call meets what the first one has left behind. */
async function callTwice(plugin: Plugin, { bus }: PluginManager, answers: unknown[]): Promise<void> {
  let first: unknown;
  for (let call = 0; call < 2; call++) {
    bus.post("secret.plans" as "log.info", { message: "secret", fields: {} });
    try {
      await callOnce(plugin, answers);
    } catch (error) {
      if (call > 0 || error instanceof KBertError && error.code === "call/timeout") throw first ?? error;
      first = error;
    }
  }
  if (first !== undefined) throw first;
}

async function callOnce(plugin: Plugin, answers: unknown[]): Promise<void> {
  if (plugin.port === "head") return void await plugin.call("predict", [row()]);
  if (!plugin.streams("attack")) return void answers.push(textOf(await plugin.call("attack", [])));
  let items = 0;
  for await (const item of plugin.stream("attack", [])) {
    answers.push(textOf(item)); // not the item: what it holds is no memory of the host's own
    if (++items === MAX_ITEMS) break;
  }
}

function endOf(error: unknown, isStart: boolean): HostReport["end"] {
  if (!(error instanceof KBertError)) return "failed";
  if (error.code === "call/timeout") return "overdue";
  const isRefused = ["plugin/image", "document/invalid", "plugin/consent"].includes(error.code);
  return isStart && isRefused ? "refused" : "failed";
}

/** Whether the host itself ended it, or takes no calls for it. */
async function isGivenUp(plugin: Plugin, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (plugin.state === "active" && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return plugin.state !== "active";
}

async function endOfAll(ended: readonly Promise<number>[], since: number): Promise<number | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, MAX_WAIT_MS, undefined);
  const last = Promise.all(ended).then((times) => Math.max(0, ...times.map((time) => time - since)));
  return await Promise.race([last, late]).finally(() => clearTimeout(timer));
}

/** A breach counts wherever it was said; otherwise the last word does. */
function outcomeOf(answers: readonly unknown[], errors: readonly unknown[]): string {
  const texts = [...answers, ...errors].map((one) =>
    one instanceof KBertError && one.code === "call/failed"
      ? messageOf(one.cause ?? one)
      : one instanceof Error
      ? messageOf(one)
      : textOf(one)
  );
  return printable(texts.find((text) => text.startsWith("BREACH")) ?? texts.at(-1) ?? "nothing", 400);
}

/** Bounded: what is hostile is also large. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return Deno.inspect(value, { depth: 8, iterableLimit: 1_000, strAbbreviateSize: 10_000, colors: false });
}

function printLog({ bus }: PluginManager): void {
  let lines = 0;
  for (const level of LOG_LEVELS) {
    bus.on(`log.${level}`, (record, { source }) => {
      if (lines++ < 200) console.error(formatRecord(source, level, record as LogRecord));
    });
  }
  bus.on("plugin.crashed", ({ plugin_name, error }) => console.error(`${plugin_name} crashed: ${error}`));
}

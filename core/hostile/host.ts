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
import { formatRecord, LOG_LEVELS, type LogRecord } from "../container/logger.ts";
import { sampleSettings } from "../author/sample_calls.ts";
import type { Admit } from "../plugins/admission.ts";
import { PluginManager } from "../plugins/manager.ts";
import type { Plugin } from "../plugins/plugin.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import type { Sandbox, SandboxOptions } from "../wall/sandbox.ts";
import { processSandbox } from "../../workers/process_sandbox.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";
import { buildImage } from "../security/image.ts";
import type { HostReport, HostSetup } from "./evidence.ts";
import { hostCall } from "./host_call.ts";
import { changesOfHost, LagMeter, MemoryMeter, threadsAreIdle } from "./meters.ts";
import { Watch } from "./watch.ts";

/** Milliseconds that the host gets to give up a plugin by itself before it is told to end it. */
const GIVE_UP_MS = { process: 700, worker: 1_500 };
/** How long a plugin is waited for at its end. */
const MAX_WAIT_MS = 3_000;
/** Items that are taken of a stream, as a caller would who looks at a few of them. */
const MAX_ITEMS = 100;
/** Stands for all other plugins of an attacked host: it answers as long as the host is well. */
const NEIGHBOUR: Readonly<Record<string, string>> = {
  "plugin.yaml": "name: neighbour\nversion: 1.0.0\nentry_points: { plugin: main:Main }\n",
  "main.ts": `import { PluginPort } from "k-bert/sdk";
export class Main extends PluginPort { echo(text: string): string { return text; } }`,
};

/**
 * Who runs this has asked for it: the attack has all that it asks for, in stand-in folders, and this process reaches
 * nobody but itself.
 */
const admitAll: Admit = ({ manifest: { permissions } }, _port, tier = "process") =>
  Promise.resolve({ permissions, tier });

const setup = JSON.parse(Deno.args[0] ?? "") as HostSetup;
const report = await attackHost(setup);
await Deno.stdout.write(new TextEncoder().encode(`\n${setup.nonce} ${JSON.stringify(report)}\n`));

async function attackHost(setup: HostSetup): Promise<HostReport> {
  const { folder, port, tier, callMs } = setup;
  const places: { readonly ended: Promise<number> }[] = [];
  const createSandbox = (options: SandboxOptions): Sandbox => {
    if (tier === "worker" || options.name !== "attacker") return workerSandbox(options);
    const sandbox = isPeer() ? processSandbox(options, spawnPeer) : processSandbox(options);
    places.push({ ended: sandbox.ended.then(() => performance.now()) });
    return sandbox;
  };
  const manager = new PluginManager({ createSandbox, admit: admitAll });
  printLog(manager);
  const watch = new Watch(manager, setup);
  const neighbour = await startNeighbour(manager);
  const changes = await changesOfHost();
  using lag = new LagMeter();
  using memory = new MemoryMeter();

  const errors: unknown[] = [];
  const answers: unknown[] = [];
  let plugin: Plugin | undefined;
  let end: HostReport["end"] = "answered";
  try {
    const image = await manager.vet(folder);
    const settings = sampleSettings(image.manifest, port);
    plugin = await manager.start(image, { port, tier, settings, restart: false, limits: { callMs } });
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

async function startNeighbour(manager: PluginManager): Promise<Plugin> {
  const image = await buildImage({
    ...{ name: "neighbour", location: "memory" },
    read: (file) => Promise.resolve(new TextEncoder().encode(NEIGHBOUR[file])),
  });
  return await manager.start(image);
}

/** An attack that says so is not locked in: it has the whole process, and the pipe to this one. */
function isPeer(): boolean {
  return /^export const meta = .*port: "peer"/m.test(Deno.readTextFileSync(`${setup.folder}/attack.ts`));
}

function spawnPeer(): Deno.ChildProcess {
  const peer = new URL("./peer.ts", import.meta.url).href;
  const rights = ["--no-prompt", "--no-check", "--no-lock", "--cached-only", `--allow-read=${setup.folder}`];
  const args = ["run", ...rights, peer, `${setup.folder}/attack.ts`, String(setup.callMs)];
  return new Deno.Command("deno", { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
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
  const { method, args } = hostCall(plugin.port);
  if (!plugin.streams(method)) return void answers.push(textOf(await plugin.call(method, args)));
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

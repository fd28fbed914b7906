/**
 * A plugin under random use: phases, calls, reloads, crashes and unloads in any order and at the same time, with
 * workers whose phases fail at random. Whatever happens, the table of its life holds.
 *
 * @module
 */
import { assert, assertEquals } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import {
  delivered,
  type FakeMethod,
  type FakePlugin,
  fakePlugin,
  streamOf,
  until,
} from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import { openThings } from "../wall/ledger.ts";
import type { WireValue } from "../wall/values.ts";
import { LIFECYCLE } from "./lifecycle.ts";
import type { PluginVersion } from "./version.ts";

const PHASES = ["initialize", "activate", "deactivate"] as const;
type Phase = typeof PHASES[number];

type Operation = Phase | "reload" | "call" | "stream" | "crash" | "unload" | "dispose" | "wait";
/** What the worker does with a phase or a call. */
type Fate = "succeeds" | "throws" | "crashes" | "takes a while";

/** One step of a course: `waits` is whether the next one comes after it or beside it. */
interface Step {
  readonly operation: Operation;
  readonly fate: Fate;
  /** In which phase of a reload. */
  readonly at: typeof RELOAD_PHASES[number];
  readonly waits: boolean;
}

/** What the versions are asked for in a reload, by the host. */
const RELOAD_PHASES = [
  ...["$load", "$initialize", "$capture", "$restore", "$activate", "$deactivate", "$unload"] as const,
];

const EVENTS: Record<Phase, readonly [succeeded: string, failed: string]> = {
  initialize: ["initialized", "initialization_failed"],
  activate: ["activated", "activation_failed"],
  deactivate: ["deactivated", "deactivation_failed"],
};

const step: fc.Arbitrary<Step> = fc.record({
  operation: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Operation>(...PHASES) },
    { weight: 6, arbitrary: fc.constantFrom<Operation>("call", "stream") },
    { weight: 4, arbitrary: fc.constant<Operation>("reload") },
    { weight: 3, arbitrary: fc.constantFrom<Operation>("crash", "wait") },
    { weight: 1, arbitrary: fc.constantFrom<Operation>("unload", "dispose") },
  ),
  fate: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>("succeeds") },
    { weight: 3, arbitrary: fc.constantFrom<Fate>("throws", "crashes", "takes a while") },
  ),
  at: fc.constantFrom(...RELOAD_PHASES),
  waits: fc.boolean(),
});

/** A plugin whose workers do with each call what was foreseen for it last. */
interface Moody {
  readonly fake: FakePlugin;
  readonly fates: Map<string, Fate>;
  /** Reloads in turn; no two that follow each other are the same. */
  readonly versions: readonly PluginVersion[];
  /** Reloads whose versions have not both ended or begun to serve. */
  reloading: number;
  reloads: number;
}

/** What a call is answered that succeeds; of all others, undefined. */
const ANSWERS: Readonly<Record<string, WireValue>> = {
  $load: {
    methods: ["work", "count"].map((name) => ({ name, parameters: 0, streams: name === "count" })),
    configuration: "null",
  },
  $capture: { version: 1, own: "soup" },
  $restore: [],
};

async function moody(): Promise<Moody> {
  const fates = new Map<string, Fate>();
  const serve: FakeMethod = async ({ method }, worker) => {
    const fate = fates.get(method);
    if (fate === "throws") throw new Error(`${method} fails`);
    if (fate === "takes a while") await delivered();
    if (fate === "crashes") {
      worker.crash();
      await delivered();
    }
    return ANSWERS[method];
  };
  const methods: Record<string, FakeMethod> = { count: streamOf(1, 2, 3) };
  for (const name of [...RELOAD_PHASES, "work"]) methods[name] = serve;
  const fake: FakePlugin = await fakePlugin({ methods });
  const versions = [await fake.version({ methods }), await fake.version({ methods })];
  return { fake, fates, versions, reloading: 0, reloads: 0 };
}

/** Does one thing with the plugin. */
async function perform(moody: Moody, operation: Operation): Promise<void> {
  const { fake, fake: { plugin } } = moody;
  switch (operation) {
    case "call":
      await plugin.call("work", []);
      return;
    case "stream":
      for await (const item of plugin.stream("count", [])) if (item === 2) break;
      return;
    case "reload":
      return await reload(moody);
    case "crash":
      fake.workers.at(-1)?.crash();
      return;
    case "dispose":
      return plugin[Symbol.dispose]();
    case "wait":
      return await delivered();
    default:
      return await plugin[operation]();
  }
}

/** Every other one is on trial. */
async function reload(moody: Moody): Promise<void> {
  const { fake: { plugin }, versions } = moody;
  const number = moody.reloads++;
  moody.reloading++;
  try {
    const { retired } = await plugin.reload(versions[number % versions.length]!, {
      trialMs: number % 2 && 60_000,
    });
    await retired;
  } finally {
    moody.reloading--;
  }
}

/** What is known of a plugin from outside, without looking at how it works. */
class Model {
  readonly begun: Record<Phase, number> = { initialize: 0, activate: 0, deactivate: 0 };
  readonly succeeded: Record<Phase, number> = { initialize: 0, activate: 0, deactivate: 0 };

  /** Runs an operation between two looks at the plugin. */
  async run(moody: Moody, operation: Operation): Promise<void> {
    const { plugin } = moody.fake;
    const before = plugin.state;
    const phase = PHASES.find((name) => name === operation);
    const allowed = phase !== undefined && LIFECYCLE[before][phase] !== undefined;
    const running = perform(moody, operation);
    if (phase && allowed) {
      this.begun[phase]++;
      // A phase takes its own state at once, so that nobody can begin a second one.
      assertEquals(plugin.state, LIFECYCLE[before][phase]);
    } else if (phase) {
      assertEquals(plugin.state, before);
    }
    try {
      await running;
      assert(phase === undefined || allowed, `${operation} was done in the state ${before}`);
      if (phase) this.succeeded[phase]++;
    } catch (error) {
      if (operation === "reload") return; // its own tests say why it may fail
      const code = error instanceof KBertError ? error.code : `not ours: ${error}`;
      const expected = ["plugin/state", "plugin/closed", "call/failed"];
      assert(expected.includes(code), `${operation} in the state ${before}: ${code}`);
      if (phase && !allowed) assertEquals(code, "plugin/state");
      // Not to be called, and it was.
      if (phase === undefined) assert(operation === "call" || operation === "stream", operation);
    }
  }
}

async function follow(steps: readonly Step[]): Promise<void> {
  const subject = await moody();
  const { fake, fake: { plugin }, fates } = subject;
  const model = new Model();
  const open: Promise<void>[] = [];
  for (const { operation, fate, at, waits } of steps) {
    fates.set(operation === "call" ? "work" : operation === "reload" ? at : `$${operation}`, fate);
    const running = model.run(subject, operation);
    open.push(running);
    if (waits) await running;
    const alive = fake.workers.filter(({ isOpen }) => isOpen).length;
    if (subject.reloading > 0) continue; // there are two versions, and one that is about to end
    assert(alive <= 1, "two workers at once");
    if (["discovered", "failed", "unloaded"].includes(plugin.state)) assertEquals(alive, 0, plugin.state);
  }
  await Promise.all(open);
  await until(() => plugin.state !== "reloading"); // a version may still be brought back
  await delivered();
  const { begun, succeeded } = model;
  const wasUnloaded = plugin.state === "unloaded";

  for (const phase of PHASES) {
    const [success, failure] = EVENTS[phase];
    const told = fake.topics.filter((topic) => topic === success || topic === failure).length;
    // An unload deactivates by itself, and a reload starts what has failed.
    const most = begun[phase] + (phase === "deactivate" ? Number(wasUnloaded) : subject.reloads);
    assert(told >= begun[phase] && told <= most, `${told} ends of ${begun[phase]} times ${phase}`);
    const successes = fake.topics.filter((topic) => topic === success).length;
    assert(successes >= succeeded[phase], `${successes} of ${succeeded[phase]} times ${success}`);
  }
  if (!wasUnloaded) await stillUsable(fake, fates);
  await fake[Symbol.asyncDispose]();
  await delivered();

  assertEquals(fake.topics.filter((topic) => topic === "unloaded"), ["unloaded"]);
  assertEquals([plugin.state, plugin.openCalls, fake.unloads], ["unloaded", 0, 1]);
  assertEquals(fake.workers.map(({ disposals }) => disposals).filter((times) => times !== 1), []);
  const { calls, streams, channels, sandboxes, listeners } = openThings();
  assertEquals({ calls, streams, channels, sandboxes, listeners }, {
    ...{ calls: 0, streams: 0, channels: 0, sandboxes: 0, listeners: 0 },
  });
}

/** Wherever the table leads on to, it can be gone there. */
async function stillUsable({ plugin }: FakePlugin, fates: Map<string, Fate>): Promise<void> {
  fates.clear();
  if (plugin.state === "active") await plugin.deactivate();
  if (plugin.state !== "initialized") await plugin.initialize();
  await plugin.activate();
  assertEquals([plugin.state, await plugin.call("work", [])], ["active", undefined]);
}

Deno.test("Plugin keeps to the table of its life whatever is done with it, and leaves nothing open", async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), follow);

  await fc.assert(property, { seed: 1, numRuns: 60 });
});

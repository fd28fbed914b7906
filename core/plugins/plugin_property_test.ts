/**
 * A plugin under random use: phases, calls, crashes and unloads in any order and at the same time, with a
 * worker whose phases fail at random. Whatever happens, the table of its life holds.
 *
 * @module
 */
import { assert, assertEquals } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { delivered, type FakePlugin, fakePlugin, streamOf } from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import { openThings } from "../wall/ledger.ts";
import { LIFECYCLE } from "./lifecycle.ts";

const PHASES = ["initialize", "activate", "deactivate"] as const;
type Phase = typeof PHASES[number];

type Operation = Phase | "call" | "stream" | "crash" | "unload" | "dispose" | "wait";
/** What the worker does with a phase or a call. */
type Fate = "succeeds" | "throws" | "crashes" | "takes a while";

/** One step of a course: `waits` is whether the next one comes after it or beside it. */
interface Step {
  readonly operation: Operation;
  readonly fate: Fate;
  readonly waits: boolean;
}

const EVENTS: Record<Phase, readonly [succeeded: string, failed: string]> = {
  initialize: ["initialized", "initialization_failed"],
  activate: ["activated", "activation_failed"],
  deactivate: ["deactivated", "deactivation_failed"],
};

const step: fc.Arbitrary<Step> = fc.record({
  operation: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Operation>(...PHASES) },
    { weight: 6, arbitrary: fc.constantFrom<Operation>("call", "stream") },
    { weight: 3, arbitrary: fc.constantFrom<Operation>("crash", "wait") },
    { weight: 1, arbitrary: fc.constantFrom<Operation>("unload", "dispose") },
  ),
  fate: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>("succeeds") },
    { weight: 3, arbitrary: fc.constantFrom<Fate>("throws", "crashes", "takes a while") },
  ),
  waits: fc.boolean(),
});

/** A plugin whose worker does with each call what was foreseen for it last. */
async function moody(): Promise<{ fake: FakePlugin; fates: Map<string, Fate> }> {
  const fates = new Map<string, Fate>();
  const serve = async (method: string, fake: () => FakePlugin): Promise<undefined> => {
    const fate = fates.get(method);
    if (fate === "throws") throw new Error(`${method} fails`);
    if (fate === "takes a while") await delivered();
    if (fate !== "crashes") return undefined;
    fake().workers.at(-1)?.crash();
    await delivered();
  };
  const names = [...PHASES.map((phase) => `$${phase}`), "work"];
  const methods = Object.fromEntries(names.map((name) => [name, () => serve(name, () => fake)]));
  const fake: FakePlugin = await fakePlugin({ methods: { ...methods, count: streamOf(1, 2, 3) } });
  return { fake, fates };
}

/** Does one thing with the plugin. */
async function perform(fake: FakePlugin, operation: Operation): Promise<void> {
  const { plugin } = fake;
  switch (operation) {
    case "call":
      await plugin.call("work", []);
      return;
    case "stream":
      for await (const item of plugin.stream("count", [])) if (item === 2) break;
      return;
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

/** What is known of a plugin from outside, without looking at how it works. */
class Model {
  readonly begun: Record<Phase, number> = { initialize: 0, activate: 0, deactivate: 0 };
  readonly succeeded: Record<Phase, number> = { initialize: 0, activate: 0, deactivate: 0 };

  /** Runs an operation between two looks at the plugin. */
  async run(fake: FakePlugin, operation: Operation): Promise<void> {
    const { plugin } = fake;
    const before = plugin.state;
    const phase = PHASES.find((name) => name === operation);
    const allowed = phase !== undefined && LIFECYCLE[before][phase] !== undefined;
    const running = perform(fake, operation);
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
  const { fake, fates } = await moody();
  const { plugin } = fake;
  const model = new Model();
  const open: Promise<void>[] = [];
  for (const { operation, fate, waits } of steps) {
    fates.set(operation === "call" ? "work" : `$${operation}`, fate);
    const running = model.run(fake, operation);
    open.push(running);
    if (waits) await running;
    const alive = fake.workers.filter(({ isOpen }) => isOpen).length;
    assert(alive <= 1, "two workers at once");
    if (["discovered", "failed", "unloaded"].includes(plugin.state)) assertEquals(alive, 0, plugin.state);
  }
  await Promise.all(open);
  await delivered();
  const { begun, succeeded } = model;
  const wasUnloaded = plugin.state === "unloaded";

  for (const phase of PHASES) {
    const [success, failure] = EVENTS[phase];
    const told = fake.topics.filter((topic) => topic === success || topic === failure).length;
    // An unload deactivates by itself.
    const most = begun[phase] + (phase === "deactivate" && wasUnloaded ? 1 : 0);
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

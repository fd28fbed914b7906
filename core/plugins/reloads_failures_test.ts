/**
 * What becomes of a reload when something goes wrong in it, wherever that is: the version before serves on, and
 * nothing of the new one is left.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { activePlugin, delivered, type FakePlugin, until } from "../../tests/fixtures/fake_plugin.ts";
import {
  HELD,
  type Stage,
  type StagedReload,
  stagedReload,
  STAGES,
  WORKER_STAGES,
} from "../../tests/fixtures/staged_reload.ts";
import { openThings } from "../wall/ledger.ts";
import type { WireValue } from "../wall/values.ts";

/** Who answers a call that is made now. */
function ask({ plugin }: FakePlugin): Promise<WireValue> {
  const answer = plugin.call("who", [], { timeoutMs: 5_000 });
  answer.catch(() => {}); // is looked at later
  return answer;
}

/** The old version serves, alone; what was called meanwhile, it has answered; and the next reload succeeds. */
async function servesOn({ fake, fake: { plugin } }: StagedReload, asked: Promise<WireValue>): Promise<void> {
  assertEquals([await asked, await plugin.call("who", [])], ["old", "old"]);
  assertEquals([plugin.state, plugin.openCalls, plugin.previous], ["active", 0, undefined]);
  assertEquals([fake.topics, fake.crashes], [["initialized", "activated"], []]);
  assertEquals(fake.workers.map(({ disposals }) => disposals), fake.workers.length === 1 ? [0] : [0, 1]);
  const { channels, calls, sandboxes } = openThings();
  assertEquals([channels, calls, sandboxes], [2, 0, 0]);

  const { retired } = await plugin.reload(await fake.version({ methods: { who: () => "third" } }));
  await retired;
  assertEquals([await plugin.call("who", []), fake.worker.disposals], ["third", 0]);
}

/** Whoever is asked for something on the other side is given up; what the host itself does meanwhile has to end. */
async function settled({ reloading, goOn }: StagedReload, stage: Stage): Promise<void> {
  if (!WORKER_STAGES.includes(stage) && stage !== "drain") goOn();
  let isOver = false;
  const over = (): void => void (isOver = true);
  reloading.then(over, over);
  await until(() => isOver);
}

async function nothingIsLeft({ workers }: FakePlugin): Promise<void> {
  await delivered();
  assert(workers.every(({ disposals }) => disposals === 1), `${workers.map(({ disposals }) => disposals)}`);
  const { channels, calls, streams, sandboxes } = openThings();
  assertEquals({ channels, calls, streams, sandboxes }, { channels: 0, calls: 0, streams: 0, sandboxes: 0 });
}

Deno.test("Plugin.reload() that fails leaves the version before, which answers what waited", async (t) => {
  for (const stage of STAGES.filter((stage) => stage !== "drain")) {
    await t.step(stage, async () => {
      await using staged = await stagedReload(stage);
      const asked = ask(staged.fake);

      staged.fail(new RangeError("no soup"));

      await assertRejects(() => staged.reloading, Error, "no soup");
      await servesOn(staged, asked);
    });
  }
});

Deno.test("Plugin.reload() that takes too long in a phase leaves the version before", async (t) => {
  for (const stage of WORKER_STAGES) {
    await t.step(stage, async () => {
      using clock = fakeTime();
      await using staged = await stagedReload(stage, { limits: { callMs: 500 } });
      const asked = ask(staged.fake);

      await clock.tickAsync(500);

      await assertRejects(() => staged.reloading, Error, `did not answer ${stage}() within 500 ms`);
      staged.goOn();
      await servesOn(staged, asked);
    });
  }
});

Deno.test("Plugin.reload() whose new version crashes leaves the version before", async (t) => {
  for (const stage of STAGES.filter((stage) => stage !== "admit")) {
    await t.step(stage, async () => {
      await using staged = await stagedReload(stage);
      const asked = ask(staged.fake);

      staged.fake.worker.crash();
      await delivered();
      staged.goOn();

      await assertRejects(() => staged.reloading, Error, "its worker failed: boom");
      await servesOn(staged, asked);
    });
  }
});

Deno.test("Plugin.reload() that is given up by its signal leaves the version before", async (t) => {
  for (const stage of STAGES) {
    await t.step(stage, async () => {
      const controller = new AbortController();
      await using staged = await stagedReload(stage, { reload: { signal: controller.signal } });
      const asked = ask(staged.fake);

      controller.abort(new Error("enough"));
      await settled(staged, stage);

      await assertRejects(() => staged.reloading, Error, "enough");
      staged.goOn();
      await servesOn(staged, asked);
    });
  }
});

Deno.test("Plugin.reload() whose old version crashes fails, and the plugin is told to have crashed once", async (t) => {
  for (const stage of STAGES) {
    await t.step(stage, async () => {
      await using staged = await stagedReload(stage);
      const { fake, fake: { plugin, workers } } = staged;
      const asked = ask(fake);
      if (!HELD.has(stage)) assertEquals(await asked, "old");

      workers[0]!.crash();
      assertEquals(plugin.state, "failed");
      if (HELD.has(stage)) await assertRejects(() => asked, Error, "its worker failed: boom");
      await settled(staged, stage);

      await assertRejects(() => staged.reloading, Error, "its worker failed: boom");
      assertEquals([plugin.state, fake.crashes.length], ["failed", 1]);
      const told = fake.topics.filter((topic) => topic !== "execution_error"); // of the open call
      assertEquals(told, ["initialized", "activated", "crashed"]);
      await nothingIsLeft(fake);
      await plugin.initialize();
      await plugin.activate();
      assertEquals(await plugin.call("who", []), "old");
    });
  }
});

for (const end of ["unload", "dispose"] as const) {
  Deno.test(`Plugin.${end}() in the middle of a reload ends both versions and whatever waits`, async (t) => {
    for (const stage of STAGES) {
      await t.step(stage, async () => {
        await using staged = await stagedReload(stage);
        const { fake, fake: { plugin } } = staged;
        const asked = ask(fake);
        if (!HELD.has(stage)) assertEquals(await asked, "old");

        const ending = end === "unload" ? plugin.unload() : plugin[Symbol.dispose]();
        if (HELD.has(stage)) await assertRejects(() => asked, Error, "cannot be called because");
        if (stage === "drain") staged.goOn(); // the old version is waited for as ever
        await ending;
        await settled(staged, stage);

        await assertRejects(() => staged.reloading, Error);
        assertEquals([plugin.state, fake.unloads, fake.crashes], ["unloaded", 1, []]);
        await nothingIsLeft(fake);
      });
    }
  });
}

Deno.test("Plugin.reload() that is given up while a hook takes its time holds no call after that", async () => {
  using _clock = fakeTime(); // a drain would never end
  const [reload, call] = [new AbortController(), new AbortController()];
  await using staged = await stagedReload("postInitialization", { reload: { signal: reload.signal } });
  const open = staged.fake.plugin.call("hang", [], { signal: call.signal });

  reload.abort(new Error("enough"));
  await settled(staged, "postInitialization");

  await assertRejects(() => staged.reloading, Error, "enough");
  assertEquals(await ask(staged.fake), "old");
  call.abort();
  await assertRejects(() => open, Error, "was given up");
});

Deno.test("Plugin.reload() is refused in the middle of a phase, and after the end", async () => {
  const fake = await activePlugin();
  const { plugin } = fake;
  const version = await fake.version();
  const refused = async (state: string): Promise<void> => {
    assertEquals(plugin.state, state);
    await assertRejects(
      () => plugin.reload(version),
      Error,
      `Cannot reload the plugin sample because it is ${state}`,
    );
  };

  const reloading = plugin.reload(version);
  await refused("reloading");
  await (await reloading).retired;
  await plugin.deactivate();
  const initializing = plugin.initialize();
  await refused("initializing");
  await initializing;
  await refused("initialized");
  await fake[Symbol.asyncDispose]();
  await refused("unloaded");
});

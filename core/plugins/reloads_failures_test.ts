/**
 * What becomes of a reload when something goes wrong in it, wherever that is: the version before serves on, and
 * nothing of the new one is left.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../tests/deps/fake_timers.ts";
import { delivered, type FakePlugin, fakePlugin, until } from "../../tests/fixtures/fake_plugin.ts";
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

/** The old version serves and is the only one; what was called meanwhile, it answered; and a next reload works. */
async function servesOn({ fake }: StagedReload, asked: Promise<WireValue>): Promise<void> {
  const { plugin, workers, topics, crashes } = fake;
  assertEquals([await asked, await plugin.call("who", [])], ["old", "old"]);
  assertEquals([plugin.state, plugin.openCalls, plugin.previous], ["active", 0, undefined]);
  assertEquals(workers.map(({ disposals }) => disposals), workers.length === 1 ? [0] : [0, 1]);
  assertEquals([topics, crashes], [["initialized", "activated"], []]);
  const { channels, calls, sandboxes } = openThings();
  assertEquals([channels, calls, sandboxes], [2, 0, 0]);

  const { retired } = await plugin.reload(await fake.version({ methods: { who: () => "third" } }));
  await retired;
  assertEquals([await plugin.call("who", []), fake.worker.disposals], ["third", 0]);
}

for (const stage of STAGES) {
  if (stage === "drain") continue; // a call that fails is over
  Deno.test(`Plugin.reload() that fails in ${stage} leaves the version before, which answers what waited`, async () => {
    await using staged = await stagedReload(stage);
    const asked = ask(staged.fake);

    staged.fail(new RangeError("no soup"));

    await assertRejects(() => staged.reloading, Error, "no soup");
    await servesOn(staged, asked);
  });
}

for (const stage of WORKER_STAGES) {
  Deno.test(`Plugin.reload() that takes too long in ${stage} leaves the version before`, async () => {
    using clock = fakeTime();
    await using staged = await stagedReload(stage, { limits: { callMs: 500 } });
    const asked = ask(staged.fake, 10_000);

    await clock.tickAsync(500);

    await assertRejects(() => staged.reloading, Error, `did not answer ${stage}() within 500 ms`);
    staged.goOn();
    await servesOn(staged, asked);
  });
}

for (const stage of STAGES.slice(1)) {
  Deno.test(`Plugin.reload() whose new version crashes in ${stage} leaves the version before`, async () => {
    await using staged = await stagedReload(stage);
    const asked = ask(staged.fake);

    staged.fake.worker.crash();
    await delivered();
    staged.goOn();

    await assertRejects(() => staged.reloading, Error, "its worker failed: boom");
    await servesOn(staged, asked);
  });
}

for (const stage of STAGES) {
  Deno.test(`Plugin.reload() that is given up in ${stage} leaves the version before`, async () => {
    const controller = new AbortController();
    await using staged = await stagedReload(stage, { reload: { signal: controller.signal } });
    const asked = ask(staged.fake);

    controller.abort(new Error("enough"));
    await endsByItself(staged, stage);

    await assertRejects(() => staged.reloading, Error, "enough");
    staged.goOn();
    await servesOn(staged, asked);
  });
}

for (const stage of STAGES) {
  Deno.test(`Plugin.reload() whose old version crashes in ${stage} fails, and so does the plugin`, async () => {
    await using staged = await stagedReload(stage);
    const { fake, fake: { plugin, workers, topics } } = staged;
    const asked = ask(fake);
    if (!HELD.has(stage)) assertEquals(await asked, "old");

    workers[0]!.crash();
    if (HELD.has(stage)) await assertRejects(() => asked, Error, "its worker failed: boom");
    assertEquals(plugin.state, "failed");
    await endsByItself(staged, stage);

    await assertRejects(() => staged.reloading, Error, "its worker failed: boom");
    assertEquals([plugin.state, topics, fake.crashes.length], ["failed", [
      "initialized",
      "activated",
      "crashed",
    ], 1]);
    await nothingLeft(fake);
    await plugin.initialize();
    await plugin.activate();
    assertEquals(await plugin.call("who", []), "old");
  });
}

for (const stage of STAGES) {
  for (const end of ["unload", "dispose"] as const) {
    Deno.test(`Plugin.${end}() in the middle of a reload in ${stage} ends everything`, async () => {
      await using staged = await stagedReload(stage);
      const { fake, fake: { plugin } } = staged;
      const asked = ask(fake);
      if (!HELD.has(stage)) assertEquals(await asked, "old");
      const refused = HELD.has(stage)
        ? assertRejects(() => asked, Error, "cannot be called because")
        : undefined;

      const ending = end === "unload" ? plugin.unload() : plugin[Symbol.dispose]();
      await refused;
      if (stage === "drain") staged.goOn(); // it waits for its open calls
      await ending;
      await endsByItself(staged, stage);

      await assertRejects(() => staged.reloading, Error);
      assertEquals([plugin.state, fake.unloads, fake.crashes], ["unloaded", 1, []]);
      await nothingLeft(fake);
    });
  }
}

/** A worker that is asked for something is ended; what the host does in between, it has to end itself. */
async function endsByItself({ reloading, goOn }: StagedReload, stage: Stage): Promise<void> {
  if (!WORKER_STAGES.includes(stage) && stage !== "drain") goOn();
  let isOver = false;
  reloading.catch(() => {}).then(() => isOver = true);
  await until(() => isOver);
}

async function nothingLeft({ workers }: FakePlugin): Promise<void> {
  await delivered();
  assert(workers.every(({ disposals }) => disposals === 1), `${workers.map(({ disposals }) => disposals)}`);
  const { channels, calls, streams, sandboxes } = openThings();
  assertEquals({ channels, calls, streams, sandboxes }, { channels: 0, calls: 0, streams: 0, sandboxes: 0 });
}

/** Who answers now. */
function ask({ plugin }: FakePlugin, timeoutMs = 5_000): Promise<WireValue> {
  const answer = plugin.call("who", [], { timeoutMs });
  answer.catch(() => {}); // is looked at later
  return answer;
}

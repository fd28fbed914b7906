import { assertEquals, assertStrictEquals } from "../core/deps/assert.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { sealImage } from "../core/security/image.ts";
import { framePortPair } from "../core/wall/frame.ts";
import type { Sandbox, SandboxOptions } from "../core/wall/sandbox.ts";
import { fakeTime } from "../tests/deps/fake_timers.ts";
import { SpareSandboxes } from "./spare_sandboxes.ts";
import { workerSandbox } from "./worker_sandbox.ts";

interface Made extends Sandbox {
  readonly options: SandboxOptions;
  ended: boolean;
}

/** A factory of places that do nothing, and what it made. */
function places(): { create: (options: SandboxOptions) => Made; made: Made[] } {
  const made: Made[] = [];
  const create = (options: SandboxOptions): Made => {
    const [port, other] = framePortPair();
    const place: Made = {
      ...{ tier: "worker", port, options, ended: false },
      [Symbol.dispose]: () => {
        place.ended = true;
        port.close();
        other.close();
      },
    };
    made.push(place);
    return place;
  };
  return { create, made };
}

function asked(name: string, failures: string[] = []): SandboxOptions {
  return { name, kit: "plain", onFailure: (reason) => failures.push(reason) };
}

Deno.test("SpareSandboxes starts a spare when the first place has been asked for a while, and hands it out next", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);
  assertEquals(made.length, 0);

  using first = spares.create(asked("first"));
  assertEquals(made.length, 1);
  await clock.tickAsync(50);
  using second = spares.create(asked("second"));
  await clock.tickAsync(50);

  assertStrictEquals(first, made[0]);
  assertStrictEquals(second, made[1]);
  assertEquals([made.length, spares.waiting], [3, 1]);
});

Deno.test("SpareSandboxes tells the owner of a spare when it fails, and replaces one that nobody owns", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);
  const failures: string[] = [];
  using _first = spares.create(asked("first"));
  await clock.tickAsync(50);

  made[1]!.options.onFailure("it broke while it waited");
  using second = spares.create(asked("second", failures));
  await clock.tickAsync(50);
  using _third = spares.create(asked("third", failures));
  made[3]!.options.onFailure("it broke at work");

  assertEquals([made[1]!.ended, failures], [true, ["it broke at work"]]);
  assertEquals(second === made[1], false);
});

Deno.test("SpareSandboxes keeps none for tensors, none if it is told so, and ends what waits with it", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  {
    using none = new SpareSandboxes(create, 0);
    using _light = none.create(asked("light"));
    using spares = new SpareSandboxes(create, 2);
    using _heavy = spares.create({ ...asked("heavy"), kit: "tensors" });
    await clock.tickAsync(50);
    assertEquals(made.length, 2);
    using _other = spares.create(asked("other"));
    await clock.tickAsync(50);
    assertEquals(spares.waiting, 2);
  }
  assertEquals(made.map(({ ended }) => ended), [true, true, true, true, true]);
});

Deno.test("SpareSandboxes gives a plugin a worker that is as good as a new one", async () => {
  using spares = new SpareSandboxes(workerSandbox, 1);
  await using manager = new PluginManager({ createSandbox: spares.create });
  const manifest = "name: echo\nversion: 1.0.0\nentry_points:\n  plugin: main:Echo\n";
  const code = `import { PluginPort } from "k-bert/sdk";
    export class Echo extends PluginPort { say(text) { return text; } }`;
  const image = await sealImage(manifest, new Map([["plugin:///main.ts", code]]), "echo");

  const answers: unknown[] = [];
  for (const text of ["cold", "warm", "warm again"]) {
    const plugin = await manager.start(image);
    answers.push(await plugin.call("say", [text]));
    while (spares.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  assertEquals(answers, ["cold", "warm", "warm again"]);
  assertEquals(spares.waiting, 1);
});

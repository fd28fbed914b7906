import { assertEquals, assertStrictEquals, assertThrows } from "../core/deps/assert.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { sealImage } from "../core/security/image.ts";
import { framePortPair } from "../core/wall/frame.ts";
import type { Kit, Sandbox, SandboxOptions } from "../core/wall/sandbox.ts";
import { fakeTime } from "../core/deps/fake_timers.ts";
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

function asked(name: string, failures: string[] = [], kit: Kit = "plain"): SandboxOptions {
  return { name, kit, onFailure: (reason) => failures.push(reason) };
}

function kitsOf(made: readonly Made[]): Kit[] {
  return made.filter(({ ended }) => !ended).map(({ options }) => options.kit);
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

Deno.test("SpareSandboxes keeps none of a kit that nobody holds, none if it is told so, and ends what waits with it", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  {
    using none = new SpareSandboxes(create, 0);
    using _held = none.keep("tensors");
    using _light = none.create(asked("light"));
    using spares = new SpareSandboxes(create, 2);
    using _heavy = spares.create(asked("heavy", [], "tensors"));
    await clock.tickAsync(50);
    assertEquals(made.length, 2);
    using _other = spares.create(asked("other"));
    using _tables = spares.keep("tables");
    await clock.tickAsync(50);
    assertEquals(kitsOf(made.slice(3)), ["plain", "plain", "tables", "tables"]);
    assertEquals([none.waiting, spares.waiting], [0, 4]);
  }
  assertEquals(kitsOf(made), []);
});

Deno.test("SpareSandboxes.keep() starts spares before any place was asked for, and hands out only the very kit", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);
  using _held = spares.keep("all");
  assertEquals(made.length, 0);
  await clock.tickAsync(50);
  assertEquals(kitsOf(made), ["all"]);

  const asks = (["plain", "tensors", "tables"] as const).map((kit) => spares.create(asked(kit, [], kit)));
  using all = spares.create(asked("all", [], "all"));

  assertEquals([all, ...asks].map((place) => made.indexOf(place as Made)), [0, 1, 2, 3]);
  await clock.tickAsync(50);
  assertEquals(kitsOf(made.slice(4)), ["all", "plain"]);
  for (const place of asks) place[Symbol.dispose]();
});

Deno.test("SpareSandboxes.keep() ends the spares of a kit with its last holder, however often each lets go", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);
  const [first, second] = [spares.keep("tensors"), spares.keep("tensors")];
  using _tables = spares.keep("tables");
  await clock.tickAsync(50);

  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals(kitsOf(made), ["tensors", "tables"]);
  second[Symbol.dispose]();
  assertEquals(kitsOf(made), ["tables"]);
  using _late = spares.create(asked("late", [], "tensors"));
  await clock.tickAsync(50);

  assertEquals([kitsOf(made), spares.waiting], [["tables", "tensors"], 1]);
});

Deno.test("SpareSandboxes.keep() starts none when the holder is gone before it would", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);

  spares.keep("tensors")[Symbol.dispose]();
  await clock.tickAsync(50);

  assertEquals(made, []);
});

Deno.test("SpareSandboxes keeps plain places for good, whoever held them", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);

  const held = spares.keep("plain");
  await clock.tickAsync(50);
  held[Symbol.dispose]();
  using taken = spares.create(asked("first"));
  await clock.tickAsync(50);

  assertStrictEquals(taken, made[0]);
  assertEquals([made.length, spares.waiting], [2, 1]);
});

Deno.test("SpareSandboxes keeps none with unusual limits, and hands none out for them", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);
  using _held = spares.keep("tensors");
  await clock.tickAsync(50);

  using unusual = spares.create({ ...asked("large", [], "tensors"), memoryMb: 4_096 });
  using other = spares.create({ ...asked("small", [], "tensors"), heapMb: 16 });
  using usual = spares.create({ ...asked("usual", [], "tensors"), memoryMb: 1_024, heapMb: 512 });

  assertEquals([unusual, other, usual].map((place) => made.indexOf(place as Made)), [1, 2, 0]);
});

Deno.test("SpareSandboxes drops a spare that fails while it waits, and starts no other until one is asked for", async () => {
  using clock = fakeTime();
  const { create, made } = places();
  using spares = new SpareSandboxes(create, 1);
  using _held = spares.keep("tables");
  await clock.tickAsync(50);

  made[0]!.options.onFailure("it broke while it waited");
  await clock.tickAsync(60_000);
  assertEquals([made.length, made[0]!.ended, spares.waiting], [1, true, 0]);

  using _asked = spares.create(asked("next", [], "tables"));
  await clock.tickAsync(50);
  assertEquals([made.length, spares.waiting], [3, 1]);
});

Deno.test("SpareSandboxes leaves it to whoever asks for a place to hear that none can be started", async () => {
  using clock = fakeTime();
  let tries = 0;
  using spares = new SpareSandboxes(() => {
    tries++;
    throw new Error("it may not start Deno");
  }, 2);

  using _held = spares.keep("tensors");
  await clock.tickAsync(60_000);

  assertEquals([tries, spares.waiting], [1, 0]);
  assertThrows(() => spares.create(asked("head", [], "tensors")), Error, "it may not start Deno");
});

for (const [kit, part] of [["plain", ""], ["tensors", "/tensors"], ["tables", "/tables"]] as const) {
  Deno.test(`SpareSandboxes gives a plugin a worker of the kit ${kit} that is as good as a new one`, async () => {
    using spares = new SpareSandboxes(workerSandbox, 1);
    await using manager = new PluginManager({ createSandbox: spares.create });
    const manifest = "name: echo\nversion: 1.0.0\nentry_points:\n  plugin: main:Echo\n";
    const code = `import "k-bert/sdk${part}";
      import { PluginPort } from "k-bert/sdk";
      export class Echo extends PluginPort { say(text) { return text; } }`;
    const image = await sealImage(manifest, new Map([["plugin:///main.ts", code]]), "echo");
    using _held = spares.keep(kit);

    const answers: unknown[] = [];
    for (const text of ["cold", "warm", "warm again"]) {
      const plugin = await manager.start(image);
      answers.push(await plugin.call("say", [text]));
      while (spares.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }

    assertEquals(answers, ["cold", "warm", "warm again"]);
    assertEquals(spares.waiting, 1);
  });
}

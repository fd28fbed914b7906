import { assertEquals, assertRejects } from "../deps/assert.ts";
import { type HookedPlugin, Hooks, type PluginHooks } from "./hooks.ts";

const PLUGIN: HookedPlugin = { name: "sample", version: "1.0.0" };

Deno.test("Hooks.run() runs one after the other, each when the one before is done", async () => {
  const hooks = new Hooks();
  const order: string[] = [];
  const slow = (name: string): PluginHooks => ({
    preActivation: async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
    },
  });
  hooks.add(slow("a"));
  hooks.add(slow("b"));

  await hooks.run("preActivation", PLUGIN);

  assertEquals(order, ["a begins", "a ends", "b begins", "b ends"]);
});

Deno.test("Hooks.run() passes the plugin and what the hook is about", async () => {
  const hooks = new Hooks();
  const heard: unknown[] = [];
  hooks.add({
    preExecution: (...args) => void heard.push(args),
    postExecution: (...args) => void heard.push(args),
  });

  await hooks.run("preExecution", PLUGIN, "augment", [["a"]]);
  await hooks.run("postExecution", PLUGIN, "augment", ["b"]);

  assertEquals(heard, [[PLUGIN, "augment", [["a"]]], [PLUGIN, "augment", ["b"]]]);
});

Deno.test("Hooks.run() rejects with the first error, and later hooks do not run", async () => {
  const hooks = new Hooks();
  const order: string[] = [];
  const named = (name: string, fails: boolean): PluginHooks => {
    const run = (): void => {
      order.push(name);
      if (fails) throw new Error(`${name} failed`);
    };
    return { preActivation: run, postActivation: run };
  };
  hooks.add(named("a", false));
  hooks.add(named("b", true));
  hooks.add(named("c", false));

  await assertRejects(() => hooks.run("preActivation", PLUGIN), Error, "b failed");
  await assertRejects(() => hooks.run("postActivation", PLUGIN), Error, "b failed");

  assertEquals(order, ["a", "b", "c", "b"]);
});

Deno.test("Hooks.add() keeps the object: methods of a class are hooks too, and know their this", async () => {
  class Auditor implements PluginHooks {
    readonly seen: string[] = [];
    preUnload({ name }: HookedPlugin): void {
      this.seen.push(name);
    }
  }
  const hooks = new Hooks();
  const auditor = new Auditor();
  hooks.add(auditor);

  await hooks.run("preUnload", PLUGIN);

  assertEquals([auditor.seen, hooks.has("preUnload"), hooks.has("postUnload")], [["sample"], true, false]);
});

Deno.test("Hooks.add() answers what removes just this, once, also while hooks run", async () => {
  const hooks = new Hooks();
  let runs = 0;
  const same: PluginHooks = { preActivation: () => void runs++ };
  const first = hooks.add(same);
  const second = hooks.add(same);
  using _remover = hooks.add({ preActivation: () => first[Symbol.dispose]() });

  await hooks.run("preActivation", PLUGIN);
  first[Symbol.dispose]();
  await hooks.run("preActivation", PLUGIN);
  assertEquals(runs, 3);
  second[Symbol.dispose]();
  await hooks.run("preActivation", PLUGIN);
  assertEquals(runs, 3);
});

import { assertEquals, assertRejects, assertThrows } from "../core/deps/assert.ts";
import type { ServedCall } from "../core/wall/options.ts";
import { PluginConfig } from "../plugins/sdk/config.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { PluginPort } from "../plugins/sdk/plugin_port.ts";
import { PluginInstance } from "./plugin_instance.ts";
import type { PortMethod } from "./port_server.ts";

const PHASES = ["initialize", "activate", "deactivate", "unload"] as const;

/** A plugin that writes down what is called, and fails where it is told to. */
function recording(fails?: string): { plugin: PluginPort; log: string[] } {
  const log: string[] = [];
  const plugin = new PluginPort(PluginConfig({ name: "sample" }), new EventBus());
  const names = ["Initialization", "Activation", "Deactivation"].flatMap((
    phase,
  ) => [`pre${phase}`, `post${phase}`]);
  for (const name of [...names, "initialize", "activate", "deactivate", "preUnload"]) {
    Object.defineProperty(plugin, name, {
      value: () => {
        log.push(name);
        return name === fails ? Promise.reject(new Error(`${name} fails`)) : undefined;
      },
    });
  }
  return { plugin, log };
}

function callOf(method: string, stream = false): ServedCall {
  return { method, args: [], stream, signal: new AbortController().signal };
}

Deno.test("PluginInstance runs each phase between its hooks", async () => {
  const { plugin, log } = recording();
  const instance = new PluginInstance({ plugin, methods: new Map() });

  for (const phase of PHASES) await instance[phase]();

  assertEquals(log, [
    ...["preInitialization", "initialize", "postInitialization"],
    ...["preActivation", "activate", "postActivation"],
    ...["preDeactivation", "deactivate", "postDeactivation", "preUnload"],
  ]);
});

Deno.test("PluginInstance has nothing to do for a plugin without phases", async () => {
  const plugin = new PluginPort(PluginConfig({ name: "sample" }), new EventBus());
  const instance = new PluginInstance({ plugin, methods: new Map() });

  for (const phase of PHASES) assertEquals(await instance[phase](), undefined);
});

Deno.test("PluginInstance releases resources when a phase fails, and tells the phase's error", async (t) => {
  const steps: [phase: typeof PHASES[number], fails: string][] = [
    ["initialize", "preInitialization"],
    ["initialize", "initialize"],
    ["initialize", "postInitialization"],
    ["activate", "preActivation"],
    ["activate", "activate"],
    ["activate", "postActivation"],
    ["deactivate", "preDeactivation"],
    ["deactivate", "deactivate"],
    ["deactivate", "postDeactivation"],
    ["unload", "preUnload"],
  ];
  for (const [phase, fails] of steps) {
    await t.step(fails, async () => {
      const { plugin, log } = recording(fails);
      plugin.use({
        close: () => {
          log.push("closed");
          throw new Error("stuck");
        },
      });
      await assertRejects(
        () => new PluginInstance({ plugin, methods: new Map() })[phase](),
        Error,
        `${fails} fails`,
      );
      assertEquals(log.slice(-2), [fails, "closed"]);
    });
  }
});

Deno.test("PluginInstance keeps resources until the plugin is deactivated or unloaded", async () => {
  for (const last of ["deactivate", "unload"] as const) {
    const { plugin, log } = recording();
    const instance = new PluginInstance({ plugin, methods: new Map() });
    plugin.use({ close: () => log.push("closed") });

    await instance.initialize();
    await instance.activate();
    assertEquals(log.includes("closed"), false);
    await instance[last]();

    assertEquals(log.at(-1), "closed");
  }
});

Deno.test("PluginInstance.call() answers without a detour, and runs the plugin's hooks if there are some", async () => {
  const methods = new Map<string, PortMethod>([
    ["one", () => 1],
    ["many", async function* (): AsyncGenerator<number> {
      yield* [1, 2];
    }],
    ["fail", () => Promise.reject(new Error("no soup"))],
  ]);
  const { plugin, log } = recording();
  const instance = new PluginInstance({ plugin, methods });
  assertEquals(instance.call(callOf("one")), 1);

  plugin.preExecution = (method) => void log.push(`before ${method}`);
  plugin.postExecution = (method, result) => void log.push(`after ${method}: ${result}`);
  assertEquals(await instance.call(callOf("one")), 1);
  assertEquals(await Array.fromAsync(instance.call(callOf("many", true)) as AsyncIterable<number>), [1, 2]);
  await assertRejects(async () => await instance.call(callOf("fail")), Error, "no soup");
  for await (const _item of instance.call(callOf("many", true)) as AsyncIterable<number>) break;

  assertEquals(log, [
    ...["before one", "after one: 1", "before many", "after many: undefined", "before fail", "before many"],
  ]);
  assertThrows(() => instance.serve(callOf("none")), Error, "There is no method none()");
  assertThrows(() => instance.serve(callOf("toString")), Error, "There is no method toString()");
});

Deno.test("PluginInstance.call() answers what a hook before it throws, and does not call the method", async () => {
  let calls = 0;
  const { plugin } = recording();
  plugin.preExecution = (method) => Promise.reject(new Error(`${method} is not allowed`));
  const instance = new PluginInstance({
    plugin,
    methods: new Map([["one", () => void calls++ as undefined]]),
  });

  await assertRejects(async () => await instance.call(callOf("one")), Error, "one is not allowed");

  assertEquals(calls, 0);
});

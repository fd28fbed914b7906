import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "../../core/deps/assert.ts";
import { Container } from "../../core/container/container.ts";
import { PluginConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";
import { PHASE_NAMES, PluginPort, type Resource } from "./plugin_port.ts";

const CONFIG = PluginConfig({ name: "sample" });

Deno.test("PluginPort has its config, a bus, a logger and measurements, which go over the bus", () => {
  using bus = new EventBus();
  const heard: unknown[] = [];
  bus.on("log.info", ({ message }) => heard.push(message));
  bus.on("metrics.recorded", ({ name, value }) => heard.push([name, value]));

  const plugin = new PluginPort(CONFIG, bus);
  plugin.logger.info("hello");
  plugin.metrics.count("texts", 2);

  assertEquals([plugin.name, plugin.config, heard], ["sample", CONFIG, ["hello", ["texts", 2]]]);
});

Deno.test("PluginPort injects its bus where the runtime makes it, and asks for one elsewhere", () => {
  using bus = new EventBus();
  const container = new Container().register(EventBus, { value: bus });

  const plugin = container.construct(() => new PluginPort(CONFIG));

  assertStrictEquals(plugin.eventBus, bus);
  assertThrows(() => new PluginPort(CONFIG), Error);
});

Deno.test("PluginPort declares its phases without having any", () => {
  using bus = new EventBus();
  const plugin = new PluginPort(CONFIG, bus);

  for (const name of PHASE_NAMES) if (name !== "constructor") assertEquals(name in plugin, false);
});

Deno.test("PluginPort.releaseResources() releases each kind of resource, last first, each after the one before", async () => {
  using bus = new EventBus();
  const plugin = new PluginPort(CONFIG, bus);
  const log: string[] = [];
  const slow = async (name: string): Promise<void> => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
  };
  const resources: Resource[] = [
    { [Symbol.dispose]: () => void log.push("disposed") },
    { [Symbol.asyncDispose]: () => slow("async") },
    { close: () => slow("close") },
    { cleanup: () => log.push("cleaned up") },
    // The language's own protocols come first.
    {
      [Symbol.asyncDispose]: () => slow("best"),
      [Symbol.dispose]: () => log.push("no"),
      close: () => log.push("no"),
    },
  ];
  for (const resource of resources) assertStrictEquals(plugin.use(resource), resource);

  await plugin.releaseResources();
  await plugin.releaseResources();

  assertEquals(log, [
    ...["best begins", "best ends", "cleaned up", "close begins", "close ends"],
    ...["async begins", "async ends", "disposed"],
  ]);
});

Deno.test("PluginPort.releaseResources() tries all, and throws what one threw or all that several threw", async () => {
  using bus = new EventBus();
  const plugin = new PluginPort(CONFIG, bus);
  const log: string[] = [];
  const add = (name: string, fails: boolean): void => {
    plugin.use({
      close: () => {
        log.push(name);
        if (fails) throw new RangeError(`${name} is stuck`);
      },
    });
  };

  for (const [name, fails] of [["a", false], ["b", true], ["c", false]] as const) add(name, fails);
  await assertRejects(() => plugin.releaseResources(), RangeError, "b is stuck");
  for (const name of ["d", "e"]) add(name, true);
  const error = await assertRejects(() => plugin.releaseResources(), AggregateError, "2 resources");

  assertEquals(log, ["c", "b", "a", "e", "d"]);
  assertEquals(error.errors.map(({ message }: Error) => message), ["e is stuck", "d is stuck"]);
});

Deno.test("PluginPort.use() of a resource while others are released waits for the next time", async () => {
  using bus = new EventBus();
  const plugin = new PluginPort(CONFIG, bus);
  const log: string[] = [];
  plugin.use({ close: () => void plugin.use({ close: () => log.push("second") }) });

  await plugin.releaseResources();
  assertEquals(log, []);
  await plugin.releaseResources();
  assertEquals(log, ["second"]);
});

/**
 * What a user's script offers to plugins, and which of them get it.
 *
 * @module
 */
import { imageOf, never, type TestManager, testManager } from "../../tests/fixtures/test_plugins.ts";
import { until } from "../../tests/fixtures/test_port.ts";
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { z } from "../deps/zod.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { type Service, type ServiceCaller, serviceMethod } from "./services.ts";

const ASKS = "permissions: { services: [glossary] }\n";
const LOOKUP = serviceMethod(z.tuple([z.string()]), (word) => word.toUpperCase());

/** What a plugin's side calls. */
async function ask({ places }: TestManager, ...args: WireValue[]): Promise<WireValue> {
  return await places.at(-1)!.plugin.call("service.call", args);
}

/** The message of the error that the plugin is answered. */
async function refusal(test: TestManager, ...args: WireValue[]): Promise<string> {
  const error = await assertRejects(() => ask(test, ...args), KBertError);
  return (error.cause as Error).message;
}

Deno.test("PluginManager.offer() gives a service to the plugins that it is offered to and that ask for it", async () => {
  await using test = testManager();
  const { manager } = test;
  const callers: ServiceCaller[] = [];
  const who = serviceMethod(z.tuple([]), (caller: ServiceCaller) => void callers.push(caller));
  manager.offer("glossary", { lookup: LOOKUP, who }, { to: ["sample"] });
  await manager.start(await imageOf("sample", ASKS), { as: "renamed" });

  const answer = await ask(test, "glossary", "lookup", ["ham"]);
  await ask(test, "glossary", "who", []);

  assertEquals(answer, "HAM");
  assertEquals(callers.map(({ plugin, signal }) => [plugin, signal.aborted]), [["renamed", false]]);
});

Deno.test("PluginManager refuses a service that was not asked for, or is not offered to this plugin", async () => {
  await using test = testManager();
  const { manager } = test;
  manager.offer("glossary", { lookup: LOOKUP }, { to: ["sample"] });

  await manager.start(await imageOf("sample"));
  const silent = await refusal(test, "glossary", "lookup", ["ham"]);
  await manager.start(await imageOf("stranger", ASKS));
  const stranger = await refusal(test, "glossary", "lookup", ["ham"]);
  await manager.start(await imageOf("hopeful", "permissions: { services: [dictionary] }\n"));
  const hopeful = await refusal(test, "dictionary", "lookup", ["ham"]);

  assertEquals(
    silent,
    "The plugin sample cannot use the service glossary: plugin.yaml does not ask for it under permissions.services",
  );
  assertEquals(
    stranger,
    "The plugin stranger cannot use the service glossary: the host does not offer it to this plugin",
  );
  assertEquals(
    hopeful,
    "The plugin hopeful cannot use the service dictionary: the host does not offer it to this plugin",
  );
});

Deno.test("PluginManager checks the method and the arguments of a service, and passes on what it throws", async () => {
  await using test = testManager();
  const { manager } = test;
  const fail = serviceMethod(z.tuple([]), () => {
    throw new RangeError("no such page");
  });
  manager.offer("glossary", { lookup: LOOKUP, fail }, { to: ["sample"] });
  await manager.start(await imageOf("sample", ASKS));

  for (const method of ["lookpu", "constructor", "toString", "__proto__", "hasOwnProperty"]) {
    const message = `The service glossary has no ${method}(); it has lookup, fail`;
    assertEquals(await refusal(test, "glossary", method, []), message);
  }
  for (const args of [[], [5], ["ham", "eggs"]]) {
    assert(
      (await refusal(test, "glossary", "lookup", args)).startsWith("lookup() of the service glossary was"),
    );
  }
  assertEquals(await refusal(test, "glossary", "fail", []), "no such page");
});

Deno.test("PluginManager has nothing else for a plugin to call", async () => {
  await using test = testManager();
  await test.manager.start(await imageOf("sample", ASKS));
  const [{ plugin }] = test.places as [TestManager["places"][0]];

  for (const method of ["load", "$load", "constructor", "__proto__", "events.publish", "\u001b[2J"]) {
    const error = await assertRejects(() => plugin.call(method, []), KBertError);
    assert((error.cause as Error).message.startsWith("The host has no "), String(error.cause));
  }
  for (const args of [[], ["glossary"], ["glossary", "lookup", "ham"], ["", "lookup", []], [1, 2, []]]) {
    assert((await refusal(test, ...args)).includes("wrong arguments"));
  }
});

Deno.test("PluginManager makes a service anew for each run of a plugin where a factory is offered", async () => {
  await using test = testManager();
  const { manager, places } = test;
  let made = 0;
  const disposed: number[] = [];
  const glossary = (): Service & Disposable => {
    const number = ++made;
    return {
      number: serviceMethod(z.tuple([]), () => number),
      [Symbol.dispose]: () => void disposed.push(number),
    };
  };
  manager.offer("glossary", glossary, { to: ["sample"] });
  const image = await imageOf("sample", ASKS);

  const first = await manager.start(image);
  const numbers = [await ask(test, "glossary", "number", []), await ask(test, "glossary", "number", [])];
  await manager.start(image);
  numbers.push(await ask(test, "glossary", "number", []));
  await first.unload();
  await until(() => disposed.length > 0);

  assertEquals([numbers, disposed, places.length], [[1, 1, 2], [1], 2]);
});

Deno.test("PluginManager gives up what a plugin waits for when the plugin ends", async () => {
  await using test = testManager();
  const { manager } = test;
  const signals: AbortSignal[] = [];
  const wait = serviceMethod(z.tuple([]), ({ signal }: ServiceCaller) => (signals.push(signal), never()));
  manager.offer("glossary", { wait }, { to: ["sample"] });
  const plugin = await manager.start(await imageOf("sample", ASKS));
  const waiting = assertRejects(() => ask(test, "glossary", "wait", []), KBertError);
  await until(() => signals.length > 0);

  await plugin.unload();

  assertEquals([(await waiting).code, signals[0]!.aborted], ["plugin/closed", true]);
});

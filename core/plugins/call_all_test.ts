import { assertEquals, assertRejects } from "../deps/assert.ts";
import { activePlugin, type FakePlugin, hang } from "../../tests/fixtures/fake_plugin.ts";
import type { PortName } from "../manifest/families.ts";
import { KBertError } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import { CallAll, type CallAllPlugin, type CallAllResult } from "./call_all.ts";

/** Answers with what it is given, or fails. */
interface TestPlugin extends CallAllPlugin {
  answer: () => WireValue;
  readonly options: (CallOptions | undefined)[];
}

function plugin(name: string, answer: () => WireValue, priority = 0, port: PortName = "plugin"): TestPlugin {
  const made: TestPlugin = {
    ...{ name, answer, priority, port },
    options: [],
    call: (_method, _args, options) => {
      made.options.push(options);
      return new Promise((resolve) => resolve(made.answer()));
    },
  };
  return made;
}

function failing(): never {
  throw new Error("no soup");
}

/** Name, outcome and value, without the error. */
function short(results: readonly CallAllResult[]): unknown[] {
  return results.map((result) => [result.plugin, result.outcome, "value" in result ? result.value : "none"]);
}

Deno.test("CallAll.call() goes by priority, and among equal ones by the order that it was given", async () => {
  const plugins = [
    plugin("a", () => 1),
    plugin("b", () => 2, 5),
    plugin("c", () => 3),
    plugin("d", () => 4, 5),
    plugin("e", () => 5, -1),
  ];

  const results = await new CallAll().call(plugins, "cook", [], { timeoutMs: 7 });

  assertEquals(results.map(({ plugin }) => plugin), ["b", "d", "a", "c", "e"]);
  assertEquals(short(results)[0], ["b", "answered", 2]);
  assertEquals(plugins[0]?.options, [{ timeoutMs: 7, transfer: [] }]);
});

Deno.test("CallAll.call() calls the next one when the one before is done", async () => {
  const order: string[] = [];
  const slow = (name: string): CallAllPlugin => ({
    ...{ name, priority: 0, port: "plugin" },
    call: async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      return undefined;
    },
  });

  await new CallAll().call([slow("a"), slow("b")], "cook", []);

  assertEquals(order, ["a begins", "a ends", "b begins", "b ends"]);
});

Deno.test("CallAll.call() does with one that fails what the policy says", async (t) => {
  const plugins = [plugin("a", () => "A"), plugin("bad", failing), plugin("c", () => "C")];

  await t.step("abort: the first error ends it", async () => {
    await assertRejects(
      () => new CallAll().call(plugins, "cook", ["x"], { onFailure: "abort" }),
      Error,
      "no soup",
    );
    assertEquals(plugins[2]?.options.length, 0);
  });
  await t.step("skip: there is no result, and the error is told", async () => {
    const results = await new CallAll().call(plugins, "cook", ["x"], { onFailure: "skip" });
    assertEquals(short(results), [["a", "answered", "A"], ["bad", "skipped", "none"], [
      "c",
      "answered",
      "C",
    ]]);
    assertEquals(results[1]?.outcome === "skipped" && results[1].error.message, "no soup");
  });
  await t.step("identity: the first argument stands in", async () => {
    const results = await new CallAll().call(plugins, "cook", [["x"], "y"], { onFailure: "identity" });
    assertEquals(short(results)[1], ["bad", "identity", ["x"]]);
  });
  await t.step(
    "last-good: its last answer stands in, and before there is one the error ends it",
    async () => {
      const all = new CallAll();
      const moody = plugin("moody", () => ["good"]);
      const call = (): Promise<CallAllResult[]> => all.call([moody], "cook", [], { onFailure: "last-good" });
      const [first] = await call();
      // What the caller does with the answer is his own affair.
      if (first?.outcome === "answered") (first.value as string[]).push("eaten");
      moody.answer = failing;
      assertEquals(short(await call()), [["moody", "last-good", ["good"]]]);
      assertEquals(short(await call()), [["moody", "last-good", ["good"]]]);
      const other = (): Promise<CallAllResult[]> => all.call([moody], "bake", [], { onFailure: "last-good" });
      await assertRejects(other, Error, "no soup");
    },
  );
});

Deno.test("CallAll.call() has the policy of the port if its caller names none", async () => {
  const outcome = async (port: PortName): Promise<string> => {
    const call = new CallAll().call([plugin("bad", failing, 0, port)], "cook", ["x"]);
    return await call.then(([result]) => result!.outcome, () => "abort");
  };

  const ports: PortName[] = ["augmenter", "callback", "feature", "head", "plugin"];
  assertEquals(await Promise.all(ports.map(outcome)), ["identity", "skipped", "abort", "abort", "abort"]);
});

Deno.test("CallAll.call() that is given up ends, whatever the policy", async () => {
  await using fake = await activePlugin({ methods: { wait: hang } });
  const abort = new AbortController();
  const call = new CallAll().call([fake.plugin], "wait", [], { signal: abort.signal, onFailure: "skip" });

  abort.abort();

  assertEquals((await assertRejects(() => call, KBertError)).code, "call/aborted");
});

Deno.test("CallAll.call() gives each plugin a copy: what one does to its arguments, the next does not see", async () => {
  const spoil = async (name: string): Promise<FakePlugin> =>
    await activePlugin({
      name,
      methods: {
        spoil: ({ args: [bytes, list] }) => {
          const seen = [[...(bytes as Uint8Array)], [...(list as string[])]];
          (bytes as Uint8Array).fill(0);
          (list as string[]).push("spoilt");
          structuredClone(0, { transfer: [(bytes as Uint8Array<ArrayBuffer>).buffer] });
          return seen;
        },
      },
    });
  await using a = await spoil("a");
  await using b = await spoil("b");
  const bytes = Uint8Array.of(1, 2);
  const list = ["x"];

  const results = await new CallAll().call([a.plugin, b.plugin], "spoil", [bytes, list]);

  assertEquals(short(results), [
    ["a", "answered", [[1, 2], ["x"]]],
    ["b", "answered", [[1, 2], ["x"]]],
  ]);
  assertEquals([bytes, list], [Uint8Array.of(1, 2), ["x"]]);
});

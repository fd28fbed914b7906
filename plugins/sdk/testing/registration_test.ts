import { assert, assertEquals, assertStringIncludes } from "../../../core/deps/assert.ts";
import { runTestFiles } from "../../../tests/fixtures/test_file.ts";

/** What a test leaves → the sentence that says so. */
const LEFT: Readonly<Record<string, readonly [body: string, sentence: string]>> = {
  "a tensor that was kept": [
    `await test.tensors("cpu"); tf.keep(tf.ones([2]));`,
    "- tensors (1): give heads to test.use(), which frees their parameters; begin with await test.tensors()",
  ],
  "the parameters of a head": [
    `await test.tensors("cpu"); new OneLayer(HEAD, test.eventBus);`,
    "- tensors (2): give heads to test.use()",
  ],
  "a tensor of a test that asked for none": [
    `await tf.setBackend("cpu"); tf.ones([2]);`,
    "- tensors (1): ",
  ],
  "tensors that are too few": [
    `await tf.setBackend("cpu"); SHARED.dispose();`,
    "- tensors (-1): it freed some that were there before",
  ],
  "a listener on the test's bus": [
    `test.eventBus.on("log.*", () => {});`,
    "- listeners on an event bus (1): dispose of what on() returned (`using`)",
  ],
  "two listeners on a manager's bus": [
    `const { bus } = test.manager(); bus.on("log.*", () => {}); bus.once("plugin.unloaded", () => {});`,
    "- listeners on an event bus (2): ",
  ],
  "a plugin that runs": [
    `const manager = new PluginManager({ createSandbox: workerSandbox, admit: () => ({ permissions: NO_PERMISSIONS }) });
     await manager.start(image);`,
    "- workers or processes of plugins (1): unload the plugins",
  ],
  "a call without an answer": [
    `opened("calls");`,
    "- calls of plugins without an answer (1): await them",
  ],
  "a clock that stands still": [
    `fakeTime();`,
    "- a fake clock: setTimeout, Date or performance.now are not those that were there before",
  ],
  "a timer": [`setTimeout(() => {}, 60_000);`, "A timer was started in this test, but never completed"],
};

const root = new URL("../../../", import.meta.url).href;

const HEADER = `
  import { pluginTest } from "k-bert/sdk/testing";
  import { HeadConfig } from "k-bert/sdk";
  import { HeadPort, tf } from "k-bert/sdk/tensors";
  import { fakeTime } from "${root}core/deps/fake_timers.ts";
  import { PluginManager } from "${root}core/plugins/manager.ts";
  import { buildImage } from "${root}core/security/image.ts";
  import { NO_PERMISSIONS } from "${root}core/security/permissions.ts";
  import { opened } from "${root}core/wall/ledger.ts";
  import { workerSandbox } from "${root}workers/worker_sandbox.ts";

  class OneLayer extends HeadPort {
    layer = this.layers.linear("layer", 2, 2);
    forward(x) { return this.layer.apply(x); }
  }
  const HEAD = HeadConfig({ name: "one_layer", hidden_size: 2, num_labels: 2 });
  await tf.setBackend("cpu");
  const SHARED = tf.ones([2]);
  const FILES = {
    "plugin.yaml": "name: sample\\nversion: 1.0.0\\nentry_points: { plugin: 'main:Main' }\\n",
    "main.ts": 'import { PluginPort } from "k-bert/sdk"; export class Main extends PluginPort {}',
  };
  const read = (file) => Promise.resolve(new TextEncoder().encode(FILES[file]));
  const image = await buildImage({ name: "sample", location: "memory", read });
`;

Deno.test("pluginTest() fails a test that leaves something behind, and says what and how to end it", async (t) => {
  const tests = Object.entries(LEFT).map(([name, [body]]) =>
    `pluginTest(${JSON.stringify(name)}, async (test) => { ${body} });\n`
  );
  const clean = `
    pluginTest("nothing", async (test) => {
      await test.tensors("cpu");
      const head = test.use(new OneLayer(HEAD, test.eventBus));
      using _ = test.eventBus.on("log.*", () => {});
      test.clock();
      head.forward(test.randomTensor([3, 2]));
      await test.manager().start(image);
    });`;

  // Each in a Deno of its own would take 10 times as long; what one leaves must not hurt the next anyway.
  const { output } = await runTestFiles({ "left_test.ts": HEADER + tests.join("") + clean });

  for (const [name, [, sentence]] of Object.entries(LEFT)) {
    await t.step(name, () => {
      assertStringIncludes(output, `\n${name} ... FAILED`);
      // Outcomes come first, then the errors by name.
      const error = output.split(`\n${name} => `)[1]?.split("\n\n")[0] ?? "";
      assertStringIncludes(error, sentence);
    });
  }
  assertStringIncludes(output, "\nnothing ... ok");
});

Deno.test("pluginTest() tells the seed of random numbers when a test fails, and nothing of it otherwise", async () => {
  const { code, output } = await runTestFiles({
    "seed_test.ts": `
      import { pluginTest } from "k-bert/sdk/testing";
      const fail = (message) => { throw new Error(message); };
      pluginTest("by name", (test) => fail("of " + test.random.uint32()));
      pluginTest("by name again", { seed: 7 }, (test) => fail("of " + test.random.uint32()));
      pluginTest("without", () => fail("not random"));
      pluginTest("right", (test) => void test.random.uint32());
      // Never runs, which is what is tested.
      pluginTest("left out", { ignore: true }, () => fail("never"));
    `,
  });

  assertEquals(code, 1);
  assertEquals(output.match(/^(by|without|right|left).*\.\.\. (ok|FAILED|ignored)/gm), [
    "by name ... FAILED",
    "by name again ... FAILED",
    "without ... FAILED",
    "right ... ok",
    "left out ... ignored",
  ]);
  assertStringIncludes(output, "(test.random had the seed 7; pluginTest(name, { seed: 7 }, …) repeats it)");
  assertEquals(output.match(/test\.random had the seed/g)?.length, 2);
});

Deno.test("pluginTest() reports the error of the test itself, and still ends what it had", async () => {
  const { output } = await runTestFiles({
    "broken_test.ts": `
      import { pluginTest } from "k-bert/sdk/testing";
      const closed = [];
      pluginTest("broken", (test) => {
        test.clock();
        test.use({ close: () => { closed.push("first"); throw new Error("the second error"); } });
        test.use({ close: () => closed.push("last") });
        test.eventBus.on("log.*", () => {});
        throw new Error("the first error");
      });
      pluginTest("after it", () => {
        if (closed.join() !== "last,first") throw new Error(closed.join());
        if (Date.now() < 1e12) throw new Error("the clock stands still");
      });
    `,
  });

  assertStringIncludes(output, "error: Error: the first error");
  assert(!output.includes("the second error") && !output.includes("left something"), output);
  assertStringIncludes(output, "\nafter it ... ok");
});

Deno.test("the testing kit works from a folder elsewhere, with types and the fewest rights, and loads no tensors", async () => {
  const files = {
    "plugin.yaml": `
      name: shout
      version: 1.0.0
      entry_points: { plugin: "shout:Shout" }
      events: { emits: [plugin.processing_started] }
    `,
    "shout.ts": `
      import { PluginPort } from "k-bert/sdk";
      export class Shout extends PluginPort {
        async shout(text: string): Promise<string> {
          await this.eventBus.emit("plugin.processing_started", { plugin: this.name, data_size: text.length });
          return text.toUpperCase();
        }
      }`,
    "shout_test.ts": `
      import { pluginTest } from "k-bert/sdk/testing";
      import { PluginConfig } from "k-bert/sdk";
      import { Shout } from "./shout.ts";

      pluginTest("by hand", async (test) => {
        const shout = test.use(new Shout(PluginConfig({ name: "shout" }), test.eventBus));
        if (await shout.shout("hi") !== "HI") throw new Error("it does not shout");
        test.assertEventEmitted("plugin.processing_started", { data_size: 2 });
      });
      for (const tier of ["worker", "process"] as const) {
        pluginTest("in a " + tier, async (test) => {
          await test.withPlugin(import.meta.dirname!, { tier }, async (plugin) => {
            if (await plugin.call("shout", ["hi"]) !== "HI") throw new Error("it does not shout");
          });
          test.assertEventEmitted("plugin.processing_started", (_, { source }) => source === "shout");
          if ("_tfengine" in globalThis) throw new Error("tfjs was loaded");
        });
      }`,
  };

  const { code, output } = await runTestFiles(files, { check: true });

  assertEquals(code, 0, output);
  assertStringIncludes(output, "3 passed | 0 failed");
});

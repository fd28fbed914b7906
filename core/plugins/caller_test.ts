import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import {
  activePlugin,
  delivered,
  type FakePlugin,
  hang,
  streamOf,
  until,
} from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import type { PluginError } from "../wall/failure.ts";
import type { ServedCall } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";

/** Failures of calls that were told. */
function told({ events }: Pick<FakePlugin, "events">): unknown[] {
  return events.filter(([topic]) => topic === "plugin.execution_error").map(([, payload]) => payload);
}

Deno.test("PluginCaller.call() refuses a method that the plugin does not have, and names the nearest", async () => {
  await using fake = await activePlugin({ methods: { summarize: () => 1, translate: () => 2 } });
  const { plugin } = fake;

  const near = await assertRejects(() => plugin.call("sumarize", []), KBertError);
  const far = await assertRejects(() => plugin.call("x", []), KBertError);

  assertEquals(near.message, "The plugin sample has no method sumarize(); did you mean summarize()?");
  assertEquals(near.detail, { plugin: "sample", method: "sumarize", nearest: "summarize" });
  assertEquals(far.message, "The plugin sample has no method x(); it has summarize, translate");
  assertEquals(far.detail, { plugin: "sample", method: "x" });
  for (const method of ["toString", "constructor", "__proto__", "$initialize", ""]) {
    assertEquals(
      (await assertRejects(() => plugin.call(method, []), KBertError)).code,
      "call/unknown-method",
    );
  }
  assertEquals([fake.worker.calls, told(fake)], [["$load", "$initialize", "$activate"], []]);
});

Deno.test("PluginCaller refuses a stream as a call and a call as a stream, before anything is sent", async () => {
  await using fake = await activePlugin({ methods: { one: () => 1, many: streamOf(1) } });
  const { plugin } = fake;

  const call = await assertRejects(() => plugin.call("many", []), KBertError, "use stream()");
  const stream = await assertRejects(() => plugin.stream("one", []).next(), KBertError, "use call()");

  assertEquals([call.code, stream.code, told(fake).length], ["call/arguments", "call/arguments", 0]);
  assertEquals(fake.worker.calls.length, 3);
});

Deno.test("PluginCaller.call() counts the arguments of a plugin without a port's rules", async () => {
  const description = {
    methods: [{ name: "join", parameters: 3, streams: false }],
    configuration: "null",
  };
  await using fake = await activePlugin({ description, methods: { join: ({ args }) => args.length } });

  const error = await assertRejects(() => fake.plugin.call("join", ["a"]), KBertError);

  assertEquals(
    error.message,
    "Cannot call join() of the plugin sample so: 1 arguments, expected at least 2",
  );
  // The third may be for the call's context.
  assertEquals(await fake.plugin.call("join", ["a", "b"]), 2);
});

Deno.test("PluginCaller.call() says in a line what is wrong with the arguments of a port's method", async (t) => {
  const tensor = { dtype: "float32", shape: [2], data: new Float32Array(2) } as const;
  const state = { epoch: 0, step: 0, maxSteps: 1, shouldStop: false };
  const wrong: [
    port: "augmenter" | "feature" | "callback" | "head",
    method: string,
    args: WireValue[],
    problem: string,
  ][] = [
    ["augmenter", "augment", [], "arguments: found a list of 0, expected at least 1 item"],
    ["augmenter", "augment", [["a", 5]], "argument 1.1: found 5, expected text"],
    ["augmenter", "augment", [["a"], {}, 1], "arguments: found a list of 3, expected at most 2 items"],
    [
      "feature",
      "extractFeatures",
      [{ rows: 2, columns: [] }],
      "argument 1: found a mapping, expected a table, but it has 2 rows and no column",
    ],
    ["feature", "extractFeatures", [[["a"]]], "argument 1: found a list of 1, expected a table"],
    [
      "callback",
      "onTrainBegin",
      [{ ...state, epoch: -1 }],
      "argument 1.epoch: found -1, expected at least 0",
    ],
    ["callback", "onEpochEnd", [0, { loss: "low" }, state], "argument 2.loss"],
    ["head", "predict", [[1, 2]], "argument 1: found a list of 2, expected a tensor"],
    ["head", "step", [tensor, tensor, { step: 1.5, weight: 1 }], "argument 3.step"],
  ];
  for (const [port, method, args, problem] of wrong) {
    await t.step(`${method}: ${problem}`, async () => {
      await using fake = await activePlugin({ port, methods: { [method]: () => undefined } });
      const error = await assertRejects(() => fake.plugin.call(method, args), KBertError, problem);
      assertEquals([error.code, error.message.includes("\n")], ["call/arguments", false]);
      assert(error.message.startsWith(`Cannot call ${method}() of the plugin sample so: `), error.message);
      assertEquals([fake.worker.calls.includes(method), told(fake)], [false, []]);
    });
  }
});

Deno.test("PluginCaller.call() believes no answer that does not fit the port", async (t) => {
  const state = { epoch: 0, step: 0, maxSteps: 1, shouldStop: false };
  const wrong: [
    port: "augmenter" | "feature" | "callback" | "head",
    method: string,
    args: WireValue[],
    answer: WireValue,
  ][] = [
    ["augmenter", "augment", [["a"]], "a"],
    ["augmenter", "augment", [["a"]], [1]],
    ["feature", "extractFeatures", [{ rows: 0, columns: [] }], { rows: 2, columns: [] }],
    ["callback", "onTrainBegin", [state], undefined],
    ["callback", "onTrainBegin", [state], { shouldStop: "yes" }],
    ["head", "describe", [], { reads: "everything" }],
    ["head", "state", [], { parameters: {}, moments: {} }],
  ];
  for (const [port, method, args, answer] of wrong) {
    await t.step(`${method} answers ${JSON.stringify(answer)}`, async () => {
      await using fake = await activePlugin({ port, methods: { [method]: () => answer } });
      const error = await assertRejects(() => fake.plugin.call(method, args), KBertError);
      assertEquals([error.code, error.detail], ["plugin/answer", { plugin: "sample", method }]);
      assert(error.message.startsWith(`The plugin sample answered ${method}() wrongly: `), error.message);
      assertEquals(told(fake), [{ plugin_name: "sample", method, error: error.message }]);
      assertEquals(fake.plugin.state, "active");
    });
  }
});

Deno.test("PluginCaller.call() has the plugin's deadline, unless its caller says another", async () => {
  using clock = fakeTime();
  await using fake = await activePlugin({
    manifest: "entry_points:\n  plugin: main:Main\nlimits:\n  callMs: 300\n",
    limits: { callMs: 60_000 },
    methods: { slow: hang },
  });
  const { plugin } = fake;
  const failures: string[] = [];
  const watch = (call: Promise<unknown>): Promise<unknown> =>
    call.catch((error: KBertError) => failures.push(error.message));

  const calls = [watch(plugin.call("slow", [])), watch(plugin.call("slow", [], { timeoutMs: 100 }))];
  await clock.tickAsync(99);
  assertEquals(failures, []);
  await clock.tickAsync(1);
  assertEquals(failures, ["The plugin sample did not answer slow() within 100 ms"]);
  await clock.tickAsync(200);
  await Promise.all(calls);

  assertEquals(failures[1], "The plugin sample did not answer slow() within 300 ms");
  assertEquals([plugin.openCalls, plugin.state, told(fake).length], [0, "active", 2]);
  for (const timeoutMs of [NaN, -1]) {
    await assertRejects(() => plugin.call("slow", [], { timeoutMs }), RangeError, `wait for ${timeoutMs} ms`);
  }
  assertEquals(told(fake).length, 2);
});

Deno.test("PluginCaller.call() refuses one call more than may be open, and takes it when there is room", async () => {
  const gate = Promise.withResolvers<undefined>();
  await using fake = await activePlugin({
    limits: { openCalls: 2 },
    methods: { wait: () => gate.promise, many: streamOf(1, 2) },
  });
  const { plugin } = fake;
  const stream = plugin.stream("many", []);
  await stream.next();
  const first = plugin.call("wait", []);

  const error = await assertRejects(() => plugin.call("wait", []), KBertError, "and the limit is 2");
  assertEquals([error.code, error.detail], [
    "plugin/limit",
    { plugin: "sample", limit: "openCalls", most: 2, value: 2 },
  ]);
  assertEquals(
    (await assertRejects(() => plugin.stream("many", []).next(), KBertError)).code,
    "plugin/limit",
  );
  assertEquals(told(fake), []);
  await stream.return();
  const second = plugin.call("wait", []);
  gate.resolve(undefined);

  await Promise.all([first, second]);
  assertEquals(plugin.openCalls, 0);
});

Deno.test("PluginCaller tells failures of the plugin, and nothing else", async (t) => {
  const failing = (): Promise<never> =>
    Promise.reject(Object.assign(new Error("no soup"), { code: "E_SOUP" }));

  await t.step("an error of a method, which the caller gets as its cause", async () => {
    await using fake = await activePlugin({ methods: { cook: failing } });
    const error = await assertRejects(() => fake.plugin.call("cook", []), KBertError);
    const { message, code } = error.cause as PluginError;
    assertEquals([error.code, message, code], ["call/failed", "no soup", "E_SOUP"]);
    assertEquals(told(fake), [{ plugin_name: "sample", method: "cook", error: "no soup" }]);
  });
  await t.step("an error in the middle of a stream", async () => {
    await using fake = await activePlugin({
      methods: {
        async *cook(): AsyncGenerator<number> {
          yield 1;
          throw new Error("no soup");
        },
      },
    });
    await assertRejects(() => Array.fromAsync(fake.plugin.stream("cook", [])), KBertError, "no soup");
    assertEquals(told(fake).length, 1);
  });
  await t.step("not that its caller gave it up", async () => {
    await using fake = await activePlugin({ methods: { wait: hang, many: () => hang() } });
    const abort = new AbortController();
    const { signal } = abort;
    const given = fake.plugin.call("wait", [], { signal });
    abort.abort();
    assertEquals((await assertRejects(() => given, KBertError)).code, "call/aborted");
    assertEquals(
      (await assertRejects(() => fake.plugin.call("wait", [], { signal }), KBertError)).code,
      "call/aborted",
    );
    assertEquals(told(fake), []);
  });
  await t.step("not that an argument cannot cross", async () => {
    await using fake = await activePlugin({ methods: { echo: ({ args }) => args[0] } });
    const error = await assertRejects(
      () => fake.plugin.call("echo", [(() => 1) as unknown as WireValue]),
      KBertError,
    );
    assertEquals([error.code, told(fake), fake.plugin.openCalls], ["wall/frame", [], 0]);
    assertEquals(await fake.plugin.call("echo", ["fine"]), "fine");
  });
});

Deno.test("PluginCaller runs hooks around each call: before in order, after in reverse, none if refused", async () => {
  await using fake = await activePlugin({ methods: { echo: ({ args }) => args[0], many: streamOf(1, 2) } });
  const order: unknown[] = [];
  for (const name of ["a", "b"]) {
    fake.hooks.add({
      preExecution: (_plugin, method, args) => void order.push([name, "pre", method, args]),
      postExecution: (_plugin, method, result) => void order.push([name, "post", method, result]),
    });
  }

  await fake.plugin.call("echo", ["x"]);
  await assertRejects(() => fake.plugin.call("ecko", []), KBertError);
  await Array.fromAsync(fake.plugin.stream("many", []));

  assertEquals(order, [
    ["a", "pre", "echo", ["x"]],
    ["b", "pre", "echo", ["x"]],
    ["b", "post", "echo", "x"],
    ["a", "post", "echo", "x"],
    ["a", "pre", "many", []],
    ["b", "pre", "many", []],
    ["b", "post", "many", undefined],
    ["a", "post", "many", undefined],
  ]);
});

Deno.test("PluginCaller.call() fails with the hook that throws; after one before it, nothing is sent", async (t) => {
  await t.step("before", async () => {
    await using fake = await activePlugin({ methods: { echo: () => 1 } });
    fake.hooks.add({ preExecution: () => Promise.reject(new Error("not allowed")) });
    await assertRejects(() => fake.plugin.call("echo", []), Error, "not allowed");
    assertEquals([fake.worker.calls.includes("echo"), fake.plugin.openCalls], [false, 0]);
    assertEquals(fake.plugin.state, "active");
  });
  await t.step("after", async () => {
    await using fake = await activePlugin({ methods: { echo: () => 1 } });
    fake.hooks.add({ postExecution: () => Promise.reject(new Error("wrong answer")) });
    await assertRejects(() => fake.plugin.call("echo", []), Error, "wrong answer");
    assertEquals([fake.worker.calls.includes("echo"), fake.plugin.openCalls], [true, 0]);
  });
});

Deno.test("PluginCaller.call() passes the abort of its caller to the plugin's signal", async () => {
  const aborted = Promise.withResolvers<void>();
  await using fake = await activePlugin({
    methods: {
      wait: ({ signal }: ServedCall) => {
        signal.addEventListener("abort", () => aborted.resolve());
        return hang();
      },
    },
  });
  const abort = new AbortController();
  const call = fake.plugin.call("wait", [], { signal: abort.signal });
  await until(() => fake.worker.calls.includes("wait"));

  abort.abort();

  await assertRejects(() => call, KBertError, "given up");
  await aborted.promise;
});

Deno.test("PluginCaller.stream() is never more than one item ahead, and leaving it runs the generator's finally", async () => {
  const log: string[] = [];
  await using fake = await activePlugin({
    methods: {
      async *count(): AsyncGenerator<number> {
        try {
          for (let item = 1; item <= 100; item++) {
            log.push(`made ${item}`);
            yield item;
          }
        } finally {
          log.push("finally");
        }
      },
    },
  });

  for await (const item of fake.plugin.stream("count", [])) {
    log.push(`got ${item}`);
    await delivered();
    if (item === 3) break;
  }
  await until(() => log.includes("finally"));

  assertEquals(log, ["made 1", "got 1", "made 2", "got 2", "made 3", "got 3", "finally"]);
  assertEquals([fake.plugin.openCalls, told(fake)], [0, []]);
});

Deno.test("PluginCaller.stream() gives each item the deadline, not all together", async () => {
  using clock = fakeTime();
  let next = Promise.withResolvers<number>();
  await using fake = await activePlugin({
    limits: { callMs: 100 },
    methods: {
      async *count(): AsyncGenerator<number> {
        while (true) yield await next.promise;
      },
    },
  });
  const stream = fake.plugin.stream("count", []);

  for (const item of [1, 2, 3]) {
    const waiting = stream.next();
    await delivered();
    await clock.tickAsync(90);
    next.resolve(item);
    next = Promise.withResolvers<number>();
    assertEquals((await waiting).value, item);
  }
  const late = assertRejects(() => stream.next(), KBertError, "did not answer count() within 100 ms");
  await delivered();
  await clock.tickAsync(100);

  assertEquals((await late).code, "call/timeout");
  assertEquals([(await stream.next()).done, fake.plugin.openCalls, told(fake).length], [true, 0, 1]);
  next.resolve(0);
});

Deno.test("PluginCaller moves buffers of arguments, unless transfer says which", async () => {
  await using fake = await activePlugin({ methods: { size: ({ args }) => (args[0] as Uint8Array).length } });
  const moved = new Uint8Array(4);
  const kept = new Uint8Array(4);

  const sizes = await Promise.all([
    fake.plugin.call("size", [moved]),
    fake.plugin.call("size", [kept], { transfer: [] }),
  ]);

  assertEquals([sizes, moved.length, kept.length], [[4, 4], 0, 4]);
  assertEquals([moved.buffer.detached, kept.buffer.detached], [true, false]);
});

import { assert, assertEquals, assertLess, assertRejects } from "../core/deps/assert.ts";
import { PluginInstance } from "../core/plugins/instance.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import type { Plugin } from "../core/plugins/plugin.ts";
import { buildImage, type PluginImage } from "../core/security/image.ts";
import { pluginSource } from "../core/security/source.ts";
import { KBertError } from "../core/wall/errors.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import { workerSandbox } from "./worker_sandbox.ts";

/** An image of a head in memory; `main.ts` is given, other files may be. */
function imageOf(main: string, others: Record<string, string> = {}, port = "head"): Promise<PluginImage> {
  const manifest = `name: sample\nversion: 1.0.0\nentry_points:\n  ${port}: main:Main\n`;
  const files: Record<string, string> = { "plugin.yaml": manifest, "main.ts": main, ...others };
  return buildImage({
    name: "sample",
    location: "memory",
    read: (file) => Promise.resolve(new TextEncoder().encode(files[file])),
  });
}

/** A plugin in the real sandbox, and what it wrote to its console. */
function start(image: PluginImage): { loading: Promise<Plugin>; log: string[] } & Disposable {
  const log: string[] = [];
  const manager = new PluginManager({ createSandbox: workerSandbox });
  manager.bus.on("log.*", ({ message }, { topic }) => log.push(`${topic.slice(4)}: ${message}`));
  const settings = "head" in image.manifest.entry_points ? { hidden_size: 4, num_labels: 2 } : {};
  return {
    loading: manager.start(image, { settings }),
    log,
    [Symbol.dispose]: () => {
      manager[Symbol.dispose]();
      manager.bus[Symbol.dispose]();
    },
  };
}

/** Runs the body of a function in a locked realm; it answers with JSON. */
async function inside(body: string, others?: Record<string, string>): Promise<unknown> {
  const image = await imageOf(
    `import { HeadPort, type tf } from "k-bert/sdk/tensors";
    export class Main extends HeadPort {
      override async forward(): Promise<tf.Tensor> {
        throw Object.assign(new Error(JSON.stringify(await this.run()) ?? "undefined"), { code: "answer" });
      }
      async run(): Promise<unknown> { ${body} }
    }`,
    others,
  );
  using place = start(image);
  const plugin = await place.loading;
  const error = await assertRejects(() => plugin.call("predict", [row()]), KBertError);
  const cause = error.cause as { code?: string; message: string };
  assertEquals(cause.code, "answer", cause.message);
  return JSON.parse(cause.message);
}

function row(): HostTensor {
  return { dtype: "float32", shape: [1, 4], data: new Float32Array(4) };
}

function failureOf(image: Promise<PluginImage>): Promise<KBertError> {
  return assertRejects(async () => {
    using place = start(await image);
    await place.loading;
  }, KBertError);
}

Deno.test("workerSandbox() trains the first-party head in its locked realm", async () => {
  const folder = new URL("../plugins/custom_classification_head/", import.meta.url);
  const topics: string[] = [];
  using manager = new PluginManager({ createSandbox: workerSandbox });
  using _listener = manager.bus.on("head.*", (_payload, { topic }) => topics.push(topic));
  const settings = { hidden_size: 4, num_labels: 2, dropout_rate: 0 };
  const head = await manager.start(await buildImage(pluginSource(folder)), { port: "head", settings });
  const hidden = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);

  const losses: number[] = [];
  for (let step = 1; step <= 20; step++) {
    const states = { dtype: "float32", shape: [2, 4], data: hidden.slice() } as const;
    const labels = { dtype: "int32", shape: [2], data: Int32Array.of(0, 1) } as const;
    const answer = await head.call("step", [states, labels, { step, weight: 1 }]);
    losses.push((answer as { loss: number }).loss);
    await head.call("apply", [{ learningRate: 0.1, scale: 1, weightDecay: 0 }]);
  }

  assertLess(losses.at(-1)!, losses[0]! / 5);
  assertEquals(topics.slice(0, 2), ["head.forward_start", "head.forward_complete"]);
  assertEquals(head.openCalls, 0);
});

Deno.test("workerSandbox() says in a sentence why a plugin does not load", async (t) => {
  const head = `import { HeadPort } from "k-bert/sdk/tensors";\n`;
  const plugins: Record<string, [main: string, reason: RegExp]> = {
    "its entry point exports something else": [
      `${head}export const other = HeadPort;`,
      /plugin:\/\/\/main\.ts does not export Main; it exports other$/,
    ],
    "it exports nothing": [`${head}HeadPort;`, /does not export Main; it exports nothing$/],
    "it is not a class": [
      `${head}HeadPort; export const Main = 5;`,
      /has to be a class that extends HeadPort/,
    ],
    "it is a class of its own": [
      `${head}HeadPort; export class Main {}`,
      /has to be a class that extends HeadPort/,
    ],
    "it does not import the tensors": [
      `export class Main {}`,
      /port head here; import "k-bert\/sdk\/tensors"/,
    ],
    "the SDK has no such name": [`${head}import { Tail } from "k-bert/sdk"; Tail;`, /export named 'Tail'/],
    "it throws at import": [`${head}HeadPort; throw new Error("broken");`, /: broken$/],
    "its constructor throws": [
      `${head}export class Main extends HeadPort { constructor() { throw new Error("unmade"); } }`,
      /: unmade$/,
    ],
    "it rejects where nobody listens": [
      `${head}export class Main extends HeadPort {} void Promise.reject(new Error("unheard")); await new Promise(() => {});`,
      /nobody caught: unheard$/,
    ],
  };
  for (const [what, [main, reason]] of Object.entries(plugins)) {
    await t.step(what, async () => {
      const error = await failureOf(imageOf(main));
      assert(reason.test(error.message), error.message);
    });
  }
});

Deno.test("workerSandbox() ends the calls of a worker that fails, and of one that is disposed of", async (t) => {
  const image = await imageOf(`import { HeadPort, type tf } from "k-bert/sdk/tensors";
    export class Main extends HeadPort {
      override forward(): Promise<tf.Tensor> {
        setTimeout(() => { throw new Error("late"); }, 0);
        return new Promise(() => {});
      }
    }`);

  await t.step("fails", async () => {
    using place = start(image);
    const plugin = await place.loading;
    const calls = [row(), row()].map((states) => plugin.call("predict", [states]));
    const errors = await Promise.all(calls.map((call) => assertRejects(() => call, KBertError)));
    assertEquals(errors.map(({ code }) => code), ["plugin/closed", "plugin/closed"]);
    assertEquals([plugin.openCalls, plugin.state], [0, "failed"]);
  });
  await t.step("is disposed of", async () => {
    using place = start(image);
    const plugin = await place.loading;
    const call = plugin.call("predict", [row()]);
    plugin[Symbol.dispose]();
    assertEquals((await assertRejects(() => call, KBertError)).code, "plugin/closed");
    assertEquals([plugin.openCalls, plugin.state], [0, "unloaded"]);
  });
  await t.step("is disposed of while it starts", async () => {
    const place = start(image);
    place[Symbol.dispose]();
    assertEquals((await assertRejects(() => place.loading, KBertError)).code, "plugin/closed");
  });
});

const IDENTITY = `import { HeadPort, type tf } from "k-bert/sdk/tensors";
  export class Main extends HeadPort { override forward(x: tf.Tensor): tf.Tensor { return x; } }`;

Deno.test("workerSandbox() runs a plugin that is called only by the methods of its port", async () => {
  using place = start(await imageOf(IDENTITY));
  const plugin = await place.loading;

  for (
    const method of ["$load", "$activate", "constructor", "__proto__", "toString", "head.predict", "forward"]
  ) {
    const error = await assertRejects(() => plugin.call(method, [{}]), KBertError);
    assertEquals(error.code, "call/unknown-method");
  }

  assertEquals(await plugin.call("predict", [row()]), row());
});

Deno.test("boot() loads once, and knows only the methods of the port, whatever the host asks for", async () => {
  using instance = new PluginInstance({
    image: await imageOf(IDENTITY),
    name: "sample",
    createSandbox: workerSandbox,
    channel: {},
    onEnd: () => {},
  });
  const { channel } = instance;
  const config = { hidden_size: 4, num_labels: 2 };
  const early = await assertRejects(() => channel.call("predict", [row()]), KBertError);
  await instance.load({ port: "head", config, seed: 0, timeoutMs: 30_000, gpu: false });

  for (const method of ["$load", "constructor", "__proto__", "toString", "head.predict", "forward", "then"]) {
    const error = await assertRejects(() => channel.call(method, [{}]), KBertError);
    assertEquals((error.cause as Error).message, `There is no method ${method}()`);
  }

  assertEquals((early.cause as Error).message, "A worker is loaded once, and called then");
  assertEquals(await channel.call("predict", [row()]), row());
});

Deno.test("loader serves the modules of the image, cycles and dynamic imports included", async () => {
  const answer = await inside(
    `const { early } = await import("./lib/early.ts");
     const { a } = await import("./lib/a.js");
     const again = await import("./lib/../lib/a.js");
     const sdk = await import("k-bert/sdk");
     return [early, a, again.a === a, Object.keys(sdk)];`,
    {
      "lib/early.ts": `export const early: string = await Promise.resolve("awaited");`,
      "lib/a.js": `import { b } from "./b.ts"; export const a = "a" + b();`,
      "lib/b.ts": `import { a } from "./a.js"; export const b = (): string => "b" + typeof (() => a);`,
    },
  );

  const names = Object.keys(await import("../plugins/sdk/mod.ts"));
  assertEquals(answer, ["awaited", "abfunction", true, names]);
});

Deno.test("lockdown() leaves the language and what stays inside of the worker", async () => {
  const answer = await inside(`
    const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    const { readable, writable } = new TransformStream();
    void writable.getWriter().write("streamed");
    const controller = new AbortController();
    const aborted = new Promise((resolve) => controller.signal.addEventListener("abort", () => resolve("aborted")));
    controller.abort();
    return {
      wasm: (await WebAssembly.instantiate(wasm)).instance instanceof WebAssembly.Instance,
      digest: new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(0)))[0],
      random: crypto.getRandomValues(new Uint8Array(4)).length,
      text: new TextDecoder().decode(new TextEncoder().encode("é")),
      base64: atob(btoa("hi")),
      url: new URL("./b", "plugin:///a/").href,
      clone: structuredClone(new Map([[1, { a: [2] }]])).get(1),
      number: new Intl.NumberFormat("en").format(1234),
      date: new Date(0).toISOString(),
      timer: await new Promise((resolve) => setTimeout(resolve, 0, "timed")),
      micro: await new Promise((resolve) => queueMicrotask(() => resolve("micro"))),
      streamed: (await readable.getReader().read()).value,
      aborted: await aborted,
      time: performance.now() > 0,
      evaluated: new Function("return 6 * 7")(),
      typed: [...new Float32Array([3, 1, 2]).sort()],
      regex: "a1b2".replaceAll(/\\d/g, "").match(/(?<last>.)$/)?.groups?.last,
    };`);

  assertEquals(answer, {
    wasm: true,
    digest: 0xe3,
    random: 4,
    text: "é",
    base64: "hi",
    url: "plugin:///a/b",
    clone: { a: [2] },
    number: "1,234",
    date: "1970-01-01T00:00:00.000Z",
    timer: "timed",
    micro: "micro",
    streamed: "streamed",
    aborted: "aborted",
    time: true,
    evaluated: 42,
    typed: [1, 2, 3],
    regex: "b",
  });
});

Deno.test("lockdown() lets programs override what they inherit, on objects of their own", async () => {
  const answer = await inside(`
    class Named { constructor() { this.toString = () => "own"; this.constructor = Named; } }
    function Old(): void {}
    Old.prototype.toString = () => "old";
    Old.prototype.hasOwnProperty = () => "mine";
    const error = new Error("m");
    error.name = "Renamed";
    error.message = "changed";
    error.toString = () => "printed";
    class Special extends TypeError { override name = "Special"; }
    const call = (): number => 1;
    (call as unknown as { call: number }).call = 5;
    const table: Record<string, unknown> = {};
    table["constructor"] = 1;
    table["valueOf"] = 2;
    return [
      String(new Named()),
      String(new (Old as unknown as new () => object)()),
      error.name, error.message, String(error), String(new Special("s")), new Special("s") instanceof TypeError,
      call.call, JSON.stringify(table), Object.keys(table), ({}).toString(), ({}).constructor === Object,
    ];`);

  assertEquals(answer, [
    "own",
    "old",
    "Renamed",
    "changed",
    "printed",
    "Special: s",
    true,
    5,
    `{"constructor":1,"valueOf":2}`,
    ["constructor", "valueOf"],
    "[object Object]",
    true,
  ]);
});

Deno.test("lockdown() shows the plugin's own modules in stacks, with lines, and nothing of the host", async () => {
  const stack = await inside(`return (await import("./fail.ts")).stackOf();`, {
    "fail.ts": `export function stackOf(): string | undefined {\n  return new RangeError("far").stack;\n}\n`,
  });

  assertEquals(String(stack).split("\n").slice(0, 2), [
    "RangeError: far",
    "    at Module.stackOf (plugin:///fail.ts:2:10)",
  ]);
  assert(String(stack).split("\n").slice(1).every((line) => line.includes("plugin:///")), String(stack));
});

Deno.test("lockdown() sends the console to the log by its levels, with and without tensors", async (t) => {
  const body = `console.debug("a", 1); console.log("b", { c: [2] }); console.info(new TypeError("d"));
    console.warn(undefined); console.error();`;
  const images = {
    head: await imageOf(`import { HeadPort, type tf } from "k-bert/sdk/tensors";
      export class Main extends HeadPort { override forward(x: tf.Tensor): tf.Tensor { ${body} return x; } }`),
    plugin: await imageOf(
      `import { PluginPort } from "k-bert/sdk";
      export class Main extends PluginPort { predict(x: unknown): unknown { ${body} return x; } }`,
      {},
      "plugin",
    ),
  };
  for (const [port, image] of Object.entries(images)) {
    await t.step(port, async () => {
      using place = start(image);
      const plugin = await place.loading;

      assertEquals(await plugin.call("predict", [row()]), row());

      assertEquals(place.log, [
        "debug: a 1",
        'info: b {"c":[2]}',
        "info: TypeError: d",
        "warning: undefined",
        "error: ",
      ]);
    });
  }
});

import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "../core/deps/assert.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import type { LoadOptions } from "../core/plugins/use.ts";
import type { Plugin } from "../core/plugins/plugin.ts";
import { buildImage } from "../core/security/image.ts";
import { pluginSource } from "../core/security/source.ts";
import { KBertError } from "../core/wall/errors.ts";
import type { SandboxFactory, SandboxOptions } from "../core/wall/sandbox.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import { type MemoryImage, memoryImage } from "../tests/fixtures/memory_image.ts";
import { type ProcessSandbox, processSandbox } from "./process_sandbox.ts";
import { workerSandbox } from "./worker_sandbox.ts";

/** A plugin in a process of its own. */
interface Place extends AsyncDisposable {
  readonly plugin: Plugin;
  readonly manager: PluginManager;
  readonly sandbox: ProcessSandbox;
}

/** Starts a class with this body; what is not said is left as it is by itself. */
async function start(
  body: string,
  { sandbox: more = {}, load = {}, ...image }: MemoryImage & {
    sandbox?: Partial<SandboxOptions>;
    load?: LoadOptions;
  } = {},
): Promise<Place> {
  let sandbox: ProcessSandbox | undefined;
  const manager = new PluginManager({
    createSandbox: (options) => sandbox = processSandbox({ ...options, ...more }),
  });
  try {
    const plugin = await manager.start(await memoryImage(body, image), load);
    return {
      plugin,
      manager,
      sandbox: sandbox!,
      [Symbol.asyncDispose]: () => manager[Symbol.asyncDispose](),
    };
  } catch (error) {
    manager[Symbol.dispose]();
    await sandbox?.ended;
    throw error;
  }
}

/** Fails instead of waiting for ever for a process that was not killed. */
async function endOf({ ended }: ProcessSandbox): Promise<void> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error("The process is still there after 10 s")), 10_000);
  await Promise.race([ended, timeout.promise]).finally(() => clearTimeout(timer));
}

/** A process that runs this code. */
function processOf(code: string): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--no-config", `data:application/typescript,${encodeURIComponent(code)}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
}

/** Code that may write bytes, numbers and texts as they stand in a frame, and then stays. */
function talking(code: string): string {
  return `
    const write = (bytes: Uint8Array) => {
      while (bytes.length) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    };
    const numbers = (...values: number[]) => write(new Uint8Array(Uint32Array.from(values).buffer));
    const text = (text: string) => {
      const bytes = new TextEncoder().encode(text);
      numbers(bytes.length, 0);
      write(bytes);
    };
    ${code};
    setInterval(() => {}, 1_000);`;
}

/** What a plugin's process says first. */
const GREET = "text(`k-bert ${Deno.pid}`);";

/** Why a sandbox whose process runs this instead of a plugin says that it ended. */
async function reasonFor(code: string): Promise<string> {
  const failure = Promise.withResolvers<string>();
  const options: SandboxOptions = { name: "x", kit: "plain", onFailure: failure.resolve };
  using sandbox = processSandbox(options, () => processOf(code));
  const reason = await failure.promise;
  await endOf(sandbox);
  return reason;
}

Deno.test("processSandbox() carries calls, streams, services, events and the log as a worker does", async () => {
  await using place = await start(
    `echo(value: unknown): unknown { return value; }
    async *count(to: number): AsyncGenerator<number> { for (let n = 0; n < to; n++) yield n; }
    async tell(): Promise<void> { await this.eventBus.emit("sample.told", { n: 1 }); console.log("said"); }
    fail(): void { throw new TypeError("no"); }`,
    { manifest: "events:\\n  emits: [sample.told]\\n".replaceAll("\\n", "\n") },
  );
  const { plugin, manager } = place;

  assertEquals(plugin.tier, "process");
  const value = { text: "é", list: [1, null, NaN], bytes: new Uint8Array(100_000).fill(7) };
  assertEquals(await plugin.call("echo", [value]), { ...value, bytes: new Uint8Array(100_000).fill(7) });
  assertEquals(value.bytes.byteLength, 0, "the sender's are moved, as between threads");
  assertEquals(await Array.fromAsync(plugin.stream("count", [3])), [0, 1, 2]);
  const error = await assertRejects(() => plugin.call("fail", []), KBertError);
  assertMatch(error.message, /failed in fail\(\): no$/);

  const told = manager.bus.waitFor("sample.told" as string);
  const said = manager.bus.waitFor("log.*");
  await plugin.call("tell", []);
  const { source, payload } = await told;
  assertEquals([source, payload], ["sample", { n: 1 }]);
  assertEquals((await said).payload.message, "said");
});

Deno.test("processSandbox() carries many calls at once, with buffers of all sizes, in both directions", async () => {
  await using place = await start(`echo(value: unknown): unknown { return value; }`);
  const sizes = [0, 1, 32_768, 32_769, 65_535, 65_536, 1_000_003, 5_000_000];

  const answers = await Promise.all(sizes.map(async (size, index) => {
    const [answer, small] = await place.plugin.call("echo", [
      [new Uint8Array(size).fill(index), Uint8Array.of(index)],
    ]) as [Uint8Array, Uint8Array];
    return [answer.length, answer.every((byte) => byte === index), small[0]];
  }));

  assertEquals(answers, sizes.map((size, index) => [size, true, index]));
});

Deno.test("processSandbox() trains a head to the last bit as a worker does", async () => {
  const image = await buildImage(
    pluginSource(new URL("../plugins/custom_classification_head/", import.meta.url)),
  );
  const settings = { hidden_size: 4, num_labels: 2, dropout_rate: 0.1 };
  async function train(createSandbox: SandboxFactory): Promise<unknown[]> {
    await using manager = new PluginManager({ createSandbox });
    const head = await manager.start(image, { port: "head", settings, seed: 3 });
    const answers: unknown[] = [];
    for (let step = 1; step <= 3; step++) {
      const hidden = Float32Array.from({ length: 8 }, (_, index) => Math.sin(index + step));
      const states: HostTensor = { dtype: "float32", shape: [2, 4], data: hidden };
      const labels: HostTensor = { dtype: "int32", shape: [2], data: Int32Array.of(0, 1) };
      answers.push(await head.call("step", [states, labels, { step, weight: 1 }]));
      await head.call("apply", [{ learningRate: 0.1, scale: 1, weightDecay: 0.01 }]);
    }
    return [...answers, await head.call("state", [])];
  }

  const [inProcess, inWorker] = [await train(processSandbox), await train(workerSandbox)];

  assertEquals(inProcess, inWorker);
});

Deno.test("processSandbox() ends a plugin that never returns, when it is unloaded or disposed of", async (t) => {
  for (const end of ["unload", "dispose"] as const) {
    await t.step(end, async () => {
      await using place = await start("spin(): void { for (;;); }", { load: { limits: { callMs: 2_000 } } });
      const { plugin, sandbox } = place;
      const spinning = assertRejects(() => plugin.call("spin", [], { timeoutMs: 50 }), KBertError);
      assertEquals((await spinning).code, "call/timeout");

      if (end === "dispose") plugin[Symbol.dispose]();
      else await plugin.unload();

      await endOf(sandbox);
      assertEquals(plugin.openCalls, 0);
    });
  }
});

Deno.test("processSandbox() ends only the process of a plugin that takes too much memory, and names the limit", async (t) => {
  const bombs: Record<string, [body: string, limits: Partial<SandboxOptions>, reason: RegExp]> = {
    "buffers": [
      `run(): void { const kept = []; for (;;) kept.push(new Uint8Array(2 ** 22).fill(1)); }`,
      { memoryMb: 100 },
      /because it used [1-9]\d\d MiB of memory, and the limit is 100 \(limits\.memoryMb\)$/,
    ],
    "buffers, a few at a time": [
      `async run(): Promise<void> {
        for (const kept = [];; await new Promise((next) => setTimeout(next, 1))) kept.push(new Uint8Array(2 ** 23).fill(1));
      }`,
      { memoryMb: 100 },
      /because it used [1-9]\d\d MiB of memory, and the limit is 100 \(limits\.memoryMb\)$/,
    ],
    "objects": [
      `run(): void { const kept = []; for (;;) kept.push({ at: kept.length, more: [1, 2] }); }`,
      { heapMb: 64 },
      /because its objects took more than 64 MiB of memory \(limits\.heapMb\)$/,
    ],
  };
  for (const [what, [body, sandbox, reason]] of Object.entries(bombs)) {
    await t.step(what, async () => {
      await using place = await start(body, { sandbox });

      const error = await assertRejects(() => place.plugin.call("run", []), KBertError);

      assertMatch(error.message, reason);
      await endOf(place.sandbox);
      assertLess(Deno.memoryUsage().rss, 2 ** 30, "the host's own memory is as before");
    });
  }
});

Deno.test("processSandbox() refuses to send more to a plugin that takes nothing than it can hold", async () => {
  await using place = await start("spin(): void { for (;;); } take(_: unknown): void {}");
  const calls = [place.plugin.call("spin", [])];
  for (let n = 0; n < 5; n++) calls.push(place.plugin.call("take", [new Uint8Array(2 ** 26)]));

  const refused = await assertRejects(() => calls.at(-1)!, KBertError);
  assertEquals(refused.code, "wall/frame");
  assertMatch(refused.message, /bytes wait already to be read, and the limit is 268435456/);

  place.plugin[Symbol.dispose]();
  for (const call of calls.slice(0, -1)) await assertRejects(() => call, KBertError);
  await endOf(place.sandbox);
});

Deno.test("processSandbox() says why a plugin does not load, and ends what is disposed of while it starts", async () => {
  const error = await assertRejects(
    () => start("constructor() { super(); throw new Error('unmade'); }"),
    KBertError,
  );
  assertMatch(error.message, /unmade/);

  const uncaught = await assertRejects(
    () =>
      start(
        "async initialize() { setTimeout(() => { throw new Error('late'); }); await new Promise(() => {}); }",
      ),
    KBertError,
  );
  assertMatch(uncaught.message, /nobody caught: late$/);

  let isFailed = false;
  const sandbox = processSandbox({ name: "x", kit: "plain", onFailure: () => isFailed = true });
  sandbox[Symbol.dispose]();
  sandbox[Symbol.dispose]();
  await endOf(sandbox);
  assert(!isFailed, "whoever disposed of it knows");
});

Deno.test({
  name: "processSandbox() names the right that is missing, and is never something weaker",
  permissions: { run: false, read: "inherit" },
  fn: () => {
    const options: SandboxOptions = { name: "x", kit: "plain", onFailure: () => {} };

    const error = assertThrows(() => processSandbox(options), KBertError, "--allow-run=deno");

    assertEquals([error.code, error.detail], ["plugin/permission", {
      plugin: "x",
      right: "--allow-run=deno",
    }]);
  },
});

Deno.test("processSandbox() ends a process that sends anything but frames", async (t) => {
  const cases: Record<string, [code: string, reason: RegExp]> = {
    "a text": [
      talking("console.log('hello there')"),
      /^it sent a frame of \d+ bytes of JSON, and the limit is/,
    ],
    "the greeting of another": [
      talking("text('k-bert 1')"),
      /^what answered is not the process that was started/,
    ],
    "a head over the limit": [
      talking(`${GREET} numbers(2 ** 30, 0)`),
      /^it sent a frame of 1073741824 bytes of JSON/,
    ],
    "a head that never ends": [
      talking(`${GREET} numbers(2 ** 22, 0); for (;;) write(new Uint8Array(65536))`),
      /^it sent a frame of 4194304 bytes of JSON/,
    ],
    "buffers over the limit": [
      talking(`${GREET} numbers(2, 2, 2 ** 28, 1); for (;;) write(new Uint8Array(65536))`),
      /^it sent a frame of 268435457 bytes/,
    ],
    "no UTF-8": [
      talking(`${GREET} numbers(1, 0); write(Uint8Array.of(255))`),
      /^it sent a frame that is not UTF-8$/,
    ],
    "noise": [
      talking(`${GREET} for (;;) write(crypto.getRandomValues(new Uint8Array(65536)))`),
      /^it sent a frame (of|that)/,
    ],
    "a frame that is cut": [
      talking(`${GREET} numbers(2, 1, 10); write(new Uint8Array(5)); Deno.exit(3)`),
      /^its process ended with code 3$/,
    ],
    "an error": [
      `throw new Error("broken\\u001b[2J")`,
      /^its process ended with code 1: error: .*broken\\u001b\[2J$/,
    ],
    "nothing": ["", /^its process ended with code 0$/],
    "a flood of errors": [
      `for (let n = 0; n < 1e5; n++) console.error("line", n, "x".repeat(100)); Deno.exit(7);`,
      /^its process ended with code 7: line \d+ x+/,
    ],
  };
  for (const [what, [code, reason]] of Object.entries(cases)) {
    await t.step(what, async () => assertMatch(await reasonFor(code), reason));
  }
});

Deno.test("processSandbox() hands on every frame before it says that the process ended", async () => {
  const heads: unknown[] = [];
  const failure = Promise.withResolvers<string>();
  using sandbox = processSandbox(
    { name: "x", kit: "plain", onFailure: failure.resolve },
    () => processOf(talking(`${GREET} for (let n = 0; n < 1_000; n++) text("head " + n); Deno.exit(9);`)),
  );
  sandbox.port.onframe = (head) => heads.push(head);

  assertEquals(await failure.promise, "its process ended with code 9");
  assertEquals([heads.length, heads[0], heads.at(-1)], [1_000, "head 0", "head 999"]);
});

Deno.test("processSandbox() keeps what is said before anybody listens, which is not much", async () => {
  using sandbox = processSandbox(
    { name: "x", kit: "plain", onFailure: () => {} },
    () => processOf(talking(`${GREET} text("ready"); Deno.exit(0);`)),
  );
  await sandbox.ended;
  const heard = Promise.withResolvers<unknown>();
  sandbox.port.onframe = heard.resolve;
  assertEquals(await heard.promise, "ready");

  const reason = await reasonFor(talking(`${GREET} for (;;) text("ready");`));
  assertEquals(reason, "it spoke before it was asked anything");
});

/** A program of the fixtures, with these rights. */
function fixture(name: string, rights: readonly string[], args: readonly string[]): Deno.Command {
  const path = decodeURIComponent(new URL(`../tests/fixtures/${name}`, import.meta.url).pathname);
  return new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      "--cached-only",
      "--unstable-worker-options",
      ...rights,
      path,
      ...args,
    ],
    stdout: "piped",
    detached: true, // a group of its own, as in a terminal
  });
}

/** A host in a process of its own, and the number of its plugin's. */
async function startHost(what: string): Promise<
  { host: Deno.ChildProcess; output: ReadableStreamDefaultReader<Uint8Array>; processId: number }
> {
  const host = fixture("process_host.ts", ["--allow-run=deno"], [what]).spawn();
  const output = host.stdout.getReader();
  const processId = Number(new TextDecoder().decode((await output.read()).value));
  assert(processId > 0);
  return { host, output, processId };
}

/** Fails if the process is still there after a while. */
async function assertGone(processId: number): Promise<void> {
  const { code } = await fixture("wait_for_end.ts", ["--allow-run"], [String(processId)]).output();
  assertEquals(code, 0, `the process ${processId} is still there`);
}

Deno.test("processSandbox() leaves no process behind a host that is killed", async (t) => {
  for (const what of ["idle", "busy"]) {
    await t.step(what, async () => {
      const { host, output, processId } = await startHost(what);

      host.kill("SIGKILL");
      await host.status;
      await output.cancel();

      await assertGone(processId);
    });
  }
});

Deno.test("processSandbox() keeps a plugin when the terminal interrupts its host, which may need it to finish", async () => {
  const { host, output, processId } = await startHost("idle");

  await fixture("interrupt_group.ts", ["--allow-run"], [String(host.pid)]).output();

  assertEquals(new TextDecoder().decode((await output.read()).value), "answered");
  await output.cancel();
  assertEquals((await host.status).code, 0);
  await assertGone(processId);
});

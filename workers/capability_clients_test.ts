import { assert, assertEquals, assertRejects } from "../core/deps/assert.ts";
import { EventBus } from "../core/bus/event_bus.ts";
import { Container } from "../core/container/container.ts";
import { PLUGIN_LIMITS } from "../core/plugins/limits.ts";
import { MemoryWatch } from "../core/plugins/memory_watch.ts";
import { PluginRun } from "../core/plugins/run.ts";
import { NO_PERMISSIONS, type Permissions } from "../core/security/permissions.ts";
import { buildImage, type PluginImage } from "../core/security/image.ts";
import { KBertError } from "../core/wall/errors.ts";
import type { PluginError } from "../core/wall/failure.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import type { WireValue } from "../core/wall/values.ts";
import { workerSandbox } from "./worker_sandbox.ts";

const PLUGIN = `import { Environment, Files, inject, Network, PluginPort } from "k-bert/sdk";

export class Main extends PluginPort {
  constructor(config, bus, network = inject(Network), files = inject(Files), environment = inject(Environment)) {
    super(config, bus);
    Object.assign(this, { network, files, environment });
  }
  async get(url, options) {
    const { status, headers, body } = await this.network.fetch(new URL(url), options);
    return [status, headers.get("x-answer") ?? null, new TextDecoder().decode(body)];
  }
  async postTwice(url, text) {
    const body = new TextEncoder().encode(text);
    await this.network.fetch(url, { method: "POST", body });
    await this.network.fetch(url, { method: "POST", body, headers: { "x-again": "yes" } });
    return body;
  }
  async giveUp(url) {
    const controller = new AbortController();
    const fetching = this.network.fetch(url, { signal: controller.signal });
    controller.abort();
    return await fetching.then(() => "answered", ({ code }) => code);
  }
  async copy(from, to) {
    await this.files.write(to, (await this.files.readText(from)).toUpperCase());
    return await this.files.list(to.split("/").slice(0, -1).join("/"));
  }
  async notText(path) {
    await this.files.write(path, Uint8Array.of(0xff));
    return await this.files.readText(path).catch(({ name }) => name);
  }
  async variable(name) { return await this.environment.get(name); }
  /** What a plugin that wants to go on without a right sees of the refusal. */
  async refusals(url, path) {
    const attempts = [this.network.fetch(url), this.files.readText(path), this.environment.get("HOME")];
    const settled = await Promise.allSettled(attempts);
    return settled.map(({ reason }) => ({ ...reason, cause: null, message: reason.message }));
  }
}
`;

function imageOf(main: string, port = "plugin"): Promise<PluginImage> {
  const files: Record<string, string> = {
    "plugin.yaml": `name: sample\nversion: 1.0.0\nentry_points:\n  ${port}: main:Main\n`,
    "main.ts": main,
  };
  return buildImage({
    name: "sample",
    location: "memory",
    read: (file) => Promise.resolve(new TextEncoder().encode(files[file])),
  });
}

/** A plugin in a worker, with these rights. */
class Running implements Disposable {
  private constructor(readonly run: PluginRun) {}

  static async start(
    image: PluginImage,
    permissions: Partial<Permissions> | undefined,
    port: "plugin" | "head" = "plugin",
  ): Promise<Running> {
    const run = new PluginRun(
      {
        ...{ image, port, name: "sample", seed: 1, limits: PLUGIN_LIMITS, createSandbox: workerSandbox },
        config: { name: "sample", num_labels: 2, hidden_size: 4 },
        bus: new EventBus(),
        memory: new MemoryWatch(),
        container: new Container(),
        findService: () => Promise.reject(new Error("no services here")),
      },
      { permissions: { ...NO_PERMISSIONS, ...permissions } },
      { onEnd: () => {}, onSilent: () => {} },
    );
    const running = new Running(run);
    await run.load().catch((error) => {
      running[Symbol.dispose]();
      throw error;
    });
    return running;
  }

  async call(method: string, ...args: WireValue[]): Promise<WireValue> {
    return await this.run.channel.call(method, args);
  }

  [Symbol.dispose](): void {
    this.run.instance[Symbol.dispose]();
  }
}

async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "k-bert-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** The plugin's own error. */
async function causeOf(promise: Promise<unknown>): Promise<PluginError> {
  return (await assertRejects(() => promise, KBertError)).cause as PluginError;
}

Deno.test("a plugin in a worker fetches from a granted host through Network, and from no other", async (t) => {
  const seen: [string, string, string | null][] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  await using server = Deno.serve(options, async (request) => {
    seen.push([request.method, await request.text(), request.headers.get("x-again")]);
    return new Response("soup", { status: 203, headers: { "x-answer": "spoon" } });
  });
  const host = `127.0.0.1:${server.addr.port}`;
  using plugin = await Running.start(await imageOf(PLUGIN), { net: [host] });

  await t.step("an answer", async () => {
    assertEquals(await plugin.call("get", `http://${host}/`), [203, "spoon", "soup"]);
    assertEquals(seen.splice(0), [["GET", "", null]]);
  });
  await t.step("bytes of a request are still the plugin's afterwards", async () => {
    assertEquals(await plugin.call("postTwice", `http://${host}/`, "ham"), new TextEncoder().encode("ham"));
    assertEquals(seen.splice(0), [["POST", "ham", null], ["POST", "ham", "yes"]]);
  });
  await t.step("a refusal", async () => {
    const error = await causeOf(plugin.call("get", "http://localhost:1/"));
    assertEquals([error.name, error.code], ["KBertError", "capability/refused"]);
    assertEquals(
      error.message,
      "The plugin sample may not connect to localhost:1: add it to permissions.net in plugin.yaml and grant it",
    );
  });
  await t.step("arguments that do not fit", async () => {
    const error = await causeOf(plugin.call("get", `http://${host}/`, { headers: { host: "evil" } }));
    assertEquals(error.code, "call/arguments");
  });
  await t.step("a call that is given up", async () => {
    assertEquals(await plugin.call("giveUp", `http://${host}/`), "call/aborted");
  });
});

Deno.test("a plugin in a worker reads, writes and lists through Files", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/in.txt`, "ham");
  const granted = { read: [folder.path], write: [folder.path] };
  using plugin = await Running.start(await imageOf(PLUGIN), granted);

  const listed = await plugin.call("copy", `${folder.path}/in.txt`, `${folder.path}/new/out.txt`);

  assertEquals(listed, [{ name: "out.txt", kind: "file" }]);
  assertEquals(await Deno.readTextFile(`${folder.path}/new/out.txt`), "HAM");
  assertEquals(await plugin.call("notText", `${folder.path}/bytes`), "TypeError");
  const error = await causeOf(plugin.call("copy", `${folder.path}/in.txt`, "/tmp/out.txt"));
  assertEquals(error.code, "capability/refused");
});

Deno.test("a plugin in a worker reads a granted variable through Environment, as far as the host may", async () => {
  using plugin = await Running.start(await imageOf(PLUGIN), { env: ["GREETING"] });

  const granted = await causeOf(plugin.call("variable", "GREETING"));
  const other = await causeOf(plugin.call("variable", "HOME"));

  assert(granted.message.endsWith("start it with --allow-env=GREETING"), granted.message);
  assert(other.message.includes("add it to permissions.env"), other.message);
});

Deno.test("a plugin without grants can inject everything, and sees each refusal with its code and right", async () => {
  using plugin = await Running.start(await imageOf(PLUGIN), undefined);

  const refusals = await plugin.call("refusals", "http://a.test/", "/etc/hostname") as Record<
    string,
    unknown
  >[];

  assertEquals(refusals.map(({ code, detail }) => [code, detail]), [
    ["capability/refused", { plugin: "sample", right: "net", value: "a.test:80" }],
    ["capability/refused", { plugin: "sample", right: "read", value: "/etc/hostname" }],
    ["capability/refused", { plugin: "sample", right: "env", value: "HOME" }],
  ]);
});

const HEAD = `import { crossEntropy, HeadPort, tf } from "k-bert/sdk/tensors";
export class Main extends HeadPort {
  #linear = this.layers.linear("classifier", 4, 2);
  #calls = 0;
  getLossFunction() { return crossEntropy; }
  forward(hidden) {
    if (++this.#calls > 2) throw Object.assign(new Error("seen"), this.attempt());
    return this.#linear.apply(hidden);
  }
  /** Without a guard, the end of the whole process. */
  attempt() {
    const backend = tf.getBackend();
    const seen = { backend, navigator: typeof globalThis.navigator, adapter: typeof globalThis.GPUAdapter };
    try {
      const buffer = tf.backend().device?.createBuffer({ size: 16, usage: 9 });
      buffer?.mapAsync(1).catch(() => {});
      buffer?.getMappedRange();
    } catch ({ name }) {
      seen.thrown = name;
    }
    return seen;
  }
}
`;

for (const gpu of [false, true]) {
  const which = gpu ? "that may" : "that may not";
  Deno.test(`a head ${which} use the graphics card computes, and has no way to the card`, async () => {
    using plugin = await Running.start(await imageOf(HEAD, "head"), { gpu }, "head");
    const rows = (): HostTensor => ({
      dtype: "float32",
      shape: [2, 4],
      data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    });
    const labels: HostTensor = { dtype: "int32", shape: [2], data: Int32Array.of(0, 1) };

    const step = await plugin.call("step", rows(), labels, { step: 1, weight: 1 }) as { logits: HostTensor };
    const logits = await plugin.call("predict", rows()) as HostTensor;
    const { backend, navigator, adapter, thrown } = await causeOf(plugin.call("predict", rows())) as
      & PluginError
      & Record<string, unknown>;

    assertEquals([step.logits.data.length, logits.data], [4, step.logits.data]);
    assertEquals([navigator, adapter], ["undefined", "undefined"]);
    assertEquals(thrown, backend === "webgpu" ? "TypeError" : undefined);
    if (!gpu) assertEquals(backend, "wasm");
  });
}

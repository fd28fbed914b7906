/**
 * Where plugins run, and with which rights, from the user's end: createRuntime() and its defaults.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../core/deps/assert.ts";
import { createRuntime, KBertError, type PluginUse } from "../mod.ts";
import { withTempFolder } from "./fixtures/tiny_run.ts";

/** Writes a generic plugin whose class has this body. */
async function writePlugin(folder: string, body: string, manifest = ""): Promise<string> {
  const path = `${folder}/stranger`;
  await Deno.mkdir(path);
  await Deno.writeTextFile(
    `${path}/plugin.yaml`,
    `name: stranger\nversion: 1.0.0\nentry_points:\n  plugin: main:Main\n${manifest}`,
  );
  await Deno.writeTextFile(
    `${path}/main.ts`,
    `import { inject, Network, PluginPort } from "k-bert/sdk";\nexport class Main extends PluginPort { ${body} }`,
  );
  return path;
}

Deno.test("createRuntime() runs a stranger in a process, what the user trusts in a worker, and so its own", async () => {
  await using folder = await withTempFolder();
  const stranger = await writePlugin(folder.path, "where() { return 1; }");
  await using runtime = await createRuntime({ spares: 0 });
  const own = "plugins/custom_classification_head";

  const tiers = [
    await runtime.plugins.start(stranger),
    await runtime.plugins.start(stranger, { tier: "worker" }),
    await runtime.plugins.start(own, { settings: { num_labels: 2, hidden_size: 4 } }),
  ].map(({ tier }) => tier);

  assertEquals(tiers, ["process", "worker", "worker"]);
});

Deno.test("createRuntime() believes no plugin that only has the name of its own", async () => {
  await using folder = await withTempFolder();
  const path = await writePlugin(folder.path, "");
  const text = await Deno.readTextFile(`${path}/plugin.yaml`);
  await Deno.writeTextFile(`${path}/plugin.yaml`, text.replace("stranger", "custom_classification_head"));
  await using runtime = await createRuntime({ spares: 0 });

  const plugin = await runtime.plugins.start(path);

  assertEquals(plugin.tier, "process");
});

Deno.test("createRuntime() starts nothing that asks for rights nobody granted, and says what would grant them", async () => {
  await using folder = await withTempFolder();
  const path = await writePlugin(folder.path, "", "permissions:\n  net: [example.com]\n");
  const { GrantStore } = await import("../mod.ts");
  const consent = { ask: false, store: () => GrantStore.open(`${folder.path}/grants.json`) } as const;
  await using runtime = await createRuntime({ spares: 0, consent });

  const error = await assertRejects(() => runtime.plugins.start(path), KBertError);

  assertEquals(error.code, "plugin/consent");
  assertStringIncludes(error.message, "example.com");
  assertStringIncludes(error.message, "grants allow");
  assertEquals(runtime.plugins.plugins, []);
});

Deno.test("createRuntime() gives a plugin what was granted to exactly this code, and the host does it", async () => {
  await using folder = await withTempFolder();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("ham"),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const fetching = `async get(url) { const { status } = await inject_.fetch(url); return status; }`;
  const path = await writePlugin(folder.path, "", `permissions:\n  net: ["${host}"]\n`);
  await Deno.writeTextFile(
    `${path}/main.ts`,
    `import { inject, Network, PluginPort } from "k-bert/sdk";
    export class Main extends PluginPort {
      #network = inject(Network);
      ${fetching.replace("inject_", "this.#network")}
    }`,
  );
  const { GrantStore } = await import("../mod.ts");
  const answers = ["y", "stranger"]; // the port sees text, and the network is asked for: a second yes
  const consent = {
    ask: () => Promise.resolve(answers.shift()),
    store: () => GrantStore.open(`${folder.path}/grants.json`),
  };
  await using runtime = await createRuntime({ spares: 0, consent });

  const plugin = await runtime.plugins.start(path);

  assertEquals(await plugin.call("get", [`http://${host}/`]), 200);
  const refused = await assertRejects(() => plugin.call("get", ["http://127.0.0.1:9/"]), KBertError);
  assertStringIncludes(String((refused.cause as Error).message), "127.0.0.1:9");
  assertEquals(answers, []);
});

Deno.test("createRuntime() kills the process of a plugin that loops, and starts it again if it is told to", async () => {
  await using folder = await withTempFolder();
  const path = await writePlugin(folder.path, "loop() { for (;;); } one() { return 1; }");
  await using runtime = await createRuntime({ spares: 0, log: () => {} });
  const plugin = await runtime.plugins.start(path, {
    restart: { baseDelayMs: 1 },
    limits: { callMs: 20_000 },
  });
  const back = runtime.events.waitFor("plugin.restarted", { timeoutMs: 30_000 });

  await assertRejects(() => plugin.call("loop", [], { timeoutMs: 200 }), KBertError, "did not answer loop()");

  assertEquals((await back).payload.plugin_name, "stranger");
  assertEquals(await plugin.call("one", []), 1);
});

Deno.test("a program whose trusted plugin loops for ever is told, and still ends by itself with code 0", async () => {
  await using folder = await withTempFolder();
  const path = await writePlugin(folder.path, "loop() { for (;;); }");
  const mod = new URL("../mod.ts", import.meta.url).href;
  const use: PluginUse = { plugin: path, tier: "worker" };
  await Deno.writeTextFile(
    `${folder.path}/script.ts`,
    `import { createRuntime } from "${mod}";
    await using runtime = await createRuntime();
    const plugin = await runtime.plugins.start(${JSON.stringify(path)}, ${
      JSON.stringify({ tier: use.tier })
    });
    const stuck = runtime.events.waitFor("plugin.quarantined");
    await plugin.call("loop", [], { timeoutMs: 100 }).catch(() => {});
    await stuck;
    console.log(plugin.state);`,
  );

  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--no-lock",
      "--unstable-worker-options",
      "--allow-read",
      `${folder.path}/script.ts`,
    ],
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();

  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([code, output?.trim()], [0, "quarantined"], errors);
  assert(errors?.includes("stranger warning"), errors);
});

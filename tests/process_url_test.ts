/**
 * The process tier imported from a web server, with nothing of ours in the cache: the process has no right to
 * load anything, so all that it is made of has to have come with the host's own modules.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "../core/deps/assert.ts";
import { serveCheckout } from "./fixtures/checkout_server.ts";
import { serveNpmRegistry } from "./fixtures/npm_registry.ts";
import { withTempFolder } from "./fixtures/tiny_run.ts";

const script = (origin: string): string => `
import { PluginManager } from "${origin}/core/plugins/manager.ts";
import { processSandbox } from "${origin}/workers/process_sandbox.ts";

await using manager = new PluginManager({ createSandbox: processSandbox });
const answers = [];
for (const [folder, method, argument] of [["words", "count", "two words"], ["head", "predict", {
  dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 2),
}]]) {
  const settings = folder === "head" ? { hidden_size: 2, num_labels: 2 } : {};
  const plugin = await manager.start("./" + folder, { settings });
  answers.push(plugin.tier, await plugin.call(method, [argument]));
}
console.log(JSON.stringify(answers));
`;

const manifest = (name: string, port: string): string =>
  `name: ${name}
version: 1.0.0
description: A plugin for tests
author: The k-bert authors
license: MIT
entry_points:
  ${port}: main:Main
${port === "head" ? HEAD_SETTINGS : ""}`;

const HEAD_SETTINGS = `configuration:
  hidden_size: {type: int, required: true}
  num_labels: {type: int, required: true}
`;

const PLUGINS = {
  words: [
    "plugin",
    `import { PluginPort } from "k-bert/sdk";
export class Main extends PluginPort { count(text: string): number { return text.split(" ").length; } }`,
  ],
  head: [
    "head",
    `import { HeadPort, tf } from "k-bert/sdk/tensors";
export class Main extends HeadPort { override forward(x: tf.Tensor): tf.Tensor { return tf.mul(x, 2); } }`,
  ],
} as const;

/** Runs the script with an empty cache and these rights besides. */
async function run(rights: readonly string[]): Promise<{ code: number; output: string; errors: string }> {
  await using server = serveCheckout();
  await using registry = await serveNpmRegistry();
  await using folder = await withTempFolder();
  const host = `127.0.0.1:${server.addr.port}`;
  for (const [name, [port, code]] of Object.entries(PLUGINS)) {
    await Deno.mkdir(`${folder.path}/script/${name}`, { recursive: true });
    await Deno.writeTextFile(`${folder.path}/script/${name}/plugin.yaml`, manifest(name, port));
    await Deno.writeTextFile(`${folder.path}/script/${name}/main.ts`, code);
  }
  await Deno.writeTextFile(`${folder.path}/script/main.ts`, script(`http://${host}`));
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--no-prompt", "--no-config", "--no-lock", "--unstable-worker-options"],
      ...[`--allow-import=${host}`, "--allow-read=.", ...rights, "main.ts"],
    ],
    cwd: `${folder.path}/script`,
    env: {
      DENO_DIR: `${folder.path}/cache`,
      NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/`,
      NO_COLOR: "1",
    },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

Deno.test("processSandbox() imported from a URL with an empty cache starts plugins with and without tensors", async () => {
  const { code, output, errors } = await run([
    "--allow-run=deno",
    "--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY",
  ]);

  assertEquals(code, 0, errors);
  const [tier, words, headTier, tensor] = JSON.parse(output);
  assertEquals([tier, words, headTier], ["process", 2, "process"]);
  assertEquals(Object.values(tensor.data), [2, 4]);
});

Deno.test("processSandbox() imported from a URL says which right is missing", async () => {
  const withoutRun = await run(["--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY"]);
  assertStringIncludes(withoutRun.errors, "run it with --allow-run=deno");

  const withoutEnvironment = await run(["--allow-run=deno"]);
  assertMatch(withoutEnvironment.errors, /not found in cache.*--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY/);
});

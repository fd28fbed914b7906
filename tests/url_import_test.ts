/**
 * `mod.ts` imported from a web server, as a user's script would, with nothing of ours in the cache.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../core/deps/assert.ts";
import { CHECKOUT, serveCheckout } from "./fixtures/checkout_server.ts";
import { serveNpmRegistry } from "./fixtures/npm_registry.ts";
import { withTempFolder } from "./fixtures/tiny_run.ts";

const script = (origin: string): string => `
import { createRuntime, loadTrainingConfig } from "${origin}/mod.ts";

if ("_tfengine" in globalThis) throw new Error("importing mod.ts has loaded tfjs");
const config = await loadTrainingConfig("k-bert.yaml");
const texts = Array.from({ length: 20 }, (_, index) => ({
  text: index % 2 ? "buy cheap pills now" : "lunch at noon tomorrow",
  label: index % 2,
}));
await using runtime = await createRuntime();
const losses = [];
const outcome = await runtime.fineTune({
  config,
  labels: ["ham", "spam"],
  train: texts,
  test: texts,
  onStep: ({ loss }) => losses.push(loss),
});
console.log(JSON.stringify({ kind: outcome.kind, losses, plugins: outcome.result.plugins }));
`;

const settings = (plugin: string): string => `
name: from a URL
model: { hiddenSize: 16, layers: 1, heads: 2, intermediateSize: 32, vocabularySize: 64 }
data: { maxLength: 16 }
training: { maxSteps: 5, batchSize: 4 }
backend: wasm
head: { plugin: ${plugin} }
`;

for (const place of ["folder", "URL"] as const) {
  Deno.test(`mod.ts imported from a URL with an empty cache trains 5 steps with a plugin from a ${place}`, async () => {
    await using server = serveCheckout();
    await using registry = await serveNpmRegistry();
    const host = `127.0.0.1:${server.addr.port}`;
    const origin = `http://${host}`;
    await using temporary = await withTempFolder();
    const folder = temporary.path;
    await Deno.mkdir(`${folder}/script/my_head`, { recursive: true });
    for (const file of ["plugin.yaml", "custom_head.ts"]) {
      const text = await Deno.readTextFile(new URL(`plugins/custom_classification_head/${file}`, CHECKOUT));
      await Deno.writeTextFile(`${folder}/script/my_head/${file}`, text);
    }
    const plugin = place === "folder" ? "my_head" : `${origin}/plugins/custom_classification_head`;
    await Deno.writeTextFile(`${folder}/script/k-bert.yaml`, settings(plugin));
    await Deno.writeTextFile(`${folder}/script/main.ts`, script(origin));

    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        "run",
        "--no-prompt",
        "--no-config",
        "--no-lock",
        "--unstable-worker-options",
        `--allow-import=${host}`,
        "--allow-read=.",
        "--allow-write=runs",
        // A plugin of the user's runs in a process; one whose very code comes with mod.ts does not need that.
        ...(place === "URL"
          ? [`--allow-net=${host}`]
          : ["--allow-run=deno", "--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY"]),
        "main.ts",
      ],
      cwd: `${folder}/script`,
      env: {
        DENO_DIR: `${folder}/cache`,
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/`,
        NO_COLOR: "1",
      },
    }).output();

    const errors = new TextDecoder().decode(stderr);
    assertEquals(code, 0, errors);
    assertStringIncludes(errors, `Download ${origin}/mod.ts`);
    const downloads = errors.split("\n").filter((line) => line.startsWith("Download"));
    assertEquals(downloads.filter((line) => !line.includes("http://127.0.0.1:")), []);
    const { kind, losses, plugins } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(kind, "finished");
    assertEquals(losses.length, 5);
    assert(losses.every((loss: number) => Number.isFinite(loss) && loss > 0.3 && loss < 1.5), `${losses}`);
    assertEquals(plugins[0].name, "custom_classification_head");
    assertEquals(plugins[0].tier, place === "folder" ? "process" : "worker");
  });
}

/**
 * The testing kit from a web server, as a plugin's author has it who has nothing but an import map.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "../../../core/deps/assert.ts";
import { serveCheckout } from "../../../tests/fixtures/checkout_server.ts";
import { serveNpmRegistry } from "../../../tests/fixtures/npm_registry.ts";

const TEST = `
  import { checkGradients, pluginTest } from "k-bert/sdk/testing";
  import { HeadConfig } from "k-bert/sdk";
  import { tf } from "k-bert/sdk/tensors";
  import { MyHead } from "./my_head.ts";

  const settings = { hidden_size: 4, num_labels: 2 };
  pluginTest("by hand", async (test) => {
    await test.tensors();
    const head = test.use(new MyHead(HeadConfig({ name: "my_head", ...settings }), test.eventBus, 1));
    await checkGradients(head, test.randomTensor([3, 4]), tf.tensor1d([0, 1, 1], "int32"));
  });
  for (const tier of ["worker", "process"]) {
    pluginTest("in a " + tier, async (test) => {
      await test.withPlugin(import.meta.dirname, { tier, settings }, async (plugin) => {
        const hidden = { dtype: "float32", shape: [3, 4], data: new Float32Array(12) };
        const { shape } = await plugin.methods().predict(hidden);
        if (shape.join() !== "3,2") throw new Error(shape.join());
      });
    });
  }
`;

const HEAD = `
  import { HeadPort, type tf } from "k-bert/sdk/tensors";
  export class MyHead extends HeadPort {
    #layer = this.layers.linear("layer", this.config.hidden_size, this.config.num_labels);
    override forward(states: tf.Tensor): tf.Tensor { return this.#layer.apply(states); }
  }
`;

Deno.test("the testing kit works from a URL with an empty cache, in all tiers", async () => {
  await using server = serveCheckout();
  await using registry = await serveNpmRegistry([], ["plugins/sdk/testing/mod.ts"]);
  const host = `127.0.0.1:${server.addr.port}`;
  const folder = await Deno.makeTempDir();
  try {
    const url = (file: string): string => `http://${host}/plugins/sdk/${file}.ts`;
    const imports = {
      "k-bert/sdk": url("mod"),
      "k-bert/sdk/tensors": url("tensors"),
      "k-bert/sdk/testing": url("testing/mod"),
    };
    const files = {
      "plugin.yaml": "name: my_head\nversion: 1.0.0\nentry_points: { head: 'my_head:MyHead' }\n",
      "my_head.ts": HEAD,
      "my_head_test.ts": TEST,
      "deno.json": JSON.stringify({ unstable: ["worker-options"], imports }),
    };
    await Deno.mkdir(`${folder}/plugin`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/plugin/${name}`, text);
    }

    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        ...["test", "--no-prompt", "--no-check", "--no-lock", `--allow-import=${host}`, "--allow-read=."],
        // The second is only for a cache that is not in its usual place.
        ...["--allow-run=deno", "--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY"],
      ],
      cwd: `${folder}/plugin`,
      env: {
        DENO_DIR: `${folder}/cache`,
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/`,
        NO_COLOR: "1",
      },
    }).output();

    const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals(code, 0, `${output}\n${errors}`);
    assertStringIncludes(output!, "3 passed | 0 failed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

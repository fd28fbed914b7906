/**
 * The guards hold in a plugin's worker too, which starts its backend by itself.
 *
 * @module
 */
import { assertEquals } from "../../core/deps/assert.ts";
import { PluginManager } from "../../core/plugins/manager.ts";
import { HeadClient } from "../../core/train/head_client.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";
import { withTempFolder, writeHead } from "../fixtures/tiny_run.ts";

/** JavaScript that answers one number for each guard: what a repaired operation gives, and 1 for a refusal with a code. */
const BODY = `
  get reads() { return "cls"; }
  forward(x) {
    const refused = (compute) => {
      try {
        compute();
        return 0;
      } catch (error) {
        return error.code === "tensor/unsupported" ? 1 : -1;
      }
    };
    const none = tf.ones([0]);
    const [one] = tf.oneHot(tf.tensor1d([0], "int32"), 2, 1, 0, "float32").dataSync();
    const [half] = tf.cast(tf.tensor1d([0.5]), "bool").dataSync();
    const [gradient] = tf.grad((b) => tf.maximum(tf.zeros([2]), b))(tf.ones([1])).dataSync();
    const numbers = [
      one, half, gradient, tf.sum(none).dataSync()[0],
      refused(() => tf.mean(none)),
      refused(() => tf.add(tf.ones([1, 1, 1, 1, 1, 1, 2]), 1)),
    ];
    return tf.tensor(numbers, [1, numbers.length]);
  }`;

Deno.test("in a plugin's worker tensors are repaired and refused as in the program", async () => {
  await using folder = await withTempFolder();
  const path = await writeHead(folder.path, "guarded", BODY);
  using plugins = new PluginManager({ createSandbox: workerSandbox });
  const settings = { hidden_size: 4, num_labels: 6 };
  const plugin = await plugins.start(new URL(`file://${path}/`), { port: "head", settings, seed: 1 });
  const head = await HeadClient.connect(plugin, 6);

  const logits = await head.predict({ dtype: "float32", shape: [1, 4], data: new Float32Array(4) });

  assertEquals([...logits.data], [1, 1, 2, 0, 1, 1]);
});

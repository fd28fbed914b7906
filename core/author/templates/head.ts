/**
 * The template of a head.
 *
 * @module
 */
import type { PluginNames } from "../plugin_names.ts";
import type { Template } from "./template.ts";

/** A head with one layer of its own before the classifier. */
export function headTemplate({ plugin, file, className }: PluginNames): Template {
  return {
    description: "Classifies a text by what BERT makes of it, with a layer of its own in between",
    performance:
      `Time and memory are those of two matrix products for each text: O(hidden_size × inner_size) and
O(inner_size × num_labels). It reads the state of [CLS] only, so little crosses the wall.`,
    manifest: `configuration:
  inner_size:
    type: int
    default: 64
    min: 1
    max: 4096
    description: Width of the layer before the classifier

events:
  emits:
    - head.forward_complete
`,
    source: `/**
 * A head for classification: dropout, a layer with tanh, and a number for each label.
 *
 * @module
 */
import { defineConfiguration, type EventBus, type HeadConfig, type InferSettings } from "k-bert/sdk";
import { type Dropout, HeadPort, type Linear, tf } from "k-bert/sdk/tensors";

/** The same as in plugin.yaml, for the compiler; when the plugin is loaded, the two are compared. */
const configuration = defineConfiguration({
  inner_size: { type: "int", default: 64, min: 1, max: 4096 },
});

type Settings = HeadConfig & InferSettings<typeof configuration>;

/** Hidden states of [CLS], \`[batch, hidden_size]\` → logits, \`[batch, num_labels]\`. */
export class ${className} extends HeadPort<Settings> {
  static readonly configuration = configuration;
  readonly #dropout: Dropout;
  readonly #inner: Linear;
  readonly #classifier: Linear;

  /** Layers made here are what the optimizer updates and a checkpoint keeps. */
  constructor(config: Settings, eventBus?: EventBus, seed?: number) {
    super(config, eventBus, seed);
    const { hidden_size, inner_size, num_labels, dropout_rate } = config;
    this.#dropout = this.layers.dropout(dropout_rate);
    this.#inner = this.layers.linear("inner", hidden_size, inner_size);
    this.#classifier = this.layers.linear("classifier", inner_size, num_labels);
  }

  override async forward(hiddenStates: tf.Tensor): Promise<tf.Tensor> {
    const inner = tf.tanh(this.#inner.apply(this.#dropout.apply(hiddenStates))); // [batch, inner_size]
    const logits = this.#classifier.apply(inner); // [batch, num_labels]
    await this.eventBus.emit("head.forward_complete", {
      head_type: this.constructor.name,
      output_shape: logits.shape,
    });
    return logits;
  }
}
`,
    test: `import { assert, assertEquals } from "@std/assert";
import { HeadConfig } from "k-bert/sdk";
import { tf } from "k-bert/sdk/tensors";
import { checkGradients, pluginTest } from "k-bert/sdk/testing";
import { ${className} } from "./${file}.ts";

const config = HeadConfig({ name: "${plugin}", hidden_size: 8, num_labels: 3, inner_size: 5 });

pluginTest("${className} gives a number for each label, and tells when it is done", async (test) => {
  await test.tensors("cpu");
  const head = test.use(new ${className}(config, test.eventBus));

  const logits = await head.forward(test.randomTensor([4, 8]));

  assertEquals(logits.shape, [4, 3]);
  test.assertEventEmitted("head.forward_complete", { output_shape: [4, 3] });
});

pluginTest("${className} has the gradients that finite differences have", async (test) => {
  await test.tensors("cpu");
  const head = test.use(new ${className}(config, test.eventBus));
  const labels = tf.tensor1d([0, 2, 1, 1], "int32");

  await checkGradients(head, test.randomTensor([4, 8]), labels);
});

pluginTest("${className} learns in a worker, as it does in a training", async (test) => {
  const settings = { hidden_size: 8, num_labels: 3, inner_size: 5, dropout_rate: 0 };
  const numbers = Float32Array.from({ length: 4 * 8 }, () => test.random.normal());

  const losses = await test.withPlugin(import.meta.dirname!, { port: "head", settings }, async (plugin) => {
    const head = plugin.methods();
    const losses: number[] = [];
    for (let step = 1; step <= 30; step++) {
      // What is sent is moved to the worker, so each step has numbers of its own.
      const hidden = { dtype: "float32", shape: [4, 8], data: numbers.slice() } as const;
      const labels = { dtype: "int32", shape: [4], data: Int32Array.of(0, 2, 1, 1) } as const;
      losses.push((await head.step(hidden, labels, { step, weight: 1 })).loss);
      await head.apply({ learningRate: 0.05, scale: 1, weightDecay: 0 });
    }
    return losses;
  });

  assert(losses.at(-1)! < losses[0]! / 2, \`The loss went from \${losses[0]} to \${losses.at(-1)}\`);
});
`,
  };
}

/**
 * The tests of the guide's section "Plugin Testing", one for one and in its order, in TypeScript.
 *
 * Its two figures, 10 ms and 100 MB for a head's forward pass on `[32, 128, 768]`: the time is asserted where a
 * graphics card computes, because it says something only there. Elsewhere the same operations of tfjs, called bare,
 * are measured in turns with the head, and what the head may add to them is asserted.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a measurement says what it was measured on
import { assert, assertEquals, assertGreater, assertLess, assertStrictEquals } from "../core/deps/assert.ts";
import { EventBus, FeatureConfig, HeadConfig, Logger, MetricsCollector } from "../plugins/sdk/mod.ts";
import { tf } from "../plugins/sdk/tensors.ts";
import {
  checkGradients,
  memoryOf,
  performanceTimer,
  pluginTest,
  type PluginTestCase,
  tensorMemory,
} from "../plugins/sdk/testing/mod.ts";
import { CustomClassificationHead } from "../plugins/custom_classification_head/custom_head.ts";
import { SmartFeatureExtractor } from "../plugins/smart_feature_extractor/smart_features.ts";

const [BATCH, LENGTH, HIDDEN, LABELS] = [32, 128, 768, 2];

/** The guide's `setup_method` and `create_test_head`. */
function makeHead(test: PluginTestCase, pooling: "cls" | "attention" = "cls"): CustomClassificationHead {
  const config = HeadConfig({
    ...{ name: "test_head", hidden_size: HIDDEN, num_labels: LABELS },
    ...{ activation: "relu", pooling } as const,
  });
  return test.use(new CustomClassificationHead(config, test.eventBus, 1));
}

// Unit Testing Framework

pluginTest("test_forward_pass: a head turns hidden states into logits and tells so", async (test) => {
  await test.tensors();
  const head = makeHead(test);

  const logits = await head.forward(test.randomTensor([BATCH, LENGTH, HIDDEN]));

  assertEquals(logits.shape, [BATCH, LENGTH, LABELS]);
  test.assertEventEmitted("head.forward_start", { input_shape: [BATCH, LENGTH, HIDDEN] });
  test.assertEventEmitted("head.forward_complete", { output_shape: [BATCH, LENGTH, LABELS] });
});

for (const pooling of ["cls", "attention"] as const) {
  pluginTest(
    `test_gradient_flow: gradients reach all of a head with ${pooling}, and are right`,
    async (test) => {
      await test.tensors();
      const head = makeHead(test, pooling);
      const hiddenStates = test.randomTensor(pooling === "cls" ? [2, HIDDEN] : [2, 10, HIDDEN]);

      const { norms } = await checkGradients(head, hiddenStates, tf.tensor1d([0, 1], "int32"));

      assertEquals(Object.keys(norms).length, 1 + head.layers.parameters.size);
      for (const [name, norm] of Object.entries(norms)) assertGreater(norm, 0, name);
    },
  );
}

// Integration Testing

for (const tier of ["worker", "process"] as const) {
  pluginTest(`test_plugin_lifecycle: a plugin goes through its phases in a ${tier}`, async (test) => {
    const manager = test.manager({ tier });
    await manager.scan(["examples/plugins"]);

    const plugin = await manager.load("event_aware");
    assertEquals(plugin.state, "discovered");
    await plugin.initialize();
    test.assertEventEmitted("plugin.initialized", { plugin_name: "event_aware" });
    await plugin.activate();
    test.assertEventEmitted("plugin.activated", { plugin_name: "event_aware" });

    const result = await plugin.call("processData", [[1, 2, 3]]);
    assertEquals(result, [-1, 0, 1].map((value) => value / Math.sqrt(2 / 3)));
    test.assertEventEmitted("plugin.processing_completed", (_, { source }) => source === "event_aware");
    test.assertEventNotEmitted("plugin.deactivated");

    await plugin.deactivate();
    test.assertEventEmitted("plugin.deactivated", { plugin_name: "event_aware" });
  });
}

pluginTest("test_plugin_dependencies: what a plugin needs is injected", async (test) => {
  const config = FeatureConfig({
    ...{ name: "smart", input_columns: ["text"], exclude: [], bins: 4, max_categories: 20 },
    statistics: ["words"] as const,
  });
  test.container.register(SmartFeatureExtractor, { factory: () => new SmartFeatureExtractor(config) });

  const plugin = await test.container.resolve(SmartFeatureExtractor);

  assertStrictEquals(plugin.logger, test.container.get(Logger));
  assertStrictEquals(plugin.metrics, test.container.get(MetricsCollector));
  assertStrictEquals(plugin.eventBus, test.container.get(EventBus));
});

// Performance Testing

/**
 * How many times as long as its bare operations a forward pass may take. What comes on top is two events, a few
 * promises and a view for a dropout that is off: microseconds, beside milliseconds of work. Both medians are from the
 * same minute of the same machine, whose other programs may still hit one of them harder, so there is room.
 */
const MOST_OVERHEAD = 2;

for (const pooling of ["cls", "attention"] as const) {
  pluginTest(
    `test_head_performance: a forward pass of a head with ${pooling} is as fast as its operations`,
    async (test) => {
      const backend = await test.tensors();
      const head = makeHead(test, pooling);
      const input = test.randomTensor([BATCH, LENGTH, HIDDEN]);
      const bare = pooling === "cls" ? bareTokens : bareAttention;
      const samples = backend.adapter === null ? 20 : 100;

      const timer = performanceTimer({ warmUp: 10, samples });
      const { subject, reference, ratio } = await timer.compare(
        () => head.forward(input),
        () => bare(head, input),
      );

      const place = backend.adapter ?? `${backend.name} (${backend.reason})`;
      const figures = [subject, reference].map(({ medianMs, p95Ms }) =>
        `${medianMs.toFixed(2)} ms (95 %: ${p95Ms.toFixed(2)})`
      );
      console.error(`${pooling} on ${place}: ${figures.join(", bare: ")}, ratio ${ratio.toFixed(2)}`);
      assertLess(ratio, MOST_OVERHEAD);
      if (backend.adapter !== null) assertLess(subject.meanMs, 10, `on ${backend.adapter}`);
    },
  );

  pluginTest(
    `test_head_performance: a forward pass of a head with ${pooling} takes less than 100 MB`,
    async (test) => {
      await test.tensors();
      const before = tf.memory().numBytes;
      const head = makeHead(test, pooling);
      const parametersMb = (tf.memory().numBytes - before) / 2 ** 20;
      const input = test.randomTensor([BATCH, LENGTH, HIDDEN]);

      // All tensors that it makes, at their most; neither its input, which is the trainer's, nor tfjs itself.
      const { peakMb } = await tensorMemory(() => head.forward(input));

      console.error(
        `${pooling}: ${parametersMb.toFixed(2)} MiB of parameters, ${
          peakMb.toFixed(1)
        } MiB at most on the way`,
      );
      assertGreater(peakMb, (BATCH * LABELS * 4) / 2 ** 20);
      assertLess(parametersMb + peakMb, 100);
    },
  );
}

pluginTest(
  "test_head_performance: a head's worker holds less than 100 MB when it has predicted",
  async (test) => {
    const folder = "plugins/custom_classification_head";
    const settings = { hidden_size: HIDDEN, num_labels: LABELS, pooling: "attention" };
    await test.withPlugin(folder, { port: "head", settings }, async (plugin) => {
      const states = Float32Array.from({ length: BATCH * LENGTH * HIDDEN }, () => test.random.normal());
      const hidden = { dtype: "float32", shape: [BATCH, LENGTH, HIDDEN], data: states } as const;

      const logits = await plugin.methods({ timeoutMs: 60_000 }).predict(hidden);

      assertEquals(logits.shape, [BATCH, LABELS]);
      const { heapMb, memoryMb } = await memoryOf(plugin); // with the input, without WebAssembly
      console.error(
        `its worker holds ${heapMb.toFixed(1)} MiB of objects, ${memoryMb.toFixed(1)} with buffers`,
      );
      assert(memoryMb < 100, `${memoryMb} MiB`);
    });
  },
);

/** What a head without pooling computes, by the names of tfjs and nothing else. */
function bareTokens(head: CustomClassificationHead, x: tf.Tensor): tf.Tensor {
  const [weight, bias] = [...head.layers.parameters.values()];
  const rows = tf.reshape(tf.relu(x), [-1, HIDDEN]);
  return tf.reshape(tf.add(tf.matMul(rows, weight!, false, true), bias!), [BATCH, LENGTH, LABELS]);
}

/** Attention as its formula has it: `AttentionPooling` in custom_head.ts, then a ReLU and a linear layer. */
function bareAttention(head: CustomClassificationHead, x: tf.Tensor): tf.Tensor {
  const [query, key, valueWeight, valueBias, weight, bias] = [
    ...head.layers.parameters.values(),
  ];
  const [heads, width] = query!.shape as [number, number];
  const queries = tf.matMul(tf.reshape(query!, [heads, 1, width]), tf.reshape(key!, [heads, width, HIDDEN]));
  const tokens = tf.reshape(x, [BATCH * LENGTH, HIDDEN]);
  const scores = tf.matMul(tokens, tf.reshape(queries, [heads, HIDDEN]), false, true);
  const scaled = tf.reshape(tf.div(scores, Math.sqrt(width)), [BATCH, LENGTH, heads]);
  const sums = tf.matMul(tf.softmax(tf.transpose(scaled, [0, 2, 1])), x);
  const perHead = tf.reshape(valueWeight!, [heads, width, HIDDEN]);
  const values = tf.matMul(tf.transpose(sums, [1, 0, 2]), perHead, false, true);
  const pooled = tf.add(tf.reshape(tf.transpose(values, [1, 0, 2]), [BATCH, HIDDEN]), valueBias!);
  return tf.add(tf.matMul(tf.relu(pooled), weight!, false, true), bias!);
}

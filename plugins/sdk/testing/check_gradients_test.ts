import * as tf from "../../../core/deps/tfjs.ts";
import { assertEquals, assertRejects } from "../../../core/deps/assert.ts";
import { HeadConfig } from "../config.ts";
import { HeadPort } from "../head.ts";
import { checkGradients, type CheckGradientsOptions } from "./check_gradients.ts";
import { pluginTest } from "./mod.ts";
import type { PluginTestCase } from "./test_case.ts";

/** A head whose first operation is the test's. */
class SomeHead extends HeadPort {
  readonly used = this.layers.linear("used", this.config.hidden_size, this.config.num_labels);
  first: (x: tf.Tensor) => tf.Tensor = (x) => tf.tanh(x);

  override forward(x: tf.Tensor): tf.Tensor {
    return this.used.apply(this.first(x));
  }
}

async function check(
  test: PluginTestCase,
  change: (head: SomeHead) => void,
  options?: CheckGradientsOptions,
): Promise<void> {
  await test.tensors("cpu");
  const config = HeadConfig({ name: "some_head", hidden_size: 5, num_labels: 3 });
  const head = test.use(new SomeHead(config, test.eventBus, 3));
  change(head);
  const labels = tf.tensor1d([0, 1, 2, 1], "int32");
  await checkGradients(head, test.randomTensor([4, 5]), labels, options);
}

pluginTest("checkGradients() passes right gradients, and those that are missing on purpose", async (test) => {
  await check(test, () => {});
  await check(test, (head) => head.layers.linear("idle", 2, 2), { without: ["idle.weight", "idle.bias"] });
});

pluginTest(
  "checkGradients() fails for a gradient that is wrong by a factor, and says where",
  async (test) => {
    const wrong = tf.customGrad((x) => ({
      value: tf.mul(x as tf.Tensor, 2),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, 3),
    }));

    const error = await assertRejects(
      () => check(test, (head) => head.first = wrong as typeof tf.tanh),
      Error,
    );

    const sentence =
      /^A gradient is wrong by (3\d) % at hiddenStates\[\d+\]: \S+ by the tape, \S+ by differences; the limit is 1 %$/;
    assertEquals(sentence.test(error.message), true, error.message);
  },
);

pluginTest(
  "checkGradients() fails for a gradient that does not arrive, and for one that should not",
  async (test) => {
    const idle = (head: SomeHead): unknown => head.layers.linear("idle", 2, 2);

    await assertRejects(
      () => check(test, idle),
      Error,
      "The loss does not depend on idle.weight, idle.bias: no gradient arrives there; name them in { without }",
    );
    await assertRejects(
      () => check(test, () => {}, { without: ["used.bias"] }),
      Error,
      "The loss depends on used.bias, which { without } names",
    );
  },
);

pluginTest("checkGradients() fails for a loss that is not finite", async (test) => {
  const broken = (head: SomeHead): unknown => head.first = (x) => tf.log(tf.sub(x, 100));

  await assertRejects(
    () => check(test, broken),
    Error,
    "The loss is NaN, so nothing can be said of its gradients",
  );
});

/**
 * What the tests of a plugin need: `import { pluginTest } from "k-bert/sdk/testing"`.
 *
 * Runs on the host, in tests only; a plugin itself may not import it. Importing it loads no tensors: they come with
 * the first call that needs them.
 *
 * @module
 */
export { pluginTest } from "./registration.ts";
export type { PluginTestBody, PluginTestOptions } from "./registration.ts";
export type { PluginTestCase, WithPluginOptions } from "./test_case.ts";
export type { EventMatcher, PartOf } from "./event_assertions.ts";
export type { TestManagerOptions } from "./test_manager.ts";
export { performanceTimer } from "./performance_timer.ts";
export type {
  Comparison,
  Measured,
  PerformanceTimer,
  PerformanceTimerOptions,
  Timing,
} from "./performance_timer.ts";
export { memoryOf, tensorMemory } from "./memory.ts";
export type { TensorMemory } from "./memory.ts";
export { checkGradients } from "./check_gradients.ts";
export type { CheckGradientsOptions } from "./check_gradients.ts";
export { assertTensorsClose } from "./tensor_comparison.ts";
export type { NestedNumbers, TensorComparisonOptions, TensorLike } from "./tensor_comparison.ts";

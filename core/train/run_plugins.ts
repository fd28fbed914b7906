/**
 * The plugins of a run, started: the head first, so that a mistake in its settings is heard of at once.
 *
 * @module
 */
import type { PluginImage } from "../security/image.ts";
import { Augmentation } from "./augmentation.ts";
import { Callbacks } from "./callbacks.ts";
import type { TrainingConfig } from "./config.ts";
import { HeadClient } from "./head_client.ts";
import { headSettings } from "./head_plugin.ts";
import { sourceOf } from "./load_config.ts";
import { encoderWidth } from "./prepare_model.ts";
import type { RunImages } from "./run_images.ts";
import { FailureCounts, type LoadRunPlugin, type RunPlugin, Stopwatch } from "./run_plugin.ts";
import { withSecondChance } from "./second_chance.ts";

/** See the module's text. The stack that they were started with ends them. */
export interface RunPlugins {
  readonly head: HeadClient;
  readonly headPlugin: RunPlugin;
  /** What the head was made with. */
  readonly headSettings: Record<string, unknown>;
  readonly augmenters: readonly RunPlugin[];
  readonly callbacks: readonly RunPlugin[];
  /** Head, augmenters, callbacks: in the order of {@linkcode RunImages}. */
  readonly all: readonly RunPlugin[];
  readonly augmentation: Augmentation;
  readonly hub: Callbacks;
  readonly failures: FailureCounts;
  readonly stopwatch: Stopwatch;
}

/** What they are started with. */
export interface StartOptions {
  readonly config: TrainingConfig;
  readonly labels: readonly string[];
  readonly load: LoadRunPlugin;
  readonly note: (line: string) => void;
  readonly stack: AsyncDisposableStack;
}

/** Starts all of them. @throws {KBertError} what starting one throws */
export async function startPlugins(images: RunImages, options: StartOptions): Promise<RunPlugins> {
  const { config, labels, note } = options;
  const settings = headSettings(config.head.settings, await encoderWidth(config), labels.length);
  const headPlugin = await start(
    images.head,
    "head",
    ["head", "settings"],
    { ...config.head, settings },
    options,
  );
  const head = await HeadClient.connect(headPlugin, labels.length);
  const augmenters: RunPlugin[] = [];
  for (const [index, image] of images.augmenters.entries()) {
    const path = ["augmenters", index, "settings"];
    const augmenter = await start(image, "augmenter", path, config.augmenters[index]!, options);
    augmenters.push(withSecondChance(augmenter));
  }
  const callbacks: RunPlugin[] = [];
  for (const [index, image] of images.callbacks.entries()) {
    const path = ["callbacks", index, "settings"];
    const callback = await start(image, "callback", path, config.callbacks[index]!, options);
    callbacks.push(withSecondChance(callback));
  }
  const failures = new FailureCounts();
  const stopwatch = new Stopwatch();
  return {
    ...{ head, headPlugin, headSettings: settings, augmenters, callbacks, failures, stopwatch },
    all: [headPlugin, ...augmenters, ...callbacks],
    augmentation: new Augmentation(
      augmenters.map((plugin, index) => ({ plugin, onFailure: config.augmenters[index]!.onFailure })),
      config.seed,
      note,
    ),
    hub: new Callbacks(
      callbacks.map((plugin, index) => ({ plugin, onFailure: config.callbacks[index]!.onFailure })),
      failures,
      stopwatch,
      note,
    ),
  };
}

async function start(
  image: PluginImage,
  port: "head" | "augmenter" | "callback",
  path: readonly (string | number)[],
  { settings, tier, callTimeoutMs }: Pick<TrainingConfig["head"], "settings" | "tier" | "callTimeoutMs">,
  { config, load, stack }: StartOptions,
): Promise<RunPlugin> {
  const source = sourceOf(config);
  return stack.use(
    await load(image, {
      ...{ port, settings, seed: config.seed, timeoutMs: callTimeoutMs },
      ...(tier && { tier }),
      ...(source && { settingsSource: { ...source, path } }),
    }),
  );
}

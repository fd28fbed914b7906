/**
 * The plugins of a run before they are started: read and vetted, all of them, before anything is computed.
 *
 * @module
 */
import type { PluginImage } from "../security/image.ts";
import { lockedImage } from "../security/locked_image.ts";
import { KBertError } from "../wall/errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";

/** See the module's text; lists are in the order of the configuration. */
export interface RunImages {
  readonly head: PluginImage;
  readonly augmenters: readonly PluginImage[];
  readonly callbacks: readonly PluginImage[];
}

/** Reads and vets the plugins of a configuration. @throws {KBertError} as {@linkcode lockedImage} does */
export async function readImages({ head, augmenters, callbacks }: TrainingConfig): Promise<RunImages> {
  const read = ({ plugin }: { readonly plugin: string }): Promise<PluginImage> => lockedImage(plugin);
  return {
    head: await read(head),
    augmenters: await Promise.all(augmenters.map(read)),
    callbacks: await Promise.all(callbacks.map(read)),
  };
}

/** Refuses to go on with other code than the weights were trained with. */
export function requireSamePlugins({ plugins, step }: Checkpoint, images: RunImages): void {
  const now = [images.head, ...images.augmenters, ...images.callbacks];
  for (const [index, { manifest, sha256 }] of now.entries()) {
    const before = plugins[index];
    if (before?.sha256 === sha256) continue;
    const difference = before?.name === manifest.name
      ? `the plugin ${manifest.name} was ${before.version} (${before.sha256.slice(0, 12)}) and is ` +
        `${manifest.version} (${sha256.slice(0, 12)}) now`
      : `it was trained with ${plugins.map(({ name }) => name).join(", ")} and not with ${manifest.name}`;
    const message = `Cannot go on after step ${step}: ${difference}; restore the plugin, or start a new run`;
    throw new KBertError("checkpoint/unusable", message, { path: manifest.name, difference });
  }
}

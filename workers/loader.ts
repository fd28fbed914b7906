/**
 * The virtual loader: a plugin's modules come from its image in memory, and from nowhere else.
 *
 * Every specifier of every module of the plugin comes through `resolve`. It is answered with an exact key
 * of the image, or with a module of the SDK that this worker has already loaded, or with a module that
 * throws. (Throwing in `resolve` itself does not stop a static import of a builtin; the image is vetted
 * against those before it gets here.)
 *
 * @module
 */
import { registerHooks } from "node:module";

/** Specifier → the URL of a module that is already loaded here. */
export type SdkModules = ReadonlyMap<string, string>;

const DENIED = "k-bert:denied";
const DENIED_SOURCE = `throw new Error("This import is not part of the plugin's image");`;

let image: ReadonlyMap<string, string> | undefined;

/** Has to be called before the plugin's code is near: a hook that is registered later runs first. */
export function installLoader(sdk: SdkModules): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (image === undefined) return next(specifier, context);
      return { url: sdk.get(specifier) ?? imageUrl(specifier, context.parentURL), shortCircuit: true };
    },
    load(url, context, next) {
      if (image === undefined) return next(url, context);
      return { format: "module", source: image.get(url) ?? DENIED_SOURCE, shortCircuit: true };
    },
  });
}

/** From now on only the image and the SDK can be imported. There is no way back. */
export function sealLoader(modules: ReadonlyMap<string, string>): void {
  image = modules;
}

function imageUrl(specifier: string, parent: string | undefined): string {
  let url = specifier;
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    try {
      url = new URL(specifier, parent).href;
    } catch {
      return DENIED;
    }
  }
  return image?.has(url) ? url : DENIED;
}

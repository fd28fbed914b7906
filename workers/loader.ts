/**
 * The virtual loader: a plugin's modules come from its image in memory, and from nowhere else.
 *
 * Every specifier of every module of the plugin comes through `resolve`. It is answered with an exact key
 * of the image, or with a module of the SDK that this worker has already loaded, or with a module that
 * throws. (Throwing in `resolve` itself does not stop a static import of a builtin; the image is vetted
 * against those before it gets here.)
 *
 * The hooks run among the plugin's code. So what they answer is looked up in objects without a prototype,
 * which no method of the realm has a part in: an earlier version asked a Map, and a plugin that replaced
 * `Map.prototype.get` was given `node:process`.
 *
 * @module
 */
import { dependencyFile } from "../core/manifest/dependency_file.ts";
import { type LoadFnOutput, registerHooks, type ResolveFnOutput } from "node:module";

/** Specifier → the URL of a module that is already loaded here. */
export type SdkModules = ReadonlyMap<string, string>;

type Table = Readonly<Record<string, string>>;

const DENIED = "k-bert:denied";
const DENIED_SOURCE =
  `throw new Error("This import is not allowed because it is not part of the plugin's image");`;

/** URL → source; undefined until the loader is sealed. */
let image: Table | undefined;

/** Has to be called before the plugin's code is near: a hook that is registered later runs first. */
export function installLoader(sdk: SdkModules): void {
  const urls = table(sdk);
  registerHooks({
    resolve(specifier, context, next): ResolveFnOutput {
      if (image === undefined) return next(specifier, context);
      const url = urls[specifier] ?? imageUrl(image, specifier, context.parentURL);
      return { url, shortCircuit: true };
    },
    load(url, context, next): LoadFnOutput {
      if (image === undefined) return next(url, context);
      // As text or bytes, a module would not be run, and the one that throws would not throw.
      for (const _name in context.importAttributes) throw new TypeError("Only code can be imported");
      return { format: "module", source: image[url] ?? DENIED_SOURCE, shortCircuit: true };
    },
  });
}

/** From now on only the image and the SDK can be imported. There is no way back. */
export function sealLoader(modules: ReadonlyMap<string, string>): void {
  image = table(modules);
}

function imageUrl(modules: Table, specifier: string, parent: string | undefined): string {
  const file = dependencyFile(specifier);
  let url = file === undefined ? specifier : `plugin:///${file}`;
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    try {
      url = new URL(specifier, parent).href;
    } catch {
      return DENIED;
    }
  }
  return modules[url] === undefined ? DENIED : url;
}

function table(entries: ReadonlyMap<string, string>): Table {
  const result: Record<string, string> = Object.create(null);
  for (const [key, value] of entries) result[key] = value;
  return Object.freeze(result);
}

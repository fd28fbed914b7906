/**
 * Builds `core/table/assets/arquero.js`: arquero as one module, with the Arrow reader and writer that it uses.
 *
 * Bundled because a plugin's worker has no permission and cannot fetch packages. The output is checked in;
 * `deno task build:tables` makes it again from the exact version below, byte for byte.
 *
 * @module
 */
import { bundle } from "../../deps/build/bundle.ts";

const VERSION = "7.2.1";
const here = new URL(".", import.meta.url).pathname;

await bundle({
  dependencies: { arquero: VERSION },
  entry: `${here}arquero_entry.js`,
  outfile: new URL("../assets/arquero.js", import.meta.url).pathname,
  banner: `Built from arquero ${VERSION} (BSD-3-Clause) by core/table/build/build.ts: do not edit.`,
}, here);

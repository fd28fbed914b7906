/**
 * Never called. Puts the bundler of `plugin install` among the packages that the tests download, so that a
 * registry on loopback can serve it.
 *
 * @module
 */
export const bundlerGraph = (): Promise<unknown> => import("npm:esbuild-wasm@0.28.2");

/**
 * A worker that is called by Comlink.
 *
 * @module
 */
import { expose } from "../deps/comlink.ts";

/** What it has. */
export interface Calls {
  echo(value: string): string;
}

expose({ echo: (value) => value } satisfies Calls);

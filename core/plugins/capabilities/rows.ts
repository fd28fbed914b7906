/**
 * The form of a part of the host API: a table of schemas, and what is done with arguments that fit.
 *
 * @module
 */
import type { z } from "../../deps/zod.ts";
import type { ServedCall } from "../../wall/options.ts";
import type { WireValue } from "../../wall/values.ts";

/** A function for each schema of a table; each is given checked arguments. */
export type Rows<Arguments extends Readonly<Record<string, z.ZodType>>> = {
  readonly [Name in keyof Arguments]: (
    args: z.output<Arguments[Name]>,
    call: ServedCall,
  ) => WireValue | Promise<WireValue>;
};

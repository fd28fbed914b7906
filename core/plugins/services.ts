/**
 * Services that a user's script offers to plugins: named tables of methods, each with a schema.
 *
 * A plugin gets one if its manifest asks for it and the script offers it to this plugin. It sees a name and
 * answers, never the object.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import type { WireValue } from "../wall/values.ts";

/** Any schema library's schema that can say whether a value fits; zod's do. */
export interface ArgumentsSchema<Args extends readonly unknown[]> {
  safeParse(value: unknown): { success: true; data: Args } | { success: false; error: SchemaError };
}

/** What a schema refuses with; the first issue is told, if there is a list. */
export interface SchemaError {
  readonly message: string;
  readonly issues?: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

/** One method of a service. */
export interface ServiceMethod<Args extends readonly unknown[] = readonly never[]> {
  readonly args: ArgumentsSchema<Args>;
  readonly run: (...args: [...Args, caller: ServiceCaller]) => unknown;
}

/** Who calls. */
export interface ServiceCaller {
  readonly plugin: string;
  /** Aborts when the plugin gives the call up or ends. */
  readonly signal: AbortSignal;
}

/** A service by the names of its methods. */
export type Service = Readonly<Record<string, ServiceMethod>>;

/**
 * A method of a service, typed by its schema.
 *
 * @param args a schema of the list of arguments, for example `z.tuple([z.string()])`
 * @param run given the arguments and who calls; answers plain data, bytes or tensors, or a promise
 * @example
 * ```ts
 * import { serviceMethod } from "./services.ts";
 * import { z } from "../deps/zod.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const glossary = { lookup: serviceMethod(z.tuple([z.string()]), (word) => word.toUpperCase()) };
 * assertEquals(glossary.lookup.args.safeParse(["ham"]).success, true);
 * ```
 */
export function serviceMethod<const Args extends readonly unknown[]>(
  args: ArgumentsSchema<Args>,
  run: (...args: [...Args, caller: ServiceCaller]) => unknown,
): ServiceMethod {
  return { args, run } as unknown as ServiceMethod;
}

/**
 * Calls a method of a service for a plugin.
 *
 * @throws {KBertError} `service/refused` for a method that is not there, `call/arguments` for wrong arguments
 */
export async function callService(
  service: Service,
  name: string,
  method: string,
  args: readonly WireValue[],
  caller: ServiceCaller,
): Promise<WireValue> {
  const found = Object.hasOwn(service, method) ? service[method] : undefined;
  if (!found) {
    const has = Object.keys(service).join(", ");
    const message = `The service ${name} has no ${method}(); it has ${has}`;
    throw new KBertError("service/refused", message, { plugin: caller.plugin, service: name });
  }
  const parsed = found.args.safeParse(args);
  if (!parsed.success) {
    const problem = problemOf(parsed.error);
    const message = `${method}() of the service ${name} was given wrong arguments: ${problem}`;
    throw new KBertError("call/arguments", message, { plugin: caller.plugin, method, problem });
  }
  return await (found.run as (...args: unknown[]) => unknown)(...parsed.data, caller) as WireValue;
}

/** The message of zod's own error is a list in JSON, of several lines. */
function problemOf({ message, issues }: SchemaError): string {
  const [first] = issues ?? [];
  if (first === undefined) return printable(message);
  const [index, ...rest] = first.path;
  const place = typeof index === "number" ? [`argument ${index + 1}`, ...rest] : first.path;
  return printable(place.length === 0 ? first.message : `${place.map(String).join(".")}: ${first.message}`);
}

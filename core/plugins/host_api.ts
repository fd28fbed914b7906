/**
 * Everything that a plugin can ask of the host, on one page: each row has a schema and does one thing.
 *
 * @module
 */
import { isTopicPattern } from "../bus/topics.ts";
import { z } from "../deps/zod.ts";
import { KBertError } from "../wall/errors.ts";
import type { ServedCall } from "../wall/options.ts";
import { printable } from "../wall/printable.ts";
import type { WireValue } from "../wall/values.ts";
import { CAPABILITY_ARGUMENTS } from "./capabilities/index.ts";
import type { Rows } from "./capabilities/rows.ts";

const pattern = z.string().refine(isTopicPattern, "a topic, perhaps with wildcards");
const name = z.string().min(1).max(128);

/** The arguments of each method. */
const ARGUMENTS = {
  /** Pass on events that match, and before that so many past ones. */
  "events.subscribe": z.tuple([pattern, z.int().min(0).max(1_000)]),
  "events.unsubscribe": z.tuple([pattern]),
  /** Call a service that the manifest asks for and the user offers: its name, a method, arguments. */
  "service.call": z.tuple([name, name, z.array(z.custom<WireValue>())]),
  /** Use a right that was granted. */
  ...CAPABILITY_ARGUMENTS,
} as const;

type Method = keyof typeof ARGUMENTS;

/** What the host does when asked; each is given checked arguments. */
export type HostApi = Rows<typeof ARGUMENTS>;

/**
 * Answers a call of a plugin.
 *
 * @throws {KBertError} `call/unknown-method`, `call/arguments`; what the method throws
 */
export async function serveHostApi(api: HostApi, plugin: string, call: ServedCall): Promise<WireValue> {
  const { method } = call;
  if (!isMethod(method) || call.stream) {
    const shown = printable(method, 128);
    throw new KBertError("call/unknown-method", `The host has no ${shown}()`, { plugin, method: shown });
  }
  const schema: z.ZodType = ARGUMENTS[method];
  const parsed = schema.safeParse(call.args);
  if (!parsed.success) {
    const problem = parsed.error.issues[0]?.message ?? "wrong arguments";
    const message = `${method}() of the host was given wrong arguments: ${problem}`;
    throw new KBertError("call/arguments", message, { plugin, method, problem });
  }
  const serve = api[method] as (args: unknown, call: ServedCall) => WireValue | Promise<WireValue>;
  return await serve(parsed.data, call);
}

function isMethod(method: string): method is Method {
  return Object.hasOwn(ARGUMENTS, method);
}

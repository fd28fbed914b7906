/**
 * What a loaded plugin says about itself, checked: which methods it has, and how it declares its settings.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import type { Configuration } from "../manifest/declaration.ts";
import { DOCUMENT_LIMITS } from "../manifest/document.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";

/** A method of a plugin. */
export interface MethodDescription {
  readonly name: string;
  /** Arguments that have to be given. */
  readonly parameters: number;
  /** Whether it answers a stream. */
  readonly streams: boolean;
}

/** See the module's text. */
export interface PluginDescription {
  /** Of a port that has certain methods, only those. */
  readonly methods: ReadonlyMap<string, MethodDescription>;
  /** What the class carries as `static configuration`, if it does; of no checked form. */
  readonly configuration: Configuration | undefined;
}

/** More than a person would read, and few enough to keep. */
const MAX_METHODS = 256;
/** As much as a manifest may be. It may not be deeper either: whoever compares the two walks down both. */
const MAX_CONFIGURATION = DOCUMENT_LIMITS.characters;

const schema = z.strictObject({
  methods: z.array(z.strictObject({
    name: z.string().max(128).regex(/^\p{ID_Start}[\p{ID_Continue}$]*$/u),
    parameters: z.int().min(0).max(100),
    streams: z.boolean(),
  })).max(MAX_METHODS),
  configuration: z.string().max(MAX_CONFIGURATION),
});

/**
 * @param rules what a port has, by names of methods; a port without has whatever the plugin has
 * @throws {KBertError} `plugin/answer` if it is not a description, or not one of such a port
 */
export function parseDescription(value: WireValue, plugin: string, rules?: object): PluginDescription {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw wrong(plugin, parsed.error);
  const { configuration } = parsed.data;
  const methods = parsed.data.methods.filter(({ name }) => rules === undefined || Object.hasOwn(rules, name));
  const stream = rules && methods.find(({ streams }) => streams);
  if (stream) {
    throw wrong(plugin, undefined, `: ${stream.name}() answers a stream, and its port has one value`);
  }
  return {
    methods: new Map(methods.map((method) => [method.name, method])),
    configuration: parseJson(configuration, plugin),
  };
}

function parseJson(text: string, plugin: string): Configuration | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(plugin, cause);
  }
  if (!isDeeper(value, DOCUMENT_LIMITS.depth)) return value as Configuration ?? undefined;
  throw wrong(plugin, undefined, `: its settings are nested deeper than ${DOCUMENT_LIMITS.depth} levels`);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

function wrong(plugin: string, cause: unknown, problem = ""): KBertError<"plugin/answer"> {
  const message = `The plugin ${plugin} does not describe itself as a plugin has to${problem}`;
  return new KBertError("plugin/answer", message, { plugin, method: "$load" }, { cause });
}

/**
 * Services of the host: what a user's script offers to plugins by name, and a plugin asks for by name.
 *
 * @module
 */
import { Token } from "../../core/container/token.ts";

/** A service as a plugin sees it: every method is a call to the host. */
export type Remote<Service> = {
  readonly [Method in keyof Service]: Service[Method] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

const tokens = new Map<string, Token<unknown>>();

/**
 * The token of a host's service, for `inject()`. `plugin.yaml` has to ask for it under
 * `permissions.services`, and the host has to offer it to this plugin.
 *
 * @example In a plugin's constructor
 * ```ts
 * import { service } from "./service.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * interface Glossary {
 *   lookup(word: string): string;
 * }
 * const Glossary = service<Glossary>("glossary"); // then: constructor(config, bus, glossary = inject(Glossary))
 * assertEquals(Glossary.name, "glossary");
 * ```
 */
export function service<Service>(name: string): Token<Remote<Service>> {
  const token = tokens.get(name) ?? new Token<unknown>(name);
  tokens.set(name, token);
  return token as Token<Remote<Service>>;
}

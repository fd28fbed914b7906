/**
 * In which order plugins are started: each after those that it needs, and those that nobody asked for too.
 *
 * @module
 */
import { pluginDependencies } from "../manifest/dependency.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import { type Orderable, orderByDependencies, withDependencies } from "./order.ts";

/** What the order needs to know of a use. */
export interface OrderedUse {
  /** @default {true} */
  readonly enabled?: boolean;
  /** @default {0} */
  readonly priority?: number;
}

/** A step: to start a use, or a plugin that is only there because others need it. */
export type StartStep<Use> = { readonly use: Use } | { readonly needed: string };

/**
 * The steps for these uses; those that are not enabled are left out.
 *
 * @param uses with their manifests; several may be of one plugin
 * @param running manifests of what need not be started again
 * @param found the manifest of a plugin that could be started because it is needed
 * @throws {KBertError} `plugin/dependency` for one that is missing, disabled or of another version, and for
 * a circle; the message has the chain
 */
export function startOrder<Use extends OrderedUse>(
  uses: readonly { readonly use: Use; readonly manifest: PluginManifest }[],
  running: readonly PluginManifest[],
  found: (name: string) => PluginManifest | undefined,
): StartStep<Use>[] {
  const given = Map.groupBy(uses, ({ manifest }) => manifest.name);
  const known = new Map([...running, ...uses.map(({ manifest }) => manifest)].map((one) => [one.name, one]));
  const lookup = (name: string): Orderable | undefined => {
    const manifest = known.get(name) ?? found(name);
    const own = given.get(name)?.map(({ use }) => use) ?? [];
    return manifest && {
      name,
      version: manifest.version,
      dependencies: pluginDependencies(manifest),
      priority: own.length === 0 ? 0 : Math.max(...own.map(({ priority = 0 }) => priority)),
      enabled: own.length === 0 || own.some(({ enabled = true }) => enabled),
    };
  };
  return orderByDependencies(withDependencies([...given.keys()], lookup)).flatMap(
    ({ name }): StartStep<Use>[] => {
      const own = given.get(name);
      if (own) return own.filter(({ use: { enabled = true } }) => enabled).map(({ use }) => ({ use }));
      return known.has(name) ? [] : [{ needed: name }];
    },
  );
}

/**
 * What keys of a manifest say about each other, checked: that no dependency is named twice or is the
 * plugin itself, and that its settings agree with those of its kinds.
 *
 * This is asked of manifests that have other problems too, so that all are told at once; what is not
 * what it should be is passed over here.
 *
 * @module
 */

import { declarationSchema } from "./configuration.ts";
import { dependencyName, dependencyProblem } from "./dependency.ts";
import { CONFIG_FAMILIES, familyProblems, type PortName } from "./families.ts";
import { foundInstead, type Problem } from "./problems.ts";

/** All problems between the keys of something that may be a manifest. */
export function relationProblems(manifest: unknown): Problem[] {
  const { name, dependencies, configuration, entry_points } = mapping(manifest);
  const ports = Object.keys(mapping(entry_points)).filter((key) => Object.hasOwn(CONFIG_FAMILIES, key));
  const declarations = Object.entries(mapping(configuration)).flatMap(([key, entry]) => {
    const { data } = declarationSchema.safeParse(entry);
    return data === undefined ? [] : [[key, data] as const];
  });
  return [
    ...dependencyProblems(name, Array.isArray(dependencies) ? dependencies : []),
    ...ports.flatMap((port) => familyProblems(Object.fromEntries(declarations), port as PortName))
      .map(({ path, message }) => ({ path: ["configuration", ...path], message })),
  ];
}

function dependencyProblems(name: unknown, dependencies: readonly unknown[]): Problem[] {
  const seen = new Set<string>();
  return dependencies.flatMap((text, index) => {
    if (typeof text !== "string" || dependencyProblem(text) !== undefined) return [];
    const needed = dependencyName(text);
    const expected = needed === name
      ? "other plugins than this one"
      : seen.has(needed)
      ? `${needed} only once`
      : undefined;
    seen.add(needed);
    return expected === undefined
      ? []
      : [{ path: ["dependencies", index], message: foundInstead(text, expected) }];
  });
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : {};
}

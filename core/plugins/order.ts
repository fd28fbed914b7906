/**
 * The order in which plugins start: each after all that it depends on.
 *
 * Pure: it knows names, versions and numbers, no files and no workers. What is wrong with a set is found at
 * once, each thing with the chain of plugins that leads there, because the one who reads the error asked for
 * the first plugin of the chain and may never have heard of the last one.
 *
 * @module
 */
import { satisfies } from "../deps/semver.ts";
import { printable } from "../manifest/problems.ts";
import { KBertError } from "../wall/errors.ts";

/** What has to be known of a plugin to order it. */
export interface Orderable {
  /** Unique among those that are ordered. */
  readonly name: string;
  readonly version: string;
  /** Plugins that must run before it, with the range of their versions as npm writes it. */
  readonly dependencies: readonly { readonly name: string; readonly range: string }[];
  /** Higher starts first, as far as dependencies allow. */
  readonly priority: number;
  readonly enabled: boolean;
}

/**
 * The enabled plugins in the order to start them. Among those whose dependencies have all started, the one
 * of the highest priority comes first; of equal ones, the one that was given first.
 *
 * @throws {KBertError} `plugin/dependency` if a dependency is missing, disabled or of another version, or
 * if plugins need each other in a circle. `detail.plugin` is the dependency, `detail.chain` the way to it.
 * If several things are wrong, the message is that of the first and `cause` an `AggregateError` of all.
 * @throws {TypeError} if two have one name
 * @example
 * ```ts
 * import { orderByDependencies } from "./order.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * const plain = { version: "1.4.0", dependencies: [], priority: 0, enabled: true };
 * const head = { ...plain, name: "head", dependencies: [{ name: "words", range: "^1.0.0" }] };
 * const words = { ...plain, name: "words" };
 * assertEquals(orderByDependencies([head, words]).map(({ name }) => name), ["words", "head"]);
 *
 * const missing = "head → words: no plugin words was found";
 * assertThrows(() => orderByDependencies([head]), Error, missing);
 * ```
 */
export function orderByDependencies<T extends Orderable>(wanted: readonly T[]): T[] {
  const all = new Map<string, T>();
  for (const plugin of wanted) {
    if (!all.has(plugin.name)) all.set(plugin.name, plugin);
    else throw new TypeError(`Cannot order the plugins: two are called ${printable(plugin.name)}`);
  }
  const enabled = wanted.filter((plugin) => plugin.enabled);
  const { ordered, left } = sort(enabled);
  const faults = [...unmet(enabled, all), ...circles(left)];
  if (faults.length > 0) throw combined(faults);
  return ordered;
}

/**
 * The plugins of these names, and after them everything that they need, each once. What a disabled one
 * needs is left out, and so is what `lookup` does not know: {@linkcode orderByDependencies} tells why
 * that was needed.
 *
 * @throws {KBertError} `plugin/unknown` for a name of `names` that `lookup` does not know
 * @example
 * ```ts
 * import { type Orderable, withDependencies } from "./order.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const plain = { version: "1.4.0", dependencies: [], priority: 0, enabled: true };
 * const known: Record<string, Orderable> = {
 *   head: { ...plain, name: "head", dependencies: [{ name: "words", range: "^1.0.0" }] },
 *   words: { ...plain, name: "words" },
 *   other: { ...plain, name: "other" },
 * };
 * const needed = withDependencies(["head"], (name) => known[name]);
 * assertEquals(needed.map(({ name }) => name), ["head", "words"]);
 * ```
 */
export function withDependencies<T extends Orderable>(
  names: readonly string[],
  lookup: (name: string) => T | undefined,
): T[] {
  const needed = new Map<string, T | undefined>();
  for (const name of names) {
    const plugin = lookup(name);
    if (plugin !== undefined) needed.set(name, plugin);
    else throw new KBertError("plugin/unknown", `No plugin ${printable(name)} was found`, { plugin: name });
  }
  for (const plugin of needed.values()) { // it grows on the way
    if (plugin === undefined || !plugin.enabled) continue;
    for (const { name } of plugin.dependencies) if (!needed.has(name)) needed.set(name, lookup(name));
  }
  return [...needed.values()].filter((plugin) => plugin !== undefined);
}

/** What can be ordered (Kahn 1962), and the rest: cycles, and what waits for them. */
function sort<T extends Orderable>(plugins: readonly T[]): { ordered: T[]; left: T[] } {
  const present = new Set(plugins.map(({ name }) => name));
  const waitsFor = new Map<T, number>();
  const waiting = new Map<string, T[]>(); // dependency → those that wait for it
  for (const plugin of plugins) {
    const needs = new Set(plugin.dependencies.map(({ name }) => name)).intersection(present);
    waitsFor.set(plugin, needs.size);
    for (const name of needs) waiting.getOrInsertComputed(name, () => []).push(plugin);
  }
  const place = new Map(plugins.map((plugin, index) => [plugin, index]));
  const isBefore = (a: T, b: T): boolean =>
    a.priority === b.priority ? place.get(a)! < place.get(b)! : a.priority > b.priority;
  const free = plugins.filter((plugin) => waitsFor.get(plugin) === 0);
  const ordered: T[] = [];
  while (free.length > 0) {
    const next = free.reduce((best, plugin) => isBefore(plugin, best) ? plugin : best);
    free.splice(free.indexOf(next), 1);
    ordered.push(next);
    for (const plugin of waiting.get(next.name) ?? []) {
      waitsFor.set(plugin, waitsFor.get(plugin)! - 1);
      if (waitsFor.get(plugin) === 0) free.push(plugin);
    }
  }
  const done = new Set(ordered);
  return { ordered, left: plugins.filter((plugin) => !done.has(plugin)) };
}

type Fault = KBertError<"plugin/dependency">;

/** A fault for every dependency that is not there as it should be. */
function unmet(enabled: readonly Orderable[], all: ReadonlyMap<string, Orderable>): Fault[] {
  const faults: Fault[] = [];
  const origins = originsOf(enabled);
  for (const plugin of origins.keys()) {
    for (const { name, range } of plugin.dependencies) {
      const found = all.get(name);
      if (found?.enabled && satisfies(found.version, range)) continue;
      const chain = [name];
      for (let one: Orderable | undefined = plugin; one; one = origins.get(one)) chain.unshift(one.name);
      const detail = { plugin: name, chain, range };
      if (found === undefined) {
        faults.push(fault(`no plugin ${name} was found, add it to a place for plugins`, detail));
      } else if (!found.enabled) {
        faults.push(fault(`the plugin ${name} is disabled, enable it or disable ${chain[0]}`, detail));
      } else {
        const message = `${plugin.name} needs ${name} ${range} and ${name} is ${found.version}, ` +
          "use another version of either";
        faults.push(fault(message, { ...detail, version: found.version }));
      }
    }
  }
  return faults;
}

/** For every plugin the one that leads to it, on a shortest way from those that no other one needs. */
function originsOf(plugins: readonly Orderable[]): Map<Orderable, Orderable | undefined> {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const needed = new Set(plugins.flatMap(({ dependencies }) => dependencies.map(({ name }) => name)));
  const queue = plugins.filter(({ name }) => !needed.has(name));
  const origins = new Map<Orderable, Orderable | undefined>(queue.map((plugin) => [plugin, undefined]));
  for (let at = 0; at < plugins.length; at++) {
    if (at === queue.length) { // whoever is left stands in a circle, or behind one
      const start = plugins.find((plugin) => !origins.has(plugin))!;
      origins.set(start, undefined);
      queue.push(start);
    }
    const plugin = queue[at]!;
    for (const { name } of plugin.dependencies) {
      const next = byName.get(name);
      if (next === undefined || origins.has(next)) continue;
      origins.set(next, plugin);
      queue.push(next);
    }
  }
  return origins;
}

/** Circles that share no plugin: one at least, if none of `left` could be ordered. */
function circles(left: readonly Orderable[]): Fault[] {
  const byName = new Map(left.map((plugin) => [plugin.name, plugin]));
  const walked = new Set<Orderable>();
  const faults: Fault[] = [];
  for (const start of left) {
    const way: Orderable[] = [];
    let next = start;
    while (!walked.has(next)) {
      walked.add(next);
      way.push(next);
      // There is one: without it, this plugin would have been ordered.
      next = next.dependencies.map(({ name }) => byName.get(name)).find((plugin) => plugin !== undefined)!;
    }
    if (!way.includes(next)) continue; // it led to where an earlier walk had been
    const circle = way.slice(way.indexOf(next));
    const first = circle.indexOf(left.find((plugin) => circle.includes(plugin))!);
    const names = [...circle.slice(first), ...circle.slice(0, first + 1)].map(({ name }) => name);
    const message = "plugins that need each other in a circle cannot start, remove one of these dependencies";
    faults.push(fault(message, { plugin: names[0]!, chain: names }));
  }
  return faults;
}

function fault(message: string, detail: Fault["detail"]): Fault {
  return new KBertError("plugin/dependency", printable(`${detail.chain.join(" → ")}: ${message}`), detail);
}

function combined(faults: readonly Fault[]): Fault {
  const [first] = faults as [Fault];
  if (faults.length === 1) return first;
  const count = `${faults.length} problems with the dependencies of plugins`;
  const message = `${first.message} (the first of ${count})`;
  return new KBertError(first.code, message, first.detail, { cause: new AggregateError(faults, count) });
}

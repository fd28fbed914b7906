/**
 * The plugins that are known by name, from one scan or several.
 *
 * The registry is memory only. What was added first keeps its name, so scans are added in the order of
 * precedence; the same folder once more is the same plugin, with what its manifest says now.
 *
 * @module
 */
import { printable } from "../manifest/problems.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import { suggest } from "../manifest/suggest.ts";
import { KBertError } from "../wall/errors.ts";
import { type DiscoveryProblem, duplicateOf, type FoundPlugin, type ScanReport } from "./scan_report.ts";

/**
 * Finds plugins by name, or says what was probably meant.
 *
 * @example
 * ```ts
 * import { PluginRegistry } from "./registry.ts";
 * import { type FoundPlugin } from "./scan_report.ts";
 * import { parseManifest } from "../manifest/schema.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * const manifest = parseManifest("name: spam\nversion: 1.0.0\nentry_points: {head: a:A}", "plugin.yaml");
 * const plugin: FoundPlugin = { manifest, folder: "/plugins/spam", place: "plugins", kind: "project" };
 *
 * const registry = new PluginRegistry();
 * registry.add({ found: [plugin], problems: [], skipped: [], places: ["plugins"] });
 * assertEquals(registry.withPort("head"), [plugin]);
 * const message = "No plugin spma was found, did you mean spam? It was looked for in plugins";
 * assertThrows(() => registry.require("spma"), Error, message);
 * ```
 */
export class PluginRegistry {
  readonly #plugins = new Map<string, FoundPlugin>();
  readonly #problems = new Map<string, DiscoveryProblem>(); // by path: the last scan knows best
  readonly #places = new Set<string>();
  readonly #skipped = new Map<string, string>();

  /** Adds what a scan found, and answers the plugins whose names were taken by an earlier scan. */
  add({ found, problems, skipped, places }: ScanReport): DiscoveryProblem[] {
    for (const place of places) this.#places.add(place);
    for (const { place, reason } of skipped) this.#skipped.set(place, reason);
    for (const problem of problems) this.#problems.set(problem.path, problem);
    const duplicates: DiscoveryProblem[] = [];
    for (const plugin of found) {
      const { name } = plugin.manifest;
      const winner = this.#plugins.get(name);
      if (winner === undefined || winner.folder === plugin.folder) this.#plugins.set(name, plugin);
      else duplicates.push(duplicateOf(winner, plugin));
    }
    return duplicates;
  }

  /** Of every plugin, in the order of precedence. */
  get names(): readonly string[] {
    return [...this.#plugins.keys()];
  }

  get(name: string): FoundPlugin | undefined {
    return this.#plugins.get(name);
  }

  /**
   * As {@linkcode get}.
   *
   * @throws {KBertError} `plugin/unknown` if there is none, with the nearest name and where it was looked
   * for; `cause` is what is wrong with a folder that was probably meant
   */
  require(name: string): FoundPlugin {
    const plugin = this.#plugins.get(name);
    if (plugin !== undefined) return plugin;
    const broken = [...this.#problems.values()]
      .find(({ path, plugin }) => plugin === name || baseName(path) === name);
    const nearest = suggest(name, this.names);
    const help = broken ? ` because of a problem: ${broken.message}` : this.#help(nearest);
    throw new KBertError(
      "plugin/unknown",
      `No plugin ${printable(name)} was found${help}`,
      { plugin: name, ...(nearest === undefined ? {} : { nearest }) },
      broken?.error && { cause: broken.error },
    );
  }

  /** The plugins with such an entry point. */
  withPort(port: keyof PluginManifest["entry_points"]): FoundPlugin[] {
    return [...this.#plugins.values()].filter(({ manifest }) => manifest.entry_points[port] !== undefined);
  }

  #help(nearest: string | undefined): string {
    const { names } = this;
    const places = [...this.#places].map(printable).join(", ") || "no place";
    const skipped = [...this.#skipped].filter(([place]) => !this.#places.has(place))
      .map(([place, reason]) => `, and not in ${printable(place)}: ${reason}`).join("");
    const few = names.length > 0 && names.length <= FEW;
    const known = few ? `there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}` : "";
    const hint = nearest === undefined ? known : `did you mean ${nearest}?`;
    const start = hint === "" ? "; it" : nearest === undefined ? `, ${hint}; it` : `, ${hint} It`;
    return `${start} was looked for in ${places}${skipped}`;
  }
}

/** So many names are shown to somebody who asked for another one. */
const FEW = 10;

function baseName(path: string): string | undefined {
  return path.split(/[/\\]/).at(-1);
}

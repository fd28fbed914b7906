/**
 * Compares what a plugin's source uses with what plugin.yaml declares, both ways.
 *
 * What is used and not declared is a problem: it fails when it is tried. What is declared and not used is a warning:
 * the user is asked for a right that nobody needs. Where a value is computed, nothing is said to be unused.
 *
 * @module
 */
import { coversTopic } from "../bus/topics.ts";
import type { PluginManifest } from "../manifest/manifest.ts";
import { Positions } from "../manifest/positions.ts";
import { suggest } from "../manifest/suggest.ts";
import { GrantedHosts } from "../plugins/capabilities/targets.ts";
import { TELEMETRY } from "../plugins/telemetry.ts";
import type { Finding } from "./finding.ts";
import type { Declarable, Mention, Use, Uses } from "./uses.ts";

/** A list of the manifest that uses are compared with. */
type Listed = Exclude<Declarable, "gpu">;

/** How uses of one kind are told, and when one is declared. */
interface Rule {
  readonly path: readonly [section: "events" | "permissions", key: string];
  /** `emits head.done`. */
  readonly verb: string;
  /** What has to be imported to use it at all; its mention is enough to need the right. */
  readonly needs?: Mention["what"];
  /** Whether a declaration allows a use. */
  readonly covers: (declared: string, value: string) => boolean;
}

const same = (declared: string, value: string): boolean => declared === value;

/** Paths are not compared: which folder contains which, is known when the plugin runs. */
const any = (): boolean => true;

const RULES: Readonly<Record<Listed, Rule>> = {
  emits: { path: ["events", "emits"], verb: "emits", covers: same },
  listens: { path: ["events", "listens"], verb: "listens to", covers: coversTopic },
  net: { path: ["permissions", "net"], verb: "connects to", needs: "Network", covers: isHostOf },
  read: { path: ["permissions", "read"], verb: "reads files", needs: "Files", covers: any },
  write: { path: ["permissions", "write"], verb: "writes files", needs: "Files", covers: any },
  env: { path: ["permissions", "env"], verb: "reads the variable", needs: "Environment", covers: same },
  services: { path: ["permissions", "services"], verb: "calls the service", covers: same },
};

/**
 * All that differs.
 *
 * @param text of plugin.yaml, for places
 * @param computesTensors whether tensors can be what the graphics card is for: no source names it
 * @example
 * ```ts
 * import { compareUses } from "./declared_uses.ts";
 * import { usesOf } from "./uses.ts";
 * import { parseManifest } from "../manifest/schema.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const text = 'name: a\nversion: 1.0.0\nentry_points: { plugin: "a:A" }\nevents: { emits: [a.done] }\n';
 * const [found] = compareUses(parseManifest(text, "plugin.yaml"), text, [usesOf("export {};", "a.ts")], false);
 * assertEquals(found?.message, "a.done is in events.emits, and nothing in the code uses it");
 * ```
 */
export function compareUses(
  manifest: PluginManifest,
  text: string,
  found: readonly Uses[],
  computesTensors: boolean,
): Finding[] {
  const uses = found.flatMap((one) => one.uses);
  const mentions = found.flatMap((one) => one.mentions);
  const positions = new Positions(text);
  const findings = (Object.keys(RULES) as Listed[]).flatMap((what) => {
    const ofKind = uses.filter((use) => use.what === what);
    const declared = declaredOf(manifest, what);
    return [
      ...ofKind.flatMap((use) => undeclared(use, declared)),
      ...unmentioned(what, declared, uses, mentions, manifest),
      ...unused(what, declared, uses, mentions).map((index) => unusedAt(what, declared, index, positions)),
    ];
  });
  return [...findings, ...gpuFindings(manifest, uses, computesTensors, positions)];
}

function declaredOf({ events, permissions }: PluginManifest, what: Listed): readonly string[] {
  return what === "emits" || what === "listens" ? events[what] : permissions[what];
}

function undeclared(use: Use, declared: readonly string[]): Finding[] {
  const { value, what, file, line, column } = use;
  const place = { file, line, column };
  const { path, verb, covers } = RULES[what as Listed];
  const isTopic = path[0] === "events";
  const section = path.join(".");
  if (value === undefined && covers !== any) {
    const message = `What it ${verb} here is computed, so it is not compared with ${section} of plugin.yaml`;
    return [{ ...place, level: "note", code: isTopic ? "topics/computed" : "rights/computed", message }];
  }
  if (what === "emits" && TELEMETRY.has(value!)) return [];
  if (declared.some((one) => covers(one, value ?? ""))) return [];
  const nearest = suggest(value ?? "", declared);
  const advice = nearest === undefined ? "add it there" : `did you mean ${nearest}?`;
  const message = covers === any
    ? `It ${verb}, and there is nothing in ${section} of plugin.yaml`
    : `It ${verb} ${
      what === "net" ? hostOf(value!) : value
    }, which is not in ${section} of plugin.yaml; ${advice}`;
  return [{ ...place, level: "problem", code: isTopic ? "topics/undeclared" : "rights/undeclared", message }];
}

/** Something that cannot be used without a right was asked for, and no right of its kind is declared. */
function unmentioned(
  what: Listed,
  declared: readonly string[],
  uses: readonly Use[],
  mentions: readonly Mention[],
  { permissions }: PluginManifest,
): Finding[] {
  const { needs, path } = RULES[what];
  const [first] = mentions.filter((mention) => mention.what === needs);
  if (first === undefined || declared.length > 0 || what === "write") return [];
  const isFile = needs === "Files";
  // What is said of each use is not said once more.
  const isSaid = isFile
    ? permissions.write.length > 0 || uses.some((use) => use.what === "read" || use.what === "write")
    : uses.some((use) => use.what === what && use.value !== undefined);
  if (isSaid) return [];
  const section = isFile ? "permissions.read or permissions.write" : path.join(".");
  const { file, line, column } = first;
  const message = `It asks for ${needs}, and there is nothing in ${section} of plugin.yaml`;
  return [{ file, line, column, level: "problem", code: "rights/undeclared", message }];
}

/** Indices of what is declared and not used, as far as that can be seen. */
function unused(
  what: Listed,
  declared: readonly string[],
  uses: readonly Use[],
  mentions: readonly Mention[],
): number[] {
  const { needs, covers } = RULES[what];
  const indices = [...declared.keys()];
  const ofKind = uses.filter((use) => use.what === what);
  if (ofKind.length === 0) {
    const isMentioned = needs !== undefined && mentions.some((mention) => mention.what === needs);
    const isFollowed = uses.some((use) => use.what !== "gpu" && RULES[use.what].needs === needs);
    return isMentioned && !isFollowed ? [] : indices; // it is handed on to where it is used
  }
  if (ofKind.some(({ value }) => value === undefined)) return [];
  return indices.filter((index) => !ofKind.some(({ value }) => covers(declared[index]!, value!)));
}

function unusedAt(what: Listed, declared: readonly string[], index: number, positions: Positions): Finding {
  const { path } = RULES[what];
  const message = `${declared[index]} is in ${path.join(".")}, and nothing in the code uses it`;
  const code = path[0] === "events" ? "topics/unused" : "rights/unused";
  return { file: "plugin.yaml", ...positions.of([...path, index]), level: "warning", code, message };
}

function gpuFindings(
  { permissions }: PluginManifest,
  uses: readonly Use[],
  computesTensors: boolean,
  positions: Positions,
): Finding[] {
  const [first] = uses.filter(({ what }) => what === "gpu");
  if (first !== undefined && !permissions.gpu) {
    const { file, line, column } = first;
    const message = "It uses the graphics card, and permissions.gpu of plugin.yaml is not true";
    return [{ file, line, column, level: "problem", code: "rights/undeclared", message }];
  }
  if (first !== undefined || computesTensors || !permissions.gpu) return [];
  const message = "permissions.gpu is true, and nothing in the code computes with tensors";
  const place = positions.of(["permissions", "gpu"]);
  return [{ file: "plugin.yaml", ...place, level: "warning", code: "rights/unused", message }];
}

function isHostOf(declared: string, url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && new GrantedHosts([declared]).cover(parsed);
}

function hostOf(url: string): string {
  return URL.parse(url)?.host || url;
}

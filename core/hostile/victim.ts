/**
 * The plugin in whose place attacks run: what its manifest asks for, which is all that its user agreed to. Its code
 * is not here, because whoever has taken it over has replaced it.
 *
 * Folders that it was granted become empty ones that are made for the attack: what is in the real ones is nothing to
 * try attacks on, and a grant is kept by the same rules wherever it leads. Hosts and variables stay as they are.
 *
 * @module
 */
import type { Configuration } from "../manifest/declaration.ts";
import type { PortName } from "../manifest/families.ts";
import type { PluginManifest } from "../manifest/schema.ts";

/** As in plugin.yaml. Files are stand-ins: folders that were made for the attack. */
export interface Rights {
  readonly port: PortName;
  readonly emits: readonly string[];
  readonly listens: readonly string[];
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly env: readonly string[];
  readonly services: readonly string[];
  /** Of the services, those that the host really offers to it. */
  readonly offered: readonly string[];
}

/** See the module's text. */
export interface Victim {
  readonly port: PortName;
  readonly permissions: PluginManifest["permissions"];
  readonly events: PluginManifest["events"];
  readonly limits: PluginManifest["limits"];
  readonly configuration: Configuration;
  /** Of its services, those that the host offers to it. */
  readonly offered: readonly string[];
}

/** It asks for as much as a plugin may without consent, so that its messages have somewhere to go. */
export const NOBODY: Victim = {
  port: "plugin",
  permissions: { net: [], read: [], write: [], env: [], gpu: false, services: ["glossary", "vault"] },
  events: { emits: ["declared"], listens: ["news.*"] },
  limits: {},
  configuration: {},
  offered: ["glossary"],
};

/** What of a manifest an attack has. */
export function victimOf(manifest: PluginManifest, port: PortName): Victim {
  const { permissions, events, limits, configuration } = manifest;
  return { port, permissions, events, limits, configuration, offered: permissions.services };
}

/**
 * The victim with other folders, and those folders.
 *
 * @param place where they are to be
 * @example
 * ```ts
 * import { NOBODY, withStandIns } from "./victim.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const permissions = { ...NOBODY.permissions, read: ["data"], write: ["runs/metrics", "data"] };
 * const { victim, folders } = withStandIns({ ...NOBODY, permissions }, "/tmp/one");
 * assertEquals(folders, ["/tmp/one/0", "/tmp/one/1"]);
 * assertEquals(victim.permissions.read, ["/tmp/one/0"]);
 * assertEquals(victim.permissions.write, ["/tmp/one/1", "/tmp/one/0"]);
 * ```
 */
export function withStandIns(victim: Victim, place: string): { victim: Victim; folders: string[] } {
  const { read, write } = victim.permissions;
  const roots = [...new Set([...read, ...write])];
  const standIn = (root: string): string => `${place}/${roots.indexOf(root)}`;
  const permissions = { ...victim.permissions, read: read.map(standIn), write: write.map(standIn) };
  return { victim: { ...victim, permissions }, folders: roots.map(standIn) };
}

/** The manifest of an attack in this victim's place; JSON is YAML as well. */
export function manifestOf(
  { permissions, events, limits, configuration }: Victim,
  entry: [PortName, string],
): string {
  const [port, file] = entry;
  return JSON.stringify({
    name: "attacker",
    version: "1.0.0",
    entry_points: { [port]: file },
    ...{ configuration, permissions, events, limits },
  });
}

/** What the attack itself knows of it. */
export function rightsOf({ port, permissions, events, offered }: Victim): Rights {
  const { net, read, write, env, services } = permissions;
  return { port, ...events, net, read, write, env, services, offered };
}

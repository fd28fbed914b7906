/**
 * The attacks of a folder, and how each becomes a plugin: a manifest, the attack's own module, and an entry
 * whose method calls it. Nothing here knows an attack by its name.
 *
 * @module
 */

/** One attack, as it stands in its folder. */
export interface AttackFile {
  readonly name: string;
  /** What it is about, as its own `meta` says: kill, hang, starve, read … */
  readonly attackClass: string;
  readonly source: string;
  /** Whether it needs a process of its own, whose pipe it has: there is none on the other tier. */
  readonly isPeer: boolean;
}

/** Where an attack was written to: the host is told the first two. */
export interface AttackPlace {
  readonly plugin: string;
  readonly fixtures: string;
}

/** It asks for as much as a plugin may without consent, so that its messages have somewhere to go. */
export const ATTACK_MANIFEST = `name: attacker
version: 1.0.0
events:
  emits: [declared]
  listens: [news.*]
permissions:
  services: [glossary, vault]
entry_points:
`;

const PLUGIN_MAIN = `import { PluginPort } from "k-bert/sdk";
import { attack } from "./attack.ts";

export class Main extends PluginPort {
  async attack(): Promise<string> {
    return String(await (attack as (plugin: PluginPort) => string | Promise<string>)(this));
  }
}
`;

/** A head answers numbers, so the text comes as an error. */
const HEAD_MAIN = `import { HeadPort, type tf } from "k-bert/sdk/tensors";
import { attack } from "./attack.ts";

export class Main extends HeadPort {
  override async forward(): Promise<tf.Tensor> {
    throw new Error(await (attack as (head: HeadPort) => string | Promise<string>)(this));
  }
}
`;

/** All attacks of a folder, by name. */
export async function readAttacks(folder: string): Promise<AttackFile[]> {
  const attacks: AttackFile[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.endsWith(".ts")) continue;
    const source = await Deno.readTextFile(`${folder}/${name}`);
    attacks.push({
      ...{ name: name.slice(0, -3), attackClass: metaOf(source, "class") ?? "other", source },
      isPeer: metaOf(source, "port") === "peer",
    });
  }
  return attacks.sort((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * Writes an attack as a plugin, beside a copy of the fixtures that is not in its folder.
 *
 * @param scratch a fresh folder of its own
 * @param fixtures what the attack is after; there may be none
 */
export async function writeAttack(
  { source }: AttackFile,
  scratch: string,
  fixtures: string,
): Promise<AttackPlace> {
  const place: AttackPlace = { plugin: `${scratch}/plugin`, fixtures: `${scratch}/fixtures` };
  await Deno.mkdir(place.plugin, { recursive: true });
  await Deno.mkdir(place.fixtures);
  for (const name of await namesIn(fixtures)) {
    await Deno.writeFile(`${place.fixtures}/${name}`, await Deno.readFile(`${fixtures}/${name}`));
  }
  const isWhole = /^export class Main /m.test(source);
  const isHead = metaOf(source, "port") === "head";
  const entry = isWhole ? "plugin: attack:Main" : isHead ? "head: main:Main" : "plugin: main:Main";
  await Deno.writeTextFile(`${place.plugin}/plugin.yaml`, `${ATTACK_MANIFEST}  ${entry}\n`);
  await Deno.writeTextFile(
    `${place.plugin}/attack.ts`,
    source.replaceAll("/FIXTURES/", `${place.fixtures}/`),
  );
  if (!isWhole) await Deno.writeTextFile(`${place.plugin}/main.ts`, isHead ? HEAD_MAIN : PLUGIN_MAIN);
  return place;
}

/** Texts of the fixtures that nobody writes by chance: whole lines, and words that look like secrets. */
export async function secretsOf(fixtures: string): Promise<string[]> {
  const secrets = new Set<string>();
  for (const name of await namesIn(fixtures)) {
    const text = await Deno.readTextFile(`${fixtures}/${name}`);
    for (const line of text.split("\n")) if (line.trim().length >= 12) secrets.add(line.trim());
    for (const word of text.match(/[\w-]{6,}/g) ?? []) {
      if (/[A-Z]/.test(word) && /[\d-]/.test(word)) secrets.add(word);
    }
  }
  return [...secrets];
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) if (isFile) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

/** Read, not run: an attack that is imported here would attack the runner. */
function metaOf(source: string, key: string): string | undefined {
  const [, meta = ""] = /^export const meta = \{([^}]*)\}/m.exec(source) ?? [];
  return new RegExp(`\\b${key}: "([a-z]+)"`).exec(meta)?.[1];
}

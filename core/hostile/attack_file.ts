/**
 * The attacks of a folder, and how each becomes a plugin: a manifest, the attack's own module, and an entry
 * whose method calls it. Nothing here knows an attack by its name.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { ATTACK_NAMES, FIXTURE_NAMES, OWN_NAMES } from "./attack_names.ts";
import { manifestOf, NOBODY, rightsOf, type Victim, withStandIns } from "./victim.ts";

/** One attack, as it stands in its folder. */
export interface AttackFile {
  readonly name: string;
  /** What it is about, as its own `meta` says: kill, hang, starve, read … */
  readonly attackClass: string;
  readonly source: string;
  /** Whether it needs a process of its own, whose pipe it has: there is none on the other tier. */
  readonly isPeer: boolean;
}

/** Attacks, and files that they are after, by name. */
export interface AttackSuite {
  readonly attacks: readonly AttackFile[];
  readonly fixtures: ReadonlyMap<string, string>;
}

/** Where an attack was written to. */
export interface AttackPlace {
  /** The host is told this one. */
  readonly plugin: string;
  readonly fixtures: string;
  /** The port that it is loaded as. */
  readonly port: PortName;
  /** The one in whose place it is, with the folders that stand for the granted ones. */
  readonly victim: Victim;
}

/** Where our own attacks are: a folder, or a web server. */
const OWN = new URL("./attacks/", import.meta.url);

/** An attack is a function, which answers a text; ports that answer something else say it in an error. */
const CALL = "await (attack as (plugin: unknown) => string | Promise<string>)(this)";
const MAINS: Readonly<Record<PortName, string>> = {
  plugin: mainOf("PluginPort", "k-bert/sdk", `async attack(): Promise<string> { return String(${CALL}); }`),
  head: mainOf("HeadPort", "k-bert/sdk/tensors", throwing("forward", "never")),
  augmenter: mainOf("AugmenterPort", "k-bert/sdk", throwing("augment", "string[]")),
  feature: mainOf("FeaturePort", "k-bert/sdk/tables", throwing("extractFeatures", "never")),
  callback: mainOf("CallbackPort", "k-bert/sdk", throwing("onTrainBegin", "void")),
};

/** All attacks of a folder, by name; what they are after is in its `fixtures`, if there is one. */
export async function readSuite(folder: string): Promise<AttackSuite> {
  return { attacks: await readAttacks(folder), fixtures: await readTexts(`${folder}/fixtures`) };
}

/** The attacks of a folder without what they are after. */
export async function readAttacks(folder: string): Promise<AttackFile[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith(".ts"));
  const attacks = names.map(async (name) =>
    attackOf(name.slice(0, -3), await Deno.readTextFile(`${folder}/${name}`))
  );
  return (await Promise.all(attacks)).sort((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * The project's own attacks, from wherever this module was loaded.
 *
 * @param base where they are, for tests
 * @throws {KBertError} `file/unusable` if one of them is not there
 */
export async function ownSuite(base: URL = OWN): Promise<AttackSuite> {
  const files = [
    ...ATTACK_NAMES.map((name) => `${name}.ts`),
    ...FIXTURE_NAMES.map((name) => `fixtures/${name}`),
  ];
  const reads = await Promise.allSettled(files.map((file) => readOwn(file, base)));
  const texts = reads.map((read) => {
    if (read.status === "rejected") throw read.reason;
    return read.value;
  });
  return {
    attacks: ATTACK_NAMES.map((name, index) => attackOf(name, texts[index]!)),
    fixtures: new Map(FIXTURE_NAMES.map((name, index) => [name, texts[ATTACK_NAMES.length + index]!])),
  };
}

/**
 * Writes an attack as a plugin, beside a copy of the fixtures that is not in its folder.
 *
 * @param scratch a fresh folder of its own
 * @param fixtures what the attack is after, by name
 * @param victim in whose place it is @default {a plugin that asks for nothing that needs consent}
 */
export async function writeAttack(
  { source, isPeer }: AttackFile,
  scratch: string,
  fixtures: ReadonlyMap<string, string>,
  victim: Victim = NOBODY,
): Promise<AttackPlace> {
  const stand = withStandIns(victim, `${scratch}/granted`);
  const [plugin, place] = [`${scratch}/plugin`, `${scratch}/fixtures`];
  for (const folder of [plugin, place, ...stand.folders]) await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of fixtures) await Deno.writeTextFile(`${place}/${name}`, text);
  const isWhole = /^export class Main /m.test(source);
  const port = isWhole || /^export const streams\b/m.test(source)
    ? "plugin"
    : metaOf(source, "port") === "head"
    ? "head"
    : victim.port;
  const entry = isWhole ? "attack:Main" : "main:Main";
  await Deno.writeTextFile(`${plugin}/plugin.yaml`, manifestOf(stand.victim, [port, entry]));
  await Deno.writeTextFile(`${plugin}/attack.ts`, source.replaceAll("/FIXTURES/", `${place}/`));
  if (!isWhole) await Deno.writeTextFile(`${plugin}/main.ts`, MAINS[port]);
  await writeOwn(plugin, isPeer ? { ...stand.victim, port } : stand.victim);
  return { plugin, fixtures: place, port, victim: stand.victim };
}

/** Writes what attacks may import beside the SDK into the folder of one. */
export async function writeOwn(plugin: string, victim: Victim = NOBODY): Promise<void> {
  await Deno.mkdir(`${plugin}/own`, { recursive: true });
  for (const name of OWN_NAMES) {
    const text = name === "rights.ts"
      ? `export const RIGHTS = ${JSON.stringify(rightsOf(victim))};\n`
      : await readOwn(`own/${name}`, OWN);
    await Deno.writeTextFile(`${plugin}/own/${name}`, text);
  }
}

/** Texts of the fixtures that nobody writes by chance: whole lines, and words that look like secrets. */
export function secretsOf(fixtures: ReadonlyMap<string, string>): string[] {
  const secrets = new Set<string>();
  for (const text of fixtures.values()) {
    for (const line of text.split("\n")) if (line.trim().length >= 12) secrets.add(line.trim());
    for (const word of text.match(/[\w-]{6,}/g) ?? []) {
      if (/[A-Z]/.test(word) && /[\d-]/.test(word)) secrets.add(word);
    }
  }
  return [...secrets];
}

function attackOf(name: string, source: string): AttackFile {
  const isPeer = metaOf(source, "port") === "peer";
  return { name, attackClass: metaOf(source, "class") ?? "other", source, isPeer };
}

async function readTexts(folder: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of await namesIn(folder)) texts.set(name, await Deno.readTextFile(`${folder}/${name}`));
  return texts;
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

async function readOwn(file: string, base: URL): Promise<string> {
  const url = new URL(file, base);
  try {
    if (url.protocol === "file:") return await Deno.readTextFile(url);
    const response = await fetch(url, { redirect: "error" });
    if (response.ok) return await response.text();
    await response.body?.cancel();
    throw new Error(`the server answers ${response.status}`);
  } catch (cause) {
    const message =
      `Cannot read the attack ${url}: ${messageOf(cause)}; packages of k-bert come without attacks, so ` +
      "run this command from a checkout or from the address of one";
    throw new KBertError("file/unusable", message, { path: url.href }, { cause });
  }
}

/** Read, not run: an attack that is imported here would attack the runner. */
function metaOf(source: string, key: string): string | undefined {
  const [, meta = ""] = /^export const meta = \{([^}]*)\}/m.exec(source) ?? [];
  return new RegExp(`\\b${key}: "([a-z]+)"`).exec(meta)?.[1];
}

function mainOf(base: string, sdk: string, body: string): string {
  return `import { ${base} } from "${sdk}";
import { attack } from "./attack.ts";

export class Main extends ${base} {
  ${body}
}
`;
}

function throwing(method: string, answer: string): string {
  return `override async ${method}(): Promise<${answer}> { throw new Error(${CALL}); }`;
}

/**
 * Makes the folder of a new plugin that works as it is: it passes its test and its check, loads, and a head trains.
 *
 * The folder appears with all that is in it, or not at all: it is written beside its place, and moved there.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { moduleComment, pluginPage } from "../manifest/page.ts";
import { parseManifest } from "../manifest/schema.ts";
import { RUNTIME_VERSION } from "../manifest/version.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { ownImports, SCHEMA_URL } from "./own_modules.ts";
import { type PluginNames, pluginNames } from "./plugin_names.ts";
import { augmenterTemplate } from "./templates/augmenter.ts";
import { callbackTemplate } from "./templates/callback.ts";
import { featureTemplate } from "./templates/feature.ts";
import { headTemplate } from "./templates/head.ts";
import { pluginTemplate } from "./templates/plugin.ts";
import type { Template } from "./templates/template.ts";

/** What is to be made. */
export interface NewPluginOptions {
  readonly name: string;
  readonly port: PortName;
  /** The folder itself; those above it are made if they are missing. @default {the name, in the working folder} */
  readonly folder?: string | undefined;
}

/** What was made. */
export interface NewPlugin extends PluginNames {
  readonly port: PortName;
  readonly folder: string;
  /** Names of files in the folder. */
  readonly files: readonly string[];
}

const TEMPLATES: Readonly<Record<PortName, (names: PluginNames) => Template>> = {
  head: headTemplate,
  augmenter: augmenterTemplate,
  feature: featureTemplate,
  callback: callbackTemplate,
  plugin: pluginTemplate,
};

/** The kinds, as help shows them. */
export const PORT_NAMES: readonly PortName[] = Object.keys(TEMPLATES) as PortName[];

/**
 * Makes a plugin.
 *
 * @throws {KBertError} `usage/invalid` for a name that a plugin cannot have; `file/unusable` if the folder has
 * something in it already, or cannot be written
 * @example
 * ```ts
 * import { newPlugin } from "./new_plugin.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const place = await Deno.makeTempDir();
 * const { files, className } = await newPlugin({ name: "my-head", port: "head", folder: `${place}/my-head` });
 * assertEquals(className, "MyHead");
 * assertEquals(files, [".gitignore", "README.md", "deno.json", "my_head.ts", "my_head_test.ts", "plugin.yaml"]);
 * await Deno.remove(place, { recursive: true });
 * ```
 */
export async function newPlugin({ name, port, folder = name }: NewPluginOptions): Promise<NewPlugin> {
  const names = pluginNames(name, port);
  const files = filesOf(names, port);
  await requireFree(folder);
  await writeAll(folder, files);
  return { ...names, port, folder, files: [...files.keys()] };
}

/** Name → content, in the order of their names. */
function filesOf(names: PluginNames, port: PortName): Map<string, string> {
  const template = TEMPLATES[port](names);
  const manifest = manifestOf(names, port, template);
  return new Map([
    [".gitignore", ".installing-*/\n.testing-*/\ncoverage/\n"],
    ["README.md", readmeOf(manifest, template)],
    ["deno.json", `${JSON.stringify(denoConfig(), null, 2)}\n`],
    [`${names.file}.ts`, template.source],
    [`${names.file}_test.ts`, template.test],
    ["plugin.yaml", manifest],
  ]);
}

function manifestOf({ plugin, file, className }: PluginNames, port: PortName, template: Template): string {
  return `# yaml-language-server: $schema=${SCHEMA_URL}
name: ${plugin}
version: 0.1.0
description: ${template.description}
author: ""
license: MIT

entry_points:
  ${port}: ${file}:${className}

${template.manifest}
compatibility:
  k_bert_version: ">=${RUNTIME_VERSION.replace(/[-+].*$/, "")}"
  phase: 2
`;
}

/** For editors and `deno test`; the commands of k-bert bring their own. A lock file would be one of k-bert's packages. */
function denoConfig(): unknown {
  return {
    imports: ownImports(),
    unstable: ["worker-options"],
    lock: false,
    compilerOptions: { noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
  };
}

/** The sections of the guide's documentation template, filled in. */
function readmeOf(manifestText: string, { source, performance }: Template): string {
  const manifest = parseManifest(manifestText, "plugin.yaml");
  const page = pluginPage(manifest, `./${manifest.name}`, moduleComment(source)).replace(
    /^<!--.*-->\n\n/,
    "",
  );
  return `${page}
## Performance

${performance}

## Work on it

\`\`\`sh
k-bert plugin dev    # in this folder: runs it, and again each time that you save
k-bert plugin test   # runs its tests
k-bert plugin check  # manifest, types, imports, rights and topics
\`\`\`

\`deno.json\` is for your editor and names the k-bert that made this folder. Nobody who uses the plugin needs it.
`;
}

async function requireFree(folder: string): Promise<void> {
  try {
    const [first] = await Array.fromAsync(Deno.readDir(folder));
    if (first === undefined) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw unusable(folder, messageOf(error), error);
  }
  throw unusable(folder, "there is something in it already; name a folder that is empty or not there");
}

/** Into the folder if it is there and empty, which may be the one that somebody works in; otherwise as a whole. */
async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    const isThere = await Deno.stat(folder).then(() => true, () => false);
    const above = folder.replace(/[/\\]+$/, "").replace(/[^/\\]+$/, "") || ".";
    if (!isThere) await Deno.mkdir(above, { recursive: true });
    const work = `${isThere ? folder : above}/.new-${crypto.randomUUID().slice(0, 8)}`;
    try {
      await Deno.mkdir(work);
      for (const [name, content] of files) await Deno.writeTextFile(`${work}/${name}`, content);
      if (!isThere) return await Deno.rename(work, folder);
      for (const name of files.keys()) await Deno.rename(`${work}/${name}`, `${folder}/${name}`);
    } finally {
      await Deno.remove(work, { recursive: true }).catch(() => {}); // it was moved, or never made
    }
  } catch (error) {
    throw unusable(folder, messageOf(error), error);
  }
}

function unusable(folder: string, reason: string, cause?: unknown): KBertError<"file/unusable"> {
  return new KBertError("file/unusable", `Cannot make the plugin in ${folder}: ${reason}`, { path: folder }, {
    cause,
  });
}

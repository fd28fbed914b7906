/**
 * The page of a plugin, made of its manifest: what it does, how it is used, its settings, events and rights. A page
 * that is written by hand says something else after a while.
 *
 * @module
 */
import type { SettingDeclaration } from "./declaration.ts";
import { configurationOf, type PortName } from "./families.ts";
import type { PluginManifest } from "./schema.ts";

/** What only the host knows, and no user sets. */
const FILLED_IN = new Set(["hidden_size", "num_labels", "parameters"]);

/** Where a plugin of a port is named, in a configuration or a script. */
const USES: Readonly<Record<PortName, (folder: string) => string>> = {
  head: (folder) => yaml(`head:\n  plugin: ${folder}\n  settings: {} # see below`),
  augmenter: (folder) => yaml(`augmenters:\n  - plugin: ${folder}\n    settings: {} # see below`),
  callback: (folder) => yaml(`callbacks:\n  - plugin: ${folder}\n    settings: {} # see below`),
  feature: (folder) =>
    script(`const { table } = await runtime.extractFeatures(given, [{ plugin: "${folder}", settings }]);`),
  plugin: (folder) => script(`const plugin = await runtime.plugins.start("${folder}", { settings });`),
};

/**
 * The page in Markdown.
 *
 * @param folder the plugin's, as its users name it
 * @param intro the module comment of its entry, as prose
 * @example
 * ```ts
 * import { pluginPage } from "./page.ts";
 * import { parseManifest } from "./schema.ts";
 * import { assertStringIncludes } from "../deps/assert.ts";
 *
 * const manifest = parseManifest("{ name: a, version: 1.0.0, entry_points: { head: 'a:A' } }", "plugin.yaml");
 * const page = pluginPage(manifest, "plugins/a", "A head.");
 * assertStringIncludes(page, "| `dropout_rate` | float, 0 to 0.99 | 0.1 |");
 * ```
 */
export function pluginPage(manifest: PluginManifest, folder: string, intro: string): string {
  const ports = Object.keys(manifest.entry_points) as PortName[];
  const { name, version, description, license } = manifest;
  return [
    `<!-- Made of plugin.yaml and the entry's comment by \`deno task build:pages\`: do not edit. -->`,
    `# ${name}`,
    `${
      [
        description,
        `${ports[0] === "augmenter" ? "An" : "A"} ${ports.join(" and ")} plugin, version ${version}${
          license ? `, ${license}` : ""
        }`,
      ]
        .filter(Boolean).join(". ")
    }.`,
    intro,
    "## Use",
    ...ports.map((port) => USES[port](folder)),
    "## Settings",
    ...ports.map((port) => settingsTable(manifest, port)),
    ...eventLines(manifest),
    ...rightLines(manifest),
  ].join("\n\n") + "\n";
}

/**
 * The module comment of a source, as prose: what follows `@` is left out.
 *
 * @example
 * ```ts
 * import { moduleComment } from "./page.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(moduleComment("/**\n * One.\n *\n * Two.\n *\n * @module\n *\/\nexport {};"), "One.\n\nTwo.");
 * ```
 */
export function moduleComment(source: string): string {
  const [, comment = ""] = /^\/\*\*\n([\s\S]*?)\*\//.exec(source) ?? [];
  const lines = comment.split("\n").map((line) => line.replace(/^ \* ?/, "").trimEnd());
  const end = lines.findIndex((line) => line.startsWith("@"));
  return lines.slice(0, end < 0 ? undefined : end).join("\n").trim();
}

function settingsTable({ configuration }: PluginManifest, port: PortName): string {
  const rows = Object.entries(configurationOf(configuration, port)).filter(([name]) => !FILLED_IN.has(name));
  if (rows.length === 0) return "None.";
  return [
    "| setting | what it takes | default | |",
    "| --- | --- | --- | --- |",
    ...rows.map(([name, declaration]) =>
      `| \`${name}\` | ${kindOf(declaration)} | ${defaultOf(declaration)} | ${
        cell(declaration.description ?? "")
      } |`
    ),
  ].join("\n");
}

function kindOf({ type, min, max, values, items }: SettingDeclaration): string {
  if (type === "enum") return cell(values?.map((value) => `\`${value}\``).join(", ") ?? "");
  const what = type === "list" && items
    ? `list of ${items.type === "enum" ? kindOf(items) : items.type}`
    : type;
  if (min === undefined && max === undefined) return what;
  const unit = type === "string" ? " characters" : type === "list" ? " items" : "";
  if (max === undefined) return `${what}, ${min}${unit} or more`;
  return min === undefined ? `${what}, at most ${max}${unit}` : `${what}, ${min} to ${max}${unit}`;
}

function defaultOf({ default: value, required }: SettingDeclaration): string {
  if (required) return "required";
  return value === undefined ? "" : cell(typeof value === "string" ? value : JSON.stringify(value));
}

function eventLines({ events: { emits, listens } }: PluginManifest): string[] {
  const list = (topics: readonly string[]): string => topics.map((topic) => `\`${topic}\``).join(", ");
  if (emits.length + listens.length === 0) return [];
  return [
    "## Events",
    [
      ...(emits.length > 0 ? [`Emits ${list(emits)}.`] : []),
      ...(listens.length > 0 ? [`Hears ${list(listens)}.`] : []),
    ]
      .join(" "),
  ];
}

function rightLines({ permissions }: PluginManifest): string[] {
  const asked = Object.entries(permissions).flatMap(([right, value]) =>
    value === true ? [right] : Array.isArray(value) ? value.map((one) => `${right} \`${one}\``) : []
  );
  if (asked.length === 0) return ["## Rights", "None: it computes, and nothing else."];
  return ["## Rights", `It asks for ${asked.join(", ")}. You are asked once for each version of its code.`];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function yaml(text: string): string {
  return `\`\`\`yaml\n${text}\n\`\`\``;
}

function script(text: string): string {
  return `\`\`\`ts ignore\n${text}\n\`\`\``;
}

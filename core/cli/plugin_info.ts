/**
 * `plugin info`: everything about one plugin, without running or adding it.
 *
 * @module
 */
import { infoFrom, infoOf, type PluginInfo } from "../travel/info.ts";
import { formatProposal } from "../travel/proposal.ts";
import { parseSource } from "../travel/source_text.ts";
import { printable } from "../wall/printable.ts";
import { defineCommand } from "./command.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { fromHere } from "./travel.ts";

/** The command. */
export const pluginInfo = defineCommand({
  name: "plugin info",
  summary: "Shows what a plugin is, what is in it, what it asks for and what it takes",
  takes: "NAME|SOURCE",
  count: [1, 1],
  options: { json: { kind: "flag", help: "one object of JSON" } },
  details: "Of one that is not here, SOURCE as for plugin add; it is fetched, looked at and thrown away.",
  examples: [
    { line: "plugin info mood", does: "shows the plugin of that name in plugins/ or your home" },
    { line: "plugin info npm:k-bert-plugin-mood", does: "looks inside before you add it" },
  ],
  async run([given], options, io): Promise<void> {
    const isName = /^[a-z][a-z0-9_-]*$/.test(given!);
    const info = isName ? await infoOf(given!) : await looked(given!, io.signal);
    if (options.json) return io.print(JSON.stringify(info));
    for (const line of linesOf(info)) io.print(line);
  },
});

async function looked(given: string, signal: AbortSignal): Promise<PluginInfo> {
  const spec = await fromHere(parseSource(given));
  await using scratch = await temporaryFolder("info");
  return await infoFrom(spec, scratch.path, signal);
}

function linesOf(
  { contents, description, author, license, ports, kBertVersion, settings, listed }: PluginInfo,
): string[] {
  const about = [
    ["what", description],
    ["kind", ports.join(", ")],
    ["author", [author, license].filter((text) => text !== "").join(", ")],
    ["k-bert", kBertVersion ?? ""],
    ["state", listed === undefined ? "not here" : `${listed.state} in ${listed.folder}`],
    ["problem", listed?.problem ?? ""],
  ];
  const rows = settings.map(({ name, type, default: value, required, description = "" }) => {
    const given = required ? "required" : value === undefined ? "" : `default ${JSON.stringify(value)}`;
    return `  ${printable(name)}: ${[type, given].filter((text) => text !== "").join(", ")}  ${
      printable(description)
    }`;
  });
  return [
    ...formatProposal(contents),
    ...about.filter(([, text]) => text !== "").map(([title, text]) =>
      `  ${title!.padEnd(10)}${printable(text!)}`
    ),
    ...(rows.length > 0 ? ["Settings, beside those of its kind:", ...rows.map((row) => row.trimEnd())] : []),
  ];
}

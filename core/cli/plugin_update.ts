/**
 * `plugin update`: takes over what the sources of plugins give by now, after showing how it differs.
 *
 * @module
 */
import { updatePlugin } from "../travel/add.ts";
import { holdPlace } from "../travel/place.ts";
import { readRegistry } from "../travel/registry_file.ts";
import { defineCommand } from "./command.ts";
import { CHANGE_OPTIONS, changeOptions, placeOf, tell } from "./travel.ts";

/** The command. */
export const pluginUpdate = defineCommand({
  name: "plugin update",
  summary: "Shows what has changed in plugins since they were added, and takes it over",
  takes: "[NAME …]",
  count: [0, 1_000],
  options: CHANGE_OPTIONS,
  details:
    "Shown are code size, files, npm packages, permissions, topics and the signature, each with what is new and " +
    "what is gone. Without NAME, all that registry.yaml lists.",
  examples: [
    { line: "plugin update mood", does: "asks before anything changes" },
    { line: "plugin update --dry-run", does: "shows what is new of everything" },
  ],
  async run(names, options, io): Promise<void> {
    const path = placeOf(options);
    await using place = await holdPlace(path);
    const wanted = names.length > 0
      ? names
      : (await readRegistry(place.path)).plugins.map(({ name }) => name);
    for (const name of wanted) {
      tell(await updatePlugin(name, place, changeOptions(options, path, io)), options, path, io);
    }
    if (wanted.length === 0 && !options.json) io.print(`${path}/registry.yaml lists no plugins`);
  },
});

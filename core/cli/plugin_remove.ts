/**
 * `plugin remove`: takes added plugins out of a place.
 *
 * @module
 */
import { holdPlace } from "../travel/place.ts";
import { removePlugin } from "../travel/remove.ts";
import { defineCommand } from "./command.ts";
import { PLACE_OPTIONS, placeOf } from "./travel.ts";

/** The command. */
export const pluginRemove = defineCommand({
  name: "plugin remove",
  summary: "Removes plugins that were added",
  takes: "NAME …",
  count: [1, 1_000],
  options: {
    ...PLACE_OPTIONS,
    force: { kind: "flag", help: "also a folder that was changed since it was added" },
    json: { kind: "flag", help: "a line of JSON for each plugin" },
  },
  details: 'What you granted to a plugin is forgotten by "grants revoke NAME".',
  examples: [{
    line: "plugin remove mood",
    does: "removes its folder, its lock and its line in registry.yaml",
  }],
  async run(names, options, io): Promise<void> {
    const path = placeOf(options);
    await using place = await holdPlace(path);
    for (const name of names) {
      await removePlugin(name, place, options.force);
      io.print(
        options.json
          ? JSON.stringify({ name, outcome: "removed", place: path })
          : `Removed ${name} from ${path}`,
      );
    }
  },
});

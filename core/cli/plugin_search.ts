/**
 * `plugin search`: plugins by a word, on this machine and on npm.
 *
 * @module
 */
import { searchHere, type SearchHit, searchNpm } from "../travel/search.ts";
import { defineCommand } from "./command.ts";
import { styleOf } from "./style.ts";

/** The command. */
export const pluginSearch = defineCommand({
  name: "plugin search",
  summary: "Looks for plugins on this machine and on npm",
  takes: "[WORD]",
  count: [0, 1],
  options: {
    here: { kind: "flag", help: "only on this machine" },
    json: { kind: "flag", help: "a line of JSON for each plugin" },
  },
  details:
    "npm is asked with the registry that you have set up for it, for packages with the keyword k-bert-plugin, " +
    "which plugin pack gives them. What a package says of itself is its author's word; plugin info SOURCE looks inside.",
  examples: [{ line: "plugin search sentiment", does: "lists names, versions and what plugin add takes" }],
  async run([word = ""], options, io): Promise<void> {
    const style = styleOf(io.color);
    const show = (hits: readonly SearchHit[]): void => {
      for (const hit of hits) {
        const { source, version, description, isHere } = hit;
        const what = isHere
          ? `${style.bold(hit.name)} ${version}  (here: ${source})`
          : `${style.bold(source)}`;
        io.print(options.json ? JSON.stringify(hit) : `${what}${description && `\n    ${description}`}`);
      }
    };
    const here = await searchHere(word);
    show(here); // at once: npm takes a while
    const there = options.here ? [] : await searchNpm(word, io.signal);
    show(there);
    if (here.length + there.length === 0 && !options.json) {
      io.print(`No plugin was found for ${JSON.stringify(word)}`);
    }
  },
});

/**
 * `plugin add`: brings plugins into a place, from a source or as its registry and its lock say.
 *
 * @module
 */
import { addMissing, addPlugin } from "../travel/add.ts";
import { holdPlace } from "../travel/place.ts";
import { parseSource } from "../travel/source_text.ts";
import { defineCommand } from "./command.ts";
import { CHANGE_OPTIONS, changeOptions, fromHere, placeOf, tell } from "./travel.ts";

const DETAILS = `SOURCE is one of
  npm:NAME[@RANGE]                    a package of npm
  jsr:@SCOPE/NAME[@RANGE]             a package of JSR
  git+https://HOST/PATH.git[#BRANCH]  a repository; also ssh: and git@HOST:PATH
  https://HOST/FILE.tgz[#sha256=…]    an archive that "plugin pack" made
  PATH                                a folder or an archive on this machine

What is fetched is vetted and shown before you agree. It is copied into the place, written into registry.yaml there,
and its hash into k-bert.lock: from then on it is that code, or it does not load. Nothing of it runs here, and no right
is granted; you are asked for that when it first starts.

Without SOURCE, everything that registry.yaml lists is fetched that is not there: what the lock knows exactly as it
was, or not at all.`;

/** The command. */
export const pluginAdd = defineCommand({
  name: "plugin add",
  summary: "Adds a plugin from npm, JSR, git, an archive or a folder",
  takes: "[SOURCE]",
  count: [0, 1],
  options: CHANGE_OPTIONS,
  details: DETAILS,
  examples: [
    { line: "plugin add npm:k-bert-plugin-mood@^1.0.0", does: "adds the newest version 1 to plugins/" },
    { line: "plugin add ../my_head", does: "copies a plugin that you work on" },
    { line: "plugin add", does: "fetches what registry.yaml and k-bert.lock say, after a fresh clone" },
  ],
  async run([source], options, io): Promise<void> {
    const path = placeOf(options);
    const spec = source === undefined ? undefined : parseSource(source);
    await using place = await holdPlace(path);
    const change = changeOptions(options, path, io);
    const changes = spec === undefined
      ? await addMissing(place, change)
      : [await addPlugin(await fromHere(spec, place.root), place, change)];
    for (const one of changes) tell(one, options, path, io);
    if (changes.length === 0 && !options.json) io.print(`${path}/registry.yaml lists no plugins`);
  },
});

/**
 * What the commands that change a place have in common: which place, who agrees, and how it is told.
 *
 * @module
 */
import { folderOf, grantsPath } from "../security/grants.ts";
import type { Change, ChangeOptions } from "../travel/change.ts";
import type { PluginSourceSpec } from "../travel/fetched.ts";
import { formatProposal, type Proposal } from "../travel/proposal.ts";
import { KBertError } from "../wall/errors.ts";
import type { CommandIo, Option } from "./command.ts";
import { usage } from "./options.ts";

/** Options of every command that is about one place. */
export const PLACE_OPTIONS = {
  place: { kind: "value", value: "DIR", help: "the folder of plugins that is meant (plugins)" },
  home: { kind: "flag", help: "the folder of plugins in your home, ~/.k-bert/plugins" },
} as const satisfies Record<string, Option>;

/** Options of those that bring code into it. */
export const CHANGE_OPTIONS = {
  ...PLACE_OPTIONS,
  yes: { kind: "flag", help: "agree to what is shown, where nobody can be asked" },
  "accept-key": {
    kind: "flag",
    help: "take a version that is signed with another key than before, or not signed",
  },
  "dry-run": { kind: "flag", help: "only show what would change" },
  json: { kind: "flag", help: "a line of JSON for each plugin" },
} as const satisfies Record<string, Option>;

/** What was given of {@linkcode CHANGE_OPTIONS}. */
export interface ChangeChoices {
  readonly yes?: true;
  readonly "accept-key"?: true;
  readonly "dry-run"?: true;
  readonly json?: true;
}

/** The folder that is meant. @throws {KBertError} `usage/invalid` for two at once, `file/unusable` without a home */
export function placeOf({ place, home }: { readonly place?: string; readonly home?: true }): string {
  if (home === undefined) return place ?? "plugins";
  if (place !== undefined) {
    throw usage("--home", "--place and --home say two different places; give one of them");
  }
  return `${folderOf(grantsPath())}/plugins`;
}

/**
 * A source as it was typed, for a place elsewhere: a path that was typed starts in the current folder, and one in a
 * registry where its place is.
 *
 * @param root where the paths of the place start
 * @throws {KBertError} `usage/invalid` for a word that is no path here, and was probably meant as a package
 */
export async function fromHere(spec: PluginSourceSpec, root?: string): Promise<PluginSourceSpec> {
  if (spec.source !== "local" || spec.path.startsWith("/")) return spec;
  if (/^[a-z0-9@][\w./-]*$/.test(spec.path) && !await exists(spec.path)) {
    throw usage(
      spec.path,
      `There is no folder or archive ${spec.path} here; for a package, write npm:${spec.path}`,
    );
  }
  const here = await Deno.realPath(".");
  return here === root ? spec : { ...spec, path: `${here}/${spec.path}` };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Shows each proposal, and asks unless the answer was given already. */
export function changeOptions(choices: ChangeChoices, place: string, io: CommandIo): ChangeOptions {
  return {
    signal: io.signal,
    acceptKey: choices["accept-key"] ?? false,
    agree: async (proposal): Promise<boolean> => {
      if (!choices.json) { for (const line of formatProposal(proposal)) io.print(line); }
      if (choices["dry-run"]) return false;
      return choices.yes ?? await asked(proposal, place, choices, io);
    },
  };
}

/** Tells what came of a change. */
export function tell(
  { outcome, proposal }: Change,
  choices: ChangeChoices,
  place: string,
  io: CommandIo,
): void {
  if (choices.json) return io.print(JSON.stringify({ ...proposal, outcome, place }));
  const { name, version } = proposal;
  const where = `${place}/${name}`;
  switch (outcome) {
    case "added":
    case "updated":
      io.print(`${outcome === "added" ? "Added" : "Updated"} ${name} ${version} in ${where}`);
      if (proposal.permissions.now.length > 0) {
        io.note(`What ${name} asks for is not granted by that: you are asked when it first starts`);
      }
      return;
    case "restored":
      return io.print(`Fetched ${name} ${version} again, as the lock says, into ${where}`);
    case "unchanged":
      return io.print(`${name} ${version} is what its source has`);
    case "refused":
      return io.print(`Nothing of ${name} was changed`);
  }
}

async function asked(
  { name, kind }: Proposal,
  place: string,
  { json }: ChangeChoices,
  io: CommandIo,
): Promise<boolean> {
  if (io.ask === undefined || json) {
    const message =
      `Nobody can be asked here whether to ${kind} ${name}; look at it with --dry-run, and run the ` +
      "command again with --yes";
    throw new KBertError("usage/invalid", message, { argument: "--yes" });
  }
  const answer = await io.ask(`Put this into ${place}? [y]es / [n]o: `);
  return /^y(es)?$/i.test(answer?.trim() ?? "");
}

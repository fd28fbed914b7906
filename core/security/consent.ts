/**
 * Nothing is granted that a person has not agreed to: asked once for each image, remembered by its hash.
 *
 * At a terminal the question is put there. Elsewhere loading fails with the command that grants what is
 * missing. What is asked is always shown whole: a plugin that asks for more than fits is refused, for nobody
 * agrees to what has scrolled away. Nothing of the plugin's own words is shown but its name, its version and
 * the values of its rights, none of which can make a line of its own.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { KBertError } from "../wall/errors.ts";
import { allowCommand, rightOptions } from "./commands.ts";
import { type AskUser, terminalAsk } from "./ask.ts";
import { type Grant, grantsPath, GrantStore } from "./grants.ts";
import type { PluginImage } from "./image.ts";
import {
  describePermissions,
  intersectPermissions,
  isEmpty,
  NO_PERMISSIONS,
  permissionDifference,
  type Permissions,
  seesText,
} from "./permissions.ts";

/** Where consent comes from. */
export interface ConsentOptions {
  /**
   * Opens the grants, each time anew, because another program may have written since. Not called for a plugin
   * that asks for nothing.
   *
   * @default {GrantStore.open()}
   */
  readonly store?: () => Promise<GrantStore>;
  /** How to ask; false to ask nobody. @default {the terminal, if there is one} */
  readonly ask?: AskUser | false;
}

/** Most characters that the rights of one plugin may take to be said: what fits on a screen and in an error. */
const MOST_CHARACTERS = 1_500;

/**
 * The rights that a plugin gets: those that it asks for and the user has granted to exactly this code. Its
 * services come along unasked, because the user's script offers them itself.
 *
 * A plugin that learns texts (by its port, from events of others or from services) and asks for the network
 * needs a second yes, the plugin's name. Who has granted only a part of what is asked for is not asked again:
 * the plugin then has that part.
 *
 * @throws {KBertError} `plugin/consent` if nobody can be asked, with the command that grants it as the end of
 * the message, or if the answer is no; `plugin/image` if it asks for more than can be shown; `file/unusable`
 * and `document/invalid` as {@linkcode GrantStore.open} does
 * @example A plugin that asks for nothing is not asked about
 * ```ts
 * import { consentFor } from "./consent.ts";
 * import { NO_PERMISSIONS } from "./permissions.ts";
 * import { parseManifest } from "../manifest/schema.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const manifest = parseManifest("{ name: a, version: 1.0.0, entry_points: { head: 'a:A' } }", "plugin.yaml");
 * assertEquals(await consentFor({ manifest, sha256: "0".repeat(64) }, "head"), NO_PERMISSIONS);
 * ```
 */
export async function consentFor(
  image: Pick<PluginImage, "manifest" | "sha256">,
  port: PortName,
  { store = () => GrantStore.open(), ask = terminalAsk() ?? false }: ConsentOptions = {},
): Promise<Permissions> {
  const { permissions } = image.manifest;
  if (isEmpty(permissions)) return intersectPermissions(permissions, permissions);
  requireShort(image);
  const request = { ...image, textSource: textSourceOf(image, port) };
  const grants = await store();
  const granted = grantedTo(request, grants);
  if (granted !== undefined) return granted;
  if (ask === false || !grants.isWritable) throw refusal(request, grants, ask === false ? "nobody" : "vain");
  return await inTurn(async () => {
    const grants = await store(); // the question before this one may have been the same
    return grantedTo(request, grants) ?? await dialogue(request, grants, ask);
  });
}

/**
 * The rights of a version that takes over from one that runs: those of that one, as far as it still asks for them,
 * and without a question, if it asks for nothing more. Otherwise as {@linkcode consentFor}.
 *
 * Nothing is remembered: what was allowed to the code before holds for the next one as long as this program runs,
 * because its user lets it reload that plugin. A start of the new code asks as any other.
 *
 * @throws {KBertError} as it does
 */
export async function consentAgain(
  image: Pick<PluginImage, "manifest" | "sha256">,
  port: PortName,
  before: { readonly image: Pick<PluginImage, "manifest">; readonly permissions: Permissions },
  options?: ConsentOptions,
): Promise<Permissions> {
  const { permissions } = image.manifest;
  const { added } = permissionDifference(before.image.manifest.permissions, permissions);
  const seesMore = textSourceOf(image, port) !== undefined && textSourceOf(before.image, port) === undefined;
  if (added.length > 0 || seesMore && permissions.net.length > 0) {
    return await consentFor(image, port, options);
  }
  return intersectPermissions(permissions, before.permissions);
}

/** What is to be agreed to. */
interface Request extends Pick<PluginImage, "manifest" | "sha256"> {
  /** How the plugin comes by texts, after "because it"; undefined if it does not. */
  readonly textSource: string | undefined;
}

/** Events and services carry whatever their senders put in: a head that hears an augmenter sees its texts. */
function textSourceOf({ manifest }: Pick<PluginImage, "manifest">, port: PortName): string | undefined {
  if (seesText(port)) return SEES_BY_PORT[port] ?? "is called with whatever you give it";
  if (manifest.events.listens.length > 0) return "hears events of other plugins";
  return manifest.permissions.services.length > 0 ? "calls services of your script" : undefined;
}

const SEES_BY_PORT: Readonly<Partial<Record<PortName, string>>> = {
  augmenter: "is an augmenter",
  feature: "is a feature extractor",
};

function requireShort({ manifest: { name, permissions } }: Pick<PluginImage, "manifest">): void {
  const value = [...describePermissions(permissions), ...rightOptions(permissions)].join(" ").length;
  if (value <= MOST_CHARACTERS) return;
  const reason = `its rights take ${value} characters to say, and the limit is ${MOST_CHARACTERS}`;
  const message =
    `Cannot ask for consent to the plugin ${name}: ${reason}; let it ask for less in plugin.yaml`;
  throw new KBertError("plugin/image", message, {
    ...{ plugin: name, file: "plugin.yaml" },
    ...{ limit: MOST_CHARACTERS, value },
  });
}

/** Undefined if there is a question to be asked. */
function grantedTo(request: Request, grants: GrantStore): Permissions | undefined {
  const grant = grants.find(request.manifest.name, request.sha256);
  if (grant === undefined) return undefined;
  const effective = intersectPermissions(request.manifest.permissions, grant.permissions);
  return sendsText(request, effective) && !grant.textAndNetwork ? undefined : effective;
}

function sendsText({ textSource }: Request, { net }: Permissions): boolean {
  return textSource !== undefined && net.length > 0;
}

/** The grant that is missing: what was granted to this code already, with the text; or else all of it. */
function missingGrant(request: Request, grants: GrantStore): Omit<Grant, "time"> {
  const { manifest: { name, version, permissions }, sha256 } = request;
  const granted = grants.find(name, sha256)?.permissions ?? permissions;
  const wanted = intersectPermissions(permissions, granted);
  return { name, version, sha256, permissions: wanted, textAndNetwork: sendsText(request, wanted) };
}

/** Nothing is remembered before the last answer. */
async function dialogue(request: Request, grants: GrantStore, ask: AskUser): Promise<Permissions> {
  const grant = missingGrant(request, grants);
  const { name, permissions } = grant;
  if (grants.find(name, request.sha256) === undefined) {
    const answer = await ask(firstQuestion(grant, grants.latest(name)));
    if (!/^y(es)?$/i.test(answer?.trim() ?? "")) throw refusal(request, grants, "no");
  }
  if (grant.textAndNetwork) {
    const answer = await ask(secondQuestion(request, permissions));
    if (answer?.trim() !== name) throw refusal(request, grants, "no");
  }
  await grants.grant(grant);
  return permissions;
}

function firstQuestion(grant: Omit<Grant, "time">, before: Grant | undefined): string {
  const { name, version, sha256, permissions } = grant;
  const lines = (list: readonly string[]): string[] => list.map((line) => `    ${line}`);
  const question = [
    `The plugin ${name} ${version} (code ${sha256.slice(0, 12)}) wants to`,
    ...lines(describePermissions(permissions)),
  ];
  if (before !== undefined) {
    const { added, removed } = permissionDifference(before.permissions, permissions);
    const code = `version ${before.version} (code ${before.sha256.slice(0, 12)})`;
    question.push(
      `  On ${before.time.slice(0, 10)} you allowed ${code}. Since then its code has changed, and`,
    );
    if (added.length > 0) question.push("  it newly wants to", ...lines(added));
    else question.push("  it asks for nothing new");
    if (removed.length > 0) question.push("  it no longer wants to", ...lines(removed));
  }
  return `${question.join("\n")}\nAllow this, and remember it for exactly this code? [y]es / [n]o: `;
}

function secondQuestion({ manifest: { name }, textSource }: Request, { net }: Permissions): string {
  const hosts = describePermissions({ ...NO_PERMISSIONS, net }).join(", ");
  return `${name} can learn your texts, because it ${textSource}, and it may ${hosts}:\n` +
    "it could send your texts there, and nothing would show it.\n" +
    `If that is what you want, type the name of the plugin (${name}); anything else refuses: `;
}

/** Why there is no consent. */
type Refused = "nobody" | "vain" | "no";

function refusal(request: Request, grants: GrantStore, why: Refused): KBertError<"plugin/consent"> {
  const grant = missingGrant(request, grants);
  const { name, version, sha256, permissions } = grant;
  const asks = describePermissions(permissions);
  const command = allowCommand(grant, { path: grants.path, isDefault: isDefault(grants.path) });
  const message = why === "no"
    ? `The plugin ${name} ${version} was refused what it asks for; should you change your mind, run: ${command}`
    : `The plugin ${name} ${version} asks to ${asks.join(", ")}${whatIsMissing(request, grant, grants)}; ` +
      `${why === "vain" ? "an answer here could not be kept, so to" : "to"} allow it, run: ${command}`;
  return new KBertError("plugin/consent", message, { plugin: name, sha256, asks, command });
}

function whatIsMissing(request: Request, grant: Omit<Grant, "time">, grants: GrantStore): string {
  const danger = grant.textAndNetwork ? ` (it ${request.textSource}, so it could send your texts away)` : "";
  if (grants.find(grant.name, grant.sha256) !== undefined) {
    return `, and having the network together with your texts is not allowed to this code yet${danger}`;
  }
  return `${sinceText(grant, grants)}, and that is not allowed to this code yet${danger}`;
}

function sinceText({ name, permissions }: Omit<Grant, "time">, grants: GrantStore): string {
  const before = grants.latest(name);
  if (before === undefined) return "";
  const { added } = permissionDifference(before.permissions, permissions);
  return ` (new since version ${before.version}, which you allowed: ${added.join(", ") || "only its code"})`;
}

function isDefault(path: string): boolean {
  try {
    return path === grantsPath();
  } catch {
    return false; // it cannot be told, so the command names the file
  }
}

let turn: Promise<unknown> = Promise.resolve();

/** There is one terminal: a dialogue begins when the one before it has ended, however it did. */
function inTurn<T>(dialogue: () => Promise<T>): Promise<T> {
  const result = turn.then(dialogue);
  turn = result.catch(() => {});
  return result;
}

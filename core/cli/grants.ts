/**
 * `grants list|show|allow|revoke`: what the user has allowed to plugins.
 *
 * Running `allow` is the consent, so it asks nothing. All four take `--file`, so that a test has a file of its own.
 *
 * @module
 */
import { suggest } from "../manifest/suggest.ts";
import { validate } from "../manifest/validate.ts";
import { decodeValue } from "../security/commands.ts";
import { type Grant, grantSchema, GrantStore } from "../security/grants.ts";
import { lockedImage } from "../security/locked_image.ts";
import { describePermissions, isEmpty, LISTED_RIGHTS, type Permissions } from "../security/permissions.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { type Command, defineCommand, type Given } from "./command.ts";
import { usage } from "./options.ts";

const LISTING = {
  json: { kind: "flag", help: "one line of JSON per grant" },
  file: { kind: "value", value: "PATH", help: "another file of grants" },
} as const;

const LIST = defineCommand({
  name: "grants list",
  summary: "Lists which plugins may do what",
  takes: "",
  count: [0, 0],
  options: LISTING,
  details:
    `A grant says what one plugin may do beside computing, and holds for exactly one state of its code. Grants
are kept in ~/.k-bert/grants.json, and nothing else ever adds to that file but grants allow, and a "yes" of yours when
a plugin is loaded.`,
  examples: [{ line: "grants list", does: "prints a line for every grant" }],
  async run(_none, { json, file }, { print }): Promise<void> {
    const grants = (await storeOf(file)).list();
    for (const grant of grants) print(json ? JSON.stringify(grant) : lineOf(grant));
    if (grants.length === 0 && !json) print("Nothing is granted to any plugin");
  },
});

const SHOW = defineCommand({
  name: "grants show",
  summary: "Shows the grants of one plugin, with everything that they allow",
  takes: "NAME",
  count: [1, 1],
  options: LISTING,
  examples: [{ line: "grants show weather_features", does: "prints what it may do, a line for each right" }],
  async run([name], { json, file }, { print }): Promise<void> {
    const store = await storeOf(file);
    const grants = store.list().filter((grant) => grant.name === name);
    if (grants.length === 0) throw unknownPlugin(name!, store);
    for (const grant of grants) printGrant(grant, json, print);
  },
});

const ALLOW_OPTIONS = {
  sha256: { kind: "value", value: "HASH", help: "of the code; a folder is allowed only if its code has it" },
  net: { kind: "values", value: "HOST[:PORT]", help: "connect there" },
  read: { kind: "values", value: "PATH", help: "read a file, or a folder and what is in it" },
  write: { kind: "values", value: "PATH", help: "write a file, or a folder and what is in it" },
  env: { kind: "values", value: "NAME", help: "read an environment variable" },
  gpu: { kind: "flag", help: "compute on the graphics card" },
  "text-and-network": {
    kind: "flag",
    help: "the network also where the plugin learns your texts: it could send them away",
  },
  ...LISTING,
} as const;

type AllowOptions = Given<typeof ALLOW_OPTIONS>;

const ALLOW = defineCommand({
  name: "grants allow",
  summary: "Allows a plugin what it asks for, or the rights that are named",
  takes: "FOLDER|NAME@VERSION",
  count: [1, 1],
  options: ALLOW_OPTIONS,
  details:
    `With a FOLDER, or a URL, the plugin there is allowed all that its plugin.yaml asks for. With NAME@VERSION
and --sha256, exactly the rights that are named; an error about consent tells the whole line. Values of rights have
%20 and the like for odd signs. Running this is the consent, so it asks nothing; it prints what is allowed now.`,
  examples: [
    { line: "grants allow plugins/weather_features", does: "allows what its plugin.yaml asks for" },
    {
      line: "grants allow weather_features@1.0.0 --sha256=<hash> --net=api.example.com",
      does: "allows this code to connect there, and nothing else",
    },
  ],
  async run([given], options, { print }): Promise<void> {
    const grant = NAMED.test(given!) ? namedGrant(given!, options) : await folderGrant(given!, options);
    if (isEmpty(grant.permissions)) {
      throw usage(given!, `${grant.name} asks for nothing, so there is nothing to allow`);
    }
    const store = await storeOf(options.file);
    printGrant(await store.grant(grant), options.json, print);
  },
});

const REVOKE = defineCommand({
  name: "grants revoke",
  summary: "Forgets all grants of a plugin; when it is loaded again, you are asked again",
  takes: "NAME",
  count: [1, 1],
  options: LISTING,
  examples: [{ line: "grants revoke weather_features", does: "takes back what it was allowed" }],
  async run([name], { json, file }, { print }): Promise<void> {
    const store = await storeOf(file);
    const revoked = store.latest(name!) === undefined ? [] : await store.revoke(name!);
    if (revoked.length === 0) throw unknownPlugin(name!, store);
    for (const grant of revoked) print(json ? JSON.stringify(grant) : `Revoked: ${lineOf(grant)}`);
  },
});

/**
 * The commands. They throw `usage/invalid`, `plugin/unknown` for a plugin without grants, and what reading the file of
 * grants and the plugin throw.
 *
 * @example
 * ```ts
 * import { grantsCommands } from "./grants.ts";
 * import { runCommandLine } from "./program.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const lines: string[] = [];
 * const program = { name: "k-bert", version: "1.0.0", summary: "", commands: grantsCommands };
 * const io = {
 *   ...{ print: (line: string) => void lines.push(line), note() {}, ask: undefined, color: false },
 *   ...{ signal: new AbortController().signal, input: new ReadableStream() },
 * };
 * const run = (...args: string[]) => runCommandLine(program, ["grants", ...args, `--file=${folder}/grants.json`], io);
 * await run("allow", "spam_head@1.0.0", "--sha256", "0".repeat(64), "--net", "example.com:443");
 * await run("list");
 * assertEquals(lines.at(-1)?.split("\t"), ["spam_head", "1.0.0", "000000000000", "connect to example.com:443"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export const grantsCommands: readonly Command[] = [LIST, SHOW, ALLOW, REVOKE];

const NAMED = /^([a-z][a-z0-9_-]{0,63})@(\d[^/\\]*)$/;

/** What the line itself says. */
function namedGrant(given: string, options: AllowOptions): Omit<Grant, "time"> {
  const [, name, version] = NAMED.exec(given)!;
  const { sha256, "text-and-network": textAndNetwork = false } = options;
  if (sha256 === undefined) {
    throw usage("--sha256", `allow ${given} needs --sha256; for a folder of that name, write ./${given}`);
  }
  const value = { name, version, sha256, permissions: rightsOf(options), textAndNetwork };
  try {
    return validate(value, grantSchema.omit({ time: true }), { file: "the command line" });
  } catch (cause) {
    throw new KBertError("usage/invalid", messageOf(cause), { argument: given }, { cause });
  }
}

/** What the plugin in a folder asks for. */
async function folderGrant(given: string, options: AllowOptions): Promise<Omit<Grant, "time">> {
  requireNoRights(options);
  const { manifest: { name, version, permissions }, sha256 } = await lockedImage(given);
  if (options.sha256 !== undefined && options.sha256 !== sha256) {
    throw usage("--sha256", `The code in ${given} is not what --sha256 says; it is ${sha256}`);
  }
  return { name, version, sha256, permissions, textAndNetwork: options["text-and-network"] ?? false };
}

function rightsOf(options: AllowOptions): Permissions {
  const listed = LISTED_RIGHTS.map((
    right,
  ) => [right, (options[right] ?? []).map((text) => decoded(right, text))]);
  return { ...Object.fromEntries(listed), gpu: options.gpu ?? false, services: [] };
}

function decoded(option: string, text: string): string {
  try {
    return decodeValue(text);
  } catch {
    throw usage(`--${option}`, `--${option} ${text} has a % that begins no sign; write %25 for a % itself`);
  }
}

function requireNoRights(options: AllowOptions): void {
  const right = [...LISTED_RIGHTS, "gpu" as const].find((right) => options[right] !== undefined);
  if (right === undefined) return;
  throw usage(`--${right}`, `grants allow FOLDER takes no --${right}; that is for allow NAME@VERSION`);
}

function storeOf(file: string | undefined): Promise<GrantStore> {
  return file === undefined ? GrantStore.open() : GrantStore.open(file);
}

function unknownPlugin(name: string, store: GrantStore): KBertError {
  const nearest = suggest(name, store.list().map((grant) => grant.name));
  const advice = nearest === undefined ? "grants list shows all grants" : `did you mean ${nearest}?`;
  const detail = { plugin: name, ...(nearest === undefined ? {} : { nearest }) };
  return new KBertError("plugin/unknown", `Nothing is granted to a plugin ${name}; ${advice}`, detail);
}

function lineOf({ name, version, sha256, permissions }: Grant): string {
  return [name, version, sha256.slice(0, 12), describePermissions(permissions).join(", ")].join("\t");
}

function printGrant(grant: Grant, json: true | undefined, print: (line: string) => void): void {
  if (json) return print(JSON.stringify(grant));
  const { name, version, sha256, permissions, textAndNetwork, time } = grant;
  print(`${name} ${version}, since ${time}, code ${sha256}, may`);
  for (const line of describePermissions(permissions)) print(`  ${line}`);
  if (permissions.net.length === 0) return;
  print(`  ${textAndNetwork ? "connect also" : "not connect"} where it learns your texts`);
}

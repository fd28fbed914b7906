/**
 * `grants list|show|allow|revoke`: what the user has allowed to plugins.
 *
 * Running `allow` is the consent, so it asks nothing; it prints what is allowed now.
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
import { parseOptions, usage } from "./options.ts";

const HELP = `Usage: grants list [--json]
       grants show NAME [--json]
       grants allow FOLDER [--text-and-network] [--json]
       grants allow NAME@VERSION --sha256 HASH [rights …] [--text-and-network] [--json]
       grants revoke NAME [--json]

Lists, shows, makes and revokes grants: which plugin may do what beside computing. A grant holds for exactly
one state of a plugin's code. It is kept in ~/.k-bert/grants.json, and nothing else ever adds to that file
but a "yes" of yours when a plugin is loaded.

  list                 a line for every grant
  show NAME            the grants of one plugin, with everything that they allow
  allow FOLDER         allows the plugin in a folder, or at a URL, all that its plugin.yaml asks for
  allow NAME@VERSION   allows exactly the rights that are named; an error about consent tells the whole line
  revoke NAME          forgets all grants of a plugin; when it is loaded again, you are asked again

Rights, each as often as it is needed, with %20 and the like for odd signs:
  --net HOST[:PORT]    connect there
  --read PATH          read a file, or a folder and what is in it
  --write PATH         write a file, or a folder and what is in it
  --env NAME           read an environment variable
  --gpu                compute on the graphics card

  --sha256 HASH        of the code; with a folder, it is allowed only if its code has this hash
  --text-and-network   allow the network also where the plugin learns your texts: it could send them away
  --file PATH          another file of grants
  --json               one line of JSON per grant
  --help               this text

Examples:
  deno task grants list
  deno task grants show weather_features
  deno task grants allow plugins/weather_features --text-and-network
  deno task grants revoke weather_features

Exit codes: 0 done, 1 it could not be done, 2 the command line was wrong`;

const OPTIONS = {
  sha256: "value",
  file: "value",
  json: "flag",
  help: "flag",
  "text-and-network": "flag",
  net: "values",
  read: "values",
  write: "values",
  env: "values",
  gpu: "flag",
} as const;

type Options = ReturnType<typeof parseOptions<typeof OPTIONS>>["options"];

/**
 * The command.
 *
 * @param args the command line after `grants`
 * @param print writes one line
 * @throws {KBertError} `usage/invalid`; `plugin/unknown` for a plugin without grants; what reading the file of
 * grants and the plugin throw
 * @example
 * ```ts
 * import { grantsCommand } from "./grants.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const lines: string[] = [];
 * const run = (...args: string[]) => grantsCommand([...args, "--file", `${folder}/grants.json`], (line) => lines.push(line));
 * await run("allow", "spam_head@1.0.0", "--sha256", "0".repeat(64), "--net", "example.com:443");
 * await run("list");
 * assertEquals(lines.at(-1)?.split("\t"), ["spam_head", "1.0.0", "000000000000", "connect to example.com:443"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function grantsCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { options, rest: [command, ...names] } = parseOptions(args, OPTIONS);
  if (options.help) return print(HELP);
  const run = command !== undefined && Object.hasOwn(COMMANDS, command)
    ? COMMANDS[command as keyof typeof COMMANDS]
    : undefined;
  if (run === undefined) {
    const problem = command === undefined
      ? "grants needs a command"
      : `There is no command grants ${command}`;
    throw usage(command ?? "grants", `${problem}; there is list, show, allow and revoke, see grants --help`);
  }
  if (run !== allow) requireNoRights(options, command!);
  await run(names, options, print);
}

type Command = (names: readonly string[], options: Options, print: (line: string) => void) => Promise<void>;

const COMMANDS = { list, show, allow, revoke } satisfies Record<string, Command>;

async function list(
  names: readonly string[],
  options: Options,
  print: (line: string) => void,
): Promise<void> {
  if (names.length > 0) throw usage(names[0]!, "grants list takes no name; show NAME shows one plugin's");
  const grants = (await storeOf(options)).list();
  for (const grant of grants) print(options.json ? JSON.stringify(grant) : lineOf(grant));
  if (grants.length === 0 && !options.json) print("Nothing is granted to any plugin");
}

async function show(
  names: readonly string[],
  options: Options,
  print: (line: string) => void,
): Promise<void> {
  const name = onlyOf(names, "show needs the NAME of a plugin");
  const store = await storeOf(options);
  const grants = store.list().filter((grant) => grant.name === name);
  if (grants.length === 0) throw unknownPlugin(name, store);
  for (const grant of grants) printGrant(grant, options, print);
}

async function allow(
  names: readonly string[],
  options: Options,
  print: (line: string) => void,
): Promise<void> {
  const given = onlyOf(names, "allow needs the FOLDER of a plugin, or NAME@VERSION");
  const grant = NAMED.test(given) ? namedGrant(given, options) : await folderGrant(given, options);
  if (isEmpty(grant.permissions)) {
    throw usage(given, `${grant.name} asks for nothing, so there is nothing to allow`);
  }
  const store = await storeOf(options);
  printGrant(await store.grant(grant), options, print);
}

async function revoke(
  names: readonly string[],
  options: Options,
  print: (line: string) => void,
): Promise<void> {
  const name = onlyOf(names, "revoke needs the NAME of a plugin");
  const store = await storeOf(options);
  const revoked = store.latest(name) === undefined ? [] : await store.revoke(name);
  if (revoked.length === 0) throw unknownPlugin(name, store);
  for (const grant of revoked) print(options.json ? JSON.stringify(grant) : `Revoked: ${lineOf(grant)}`);
}

const NAMED = /^([a-z][a-z0-9_-]{0,63})@(\d[^/\\]*)$/;

/** What the line itself says. */
function namedGrant(given: string, options: Options): Omit<Grant, "time"> {
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
async function folderGrant(given: string, options: Options): Promise<Omit<Grant, "time">> {
  requireNoRights(options, "allow FOLDER");
  const { manifest: { name, version, permissions }, sha256 } = await lockedImage(given);
  if (options.sha256 !== undefined && options.sha256 !== sha256) {
    throw usage("--sha256", `The code in ${given} is not what --sha256 says; it is ${sha256}`);
  }
  return { name, version, sha256, permissions, textAndNetwork: options["text-and-network"] ?? false };
}

function rightsOf(options: Options): Permissions {
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

function requireNoRights(options: Options, command: string): void {
  const right = [...LISTED_RIGHTS, "gpu" as const].find((right) => options[right] !== undefined);
  if (right === undefined) return;
  throw usage(`--${right}`, `grants ${command} takes no --${right}; that is for allow NAME@VERSION`);
}

function storeOf({ file }: Options): Promise<GrantStore> {
  return file === undefined ? GrantStore.open() : GrantStore.open(file);
}

function onlyOf(names: readonly string[], problem: string): string {
  const [name, another] = names;
  if (name === undefined) throw usage("", `grants ${problem}`);
  if (another !== undefined) throw usage(another, `grants ${problem}, and only one`);
  return name;
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

function printGrant(grant: Grant, { json }: Options, print: (line: string) => void): void {
  if (json) return print(JSON.stringify(grant));
  const { name, version, sha256, permissions, textAndNetwork, time } = grant;
  print(`${name} ${version}, since ${time}, code ${sha256}, may`);
  for (const line of describePermissions(permissions)) print(`  ${line}`);
  if (permissions.net.length === 0) return;
  print(`  ${textAndNetwork ? "connect also" : "not connect"} where it learns your texts`);
}

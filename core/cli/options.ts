/**
 * Reads a command line: `--name value`, `--name=value`, `--flag`, and everything else.
 *
 * @module
 */
import { suggest } from "../manifest/suggest.ts";
import { KBertError } from "../wall/errors.ts";

/** What a command takes: option → whether it has a value, or values because it may be given more than once. */
export type OptionNames = Readonly<Record<string, "value" | "values" | "flag">>;

/** The parts of a command line. */
export interface ParsedOptions<Names extends OptionNames> {
  readonly options: { readonly [Name in keyof Names]?: OptionValue<Names[Name]> };
  readonly rest: readonly string[];
}

type OptionValue<Kind> = Kind extends "value" ? string : Kind extends "values" ? readonly string[] : true;

/**
 * Takes a command line apart. After `--` nothing is an option any more.
 *
 * @throws {KBertError} `usage/invalid` for an unknown option (with the nearest one) or a missing value.
 *
 * @example
 * ```ts
 * import { parseOptions } from "./options.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const { options, rest } = parseOptions(["--model", "runs/a", "hello"], { model: "value", json: "flag" });
 * assertEquals([options.model, options.json, rest], ["runs/a", undefined, ["hello"]]);
 * ```
 */
export function parseOptions<Names extends OptionNames>(
  args: readonly string[],
  names: Names,
): ParsedOptions<Names> {
  const options: Record<string, string | string[] | true> = {};
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!;
    if (argument === "--") {
      rest.push(...args.slice(index + 1));
      break;
    }
    if (!argument.startsWith("--")) {
      rest.push(argument);
      continue;
    }
    const [name, given] = splitOnce(argument.slice(2), "=");
    const kind = Object.hasOwn(names, name) ? names[name] : undefined;
    if (kind === undefined) throw unknownOption(name, Object.keys(names));
    if (kind === "flag") {
      if (given !== undefined) throw usage(argument, `--${name} takes no value`);
      options[name] = true;
    } else {
      const value = given ?? args[++index];
      // `--model --json` forgot a path; a value that really starts so can be given as `--model=--json`.
      if (value === undefined || (given === undefined && value.startsWith("--"))) {
        throw usage(argument, `--${name} needs a value after it`);
      }
      if (kind === "value") options[name] = value;
      else options[name] = [...(options[name] as string[] | undefined ?? []), value];
    }
  }
  return { options: options as ParsedOptions<Names>["options"], rest };
}

/** An error about the command line. */
export function usage(argument: string, message: string): KBertError<"usage/invalid"> {
  return new KBertError("usage/invalid", message, { argument });
}

function unknownOption(name: string, known: readonly string[]): KBertError<"usage/invalid"> {
  const nearest = suggest(name, known);
  const advice = nearest
    ? `did you mean --${nearest}?`
    : `known are ${known.map((one) => `--${one}`).join(", ")}`;
  return usage(`--${name}`, `There is no option --${name}; ${advice}`);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/**
 * Checks of a plugin's life: that it begins, serves, refuses settings that are none, and ends.
 *
 * @module
 */
import type { SettingDeclaration } from "../manifest/declaration.ts";
import { configurationOf } from "../manifest/families.ts";
import { KBertError } from "../wall/errors.ts";
import { type LedgerKind, openThings } from "../wall/ledger.ts";
import { answersOf } from "./answers.ts";
import { type Check, Lost, Skipped } from "./check.ts";
import { managerFor, type Subject, Trial } from "./subject.ts";

/** A process is gone a few milliseconds after it was ended. */
const MAX_END_LOOKS = 300;
const LOOK_MS = 10;

/** It is made, initialized and activated, and can be unloaded. */
export const loads: Check = {
  name: "loads",
  asks: "starts with the settings that its manifest requires, and becomes active",
  async run(subject): Promise<string> {
    await using trial = await Trial.start(subject);
    return `it became ${trial.plugin.state}`;
  },
};

/** Every call that its port has is answered. */
export const answers: Check = {
  name: "answers",
  asks: "answers the calls of its port",
  async run(subject): Promise<string> {
    await using trial = await Trial.start(subject);
    const calls = trial.calls();
    if (calls.length === 0) throw new Skipped(nothingToCall(subject));
    await answersOf(calls, trial.plugin);
    return `it answered ${calls.length} sample calls`;
  },
};

/** Settings that its manifest does not take are refused before anything of it runs. */
export const badSettings: Check = {
  name: "bad settings",
  asks: "refuses settings of a wrong type, out of range, missing or unknown with a sentence that names them",
  async run(subject): Promise<string> {
    const { image, port, settings } = subject;
    const declared = Object.entries(configurationOf(image.manifest.configuration, port));
    const bad = declared.flatMap(([name, declaration]) =>
      badValues(declaration).map((value) => [name, { ...settings, [name]: value }] as const)
    );
    const missing = declared.filter(([name, { required }]) => required === true && name in settings)
      .map(([name]) => [name, without(settings, name)] as const);
    const unknown = ["no_such_setting", { ...settings, no_such_setting: 1 }] as const;
    const all: (readonly [string, Readonly<Record<string, unknown>>])[] = [...bad, ...missing, unknown];
    await using manager = managerFor(subject);
    for (const [name, wrong] of all) {
      const problem = await manager.load(image, { port, settings: wrong }).then(
        () => `it took ${JSON.stringify(wrong[name]) ?? "nothing"}`,
        (error) => problemOfRefusal(error, name),
      );
      if (problem !== undefined) throw new Lost(`of the setting ${name}, ${problem}`);
    }
    return `${
      bad.length + missing.length + 1
    } wrong settings were refused, each with a sentence that names it`;
  },
};

/** Nothing of it is open when it is unloaded, and it did not fail at ending. */
export const unloads: Check = {
  name: "unload",
  asks: "ends without an error, and leaves no call, stream, listener or process open",
  async run(subject): Promise<string> {
    const before = openThings();
    const failures: string[] = [];
    {
      await using trial = await Trial.start(subject);
      const { bus } = trial.manager;
      bus.on("plugin.deactivation_failed", ({ error }) => void failures.push(error));
      await answersOf(trial.calls(), trial.plugin);
      await trial.plugin.unload("its check is over");
    }
    if (failures.length > 0) throw new Lost(`it failed at being deactivated: ${failures[0]}`);
    const left = await openAfter(before);
    if (left.length > 0) throw new Lost(`it left something open: ${left.join(", ")}`);
    return "nothing of it was open after it was unloaded";
  },
};

/** Why a plugin of no particular kind, or a callback without moments, has no sample calls. */
export function nothingToCall({ port }: Subject): string {
  return port === "plugin"
    ? "it has no method without parameters"
    : `it has nothing that a ${port} is called by`;
}

/** Values that a declaration does not take. */
function badValues({ type, min, max, values = [] }: SettingDeclaration): unknown[] {
  switch (type) {
    case "int":
    case "float":
      return [
        ...["many", NaN, [1]],
        ...(type === "int" ? [0.5] : []),
        ...(min === undefined ? [] : [min - 1]),
        ...(max === undefined ? [] : [max + 1]),
      ];
    case "string":
      return [7, ["a"], ...(min === undefined || min === 0 ? [] : ["x".repeat(min - 1)])];
    case "bool":
      return ["maybe", 1];
    case "enum":
      return [["no such value", null].find((value) => !values.includes(value as string))];
    case "list":
      return ["a list", ...(min === undefined || min === 0 ? [] : [[]])];
    case "object":
      return ["an object", []];
  }
}

function without(settings: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => key !== name));
}

/** What is wrong with a refusal, if it is none or does not say what it is about. */
function problemOfRefusal(error: unknown, name: string): string | undefined {
  if (!(error instanceof KBertError) || error.code !== "document/invalid") return `the end was ${error}`;
  return error.message.includes(name) ? undefined : `the refusal does not name it: ${error.message}`;
}

async function openAfter(before: Readonly<Record<LedgerKind, number>>): Promise<string[]> {
  const leftNow = (): string[] =>
    (Object.entries(openThings()) as [LedgerKind, number][]).flatMap(([kind, count]) =>
      count > before[kind] ? [`${count - before[kind]} ${kind}`] : []
    );
  for (let look = 0; look < MAX_END_LOOKS && leftNow().length > 0; look++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return leftNow();
}

/**
 * The plugin of the storm, version by version: good ones, and one for each way in which a version can be broken.
 *
 * It counts what it is asked, and remembers for each caller which request and which event it had last: all of an
 * answer is for the test to check.
 *
 * @module
 */
import type { Tier } from "../../mod.ts";

/** How versions are broken: where a reload fails, and in `crash` where it is taken back. */
export const KINDS = [
  "syntax",
  "types",
  "vetting",
  "settings",
  "rights",
  "initialize",
  "endless",
  "restore",
  "activate",
  "crash",
] as const;
/** See {@linkcode KINDS}. */
export type Kind = typeof KINDS[number] | "good";

/** What the plugin answers a request with. */
export interface Answer {
  /** Of its code. */
  readonly version: number;
  readonly number: number;
  /** The number of the caller's request before this one. */
  readonly previous: number;
  /** The number of the caller's event that it heard last. */
  readonly event: number;
  /** How many requests it has had, this one too, in all of its versions. */
  readonly total: number;
}

/** What it says for each event that it hears. */
export interface Pong {
  readonly version: number;
  readonly caller: string;
  readonly number: number;
  readonly previous: number;
}

/** The topics of the storm. */
export interface StormEvents {
  "storm.ping": { readonly caller: string; readonly number: number };
  "storm.pong": Pong;
}

/** A version as it is saved. */
export interface StormVersion {
  readonly number: number;
  readonly kind: Kind;
  readonly manifest: string;
  readonly main: string;
  /** Where main.ts is broken, counted from 1; undefined if it is not, or a reload cannot know. */
  readonly line: number | undefined;
}

/** The setting that it is used with; `settings` allows less. */
export const DEPTH = 5;

/** @param tier where it runs: in a process, a version that never gets ready may loop */
export function stormVersion(number: number, kind: Kind, tier: Tier): StormVersion {
  const main = mainOf(number, kind, tier);
  const line = main.split("\n").findIndex((text) => text.endsWith("// here")) + 1;
  const isPlaced = line > 0 && kind !== "endless" && kind !== "crash";
  return { number, kind, manifest: manifestOf(kind), main, line: isPlaced ? line : undefined };
}

/** Saves both of its files before anybody else gets a turn. */
export function save(folder: string, { manifest, main }: StormVersion): void {
  Deno.writeTextFileSync(`${folder}/plugin.yaml`, manifest);
  Deno.writeTextFileSync(`${folder}/main.ts`, main);
}

function manifestOf(kind: Kind): string {
  return `name: storm
version: 1.0.0
description: Remembers what it is asked
author: The k-bert authors
license: MIT
entry_points:
  plugin: main:Storm
configuration:
  depth: { type: int, default: 3, max: ${kind === "settings" ? DEPTH - 1 : DEPTH} }
events:
  emits: [storm.pong]
  listens: [storm.ping]
permissions:
  env: [LANG]
  net: [${kind === "rights" ? "example.com:443" : ""}]
`;
}

function mainOf(number: number, kind: Kind, tier: Tier): string {
  const only = (broken: Kind, code: string): string => kind === broken ? `${code} // here` : "";
  // Each third version listens only when calls and events wait already.
  const listen = 'this.use(this.eventBus.on("storm.ping", (ping) => this.#hear(ping)));';
  const fails = 'throw new Error("broken on purpose");';
  return `import { PluginPort } from "k-bert/sdk";
${only("vetting", 'import { readFileSync } from "node:fs";')}
${only("types", 'namespace Broken { export * from "./other.ts"; }')}

const VERSION = ${number};
type Numbers = Record<string, number>;

export class Storm extends PluginPort {
  override readonly stateVersion = ${formOf(number)};
  #total = 0;
  #requests: Numbers = {};
  #events: Numbers = {};

  override initialize(): Promise<void> | void {
    ${only("initialize", fails)}
    ${number % 3 === 0 ? "" : listen}
    ${only("endless", tier === "process" ? "for (;;);" : "return new Promise(() => {});")}
  }

  override activate(): void {
    ${number % 3 === 0 ? listen : ""}
    ${only("activate", fails)}
  }

  ask(caller: string, number: number): unknown {
    return this.#take(caller, number);
  }

  async askSlowly(caller: string, number: number, ms: number): Promise<unknown> {
    const answer = this.#take(caller, number);
    await new Promise((resolve) => setTimeout(resolve, ms));
    return await answer;
  }

  async *count(caller: string, number: number, items: number): AsyncGenerator<unknown> {
    const answer = await this.#take(caller, number);
    for (let item = 0; item < items; item++) {
      if (item % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 1));
      yield { ...answer, item };
    }
  }

  override restoreState(state: unknown): void {
    ${only("restore", fails)}
    this.#restore(state);
  }
${formOf(number) === 1 ? FORM_1 : FORM_2}

  #take(caller: string, number: number): Record<string, unknown> {
    ${only("crash", CRASH)}
    const previous = this.#requests[caller] ?? 0;
    this.#requests[caller] = number;
    return { version: VERSION, number, previous, event: this.#events[caller] ?? 0, total: ++this.#total };
  }

  async #hear({ caller, number }: { caller: string; number: number }): Promise<void> {
    ${only("crash", "return;")}
    const previous = this.#events[caller] ?? 0;
    this.#events[caller] = number;
    await this.eventBus.emit("storm.pong", { version: VERSION, caller, number, previous });
  }
}
${only("syntax", "const = 5;")}
`;
}

/** Answers nothing, and is gone in the next turn. */
const CRASH =
  "setTimeout(() => { throw new Error(`version ${VERSION} crashed`); }); return new Promise(() => {});";

/** The state has one of two forms, and each second version brings it into the other. */
function formOf(number: number): 1 | 2 {
  return number % 2 === 0 ? 1 : 2;
}

const FORM_1 = `
  override captureState(): unknown {
    return { total: this.#total, requests: this.#requests, events: this.#events };
  }

  override migrateState({ sum, had: [requests, events] }: { sum: number; had: [Numbers, Numbers] }): unknown {
    return { total: sum, requests, events };
  }

  #restore({ total, requests, events }: { total: number; requests: Numbers; events: Numbers }): void {
    this.#total = total;
    this.#requests = requests;
    this.#events = events;
  }`;

const FORM_2 = `
  override captureState(): unknown {
    return { sum: this.#total, had: [this.#requests, this.#events] };
  }

  override migrateState({ total, requests, events }: { total: number; requests: Numbers; events: Numbers }): unknown {
    return { sum: total, had: [requests, events] };
  }

  #restore({ sum, had }: { sum: number; had: [Numbers, Numbers] }): void {
    this.#total = sum;
    [this.#requests, this.#events] = had;
  }`;

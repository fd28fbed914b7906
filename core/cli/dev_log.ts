/**
 * The live log of `plugin dev`: what the plugin says and emits, its phases, and what goes wrong, a line each as it
 * happens.
 *
 * While calls are timed, events are counted and not shown: forty rounds of them would bury everything else.
 *
 * @module
 */
import type { BusEvent } from "../bus/event.ts";
import type { EventBus } from "../bus/event_bus.ts";
import type { RuntimeEvents } from "../bus/events.ts";
import { formatRecord, LOG_LEVELS, type LogLevel } from "../container/logger.ts";
import { printable } from "../wall/printable.ts";
import { noteReloads } from "./reload_notes.ts";
import type { Style } from "./style.ts";

/** Where lines go. */
export interface DevLogOptions {
  readonly print: (line: string) => void;
  readonly style: Style;
  /** Whether each line is an object. */
  readonly json: boolean;
}

/** Longest payload that is shown, in characters. */
const MAX_PAYLOAD = 300;

/** Told by {@linkcode noteReloads}, in a better way. */
const OF_RELOADS: ReadonlySet<string> = new Set([
  "plugin.reloaded",
  "plugin.reload_failed",
  "plugin.rolled_back",
]);

/** Listens until it is disposed of. */
export class DevLog implements Disposable {
  readonly #options: DevLogOptions;
  readonly #listeners = new DisposableStack();
  #counts: Map<string, number> | undefined;

  constructor(bus: EventBus, options: DevLogOptions) {
    this.#options = options;
    this.#listeners.use(bus.on(">", (_payload, event) => this.#hear(event)));
    if (!options.json) this.#listeners.use(noteReloads(bus, (line) => this.say(line)));
  }

  /** Writes a line of the program's own. @param fields for programs, in the place of the line */
  say(line: string, fields?: { readonly kind: string } & Readonly<Record<string, unknown>>): void {
    const { print, style, json } = this.#options;
    const now = new Date();
    if (json) {
      print(JSON.stringify({ time: now.toISOString(), ...fields ?? { kind: "note", message: line } }));
    } else print(`${style.dim(clock(now))} ${line}`);
  }

  /** Counts events instead of showing them, until the answer is called, which has the numbers by topic. */
  countEvents(): () => Readonly<Record<string, number>> {
    const counts = this.#counts = new Map<string, number>();
    return () => {
      if (this.#counts === counts) this.#counts = undefined;
      return Object.fromEntries(counts);
    };
  }

  [Symbol.dispose](): void {
    this.#listeners.dispose();
  }

  #hear(event: BusEvent): void {
    const { topic, source, payload } = event;
    const isHost = source === "host";
    if (this.#counts && !isHost && !/^log\.(?:warning|error)$/.test(topic)) {
      this.#counts.set(topic, (this.#counts.get(topic) ?? 0) + 1);
    } else if (this.#options.json) {
      this.say("", { kind: "event", topic, source, payload });
    } else if (!OF_RELOADS.has(topic)) this.say(this.#lineOf(event));
  }

  #lineOf({ topic, source, payload }: BusEvent): string {
    const { style } = this.#options;
    const level = LOG_LEVELS.find((level) => topic === `log.${level}`);
    if (level !== undefined) return this.#painted(level, formatRecord(source, level, payload));
    if (topic === "metrics.recorded") {
      const { name, value, unit } = payload as RuntimeEvents["metrics.recorded"];
      return style.dim(
        printable(`${source} measured ${name} ${Number(value.toPrecision(4))} ${unit}`.trimEnd(), 200),
      );
    }
    const shown = printable(JSON.stringify(payload) ?? "nothing", MAX_PAYLOAD);
    const isBad = /failed|crashed|quarantined|refused|error/.test(topic);
    return `${isBad ? style.red(topic) : style.cyan(topic)} ${style.dim(shown)}`;
  }

  #painted(level: LogLevel, line: string): string {
    const { style } = this.#options;
    return level === "error" ? style.red(line) : level === "warning" ? style.yellow(line) : line;
  }
}

function clock(now: Date): string {
  const two = (part: number): string => `${part}`.padStart(2, "0");
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
}

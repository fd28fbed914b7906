/**
 * Hears and serves what an attacker sends, and remembers what should not have come through.
 *
 * @module
 */
import type { LogRecord } from "../container/logger.ts";
import type { MetricRecord } from "../container/metrics.ts";
import { z } from "../deps/zod.ts";
import type { PluginManager } from "../plugins/manager.ts";
import { type ServiceMethod, serviceMethod } from "../plugins/services.ts";

/** Events that are looked at for secrets: a flood is heard, not read. */
const MAX_READ = 2_000;
const MAX_BREACHES = 5;
/** What no file of a test stands for, and every attacker would like to see. */
const PASSWORDS = /root:[^:\s]*:0:0:/;

/** Listens until its manager is disposed of. */
export class Watch {
  readonly breaches: string[] = [];
  readonly #secrets: readonly string[];
  #read = 0;

  /**
   * @param emits topics that it may emit on
   * @param offered services that it is offered
   */
  constructor(
    manager: PluginManager,
    { secrets, emits, offered }: {
      secrets: readonly string[];
      emits: readonly string[];
      offered: readonly string[];
    },
  ) {
    this.#secrets = secrets;
    manager.bus.on(">", (payload, { topic, source }) => {
      if (this.#read++ < MAX_READ) this.look([payload]);
      if (source === "host") return;
      const problem = source === "attacker" ? problemOf(topic, payload, emits) : `it came from ${source}`;
      if (problem !== undefined) this.#add(`an event ${topic} came through: ${problem}`);
    });
    const serve = (breach?: string): ServiceMethod =>
      serviceMethod(z.tuple([z.string()]), () => {
        if (breach !== undefined) this.#add(`${breach}() was served`);
        return undefined;
      });
    for (const name of offered) manager.offer(name, { lookup: serve() }, { to: ["attacker"] });
    // Asked for in vain, if at all; and offered, but not asked for.
    if (!offered.includes("vault")) {
      manager.offer("vault", { open: serve("vault.open") }, { to: ["somebody_else"] });
    }
    if (!offered.includes("secrets")) {
      manager.offer("secrets", { read: serve("secrets.read") }, { to: ["attacker"] });
    }
  }

  /** Looks for secrets in what crossed. */
  look(things: readonly unknown[]): void {
    for (const thing of things) {
      // Bounded: what is hostile is also large.
      const text = typeof thing === "string"
        ? thing
        : Deno.inspect(thing, { depth: 8, iterableLimit: 1_000, strAbbreviateSize: 100_000, colors: false });
      const secret = this.#secrets.find((one) => text.includes(one));
      if (secret !== undefined) this.#add("a secret of the fixtures came out");
      if (PASSWORDS.test(text)) this.#add("the password file came out");
    }
  }

  #add(breach: string): void {
    if (this.breaches.length < MAX_BREACHES && !this.breaches.includes(breach)) this.breaches.push(breach);
  }
}

/** Why an event should not have come through; undefined if it may. */
export function problemOf(
  topic: string,
  payload: unknown,
  emits: readonly string[] = ["declared"],
): string | undefined {
  if (emits.includes(topic)) return undefined;
  if (topic === "metrics.recorded") {
    const { name, value, unit } = payload as MetricRecord;
    return Number.isFinite(value) && name.length <= 128 && unit.length <= 32 ? undefined : "it is no metric";
  }
  if (!/^log\.(debug|info|warning|error)$/.test(topic)) return "it is not declared";
  const { message, fields } = payload as LogRecord;
  const isRecord = typeof message === "string" && message.length <= 8_192 && typeof fields === "object";
  return isRecord ? undefined : "it is no line of a log";
}

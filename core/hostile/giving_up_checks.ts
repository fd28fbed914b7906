/**
 * Checks of what happens when a caller does not wait any longer. The host ends such a call whatever the plugin does;
 * what is asked here is whether the plugin can be used afterwards.
 *
 * @module
 */
import type { CalledPlugin } from "../author/sample_calls.ts";
import { KBertError } from "../wall/errors.ts";
import { answerOf, calledWith } from "./answers.ts";
import { type Check, Lost, Skipped } from "./check.ts";
import { nothingToCall } from "./life_checks.ts";
import { type Subject, Trial } from "./subject.ts";

/** A call that is over sooner was answered; a plugin can do nothing about it. */
const SHORT_MS = 1;

/** It answers after calls of it were given up. */
export const aborts: Check = {
  name: "abort",
  asks: "lets a call be given up, at once or on the way, and answers the next one",
  async run(subject): Promise<string> {
    const atOnce = (plugin: CalledPlugin): CalledPlugin =>
      calledWith(plugin, () => ({ signal: AbortSignal.abort() }));
    const afterSending = (plugin: CalledPlugin): CalledPlugin =>
      calledWith(plugin, () => ({ signal: abortedAfter((abort) => queueMicrotask(abort)) }));
    const onTheWay = (plugin: CalledPlugin): CalledPlugin =>
      calledWith(plugin, () => ({ signal: abortedAfter((abort) => void setTimeout(abort, SHORT_MS)) }));
    const count = await giveUp(subject, [atOnce, afterSending, onTheWay], "call/aborted", "it was given up");
    return `${count} calls were given up, and each next one was answered`;
  },
};

/** It answers after calls of it missed their deadline. */
export const deadlines: Check = {
  name: "deadline",
  asks: "survives a call that misses its deadline, and answers the next one",
  async run(subject): Promise<string> {
    const soon = (plugin: CalledPlugin): CalledPlugin => calledWith(plugin, () => ({ timeoutMs: SHORT_MS }));
    const count = await giveUp(subject, [soon], "call/timeout", "its deadline was missed");
    return `${count} calls were given ${SHORT_MS} ms, and each next one was answered`;
  },
};

/** Makes each call in each of these ways and then as usual; answers how many. */
async function giveUp(
  subject: Subject,
  ways: readonly ((plugin: CalledPlugin) => CalledPlugin)[],
  code: KBertError["code"],
  what: string,
): Promise<number> {
  await using trial = await Trial.start(subject);
  const { plugin } = trial;
  const calls = trial.calls();
  if (calls.length === 0) throw new Skipped(nothingToCall(subject));
  for (const call of calls) {
    for (const way of ways) {
      await call.run(way(plugin)).catch((error: unknown) => {
        if (error instanceof KBertError && error.code === code) return;
        throw new Lost(`${call.name} ended otherwise than by that ${what}: ${error}`, { cause: error });
      });
      await answerOf(call, plugin, `after ${call.name}, of which ${what}, `);
    }
  }
  return calls.length * ways.length;
}

function abortedAfter(wait: (abort: () => void) => void): AbortSignal {
  const controller = new AbortController();
  wait(() => controller.abort());
  return controller.signal;
}

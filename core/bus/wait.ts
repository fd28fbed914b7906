/**
 * Waiting for one event: the promise ends with the event, the time, the signal or the bus.
 *
 * Whatever ends it settles the promise first and then removes the subscription; what is left to clean up
 * hangs on that removal, so there is one way out.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { aborted, checkAmount, type Dispatcher } from "./dispatcher.ts";
import type { BusEvent, WaitOptions } from "./event.ts";
import { after } from "./settle.ts";
import type { Subscription } from "./subscriptions.ts";
import { checkTopicPattern } from "./topics.ts";

/** See `EventBus.waitFor`. */
export function waitForEvent(
  dispatcher: Dispatcher,
  pattern: string,
  options: WaitOptions<unknown, BusEvent> = {},
): Promise<BusEvent> {
  const { timeoutMs = Infinity, signal, where = () => true, history = 0 } = options;
  return new Promise((resolve, reject) => {
    checkTopicPattern(pattern);
    checkAmount("milliseconds to wait", timeoutMs);
    checkAmount("events of the history", history);
    if (signal?.aborted) throw aborted(pattern, pattern, signal.reason);
    if (dispatcher.disposed) throw endedBus(pattern);

    const listener = (payload: unknown, event: BusEvent): void => {
      try {
        if (!where(payload, event)) return;
        resolve(event);
      } catch (error) {
        reject(error);
      }
      remove();
    };
    const fail = (error: Error): void => {
      reject(error);
      remove();
    };
    const onAbort = (): void => fail(aborted(pattern, pattern, signal?.reason));
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const onRemove = (): void => {
      release();
      reject(endedBus(pattern)); // of no effect unless it was the bus that removed it
    };
    const remove = (): void => dispatcher.subscriptions.remove(subscription);
    const timer = after(timeoutMs, () => fail(timedOut(pattern, timeoutMs)));
    signal?.addEventListener("abort", onAbort, { once: true });
    const wanted = { pattern, listener, priority: 0, once: false, onRemove, history };
    let subscription: Subscription;
    try {
      subscription = dispatcher.subscriptions.add(wanted);
    } catch (error) {
      release();
      throw error;
    }
    dispatcher.replay(subscription, history);
  });
}

function endedBus(pattern: string): KBertError<"event/aborted"> {
  return aborted(`${pattern} on a bus that was disposed of`, pattern);
}

function timedOut(pattern: string, timeoutMs: number): KBertError<"event/timeout"> {
  const message = `Nobody emitted ${pattern} within ${timeoutMs} ms`;
  return new KBertError("event/timeout", message, { topic: pattern, timeoutMs });
}

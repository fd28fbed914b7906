/**
 * Time that passes when a test says so. Faked are timers, dates and `performance.now()`; microtasks and
 * messages between threads go on by themselves.
 *
 * @module
 */
// @ts-types="./fake_timers.d.ts"
import { install } from "npm:@sinonjs/fake-timers@15.5.0";
import type { Clock } from "./fake_timers.d.ts";

/**
 * Stops the clock until it is disposed of.
 *
 * @example
 * ```ts
 * import { fakeTime } from "./fake_timers.ts";
 * import { assertEquals } from "./assert.ts";
 *
 * using clock = fakeTime();
 * let rang = false;
 * setTimeout(() => rang = true, 60_000);
 * await clock.tickAsync(60_000);
 * assertEquals(rang, true);
 * ```
 */
export function fakeTime(now = 0): Clock & Disposable {
  const clock = install({
    now,
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  return Object.assign(clock, { [Symbol.dispose]: () => clock.uninstall() });
}

/**
 * Assertions about events that were recorded.
 *
 * One that fails says what was emitted instead, with the topic that was probably meant: the usual mistake is a
 * letter, and the second is a payload that is almost right.
 *
 * @module
 */
import type { BusEvent } from "../../../core/bus/event.ts";
import { assert } from "../../../core/deps/assert.ts";
import { suggest } from "../../../core/manifest/suggest.ts";
import type { EventRecorder } from "./event_recorder.ts";

/** Which events are meant: those that a function says yes to, or whose payload has these parts. */
export type EventMatcher<Payload, Event = BusEvent<Payload>> =
  | ((payload: Payload, event: Event) => boolean)
  | PartOf<Payload>;

/** Some of its properties, and of those some again; lists are compared whole. */
export type PartOf<Value> = Value extends readonly unknown[] | ((...args: never[]) => unknown) ? Value
  : Value extends object ? { readonly [Key in keyof Value]?: PartOf<Value[Key]> }
  : Value;

type Matcher = EventMatcher<unknown>;

/** So many events are shown of a topic, or of all topics; so many characters of a payload. */
const MAX_SHOWN = 12;
const MAX_PAYLOAD = 160;

/**
 * The first event that a pattern and a matcher match.
 *
 * @throws {AssertionError} if there is none; it lists what was emitted
 * @example
 * ```ts
 * import { assertEmitted } from "./event_assertions.ts";
 * import { EventRecorder } from "./event_recorder.ts";
 * import { EventBus } from "../event_bus.ts";
 * import { assertEquals, assertThrows } from "../../../core/deps/assert.ts";
 *
 * using bus = new EventBus();
 * const recorder = new EventRecorder();
 * recorder.watch(bus);
 * await bus.emit("head.forward_start", { head_type: "SpamHead", input_shape: [32, 128] });
 *
 * const event = assertEmitted(recorder, "head.forward_start", { input_shape: [32, 128] });
 * assertEquals(event.sequence, 1);
 * assertThrows(() => assertEmitted(recorder, "head.forward_strat"), Error, "did you mean head.forward_start?");
 * ```
 */
export function assertEmitted(recorder: EventRecorder, pattern: string, matcher?: Matcher): BusEvent {
  const candidates = recorder.matching(pattern);
  const found = candidates.find((event) => isMeant(event, matcher));
  if (found !== undefined) return found;
  const message = candidates.length > 0
    ? `${pattern} was emitted ${times(candidates.length)}, but never with ${shownMatcher(matcher)}:`
    : `${pattern} was not emitted${advice(pattern, recorder)}`;
  assert(false, message + list(candidates.length > 0 ? candidates : recorder.events));
}

/**
 * The opposite of {@linkcode assertEmitted}.
 *
 * @throws {AssertionError} if there is such an event; it shows it
 * @example
 * ```ts
 * import { assertNotEmitted } from "./event_assertions.ts";
 * import { EventRecorder } from "./event_recorder.ts";
 *
 * assertNotEmitted(new EventRecorder(), "plugin.crashed");
 * ```
 */
export function assertNotEmitted(recorder: EventRecorder, pattern: string, matcher?: Matcher): void {
  const found = recorder.matching(pattern).filter((event) => isMeant(event, matcher));
  const which = matcher === undefined ? "" : ` with ${shownMatcher(matcher)}`;
  assert(
    found.length === 0,
    `${pattern}${which} was emitted ${times(found.length)}, and never should be:${list(found)}`,
  );
}

function isMeant(event: BusEvent, matcher: Matcher | undefined): boolean {
  if (matcher === undefined) return true;
  return typeof matcher === "function" ? matcher(event.payload, event) : hasPart(event.payload, matcher);
}

/** Whether `part` is equal to `whole`, where objects of `part` may lack properties. */
function hasPart(whole: unknown, part: unknown): boolean {
  if (Object.is(whole, part)) return true;
  if (typeof whole !== "object" || typeof part !== "object" || whole === null || part === null) return false;
  if (isList(whole) || isList(part)) {
    return isList(whole) && isList(part) && whole.length === part.length &&
      Array.from(part).every((item, index) => hasPart(whole[index], item));
  }
  return Object.entries(part).every(([name, value]) => hasPart(Reflect.get(whole, name), value));
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function advice(pattern: string, { events }: EventRecorder): string {
  if (events.length === 0) return "; nothing was";
  const nearest = suggest(pattern, [...new Set(events.map(({ topic }) => topic))]);
  return nearest === undefined ? "; what was:" : `; did you mean ${nearest}? What was:`;
}

function list(events: readonly BusEvent[]): string {
  const lines = events.slice(0, MAX_SHOWN).map(({ topic, payload, source }) =>
    `\n  ${topic} of ${source}: ${shown(payload)}`
  );
  const more = events.length > MAX_SHOWN ? `\n  and ${events.length - MAX_SHOWN} more` : "";
  return lines.join("") + more;
}

function shownMatcher(matcher: Matcher | undefined): string {
  return typeof matcher === "function" ? "what the matcher says yes to" : shown(matcher);
}

function shown(value: unknown): string {
  const text = Deno.inspect(value, { breakLength: Infinity, compact: true, depth: 4, colors: false });
  return text.length > MAX_PAYLOAD ? `${text.slice(0, MAX_PAYLOAD)}…` : text;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

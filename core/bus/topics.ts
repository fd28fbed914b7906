/**
 * Topics and patterns of them: what an event is called, and what a listener may ask for.
 *
 * A topic is words with dots between (`plugin.activated`). In a pattern `*` stands for one whole word and
 * `>`, at the end, for the rest, of one word or more; so `plugin.>` is not `plugin` itself. A topic is also
 * a pattern that matches only itself, which is why matching and covering are one function.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";

/** The longest topic and pattern, in UTF-16 units. */
export const MAX_TOPIC = 128;

const TOPIC = /^[\w-]+(?:\.[\w-]+)*$/;
const PATTERN = /^(?:>|(?:[\w-]+|\*)(?:\.(?:[\w-]+|\*))*(?:\.>)?)$/;

/**
 * Whether an event can be called so.
 *
 * @example
 * ```ts
 * import { isTopic } from "./topics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(isTopic("plugin.activated"), true);
 * assertEquals(isTopic("plugin.*"), false);
 * assertEquals(isTopic("plugin..activated"), false);
 * ```
 */
export function isTopic(text: string): boolean {
  return text.length <= MAX_TOPIC && TOPIC.test(text);
}

/**
 * Whether one can listen to this: a topic, perhaps with wildcards.
 *
 * @example
 * ```ts
 * import { isTopicPattern } from "./topics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(["plugin.activated", "*.failed", "plugin.>", ">"].every(isTopicPattern), true);
 * assertEquals(["plugin.act*", ">.failed", "", "plugin."].some(isTopicPattern), false);
 * ```
 */
export function isTopicPattern(text: string): boolean {
  return text.length <= MAX_TOPIC && PATTERN.test(text);
}

/**
 * Whether a listener of `pattern` hears events of `topic`. What is no pattern or no topic matches nothing.
 *
 * @example
 * ```ts
 * import { matchesTopic } from "./topics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(matchesTopic("plugin.*", "plugin.activated"), true);
 * assertEquals(matchesTopic("plugin.*", "plugin.state.changed"), false);
 * assertEquals(matchesTopic("plugin.>", "plugin.state.changed"), true);
 * ```
 */
export function matchesTopic(pattern: string, topic: string): boolean {
  return isTopic(topic) && coversTopic(pattern, topic);
}

/**
 * Whether every topic that `pattern` matches is matched by `declared` too: whether who may hear (or emit)
 * `declared` may ask for `pattern`. What is no pattern covers nothing and is covered by nothing.
 *
 * It looks at words, not at the length limit: of a `pattern` so long that its `>` has room for one word
 * only, it says no to a `declared` that ends in `*` there. It is never wrong when it says yes.
 *
 * @example
 * ```ts
 * import { coversTopic } from "./topics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(coversTopic("head.>", "head.*"), true);
 * assertEquals(coversTopic("head.*", "head.>"), false);
 * assertEquals(coversTopic("*.started", "augmenter.started"), true);
 * ```
 */
export function coversTopic(declared: string, pattern: string): boolean {
  if (!isTopicPattern(declared) || !isTopicPattern(pattern)) return false;
  const wide = declared.split(".");
  const narrow = pattern.split(".");
  for (const [index, word] of wide.entries()) {
    const other = narrow[index];
    if (other === undefined) return false;
    if (word === ">") return true;
    if (other === ">" || (word !== "*" && word !== other)) return false;
  }
  return wide.length === narrow.length;
}

/** @throws {KBertError} `event/topic` unless it {@linkcode isTopic}. */
export function checkTopic(text: string): void {
  if (!isTopic(text)) throw notOne("topic", text, "");
}

/** @throws {KBertError} `event/topic` unless it {@linkcode isTopicPattern}. */
export function checkTopicPattern(text: string): void {
  if (!isTopicPattern(text)) {
    throw notOne("pattern of topics", text, ", or * for one word, or > for the rest");
  }
}

function notOne(what: string, text: string, wildcards: string): KBertError<"event/topic"> {
  const shown = text.length > MAX_TOPIC ? `${text.slice(0, 32)}… (${text.length} characters)` : text;
  const rule =
    `words of A-Z, a-z, 0-9, _ and -${wildcards}, with single dots between, ${MAX_TOPIC} characters in all`;
  return new KBertError("event/topic", `Cannot use "${shown}" as a ${what}: it takes ${rule}`, {
    topic: text,
  });
}

/** Whether the compiler knows the text only as `string`, or as a template with a hole in it. */
type IsComputed<Text extends string> = Record<never, never> extends Record<Text, 1> ? true : false;

/** `true` or `false` for each pattern of a union; the same walk as {@linkcode coversTopic}. */
type Matches<Pattern, Topic> = Pattern extends ">" ? true
  : Pattern extends `${infer Word}.${infer Words}`
    ? Topic extends `${infer First}.${infer Rest}` ? Word extends "*" | First ? Matches<Words, Rest> : false
    : false
  : Topic extends `${string}.${string}` ? false
  : Pattern extends "*" | Topic ? true
  : false;

/** Whether the compiler cannot tell the topics apart: of a computed pattern, or a map with any keys. */
type IsOpen<Events, Pattern extends string> = string extends keyof Events ? true : IsComputed<Pattern>;

/** The keys of `Events` that a pattern matches, `never` if none does; `string` for a computed pattern. */
export type TopicsOf<Events, Pattern extends string> = IsOpen<Events, Pattern> extends true ? string : {
  [Topic in keyof Events & string]: true extends Matches<Pattern, Topic> ? Topic : never;
}[keyof Events & string];

/** The payloads of {@linkcode TopicsOf}; `unknown` for a computed pattern, whose events nobody knows. */
export type PayloadOf<Events, Pattern extends string> = string extends keyof Events ? Events[keyof Events]
  : IsComputed<Pattern> extends true ? unknown
  : Events[TopicsOf<Events, Pattern> & keyof Events];

/** Any text, of which editors offer the topics of the map. */
export type TopicText<Events> = (keyof Events & string) | (string & Record<never, never>);

/** Nothing to add for a pattern that can match; what no text is for one that cannot. */
export type KnownPattern<Events, Pattern extends string> = [TopicsOf<Events, Pattern>] extends [never]
  ? { readonly noTopicMatches: Pattern }
  : unknown;

/** Nothing to add for a topic of the map, or a computed one; what no text is for another. */
export type KnownTopic<Events, Topic extends string> = IsOpen<Events, Topic> extends true ? unknown
  : Topic extends keyof Events ? unknown
  : { readonly noSuchTopic: Topic };

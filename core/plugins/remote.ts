/**
 * A plugin as an object with methods: what its port has, each answering a promise or a stream.
 *
 * @module
 */
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";

/** An interface as it is seen from the other side of the wall; what is no method is not there. */
export type Remote<Methods> = {
  readonly [Name in keyof Methods as Methods[Name] extends (...args: never[]) => unknown ? Name : never]:
    RemoteMethod<Methods[Name]>;
};

type RemoteMethod<Method> = Method extends (...args: infer Args) => infer Result
  ? Result extends AsyncIterable<infer Item> ? (...args: Args) => AsyncGenerator<Item, void, void>
  : (...args: Args) => Promise<Awaited<Result>>
  : never;

/** What can be called by name. */
export interface Callable {
  readonly name: string;
  /** Whether a method answers a stream; undefined for one that is not known. */
  streams(method: string): boolean | undefined;
  call(method: string, args: readonly WireValue[], options?: CallOptions): Promise<WireValue>;
  stream(
    method: string,
    args: readonly WireValue[],
    options?: CallOptions,
  ): AsyncGenerator<WireValue, void, void>;
}

/**
 * Calls as methods. Nothing is looked up before it is called: a method that the plugin does not have
 * rejects with `call/unknown-method`.
 *
 * @param options of every call that is made through it
 * @example
 * ```ts
 * import { type Callable, remote } from "./remote.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const plugin: Callable = {
 *   name: "echo",
 *   streams: () => false,
 *   call: (_method, [value]) => Promise.resolve(value),
 *   async *stream() {},
 * };
 * const echo = remote<{ say(text: string): string }>(plugin);
 * assertEquals(await echo.say("hello"), "hello");
 * ```
 */
export function remote<Methods>(plugin: Callable, options: CallOptions = {}): Remote<Methods> {
  return new Proxy(Object.create(null), {
    get: (_target, method) => {
      // An object with then() would be taken for a promise by every await.
      if (typeof method !== "string" || method === "then") return undefined;
      return (...args: WireValue[]) => {
        const streams = plugin.streams(method);
        if (streams) return plugin.stream(method, args, options);
        const answer = plugin.call(method, args, options);
        return streams === false ? answer : alsoIterable(answer);
      };
    },
  }) as Remote<Methods>;
}

/** A refusal reaches its caller also if it was made for `for await`, which a promise alone is not fit for. */
function alsoIterable(answer: Promise<WireValue>): Promise<WireValue> & AsyncIterable<WireValue> {
  return Object.assign(answer, {
    async *[Symbol.asyncIterator](): AsyncGenerator<WireValue, void, void> {
      yield await answer;
    },
  });
}

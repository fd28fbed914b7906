/**
 * The calls of one plugin: checked before they cross the wall and after, with the host's hooks around them.
 *
 * A caller's mistake (a method that is not there, arguments that do not fit) is refused at once and is no
 * failure of the plugin. What goes wrong after that is, and is told to the bus as `plugin.execution_error`.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import { after } from "../bus/settle.ts";
import { validate } from "../manifest/validate.ts";
import { suggest } from "../manifest/suggest.ts";
import type { Channel } from "../wall/channel.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import { poisoned, poisonOf } from "../wall/poison.ts";
import type { WireValue } from "../wall/values.ts";
import type { MethodDescription } from "./description.ts";
import type { HookedPlugin, Hooks } from "./hooks.ts";
import type { GuardProblem } from "./guards.ts";
import type { PluginState } from "./lifecycle.ts";
import type { PluginLimits } from "./limits.ts";
import type { MethodRule } from "./ports.ts";

/** What a caller is made with. */
export interface CallerOptions {
  readonly plugin: HookedPlugin & { readonly state: PluginState };
  readonly bus: EventBus;
  readonly hooks: Hooks;
  /** Of the port; a generic plugin has none. */
  readonly rules: Readonly<Record<string, MethodRule>> | undefined;
  readonly limits: PluginLimits;
  readonly target: CallTarget;
}

/** Where calls go to. */
export interface CallTarget {
  readonly channel: Channel;
  readonly methods: ReadonlyMap<string, MethodDescription>;
}

/** Makes calls to one run of a plugin, and knows which are open. */
export class PluginCaller {
  readonly #options: CallerOptions;
  #open = 0;
  #drained: (() => void) | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Calls and streams that are not over. */
  get openCalls(): number {
    return this.#open;
  }

  /**
   * @throws {KBertError} all as rejections: `call/unknown-method`, `call/arguments`, `plugin/limit`,
   * `plugin/answer` if the answer is not what the port promises, and those of {@linkcode Channel.call}
   */
  async call(method: string, args: readonly WireValue[], options: CallOptions = {}): Promise<WireValue> {
    const limited = this.#limited(options);
    this.#check(method, args, false);
    const { plugin, hooks, target: { channel } } = this.#options;
    this.#open++; // `using` would cost each call most of a microsecond
    try {
      if (hooks.has("preExecution")) await hooks.run("preExecution", plugin, method, args);
      const value = this.#checkAnswer(method, args, await channel.call(method, args, limited));
      if (hooks.has("postExecution")) await hooks.run("postExecution", plugin, method, value);
      return value;
    } catch (error) {
      throw this.#reported(method, error);
    } finally {
      this.#closed();
    }
  }

  /** The same for a method that answers a stream; refusals come with the first item that is asked for. */
  async *stream(
    method: string,
    args: readonly WireValue[],
    options: CallOptions = {},
  ): AsyncGenerator<WireValue, void, void> {
    const limited = this.#limited(options);
    this.#check(method, args, true);
    const { plugin, hooks, target: { channel } } = this.#options;
    this.#open++;
    try {
      if (hooks.has("preExecution")) await hooks.run("preExecution", plugin, method, args);
      yield* channel.stream(method, args, limited);
      if (hooks.has("postExecution")) await hooks.run("postExecution", plugin, method, undefined);
    } catch (error) {
      throw this.#reported(method, error);
    } finally {
      this.#closed();
    }
  }

  /** Resolves when no call is open; rejects after `timeoutMs`, and when the signal aborts. */
  async drain(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#open === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const { name } = this.#options.plugin;
    const timer = after(timeoutMs, () => {
      const message = `The plugin ${name} did not finish its ${this.#open} open calls within ${timeoutMs} ms`;
      reject(new KBertError("call/timeout", message, { plugin: name, method: "$deactivate", timeoutMs }));
    });
    this.#drained = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#drained = undefined;
    }
  }

  /** What callers get whose calls are given up by the host. @param why as the end of a sentence */
  givenUp(why: string): KBertError<"call/aborted"> {
    const { name } = this.#options.plugin;
    const message = `The open calls of the plugin ${name} were given up: ${why}`;
    return new KBertError("call/aborted", message, { plugin: name, method: "" });
  }

  #closed(): void {
    if (--this.#open === 0) this.#drained?.();
  }

  #limited(options: CallOptions): CallOptions {
    const { timeoutMs = this.#options.limits.callMs } = options;
    if (!(timeoutMs >= 0)) throw new RangeError(`A call cannot wait for ${timeoutMs} ms`);
    return { ...options, timeoutMs };
  }

  #check(method: string, args: readonly WireValue[], stream: boolean): void {
    const { plugin: { name }, limits: { openCalls }, target: { methods } } = this.#options;
    const described = methods.get(method);
    if (!described) throw this.#unknown(method);
    if (described.streams !== stream) {
      const problem = stream ? "it answers no stream; use call()" : "it answers a stream; use stream()";
      throw this.#wrongArguments(method, problem);
    }
    const problem = this.#problemOf(described, args);
    if (problem !== undefined) throw this.#wrongArguments(method, problem);
    if (this.#open < openCalls) return;
    const message = `The plugin ${name} has ${this.#open} open calls, and the limit is ${openCalls}; ` +
      "wait for some of them, or load it with a higher limits.openCalls";
    throw new KBertError("plugin/limit", message, {
      plugin: name,
      limit: "openCalls",
      most: openCalls,
      value: this.#open,
    });
  }

  #problemOf({ name, parameters }: MethodDescription, args: readonly WireValue[]): string | undefined {
    const schema = this.#options.rules?.[name]?.args;
    if (schema === undefined) {
      // The last parameter may be for the call's context, which every method is given after its arguments.
      const least = Math.max(0, parameters - 1);
      return args.length < least ? `${args.length} arguments, expected at least ${least}` : undefined;
    }
    const { problem } = checked(schema, args);
    return problem?.replace(
      /^(\d*)/,
      (index) => index === "" ? "arguments: " : `argument ${Number(index) + 1}`,
    );
  }

  /** What a plugin answers is believed when it has the form that its port promises, and its guard finds nothing. */
  #checkAnswer(method: string, args: readonly WireValue[], value: WireValue): WireValue {
    const rule = this.#options.rules?.[method];
    if (rule === undefined) return value;
    const answer = checked(rule.result, value);
    if (answer.problem !== undefined) throw this.#wrongAnswer(method, { ...answer, reason: "form" });
    const found = rule.guard?.(args, answer.value);
    if (found) throw this.#wrongAnswer(method, found);
    return answer.value;
  }

  #wrongAnswer(method: string, { reason, problem, limit, value }: GuardProblem): KBertError<"plugin/answer"> {
    const { name } = this.#options.plugin;
    const message = `The plugin ${name} answered ${method}() wrongly: ${problem}`;
    const detail = {
      ...{ plugin: name, method },
      ...(limit !== undefined && { limit }),
      ...(value !== undefined && { value }),
    };
    return poisoned(new KBertError("plugin/answer", message, detail), reason);
  }

  #reported(method: string, error: unknown): unknown {
    const { bus, plugin: { name } } = this.#options;
    if (this.#isOfCaller(error)) return error;
    // Who and where are in the event; what is left to say is the plugin's own error.
    const isFailed = error instanceof KBertError && error.code === "call/failed";
    const text = messageOf(isFailed ? error.cause : error);
    bus.post("plugin.execution_error", { plugin_name: name, method, error: text });
    const reason = poisonOf(error);
    if (reason) bus.post("plugin.answer_refused", { plugin_name: name, method, reason, error: text });
    return error;
  }

  /** Who gives a call up, unloads the plugin meanwhile or passes what cannot be sent saw no failure of it. */
  #isOfCaller(error: unknown): boolean {
    const { state } = this.#options.plugin;
    const code = error instanceof KBertError ? error.code : undefined;
    // A plugin that breaks the protocol has failed by now.
    return code === "call/aborted" || state === "unloaded" || code === "wall/frame" && state !== "failed";
  }

  #unknown(method: string): KBertError<"call/unknown-method"> {
    const { plugin: { name }, target: { methods } } = this.#options;
    const nearest = suggest(method, [...methods.keys()]);
    const has = [...methods.keys()].join(", ") || "none";
    const advice = nearest === undefined ? `it has ${has}` : `did you mean ${nearest}()?`;
    return new KBertError("call/unknown-method", `The plugin ${name} has no method ${method}(); ${advice}`, {
      plugin: name,
      method,
      ...(nearest !== undefined && { nearest }),
    });
  }

  #wrongArguments(method: string, problem: string): KBertError<"call/arguments"> {
    const { name } = this.#options.plugin;
    const message = `Cannot call ${method}() of the plugin ${name} so: ${problem}`;
    return new KBertError("call/arguments", message, { plugin: name, method, problem });
  }
}

/** The value as its schema makes it, or the first thing that is wrong with it. */
function checked(
  schema: MethodRule["result"],
  value: unknown,
): { value: WireValue; problem?: undefined } | { problem: string } {
  try {
    return { value: validate(value, schema, { file: "" }) as WireValue };
  } catch (error) {
    if (!(error instanceof KBertError) || error.code !== "document/invalid") throw error;
    const [first] = (error as KBertError<"document/invalid">).detail.problems;
    const place = first?.path ? `${first.path}: ` : "";
    return { problem: `${place}${first?.message ?? "it has another form"}` };
  }
}

/**
 * Takes from a plugin's worker everything that is not on a list of what a plugin may have, and freezes
 * what is left.
 *
 * An allow-list, because deny-lists missed things when they were tried: a Deno worker without permissions
 * can still signal its own process, read stdin, keep caches on disk and start workers of its own.
 *
 * Frozen, because the worker's own code (the loader's hooks, the channel) runs in the same realm: whoever
 * replaces a method that it calls is handed what it holds, the port to the host first of all.
 *
 * @module
 */
import { limitedTimers } from "./timer_limit.ts";

/** Language, text, time, streams, crypto: nothing here reaches outside of the worker. */
const ALLOWED = new Set(
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise
  RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError
  SuppressedError DisposableStack AsyncDisposableStack globalThis self JSON Math Intl Temporal Iterator
  ArrayBuffer Atomics Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array BigUint64Array
  BigInt64Array Uint8ClampedArray Float16Array Float32Array Float64Array DataView Map Set WeakMap WeakSet
  WeakRef FinalizationRegistry BigInt Proxy Reflect decodeURI decodeURIComponent encodeURI
  encodeURIComponent escape unescape eval isFinite isNaN console queueMicrotask structuredClone
  AbortController AbortSignal CustomEvent DOMException Event EventTarget ReadableStream WritableStream
  TransformStream TextDecoder TextEncoder URL URLSearchParams URLPattern atob btoa
  clearInterval clearTimeout setInterval setTimeout crypto Crypto SubtleCrypto CryptoKey performance
  WebAssembly`.split(/\s+/),
);

/** tfjs keeps its engine and registries on the global object, looks them up there and writes to them. */
const TENSOR_GLOBALS = ["_tfGlobals", "_tfengine"];

/** What the backend of the graphics card looks up there: constants, and classes that nobody can construct. */
const GPU_GLOBALS = `GPUBuffer GPUTexture GPUBufferUsage GPUTextureUsage GPUMapMode GPUShaderStage`.split(
  " ",
);

/** What a plugin's `console` does. */
export type ConsoleSink = (level: "debug" | "info" | "warn" | "error", text: string) => void;

/** What the outside of the realm wants to hear of it. */
export interface LockdownOptions {
  /** Whether tensors are computed here. */
  readonly tensors: boolean;
  /** Whether they may be computed on the graphics card. @default {false} */
  readonly gpu?: boolean;
  readonly log: ConsoleSink;
  /** Called with an error that nobody caught, thrown or rejected. */
  readonly onUncaught: (error: unknown) => void;
}

/** Locks the realm that it is called in; called once, before any code of the plugin is imported. */
export function lockdown({ tensors, gpu = false, log, onUncaught }: LockdownOptions): void {
  queueMicrotask(() => {}); // its first use deletes a global, which throws in a realm that is locked
  catchUncaught(onUncaught);
  const stateful = tensors ? TENSOR_GLOBALS : [];
  const lasting = new Set([...ALLOWED, ...(gpu ? GPU_GLOBALS : [])]);
  const keep = lasting.union(new Set(stateful));
  for (const name of Object.getOwnPropertyNames(globalThis)) if (!keep.has(name)) remove(globalThis, name);
  // `self.close`, `navigator` and the like live on the prototypes. EventTarget's is left alone: without
  // dispatchEvent every MessagePort dies on the first unhandled rejection.
  let prototype = Object.getPrototypeOf(globalThis);
  while (prototype && prototype !== Object.prototype && prototype !== EventTarget.prototype) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== "constructor") remove(prototype, name);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  define(globalThis, "console", quietConsole(log));
  const { timeoutSignal, ...timers } = limitedTimers();
  for (const [name, timer] of Object.entries(timers)) define(globalThis, name, timer);
  define(AbortSignal, "timeout", timeoutSignal);
  hideOwnStacks();
  for (const name of Object.getOwnPropertyNames(globalThis)) if (lasting.has(name)) pin(name);
  define(globalThis, "dispatchEvent", EventTarget.prototype.dispatchEvent);
  freezeAll(new Set(stateful));
}

/**
 * An error that nobody catches is Deno's to print, as the plugin wrote it, escape codes for the terminal
 * included. So it is caught here; {@linkcode freezeAll} closes the list of listeners behind it.
 */
function catchUncaught(onUncaught: (error: unknown) => void): void {
  const listen = (type: string, errorOf: (event: Event) => unknown): void =>
    globalThis.addEventListener(type, (event) => {
      event.preventDefault();
      onUncaught(errorOf(event));
    });
  listen("error", (event) => (event as ErrorEvent).error);
  listen("unhandledrejection", (event) => (event as PromiseRejectionEvent).reason);
}

/** A stack shows the plugin's own modules; the paths of this machine are not the plugin's business. */
function hideOwnStacks(): void {
  const prepare = (error: unknown, sites: readonly { getFileName(): string | null }[]): string => {
    const own = sites.filter((site) => site.getFileName()?.startsWith("plugin:///"));
    return [title(error), ...own.map((site) => `    at ${site}`)].join("\n");
  };
  define(Error, "prepareStackTrace", prepare);
}

function title(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "Error";
  }
}

/** Makes a global one that stays as it is. Some are getters until they are used for the first time. */
function pin(name: string): void {
  define(globalThis, name, Reflect.get(globalThis, name));
}

/** Freezes everything that can be reached from the globals, except for what `stateful` names. */
function freezeAll(stateful: ReadonlySet<string>): void {
  // Before anything is frozen; what is then behind an accessor has to be frozen by itself.
  const values = OVERRIDDEN.flatMap(makeOverridable);
  for (const root of [...HIDDEN, ...values]) harden(root);
  // The scope's listeners are kept under a symbol; from now on nobody adds or removes one.
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    const value = Reflect.get(globalThis, symbol);
    define(globalThis, symbol, value);
    harden(value);
  }
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!stateful.has(name)) harden(Reflect.get(globalThis, name));
  }
  for (let at = Object.getPrototypeOf(globalThis); at !== null; at = Object.getPrototypeOf(at)) harden(at);
}

/** What no global leads to, but syntax does. */
const HIDDEN: readonly unknown[] = [
  async function (): Promise<void> {},
  function* (): Generator {},
  async function* (): AsyncGenerator {},
  [][Symbol.iterator](),
  new Map()[Symbol.iterator](),
  new Set()[Symbol.iterator](),
  ""[Symbol.iterator](),
  "".matchAll(/./g),
  Iterator.from({ next: () => ({ done: true, value: undefined }) }),
  [].values().map(() => 0),
  new URLSearchParams().entries(),
  new Intl.Segmenter().segment("")[Symbol.iterator](),
  timer(),
].map((value) => Object.getPrototypeOf(value));

const frozen = new WeakSet<object>([globalThis]);

/** Timers are objects here, and the worker's own have the same prototype. */
function timer(): unknown {
  const id = setTimeout(() => {}, 0);
  clearTimeout(id);
  return id;
}

/** Freezes an object and all that it leads to, getters and prototypes included. */
function harden(root: unknown): void {
  const waiting = [root];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (!isObject(next) || frozen.has(next)) continue;
    frozen.add(next);
    waiting.push(Object.getPrototypeOf(next));
    // One property after the other: lists of all of them cost each worker a megabyte, and a millisecond.
    for (const key of Reflect.ownKeys(next)) {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(next, key)!;
      if (isObject(value)) waiting.push(value);
      if (get) waiting.push(get);
      if (set) waiting.push(set);
    }
    // A view of bytes cannot be frozen, only closed.
    if (ArrayBuffer.isView(next)) Object.preventExtensions(next);
    else Object.freeze(next);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}

/**
 * Assigning to a name that a frozen prototype has throws, also where the assignment means an object of
 * one's own: `error.name = …`, `Thing.prototype.toString = …`. For the prototypes where programs do that,
 * the names become accessors that define the property where it was meant. (Not for arrays, typed arrays
 * and promises: V8 would take their slow path from then on.)
 */
const OVERRIDDEN: readonly object[] = [
  Object.prototype,
  Function.prototype,
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError].map(
    ({ prototype }) => prototype,
  ),
];

/** Answers the values of the names that it changed. */
function makeOverridable(holder: object): unknown[] {
  return Object.getOwnPropertyNames(holder).flatMap((name) => {
    const { value, writable, configurable } = Object.getOwnPropertyDescriptor(holder, name)!;
    if (!writable || !configurable) return [];
    Object.defineProperty(holder, name, {
      get: () => value,
      set(this: object, own: unknown): void {
        if (this === holder) throw new TypeError(`Cannot change ${name}: it belongs to everybody here`);
        const descriptor = { value: own, writable: true, enumerable: true, configurable: true };
        Object.defineProperty(this, name, descriptor);
      },
      enumerable: false,
      configurable: false,
    });
    return [value];
  });
}

function remove(owner: object, name: string): void {
  if (!Reflect.deleteProperty(owner, name)) define(owner, name, undefined);
}

function define(owner: object, name: PropertyKey, value: unknown): void {
  Reflect.defineProperty(owner, name, { value, writable: false, configurable: false, enumerable: false });
}

function quietConsole(log: ConsoleSink): Readonly<Record<string, (...parts: unknown[]) => void>> {
  const at = (level: Parameters<ConsoleSink>[0]) => (...parts: unknown[]) =>
    log(level, parts.map(show).join(" "));
  return Object.freeze({
    debug: at("debug"),
    log: at("info"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  });
}

function show(part: unknown): string {
  if (typeof part === "string") return part;
  try {
    if (part instanceof Error) return `${part.name}: ${part.message}`;
    return JSON.stringify(part) ?? String(part);
  } catch {
    return "(a value that cannot be printed)";
  }
}

/**
 * Takes from a plugin's worker everything that is not on a list of what a plugin may have.
 *
 * An allow-list, because deny-lists missed things when they were tried: a Deno worker without permissions
 * can still signal its own process, read stdin, keep caches on disk and start workers of its own.
 *
 * @module
 */

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

/** tfjs keeps its engine and registries on the global object and looks them up there. */
const TENSOR_GLOBALS = ["_tfGlobals", "_tfengine"];

/** What a plugin's `console` does. */
export type ConsoleSink = (level: "debug" | "info" | "warn" | "error", text: string) => void;

/** Locks the realm that it is called in; called once, before any code of the plugin is imported. */
export function lockdown({ tensors, log }: { tensors: boolean; log: ConsoleSink }): void {
  const keep = new Set([...ALLOWED, ...(tensors ? TENSOR_GLOBALS : [])]);
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
}

function remove(owner: object, name: string): void {
  if (!Reflect.deleteProperty(owner, name)) define(owner, name, undefined);
}

function define(owner: object, name: string, value: unknown): void {
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

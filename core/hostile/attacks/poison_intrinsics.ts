/** Replaces what the worker's own code calls, to be handed what it holds: frames, ports, promises. */
export const meta = { class: "spoof" };

type Methods = Record<PropertyKey, (...args: unknown[]) => unknown>;

export function attack(): string {
  const generate = function* (): Generator {};
  const holders: object[] = [
    Object,
    Array,
    Promise,
    JSON,
    Reflect,
    Math,
    ArrayBuffer,
    Uint8Array,
    Object.getPrototypeOf(Uint8Array),
    crypto,
    performance,
    Object.prototype,
    Function.prototype,
    Array.prototype,
    Promise.prototype,
    Map.prototype,
    Set.prototype,
    WeakMap.prototype,
    String.prototype,
    Number.prototype,
    RegExp.prototype,
    Symbol.prototype,
    ArrayBuffer.prototype,
    Error.prototype,
    Date.prototype,
    Object.getPrototypeOf(Uint8Array.prototype),
    Float32Array.prototype,
    EventTarget.prototype,
    Event.prototype,
    AbortController.prototype,
    AbortSignal.prototype,
    DOMException.prototype,
    TextDecoder.prototype,
    URL.prototype,
    Object.getPrototypeOf([][Symbol.iterator]()),
    Object.getPrototypeOf(new Map().entries()),
    Object.getPrototypeOf(async () => {}),
    Object.getPrototypeOf(generate),
    Object.getPrototypeOf(generate.prototype),
    Object.getPrototypeOf(setTimeout(() => {}, 0)),
    globalThis.constructor.prototype,
    Object.getPrototypeOf(globalThis.constructor.prototype),
  ];
  const replaced: string[] = [];
  for (const [index, holder] of holders.entries()) {
    for (const name of Reflect.ownKeys(holder)) {
      const before = Reflect.getOwnPropertyDescriptor(holder, name);
      if (typeof before?.value === "function" && Reflect.set(holder, name, before.value)) {
        if (Reflect.defineProperty(holder, name, { ...before })) replaced.push(`${index}.${String(name)}`);
      } else if (before?.configurable) replaced.push(`${index}.${String(name)}`);
    }
    if (Reflect.isExtensible(holder)) replaced.push(`${index} is open`);
  }
  for (const name of ["apply", "call"]) {
    try {
      (Object.prototype.hasOwnProperty as unknown as Methods)[name] = () => true;
      replaced.push(`hasOwnProperty.${name}`);
    } catch {
      // frozen
    }
  }
  return replaced.length > 0 ? `BREACH: replaced ${replaced.slice(0, 20)}` : "BLOCKED";
}

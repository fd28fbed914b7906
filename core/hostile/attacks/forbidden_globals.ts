/** Looks for what reaches outside of the worker, on the scope and on all its prototypes. */
export const meta = { class: "escalate" };

const NAMES = [
  "Deno",
  "process",
  "Worker",
  "SharedWorker",
  "BroadcastChannel",
  "MessageChannel",
  "MessagePort",
  "caches",
  "navigator",
  "postMessage",
  "close",
  "fetch",
  "Request",
  "Response",
  "WebSocket",
  "WebSocketStream",
  "EventSource",
  "XMLHttpRequest",
  "localStorage",
  "sessionStorage",
  "indexedDB",
  "prompt",
  "alert",
  "confirm",
  "importScripts",
  "location",
  "name",
  "OffscreenCanvas",
  "ImageData",
  "createImageBitmap",
  "GPU",
  "GPUDevice",
  "Cache",
  "CacheStorage",
  "LockManager",
  "reportError",
  "onmessage",
  "onerror",
  "MessageEvent",
  "FileReader",
  "File",
  "Blob",
  "Notification",
  "SharedArrayBuffer",
  "setImmediate",
  "Buffer",
  "global",
  "WorkerNavigator",
  "WorkerLocation",
  "__bootstrap",
  "bootstrap",
  "Window",
  "ShadowRealm",
];

export function attack(): string {
  const found = NAMES.filter((name) => Reflect.get(globalThis, name) !== undefined);
  for (let at: object | null = globalThis; at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of NAMES) {
      const descriptor = Reflect.getOwnPropertyDescriptor(at, name);
      if (descriptor && (descriptor.value ?? descriptor.get) !== undefined) {
        found.push(`${name} on a prototype`);
      }
    }
  }
  return found.length > 0 ? `BREACH: ${found}` : "BLOCKED";
}

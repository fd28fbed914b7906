/** Listens to what the host sends; the second call would be heard. */
export const meta = { class: "covert" };

const heard: string[] = [];

export function attack(): string {
  const listen = (event: Event): void => {
    if (event.type === "message") heard.push(event.type);
  };
  for (const options of [{ capture: true }, {}]) {
    try {
      EventTarget.prototype.addEventListener.call(globalThis, "message", listen, options);
    } catch {
      // the list is closed
    }
  }
  try {
    Reflect.set(globalThis, "onmessage", listen);
  } catch {
    // frozen
  }
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    const value: unknown = Reflect.get(globalThis, symbol);
    if (value instanceof Map) {
      for (const [key, handler] of value) heard.push(`${key} ${String(handler)}`);
    }
    const listeners: unknown = Object(value).listeners;
    if (listeners && "message" in Object(listeners) && Object(listeners).message.length > 0) {
      const [{ callback }] = Object(listeners).message;
      heard.push(`the host's own listener ${String(callback)}`);
    }
  }
  return heard.length > 0 ? `BREACH: ${heard}` : "BLOCKED";
}

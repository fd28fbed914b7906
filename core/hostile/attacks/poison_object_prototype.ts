/** Puts accessors on every object, hoping that somebody reads or writes such a key carelessly. */
export const meta = { class: "spoof" };

const KEYS = [
  "id",
  "kind",
  "method",
  "url",
  "shortCircuit",
  "format",
  "source",
  "then",
  "toJSON",
  "value",
  "get",
  "$",
  "0",
  "polluted",
];

export function attack(): string {
  const put = KEYS.filter((key) => {
    try {
      Object.defineProperty(Object.prototype, key, {
        get: () => "polluted",
        set: () => {},
        configurable: true,
      });
      return true;
    } catch {
      return false;
    }
  });
  try {
    Object.setPrototypeOf(Object.prototype, { polluted: true });
    put.push("a prototype");
  } catch {
    // immutable
  }
  Reflect.set(Array.prototype, "7", "polluted");
  if ([][7] !== undefined) put.push("an element");
  return put.length > 0 ? `BREACH: ${put}` : "BLOCKED";
}

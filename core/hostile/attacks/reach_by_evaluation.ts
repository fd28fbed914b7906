/** Asks every way to evaluate text, and every function constructor, for the runtime that was taken away. */
export const meta = { class: "escalate" };

const WANTED = ["Deno", "process", "Worker", "__bootstrap", "require", "module", "global", "navigator"];

export function attack(): string {
  const constructors = [
    Function,
    (async () => {}).constructor,
    (function* (): Generator {}).constructor,
    (async function* (): AsyncGenerator {}).constructor,
    Object.getPrototypeOf(class {}).constructor,
    Object.getPrototypeOf(setTimeout).constructor,
    Object.getPrototypeOf(crypto.subtle.digest).constructor,
  ] as FunctionConstructor[];
  const found: string[] = [];
  for (const name of WANTED) {
    const text = `typeof ${name} === "undefined" ? undefined : ${name}`;
    for (const construct of constructors) {
      try {
        const made: unknown = construct(`return ${text}`)();
        if (made !== undefined && Object.getPrototypeOf(made) !== Promise.prototype && !isGenerator(made)) {
          found.push(name);
        }
      } catch {
        // no constructor of that kind
      }
    }
    // deno-lint-ignore no-eval -- one of the ways
    const indirect = eval;
    if (indirect(text) !== undefined) found.push(`${name} by eval`);
  }
  return found.length > 0 ? `BREACH: ${found}` : "BLOCKED";
}

function isGenerator(value: unknown): boolean {
  return typeof Object(value).next === "function";
}

/** Hands native code values that are nested deeper than its stack: a crash there would be the process'. */
export const meta = { class: "kill", alone: true };

const DEPTH = 2_000_000;

export function attack(): string {
  const attempts: (() => unknown)[] = [
    () => JSON.parse("[".repeat(DEPTH)),
    () => structuredClone(nested()),
    () => JSON.stringify(nested()),
    () => new RegExp("(".repeat(200_000) + ")".repeat(200_000)).test("x"),
    () => new Function("return " + "(".repeat(200_000) + "1" + ")".repeat(200_000)),
    () => Reflect.get(inherited(), "missing"),
    () => String(nested()),
    () => nested().flat(Infinity),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch {
      // a RangeError is all that it may be
    }
  }
  return "BLOCKED: the process is still there";
}

function nested(): unknown[] {
  let list: unknown[] = [];
  for (let depth = 0; depth < DEPTH; depth++) list = [list];
  return list;
}

function inherited(): object {
  let proxy: object = {};
  for (let depth = 0; depth < 100_000; depth++) proxy = new Proxy(proxy, {});
  return proxy;
}

import { assertEquals, assertRejects, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { Backend, BackendName } from "./backend.ts";
import { RestartableBackend, type StartBackend } from "./restartable.ts";

Deno.test("RestartableBackend.restart() takes the same backend once, then the next best", async () => {
  const { start, log } = fakes();
  using backend = await RestartableBackend.start("auto", start);
  const names = [backend.name];

  for (let restart = 0; restart < 4; restart++) {
    await backend.restart();
    names.push(backend.name);
  }

  assertEquals(names, ["webgpu", "webgpu", "wasm", "cpu", "cpu"]);
  assertEquals(log.filter((line) => line.startsWith("end")).length, 4);
});

Deno.test("RestartableBackend.restart() takes the next best where the same one does not start", async () => {
  const { start, broken } = fakes();
  using backend = await RestartableBackend.start("auto", start);

  broken.add("webgpu");
  await backend.restart();

  assertEquals(backend.name, "wasm");
});

Deno.test("RestartableBackend.restart() never changes what was asked for by name", async () => {
  const { start, broken } = fakes();
  using backend = await RestartableBackend.start("webgpu", start);
  await backend.restart();
  await backend.restart();
  assertEquals(backend.name, "webgpu");

  broken.add("webgpu");
  const error = await assertRejects(() => backend.restart(), KBertError);

  assertEquals(error.code, "backend/unavailable");
  assertEquals(assertThrows(() => backend.check(), KBertError).code, "device/failed");
});

Deno.test("RestartableBackend ends every device that it started, and each once", async () => {
  const { start, log } = fakes();
  const backend = await RestartableBackend.start("auto", start);
  await backend.restart();

  backend[Symbol.dispose]();
  backend[Symbol.dispose]();

  assertEquals(log, ["start webgpu", "end webgpu", "start webgpu", "end webgpu"]);
});

Deno.test("RestartableBackend.failure() is what check() throws, and nothing of a sound device", async () => {
  const { start, failing } = fakes();
  using backend = await RestartableBackend.start("wasm", start);
  assertEquals(await backend.failure(), undefined);

  failing.add("wasm");

  assertEquals((await backend.failure())?.code, "device/failed");
});

/** Backends that only write down what is done with them; `auto` is webgpu. */
function fakes(): {
  readonly start: StartBackend;
  /** What was started and ended, in order. */
  readonly log: readonly string[];
  /** Backends that do not start, and those whose device has failed. */
  readonly broken: Set<BackendName>;
  readonly failing: Set<BackendName>;
} {
  const [log, broken, failing] = [[] as string[], new Set<BackendName>(), new Set<BackendName>()];
  const start = (wanted: BackendName | "auto"): Promise<Backend> => {
    const name = wanted === "auto" ? "webgpu" : wanted;
    if (broken.has(name)) return Promise.reject(new Error(`${name} is broken`));
    log.push(`start ${name}`);
    return Promise.resolve({
      ...{ name, reason: "a test", adapter: null },
      check: () => {
        if (!failing.has(name)) return;
        throw new KBertError("device/failed", "no", { backend: name, reason: "a test" });
      },
      [Symbol.dispose]: () => void log.push(`end ${name}`),
    });
  };
  return { start, log, broken, failing };
}

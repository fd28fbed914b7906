import { assertEquals, assertRejects } from "../../deps/assert.ts";
import { settled } from "../../../tests/fixtures/test_port.ts";
import { Turns } from "./turns.ts";

Deno.test("Turns.run() lets so many run at once, and the others in the order in which they came", async () => {
  const turns = new Turns(2);
  const { signal } = new AbortController();
  const running: PromiseWithResolvers<void>[] = [];
  const started: string[] = [];
  const run = (name: string): Promise<void> =>
    turns.run(signal, () => {
      started.push(name);
      running.push(Promise.withResolvers());
      return running.at(-1)!.promise;
    });

  const all = ["a", "b", "c", "d"].map(run);
  await settled();
  assertEquals(started, ["a", "b"]);
  running[1]!.reject(new Error("b failed"));
  await assertRejects(() => all[1]!, Error, "b failed");
  assertEquals(started, ["a", "b", "c"]);
  running[0]!.resolve();
  await settled();

  assertEquals(started, ["a", "b", "c", "d"]);
  running[2]!.resolve();
  running[3]!.resolve();
  await Promise.all([all[0], all[2], all[3]]);
  assertEquals(await turns.run(signal, () => Promise.resolve("free again")), "free again");
});

Deno.test("Turns.run() stops waiting when it is given up, and gives the place to the next one", async () => {
  const turns = new Turns(1);
  const { promise, resolve } = Promise.withResolvers<void>();
  const caller = new AbortController();
  const { signal } = new AbortController();

  const first = turns.run(signal, () => promise);
  const given = turns.run(caller.signal, () => Promise.resolve("ran"));
  const last = turns.run(signal, () => Promise.resolve("ran"));
  caller.abort(new Error("given up"));
  resolve();

  await assertRejects(() => given, Error, "given up");
  await first;
  assertEquals(await last, "ran");
  await assertRejects(() => turns.run(caller.signal, () => Promise.resolve()), Error, "given up");
});

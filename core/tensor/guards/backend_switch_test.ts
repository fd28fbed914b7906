import { assertEquals, assertRejects } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { startBackend } from "../backend.ts";

/** A backend that does not start, until it is disposed of. tfjs warns of it on the console. */
function brokenBackend(): Disposable {
  tf.registerBackend("broken", () => {
    throw new Error("there is no such card");
  });
  return { [Symbol.dispose]: () => tf.removeBackend("broken") };
}

Deno.test("a switch to a backend that does not start is an error, and the one before stays", async () => {
  using _backend = await startBackend("cpu");
  using _broken = brokenBackend();

  const error = await assertRejects(() => tf.setBackend("broken"), KBertError);

  assertEquals(error.code, "backend/unavailable");
  assertEquals(tf.getBackend(), "cpu");
});

Deno.test("without the guard, a switch that failed says false and leaves tfjs to choose", async () => {
  using _backend = await startBackend("cpu");
  using _broken = brokenBackend();
  const engine = tf.engine() as unknown as { setBackend(name: string): Promise<boolean> };
  const stock = Object.getPrototypeOf(engine) as typeof engine;

  assertEquals(await stock.setBackend.call(engine, "broken"), false);
  assertEquals(tf.getBackend(), "broken"); // in name; there is none

  await tf.setBackend("cpu");
});

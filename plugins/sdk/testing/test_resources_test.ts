import { assertEquals, assertRejects } from "../../../core/deps/assert.ts";
import { TestResources } from "./test_resources.ts";

Deno.test("TestResources.end() ends whatever can be ended, in its own way, and the last one first", async () => {
  const ended: string[] = [];
  const end = (what: string) => (): void => void ended.push(what);
  const resources = new TestResources(1);

  resources.use({ close: end("close") });
  resources.use({ cleanup: end("cleanup") });
  resources.use({ [Symbol.dispose]: end("dispose"), close: end("never") });
  resources.use({
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await Promise.resolve();
      ended.push("async");
    },
  });
  resources.use({
    releaseResources: () => Promise.resolve(end("resources")()),
    layers: { dispose: end("layers") },
  });
  await resources.end();
  await resources.end(); // twice is harmless

  assertEquals(ended, ["resources", "layers", "async", "dispose", "cleanup", "close"]);
});

Deno.test("TestResources.end() ends the others too when one fails", async () => {
  const ended: string[] = [];
  const resources = new TestResources(1);

  resources.use({ close: () => ended.push("first") });
  resources.use({ close: () => Promise.reject(new Error("stuck")) });
  resources.use({ close: () => ended.push("last") });

  await assertRejects(() => resources.end(), Error, "stuck");
  assertEquals(ended, ["last", "first"]);
  await resources.close();
});

import { assertEquals, assertRejects } from "../../../core/deps/assert.ts";
import { EventBus } from "../../../core/bus/event_bus.ts";
import { KBertError } from "../../../core/wall/errors.ts";
import { imageOf } from "../../../tests/fixtures/image_of.ts";
import { memoryImage } from "../../../tests/fixtures/memory_image.ts";
import { writePlugin } from "../../../tests/fixtures/written_plugin.ts";
import { testManager, type TestManagerOptions } from "./test_manager.ts";

/** What the plugin is told when it reads what it asks for, a file of the test. */
async function reading(options: TestManagerOptions, path: string): Promise<string> {
  const image = await imageOf(
    `permissions: { read: [${JSON.stringify(path)}, /elsewhere] }`,
    `import { Files, inject, PluginPort } from "k-bert/sdk";
    export class Main extends PluginPort {
      #files = inject(Files);
      async read(path: string): Promise<string> {
        return await this.#files.readText(path).catch(({ code }) => code);
      }
    }`,
  );
  using bus = new EventBus();
  await using manager = testManager(bus, options);
  const plugin = await manager.start(image);
  return String(await plugin.call("read", [path]));
}

Deno.test("testManager() gives a plugin what the test grants of what it asks for, and asks nobody", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "granted");
  try {
    assertEquals(await reading({}, path), "capability/refused");
    assertEquals(await reading({ grant: { read: ["/elsewhere"] } }, path), "capability/refused");
    assertEquals(await reading({ grant: { read: [path] } }, path), "granted");
    assertEquals(await reading({ grant: "all" }, path), "granted");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("testManager() starts plugins in a worker, or in a process where that is said", async () => {
  const image = await memoryImage("one(): number { return 1; }");
  using bus = new EventBus();
  await using workers = testManager(bus);
  await using processes = testManager(bus, { tier: "process" });

  const plugins = [
    await workers.start(image),
    await workers.start(image, { tier: "process" }),
    await processes.start(image),
    await processes.start(image, { tier: "worker" }),
  ];

  assertEquals(plugins.map(({ tier }) => tier), ["worker", "process", "process", "worker"]);
  for (const plugin of plugins) assertEquals(await plugin.call("one", []), 1);
});

Deno.test("testManager() tests the code that is in the folder now, whatever a lock says, and scans as any", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const body = "one(): number { return 1; }";
    const path = await writePlugin(folder, { name: "locked", port: "plugin", base: "PluginPort", body });
    await Deno.writeTextFile(`${folder}/k-bert.lock`, "this is no lock");
    using bus = new EventBus();
    await using manager = testManager(bus);

    assertEquals(await (await manager.start(path)).call("one", []), 1);
    assertEquals(await (await manager.start(new URL(`file://${path}/`))).call("one", []), 1);
    await manager.scan([`${folder}/nothing`]);
    const error = await assertRejects(() => manager.start("locked"), KBertError);
    assertEquals(error.code, "plugin/unknown");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/**
 * The plugin as a user has it: behind the wall, with a server on this machine, and the right to reach it granted.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createRuntime, GrantStore, KBertError, type Plugin, type Runtime, type Tier } from "k-bert";

const FOLDER = "plugins/back_translation_augmenter";
const NAME = "back_translation_augmenter";
const TEXTS = ["Buy one 😀", "get one", "free: cafe\u0301"];
const SEEDS = [1, 2, 3];

/** What a request asks. */
interface Question {
  readonly q: readonly string[];
  readonly source: string;
  readonly target: string;
}

/** A LibreTranslate of this test, and a runtime with the plugin, whose manifest names the server's port. */
class Rig implements AsyncDisposable {
  readonly questions: Question[] = [];
  readonly log: string[] = [];
  /** What the server does. */
  serve: (question: Question) => Response | Promise<Response> = translate;
  readonly #stack = new AsyncDisposableStack();
  readonly #isOver = Promise.withResolvers<Response>();
  #path = "";
  #runtime: Runtime | undefined;

  /** @param answers to the questions for consent. @default {yes to both} */
  static async start(answers: readonly string[] = ["y", NAME]): Promise<Rig> {
    const rig = new Rig();
    await using guard = new AsyncDisposableStack();
    guard.use(rig);
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
    const server = Deno.serve(options, async (request) => {
      if (new URL(request.url).pathname !== "/translate") return new Response(null, { status: 404 });
      const question = await request.json() as Question;
      rig.questions.push(question);
      return await rig.serve(question);
    });
    rig.#stack.use(server);
    rig.#stack.defer(() => rig.#isOver.resolve(new Response()));
    rig.#path = await Deno.makeTempDir({ prefix: "k-bert-" });
    rig.#stack.defer(() => Deno.remove(rig.#path, { recursive: true }));
    await copyPlugin(`${rig.#path}/plugin`, server.addr.port);
    const waiting = [...answers];
    rig.#runtime = rig.#stack.use(
      await createRuntime({
        ...{ spares: 0, log: (line) => rig.log.push(line) },
        consent: { ask: () => Promise.resolve(waiting.shift()), store: () => rig.grants() },
      }),
    );
    guard.move();
    return rig;
  }

  /** An answer that does not come before the test is over. */
  silence(): Promise<Response> {
    return this.#isOver.promise;
  }

  grants(): Promise<GrantStore> {
    return GrantStore.open(`${this.#path}/grants.json`);
  }

  async load(tier: Tier, settings: Record<string, unknown> = {}): Promise<Plugin<"augmenter">> {
    const impatient = { attempts: 3, base_ms: 0, failures_to_pause: 1_000, cache_size: 0 };
    return await this.#runtime!.plugins.start(`${this.#path}/plugin`, {
      ...{ port: "augmenter", tier, seed: 1 },
      settings: { augmentation_probability: 1, ...impatient, ...settings },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function copyPlugin(folder: string, port: number): Promise<void> {
  await Deno.mkdir(folder);
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (name.endsWith("_test.ts")) continue;
    const text = await Deno.readTextFile(`${FOLDER}/${name}`);
    await Deno.writeTextFile(`${folder}/${name}`, text.replaceAll("127.0.0.1:5000", `127.0.0.1:${port}`));
  }
}

function translate({ q, source, target }: Question): Response {
  return Response.json({ translatedText: q.map((text) => `${text} ${source}>${target}`) });
}

function augment(plugin: Plugin<"augmenter">): Promise<readonly string[]> {
  return plugin.methods().augment(TEXTS, { seeds: SEEDS });
}

const THERE_AND_BACK = TEXTS.map((text) => `${text} en>fr fr>en`);

for (const tier of ["worker", "process"] as const) {
  Deno.test(`back_translation_augmenter in a ${tier} goes there and back, and on without a server that fails`, async (t) => {
    await using rig = await Rig.start();
    const plugin = await rig.load(tier);
    const run = async (
      serve: Rig["serve"],
    ): Promise<[texts: readonly string[], asked: number, log: string]> => {
      rig.questions.length = rig.log.length = 0;
      rig.serve = serve;
      const texts = await augment(plugin);
      return [texts, rig.questions.length, rig.log.join("\n")];
    };
    const prefix = `${NAME} warning: 3 of 3 texts could not be translated and stay as they are:`;

    await t.step("a server that works", async () => {
      assertEquals(await run(translate), [THERE_AND_BACK, 2, ""]);
      assertEquals(rig.questions[0], { q: TEXTS, source: "en", target: "fr", format: "text" } as Question);
    });
    await t.step("503, then success", async () => {
      let failures = 2;
      const serve = (question: Question): Response =>
        failures-- > 0 ? new Response("busy", { status: 503 }) : translate(question);
      assertEquals(await run(serve), [THERE_AND_BACK, 4, ""]);
    });
    await t.step("a server that always fails", async () => {
      const [texts, asked, log] = await run(() => new Response("down", { status: 500 }));
      assertEquals([texts, asked], [TEXTS, 3]);
      assert(log.startsWith(`${prefix} The translation server answered 500: down texts=3`), log);
    });
    await t.step("a server that refuses is asked once", async () => {
      const [texts, asked, log] = await run(() => Response.json({ error: "no key" }, { status: 403 }));
      assertEquals([texts, asked], [TEXTS, 1]);
      assert(log.includes('answered 403: {"error":"no key"}'), log);
    });
    await t.step("answers in another form", async () => {
      for (const body of ["<html>", "{}", '{"translatedText":["a","b"]}', '{"translatedText":[1,2,3]}']) {
        const [texts, asked, log] = await run(() => new Response(body));
        assertEquals([texts, asked], [TEXTS, 1]);
        assert(log.startsWith(`${prefix} The translation server is not one of LibreTranslate's kind`), log);
      }
    });
    await t.step("works again", async () => assertEquals((await run(translate))[0], THERE_AND_BACK));
  });
}

Deno.test("back_translation_augmenter gives a server up that is too slow, and its texts stay", async () => {
  await using rig = await Rig.start();
  const plugin = await rig.load("worker", { timeout_ms: 50, attempts: 2 });
  rig.serve = () => rig.silence();

  assertEquals(await augment(plugin), TEXTS);

  assertEquals(rig.questions.length, 2);
  assert(
    rig.log[0]!.includes("did not answer the plugin back_translation_augmenter within 50 ms"),
    rig.log[0],
  );
});

Deno.test("back_translation_augmenter spends no more on a call than its budget", async () => {
  await using rig = await Rig.start();
  const plugin = await rig.load("worker", { timeout_ms: 60_000, budget_ms: 60, batch_size: 1, attempts: 9 });
  rig.serve = () => rig.silence();

  assertEquals(await augment(plugin), TEXTS);

  assertEquals(rig.questions.length, 1, "the first request had all the time there was");
});

Deno.test("back_translation_augmenter ends its request when the call is aborted", async () => {
  await using rig = await Rig.start();
  const plugin = await rig.load("worker", { timeout_ms: 60_000 });
  const controller = new AbortController();
  const gone = Promise.withResolvers<void>();
  rig.serve = () => {
    controller.abort();
    return new Response(new ReadableStream({ cancel: () => gone.resolve() })); // begins, and never ends
  };

  const call = plugin.methods({ signal: controller.signal }).augment(TEXTS, {
    seeds: SEEDS,
  });
  const error = await assertRejects(() => call, KBertError);

  assertEquals(error.code, "call/aborted");
  await gone.promise;
  rig.serve = translate;
  assertEquals(await augment(plugin), THERE_AND_BACK);
});

Deno.test("back_translation_augmenter without the right that it asks for starts, leaves texts alone and says why", async () => {
  await using rig = await Rig.start(["n"]);
  const refusal = await assertRejects(() => rig.load("worker"), KBertError);
  assertEquals(refusal.code, "plugin/consent");
  // What a user does who agrees to the plugin, but not to the network.
  const [, sha256] = /--sha256=([0-9a-f]{64})/.exec(refusal.message)!;
  const permissions = { net: [], read: [], write: [], env: [], gpu: false, services: [] };
  await (await rig.grants()).grant({
    ...{ name: NAME, version: "1.0.0", sha256: sha256!, permissions, textAndNetwork: false },
  });

  const plugin = await rig.load("worker");

  assertEquals(await augment(plugin), TEXTS);
  assertEquals(rig.questions, []);
  assert(rig.log[0]!.includes("may not connect to 127.0.0.1:"), rig.log[0]);
  assert(rig.log[0]!.includes("3 of 3 texts"), rig.log[0]);
});

Deno.test("back_translation_augmenter does not start with an endpoint that is no URL", async () => {
  await using rig = await Rig.start();

  const starting = rig.load("worker", { endpoint: "localhost" });

  await assertRejects(() => starting, KBertError, "an endpoint is a whole http or https URL");
});

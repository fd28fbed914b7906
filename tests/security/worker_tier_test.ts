import { assert, assertEquals } from "../../core/deps/assert.ts";
import { PluginManager } from "../../core/plugins/manager.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";
import { hostCall } from "../../core/hostile/host_call.ts";
import { attackNames, type Outcome, run } from "./attack_plugin.ts";

/** How each attack has to end. Those that are not here have to be answered with BLOCKED. */
const ENDS: Record<string, RegExp> = {
  configuration_abyss: /its settings are nested deeper than 32 levels/,
  configuration_bomb: /characters of JSON, and the limit is/,
  configuration_circle: /circular/i,
  configuration_oddities: /declares other settings than its plugin\.yaml/,
  hold_every_call: /did not (answer hold\(\)|finish its \d+ open calls) within/, // whichever is first
  hostile_stream: /an error without a message/,
  methods_that_are_no_names: /Cannot pass a function across the wall/,
  silent_stream: /within 1000 ms/,
  ten_thousand_methods: /expected array to have <=256 items/,
  throw_before_each_call: /thrown (before the call|by a getter)/,
  throw_in_activate: /thrown in activate/,
  hang_at_import: /did not answer \$load\(\) within/,
  hostile_error: /^\\u001b\[2J.*… \(80000\d\d characters\)$/s,
  import_behind_a_division: /attack\.ts:\d+ imports "node:worker_threads"/,
  import_escaped: /attack\.ts:\d+ imports "node:process"/,
  import_statically: /attack\.ts:\d+ imports "node:process"/,
  learn_where_it_runs: /attack\.ts:\d+ uses import\.meta/,
  never_answer: /did not answer predict\(\) within/,
  overflow_the_stack: /Maximum call stack/,
  reject_unheard: /rejected unheard/,
  silence_the_listeners: /silently/,
  spoof_events: /^INFO/,
  throw_at_import: /broken at import/,
  throw_in_a_timer: /thrown in a timer/,
  throw_odd_values: /^\\u0000/,
};

/** Attacks that are over when their time is. */
const SILENT = new Set([
  ...["hang_at_import", "never_answer", "silent_stream", "hostile_stream"],
  ...["hold_every_call", "hang_in_deactivate", "swap_methods"],
]);

/** Bytes that the host may need for one of them, before anything is collected: the floods send 300 MB. */
const HEAP = 128 * 2 ** 20;

/** What a host's terminal must never be sent. */
// deno-lint-ignore no-control-regex -- escape codes are what this is about
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const PERMISSIONS = ["read", "write", "net", "run", "env", "sys", "ffi", "import"] as const;

/** What an attack on the host itself would change. */
async function stateOfHost(): Promise<unknown> {
  const intrinsics = [Object, Array, Map, Promise, Function].map(({ prototype }) =>
    Reflect.ownKeys(prototype)
  );
  const rights = await Promise.all(
    PERMISSIONS.map(async (name) => (await Deno.permissions.query({ name })).state),
  );
  return { intrinsics, rights, polluted: Reflect.get({}, "polluted") };
}

/** Every text of an error and its causes. */
function textsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return [error.name, error.message, Deno.inspect(error, { colors: false }), ...textsOf(error.cause)];
}

function assertHarmless(outcome: Outcome): void {
  const { errors, log, breaches, refused, served, openCalls, listeners: [during, after] } = outcome;
  const texts = [...log, ...errors.flatMap(textsOf), ...refused.map((one) => JSON.stringify(one))];
  const unprintable = texts.find((text) => UNPRINTABLE.test(text));
  assertEquals(unprintable, undefined, "everything that is shown is printable");
  assert(texts.every((text) => text.length < 50_000), "and bounded");
  assertEquals([breaches, openCalls], [[], 0]);
  assertEquals(served.filter((name) => name !== "glossary.lookup"), []);
  assert(refused.length <= 100, "what is refused is told once for each topic, and not without end");
  assert(during <= 110 && after <= 3, `${during} listeners, and ${after} after its end`);
}

/** A plugin that stands for all others: it answers as long as the host is well. */
async function startNeighbour(manager: PluginManager, folder: string): Promise<() => Promise<unknown>> {
  const code = `import { HeadPort, type tf } from "k-bert/sdk/tensors";
    export class Main extends HeadPort { override forward(x: tf.Tensor): tf.Tensor { return x; } }`;
  await Deno.writeTextFile(
    `${folder}/plugin.yaml`,
    "name: neighbour\nversion: 1.0.0\nentry_points:\n  head: main:Main\n",
  );
  await Deno.writeTextFile(`${folder}/main.ts`, code);
  const plugin = await manager.start(folder, { settings: { hidden_size: 4, num_labels: 2 } });
  return () => plugin.call("predict", hostCall("head").args);
}

/** The others are served also while the attack goes on. */
async function whileOthersWork<T>(neighbour: () => Promise<unknown>, attack: Promise<T>): Promise<T> {
  let isOver = false;
  const over = attack.finally(() => isOver = true);
  over.catch(() => {});
  while (!isOver) {
    assertEquals(await neighbour(), hostCall("head").args[0]);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return await over;
}

/** What more has to hold of some. */
const CHECKS: Record<string, (outcome: Outcome) => void> = {
  flood_events: ({ heard, dropped }) => assertEquals([[...heard], dropped], [[["declared", 22_000]], []]),
  // Two calls of 40,000 posts: each is heard or counted, and each flood is told of once.
  flood_telemetry: ({ heard, dropped }) => {
    const arrived = [...heard.values()].reduce((sum, count) => sum + count, 0);
    const lost = dropped.reduce((sum, count) => sum + count, 0);
    assertEquals(arrived + lost, 80_000);
    assert(lost > 40_000 && dropped.length <= 3, `${dropped}`);
  },
  flood_for_a_while: ({ heard, dropped }) => {
    assert(heard.get("declared")! >= 2_000 && dropped.length >= 1);
    assert(dropped.length < 10, "not one report for each of them");
  },
  listen_too_much: ({ listeners: [during] }) => assert(during >= 100),
  emit_what_is_none: ({ heard, refused }) => {
    // The plain ones, and those that are none too long once they are cut.
    assertEquals([...heard], [["log.error", 8], ["metrics.recorded", 12]]);
    assert(refused.length > 5);
  },
  spoof_events: ({ heard, refused }) => assertEquals([heard.size, refused.length], [0, 2]),
  call_services: ({ served }) => assert(served.length >= 2),
};

Deno.test("workerSandbox() holds every attack that this tier is made for", async (t) => {
  using manager = new PluginManager({ createSandbox: workerSandbox });
  const folder = await Deno.makeTempDir();
  const neighbour = await startNeighbour(manager, folder).finally(() =>
    Deno.remove(folder, { recursive: true })
  );
  const before = await stateOfHost();

  for (const name of await attackNames()) {
    await t.step(name, async () => {
      const heapBefore = Deno.memoryUsage().heapUsed;
      const outcome = await whileOthersWork(neighbour, run(name, SILENT.has(name) ? 1_000 : 30_000));

      assert(!outcome.verdict.startsWith("BREACH"), outcome.verdict.slice(0, 500));
      const end = ENDS[name] ?? /^BLOCKED/;
      assert(end.test(outcome.verdict), outcome.verdict.slice(0, 500));
      assertHarmless(outcome);
      CHECKS[name]?.(outcome);
      const grown = Deno.memoryUsage().heapUsed - heapBefore;
      assert(grown < HEAP, `the host's heap has grown by ${grown} bytes`);
      assertEquals(await neighbour(), hostCall("head").args[0], "the others go on");
      assertEquals(await stateOfHost(), before);
    });
  }
});

Deno.test("a host prints no byte of an attack unescaped and ends by itself", async (t) => {
  const host = new URL("./host.ts", import.meta.url).pathname;
  const root = new URL("../../", import.meta.url).pathname;
  const rights = ["--no-prompt", "--allow-read", "--allow-write"];
  const args = ["run", "--no-check", "--unstable-worker-options", ...rights, host];

  for (
    const name of [
      "throw_in_a_timer",
      "reject_unheard",
      "silence_the_listeners",
      "hostile_console",
      "throw_at_import",
      "throw_in_deactivate",
      "hostile_stream",
    ]
  ) {
    await t.step(name, async () => {
      const { code, stdout, stderr } = await new Deno.Command("deno", {
        args: [...args, name],
        cwd: root,
        env: { NO_COLOR: "1" },
        signal: AbortSignal.timeout(60_000),
      }).output();

      const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [
        string,
        string,
      ];
      assertEquals([code, errors], [0, ""]);
      assert(!UNPRINTABLE.test(output), output);
      assertEquals(JSON.parse(output).openCalls, 0);
    });
  }
});

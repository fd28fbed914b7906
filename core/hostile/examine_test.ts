import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { parseManifest } from "../manifest/schema.ts";
import { type AttackFile, type AttackSuite, ownSuite } from "./attack_file.ts";
import { ATTACK_NAMES, QUICK_NAMES } from "./attack_names.ts";
import { examine } from "./examine.ts";
import { type Row, runAttacks } from "./runner.ts";
import { lostOf, scoreText } from "./score.ts";
import { manifestOf, NOBODY, rightsOf, type Victim, victimOf } from "./victim.ts";
import { memoryImage } from "../../tests/fixtures/memory_image.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";

/** Fetches from two ports, and calls it a breach if it gets through to one that it does not know to be granted. */
function fetchingAttack(
  ports: readonly number[],
  known = `import { mayConnect } from "./own/allowed.ts";`,
): AttackFile {
  const source = `import { inject, Network, PluginPort } from "k-bert/sdk";
${known}
export const meta = { class: "net" };
export class Main extends PluginPort {
  #network = inject(Network);
  async attack() {
    const sent = [];
    for (const port of ${JSON.stringify(ports)}) {
      const url = "http://127.0.0.1:" + port + "/";
      const got = await this.#network.fetch(url).then(() => true, () => false);
      if (got && !mayConnect(url)) sent.push(url);
    }
    return sent.length > 0 ? "BREACH: " + sent : "BLOCKED";
  }
}
`;
  return { name: "fetching", attackClass: "net", isPeer: false, source };
}

async function attacked(attacks: readonly AttackFile[], victim: Victim): Promise<Row[]> {
  await using scratch = await withTempFolder();
  const fixtures = (await ownSuite()).fixtures;
  const path = await Deno.realPath(scratch.path);
  const rows: Row[] = [];
  for await (const row of runAttacks({ attacks, tiers: ["process"], fixtures, scratch: path, victim })) {
    rows.push(row);
  }
  return rows;
}

function serveCounting(): { server: Deno.HttpServer<Deno.NetAddr>; hits: () => number } {
  let hits = 0;
  const options = { hostname: "127.0.0.1", port: 0, onListen: (): void => {} };
  const server = Deno.serve(options, () => {
    hits++;
    return new Response("here");
  });
  return { server, hits: () => hits };
}

Deno.test("a granted host is no breach, and the next one is", async () => {
  const [granted, next] = [serveCounting(), serveCounting()];
  await using _first = granted.server;
  await using _second = next.server;
  const ports = [granted.server.addr.port, next.server.addr.port];
  const victim = (net: readonly number[]): Victim => ({
    ...NOBODY,
    permissions: { ...NOBODY.permissions, net: net.map((port) => `127.0.0.1:${port}`) },
  });

  const [held] = await attacked([fetchingAttack(ports)], victim(ports.slice(0, 1)));
  assert(held!.held, held!.why);
  assert(granted.hits() >= 2, `${granted.hits()}`); // it is called twice, and tried again on a busy machine
  assertEquals(next.hits(), 0);

  // A host that let it through to both, while it knows of one grant: what it says counts.
  const knowsOne = `const mayConnect = (url: string) => url.includes(":${ports[0]}/");`;
  const [lost] = await attacked([fetchingAttack(ports, knowsOne)], victim(ports));
  assert(!lost!.held && lost!.why.includes(`127.0.0.1:${ports[1]}`), lost!.why);
});

Deno.test("our own attacks do not take what is granted for a breach", async () => {
  const names = [
    ...["reach_the_network_by_the_host", "read_files_by_the_host", "leave_its_folders", "call_services"],
    ...["read_variables_by_the_host", "listen_undeclared", "hear_the_others", "emit_beside_its_topics"],
    ...["ask_the_next_host", "spoof_events", "flood_events"],
  ];
  const suite = await ownSuite();
  const victim: Victim = {
    ...{ port: "augmenter", limits: {}, configuration: {}, offered: ["vault", "secrets"] },
    permissions: {
      ...{ net: ["127.0.0.1:9"], read: ["data"], write: ["out", "data"], env: ["HOME"], gpu: false },
      services: ["vault", "secrets"],
    },
    events: { emits: ["my.news"], listens: ["log.*", "secret.>", "plugin.>"] },
  };
  const rows = await attacked(suite.attacks.filter(({ name }) => names.includes(name)), victim);

  assertEquals(rows.filter(({ held }) => !held), []);
  assertEquals(rows.length, names.length);
});

Deno.test("a file that is written beside a granted folder is seen from outside", async () => {
  // A peer with all rights of its process has none to write; so the host's own program stands in for it.
  await using folder = await withTempFolder();
  const host = `${folder.path}/host.ts`;
  await Deno.writeTextFile(
    host,
    `const { folder, nonce } = JSON.parse(Deno.args[0]);
Deno.writeTextFileSync(folder + "/../fixtures/key.json", "owned");
const report = { end: "answered", outcome: "BLOCKED", lagMs: 1, endMs: 1, isQuarantined: false, openCalls: 0,
  isServing: true, changes: [], breaches: [], peakMb: 1, keptMb: 1 };
console.log(nonce + " " + JSON.stringify(report));\n`,
  );
  const attack: AttackFile = {
    name: "any",
    attackClass: "write",
    isPeer: false,
    source: `export function attack() {}`,
  };
  const scratch = await Deno.realPath(folder.path);
  const { fixtures } = await ownSuite();
  const [row] = await Array.fromAsync(
    runAttacks({ attacks: [attack], tiers: ["process"], fixtures, scratch, host }),
  );

  assert(!row!.held && row!.why.includes("fixtures/key.json was written"), row!.why);
});

Deno.test("victimOf() makes a manifest with the rights, topics and limits of the plugin, and nothing else of it", () => {
  const manifest = parseManifest(
    `name: victim
version: 2.0.0
entry_points: { head: "head:Head" }
configuration: { width: { type: int, default: 3 } }
permissions: { net: [example.com], services: [glossary] }
events: { emits: [head.done], listens: [news.*] }
limits: { callMs: 500, memoryMb: 64 }
dependencies: ["npm:left-pad@1.3.0"]
`,
    "plugin.yaml",
  );
  const victim = victimOf(manifest, "head");
  const attacker = parseManifest(manifestOf(victim, ["head", "main:Main"]), "plugin.yaml");

  const { permissions, events, limits, configuration } = manifest;
  assertEquals(
    [attacker.permissions, attacker.events, attacker.limits, attacker.configuration],
    [permissions, events, limits, configuration],
  );
  assertEquals([attacker.name, attacker.dependencies, attacker.entry_points], ["attacker", [], {
    head: "main:Main",
  }]);
  assertEquals(rightsOf(victim).net, ["example.com"]);
});

Deno.test("the quick attacks are one of each class", async () => {
  const { attacks } = await ownSuite();
  const classOf = new Map(attacks.map(({ name, attackClass }) => [name, attackClass]));

  const quick = QUICK_NAMES.map((name) => classOf.get(name));
  assertEquals(quick.toSorted(), [...new Set(classOf.values())].sort());
  assertEquals(new Set(ATTACK_NAMES).size, ATTACK_NAMES.length);
});

Deno.test("examine() counts checks and attacks apart, and tells of each at once", async () => {
  await using scratch = await withTempFolder();
  const suite: AttackSuite = {
    fixtures: new Map(),
    attacks: [
      {
        name: "loads_weakly",
        attackClass: "kill",
        isPeer: false,
        source: `export const attack = () => "BREACH: me";`,
      },
      {
        name: "loads_well",
        attackClass: "kill",
        isPeer: false,
        source: `export const attack = () => "BLOCKED";`,
      },
    ],
  };
  const told: string[] = [];
  const image = await memoryImage(`now() { return 1; }`);
  const options = {
    suite,
    scratch: await Deno.realPath(scratch.path),
    date: new Date("2026-07-01T12:00:00Z"),
  };
  const score = await examine(image, {
    ...options,
    only: "loads",
    onCheck: ({ check }) => void told.push(check),
    onAttack: ({ attack }) => void told.push(attack),
  });

  assertEquals(told.sort(), ["loads", "loads_weakly", "loads_well"]);
  const { rows: checks, ...conformance } = score.conformance;
  const { rows: attacks, ...counts } = score.attacks;
  assertEquals([conformance, counts], [{ held: 1, of: 1, skipped: 0 }, { held: 1, of: 2 }]);
  assertEquals([checks.length, attacks.length, lostOf(score)], [1, 2, 1]);
  assertEquals([score.plugin, score.sha256, score.date, score.isPart], [
    "sample",
    image.sha256,
    "2026-07-01",
    true,
  ]);
  assert(scoreText(score).endsWith("not held: loads_weakly: BREACH: me"), scoreText(score));
  await assertRejects(
    () => examine(image, { ...options, only: "nothing" }),
    Error,
    'has "nothing" in its name',
  );
});

import { assert, assertEquals, assertRejects } from "../../core/deps/assert.ts";
import { type AttackFile, ownSuite, readSuite, secretsOf } from "../../core/hostile/attack_file.ts";
import type { Evidence, HostReport } from "../../core/hostile/evidence.ts";
import { line, summary } from "../../core/hostile/report.ts";
import { type Row, runAttacks, type RunnerOptions } from "../../core/hostile/runner.ts";
import { verdictOf } from "../../core/hostile/verdict.ts";

const ATTACKS = new URL("../../core/hostile/attacks", import.meta.url).pathname;

const WELL: HostReport = {
  ...{ end: "answered", outcome: "BLOCKED", lagMs: 5, endMs: 10, isQuarantined: false, openCalls: 0 },
  ...{ isServing: true, changes: [], breaches: [], peakMb: 30, keptMb: 2 },
};

function evidence(report: Partial<HostReport> = {}, more: Partial<Evidence> = {}): Evidence {
  const exit = { code: 0, signal: null };
  const rest = { tier: "process", secrets: ["CANARY"], exit, exitMs: 20, terminal: "" } as const;
  return { ...rest, report: { ...WELL, ...report }, ...more };
}

Deno.test("verdictOf() holds what did nothing", () => {
  assertEquals(verdictOf(evidence()), { held: true, why: "answered: BLOCKED", isTiming: false });
});

Deno.test("verdictOf() finds each thing that a host has to be safe from", () => {
  const lost: [Evidence, RegExp][] = [
    [evidence({ outcome: "BREACH: read a file" }), /BREACH: read a file/],
    [evidence({ end: "failed", outcome: "BREACH: by an error" }), /BREACH/],
    [evidence({ lagMs: 100 }), /held up for 100 ms/],
    [evidence({ end: "overdue", endMs: 1_001 }), /took 1001 ms to end/],
    [evidence({ endMs: undefined }), /still runs/],
    [evidence({ openCalls: 2 }), /2 calls are still open/],
    [evidence({ isServing: false }), /does not serve/],
    [evidence({ changes: ["the host's right to read changed"] }), /right to read/],
    [evidence({ breaches: ["a secret came out"] }), /a secret came out/],
    [evidence({ keptMb: 900 }), /keeps 900 MiB/],
    [evidence({}, { exit: undefined }), /did not end by itself/],
    [evidence({}, { exit: { code: 1, signal: null } }), /ended with code 1/],
    [evidence({}, { exit: { code: 137, signal: "SIGKILL" } }), /ended by SIGKILL/],
    [evidence({}, { exitMs: 10_000 }), /took 10000 ms to end/],
    [evidence({}, { report: undefined }), /did not report/],
    [evidence({}, { terminal: "\u001b[2J" }), /reached the terminal as they were/],
    [evidence({}, { terminal: "it says CANARY" }), /a secret reached the terminal/],
    [evidence({}, { changedFiles: ["fixtures/key.json"] }), /the file fixtures\/key.json was written/],
  ];
  for (const [seen, why] of lost) {
    const verdict = verdictOf(seen);
    assert(!verdict.held && why.test(verdict.why), `${why}: ${JSON.stringify(verdict)}`);
  }
});

Deno.test("verdictOf() gives another try only to what was lost by the clock alone", () => {
  assertEquals(verdictOf(evidence({ lagMs: 300 })).isTiming, true);
  assertEquals(verdictOf(evidence({ lagMs: 300, outcome: "BREACH" })).isTiming, false);
  assertEquals(verdictOf(evidence({ outcome: "BREACH" })).isTiming, false);
});

Deno.test("verdictOf() holds what the worker tier cannot stop only if the host is done with it", () => {
  const stuck = { end: "overdue", endMs: undefined, outcome: "did not answer", isQuarantined: true } as const;
  const worker = { tier: "worker" } as const;

  const held = verdictOf(evidence(stuck, worker));
  assert(held.held && held.why.startsWith("worker tier: cannot be stopped by design"), held.why);
  assert(!verdictOf(evidence({ ...stuck, isQuarantined: false }, worker)).held);
  assert(!verdictOf(evidence({ ...stuck, openCalls: 1 }, worker)).held);
  assert(!verdictOf(evidence({ ...stuck, lagMs: 500 }, worker)).held);
  assert(!verdictOf(evidence(stuck, { ...worker, exit: undefined })).held);
  assert(!verdictOf(evidence(stuck)).held, "a process can always be stopped");
});

Deno.test("secretsOf() finds what is worth hiding in the suite's own fixtures", async () => {
  const secrets = secretsOf((await ownSuite()).fixtures);
  for (const canary of ["CANARY-TEXT-81f3", "CANARY-JSON-5c07", "CANARY-CODE-d92e"]) {
    assert(secrets.includes(canary));
  }
});

Deno.test("the project's own suite has at least 80 attacks, of every class", async () => {
  const { attacks } = await ownSuite();
  const classes = ["covert", "escalate", "fault", "hang", "kill", "net", "read", "spoof", "starve", "write"];

  assert(attacks.length >= 80, `${attacks.length}`);
  assertEquals([...new Set(attacks.map(({ attackClass }) => attackClass))].sort(), classes);
});

Deno.test("ownSuite() has all that is in the folder of attacks, and nothing else", async () => {
  assertEquals(await ownSuite(), await readSuite(ATTACKS));
});

Deno.test("ownSuite() reads attacks from a web server, and says which one it does not have", async () => {
  const served: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const file = new URL(url).pathname.replace(/^\/attacks\//, "");
    served.push(file);
    const body = file === "key.ts" ? null : await Deno.readTextFile(`${ATTACKS}/${file}`).catch(() => null);
    return new Response(body, { status: body === null ? 404 : 200 });
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;

  assertEquals(await ownSuite(new URL(`${origin}/attacks/`)), await readSuite(ATTACKS));
  const gone = ownSuite(new URL(`${origin}/elsewhere/`));
  await assertRejects(() => gone, Error, "the server answers 404");
});

Deno.test("summary() ends as a test run does, and says again what was lost", () => {
  const row: Row = {
    ...{
      attack: "one",
      class: "kill",
      tier: "process",
      held: true,
      why: "BLOCKED",
      lagMs: 1,
      endMs: null,
      tries: 2,
    },
  };
  const text = summary([row, { ...row, held: false, why: "a\nb" }], 61_000);

  assert(text.endsWith("\nFAILED | 1 passed | 1 failed (61s)"), text);
  assert(text.includes("not held: one (process): a b"), text);
  assert(summary([row], 0).endsWith("ok | 1 passed | 0 failed (0s)"));
  assert(summary([], 0).endsWith("FAILED | 0 passed | 0 failed (0s)"), "nothing is not a success");
  assert(/^held .*BLOCKED \(try 2\)$/.test(line(row, ["one"])));
});

function attackOf(name: string, body: string): AttackFile {
  return {
    name,
    attackClass: "other",
    isPeer: false,
    source: `export async function attack() { ${body} }\n`,
  };
}

async function rowsOf(attacks: AttackFile[], more: Partial<RunnerOptions> = {}): Promise<Map<string, Row>> {
  const scratch = await Deno.makeTempDir();
  try {
    const rows = new Map<string, Row>();
    const { fixtures } = await ownSuite();
    const tiers = ["worker"] as const;
    const options = {
      attacks,
      tiers,
      fixtures,
      scratch: await Deno.realPath(scratch),
      callMs: 1_000,
      ...more,
    };
    for await (const row of runAttacks(options)) rows.set(row.attack, row);
    return rows;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

Deno.test("runAttacks() holds what is refused and what does nothing, and not what says that it got through", async () => {
  const rows = await rowsOf([
    attackOf("harmless", `return "BLOCKED";`),
    attackOf("refused", `return (await import("node:process")).pid;`),
    attackOf("weak", `return "BREACH: on purpose";`),
    attackOf("told", `return "the secret is CANARY-TEXT-81f3";`),
    attackOf("stuck", `for (;;);`),
  ], { tiers: ["process"] });

  assertEquals([...rows].filter(([, { held }]) => held).map(([name]) => name).sort(), [
    "harmless",
    "refused",
    "stuck",
  ]);
  assert(/^refused before it ran/.test(rows.get("refused")!.why), rows.get("refused")!.why);
  assert(/a secret of the fixtures came out/.test(rows.get("told")!.why), rows.get("told")!.why);
});

/** Reports that all is well, and is not: what is seen from outside has to say so. */
const FAKE_HOSTS: Record<string, readonly [code: string, why: RegExp]> = {
  lags: [`report({ lagMs: 400 });`, /held up for 400 ms/],
  "leaves its plugin": [`report({ endMs: undefined });`, /still runs/],
  "is killed": [`Deno.exit(7);`, /ended with code 7.*did not report/],
  "prints an escape code": [`report({}); console.error("\\u001b[2J");`, /reached the terminal/],
  "ends late": [`report({}); setTimeout(() => {}, 4_000);`, /ms to end/],
  "spoils its exit code": [`report({}); Deno.exitCode = 3;`, /ended with code 3/],
};

Deno.test("runAttacks() believes its own eyes, not the host alone", async (t) => {
  for (const [name, [code, why]] of Object.entries(FAKE_HOSTS)) {
    await t.step(name, async () => {
      const host = await Deno.makeTempFile({ suffix: ".ts" });
      const well = JSON.stringify(WELL);
      const report = `const { nonce } = JSON.parse(Deno.args[0]!);
        const report = (more: object) => console.log(nonce + " " + JSON.stringify({ ...${well}, ...more }));`;
      await Deno.writeTextFile(host, `${report}\n${code}\n`);
      try {
        const row = (await rowsOf([attackOf("any", "")], { host, tiers: ["process"] })).get("any")!;
        assert(!row.held && why.test(row.why), row.why);
      } finally {
        await Deno.remove(host);
      }
    });
  }
});

/**
 * Runs attacks, each as a plugin in a host of its own: a child process whose output, exit and time are seen from
 * outside, so that a host that dies is a verdict and not the end of the run.
 *
 * @module
 */
import type { Tier } from "../wall/sandbox.ts";
import { type AttackFile, secretsOf, writeAttack } from "./attack_file.ts";
import { changedFiles, filesIn } from "./file_state.ts";
import type { Evidence, HostReport, HostSetup } from "./evidence.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import { NOBODY, type Victim } from "./victim.ts";

/** A call's deadline, in milliseconds. */
const CALL_MS = 4_000;
/** A host that has not ended by then is killed. */
const MAX_HOST_MS = 60_000;
/** Tries of an attack that is lost by the clock alone: a busy machine holds up an innocent event loop, too. */
const MAX_TRIES = 5;
/** How it is seen that the machine is not busy: so many looks in a row that are not late. */
const LOOK_MS = 20;
const CALM_LOOKS = 25;
const MAX_QUIET_WAIT_MS = 20_000;
/** Hosts at once. */
const MAX_HOSTS = 2;
/** Nobody listens there: what leaves is an error, and reaches nobody. */
const CLOSED_PORT = "http://127.0.0.1:9";
const ROOT = new URL("../../", import.meta.url);
const HOST = new URL("./host.ts", import.meta.url).href;

/** What became of one attack on one tier. */
export interface Row {
  readonly attack: string;
  readonly class: string;
  readonly tier: Tier;
  readonly held: boolean;
  readonly why: string;
  readonly lagMs: number | null;
  readonly endMs: number | null;
  readonly tries: number;
}

/** Which attacks run where. */
export interface RunnerOptions {
  readonly attacks: readonly AttackFile[];
  readonly tiers: readonly Tier[];
  /** What the attacks are after: texts by the names of files. */
  readonly fixtures: ReadonlyMap<string, string>;
  /** The plugin in whose place they are. @default {one that asks for nothing that needs consent} */
  readonly victim?: Victim;
  /** Folder for this run's files; it exists, and whoever made it removes it. */
  readonly scratch: string;
  /** The program that stands for a host. @default {host.ts} */
  readonly host?: string;
  /** @default {4_000} */
  readonly callMs?: number;
  /** Ends it after the attacks that are underway. */
  readonly signal?: AbortSignal;
}

/** An attack and where it runs. */
interface Job {
  readonly attack: AttackFile;
  readonly tier: Tier;
}

/**
 * Runs all of them, and says what became of each as soon as it is known. One that is lost by the clock alone is
 * tried again at the end, when nothing else of this run takes the processor.
 */
export async function* runAttacks(options: RunnerOptions): AsyncGenerator<Row> {
  const secrets = secretsOf(options.fixtures);
  const jobs: Job[] = options.tiers.flatMap((tier) =>
    options.attacks.filter(({ isPeer }) => tier === "process" || !isPeer).map((attack) => ({ attack, tier }))
  );
  const again: Job[] = [];
  const running = new Map<Job, Promise<{ job: Job; row: Row; isTiming: boolean }>>();
  const waiting = jobs.values();
  for (;;) {
    while (running.size < MAX_HOSTS && !options.signal?.aborted) {
      const { value: job, done } = waiting.next();
      if (done) break;
      running.set(job, runAttack(job, secrets, options, 1).then((result) => ({ job, ...result })));
    }
    if (running.size === 0) break;
    const { job, row, isTiming } = await Promise.race(running.values());
    running.delete(job);
    if (isTiming) again.push(job);
    else yield row;
  }
  for (const job of again) yield await tryAgain(job, secrets, options);
}

/**
 * Never called. Its literal imports make the modules of the hosts a part of this module's graph, so that they are in
 * the cache when this one was imported from a URL.
 */
export const hostGraph = (): Promise<unknown>[] => [import("./host.ts"), import("./peer.ts")];

async function tryAgain(job: Job, secrets: readonly string[], options: RunnerOptions): Promise<Row> {
  for (let tries = 2;; tries++) {
    await quietMachine();
    const { row, isTiming } = await runAttack(job, secrets, options, tries);
    if (!isTiming || tries >= MAX_TRIES || options.signal?.aborted) return row;
  }
}

/** Waits, but not for ever, until others leave this process its turns. */
async function quietMachine(): Promise<void> {
  const until = performance.now() + MAX_QUIET_WAIT_MS;
  for (let calm = 0; calm < CALM_LOOKS && performance.now() < until;) {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    calm = performance.now() - start < 2 * LOOK_MS ? calm + 1 : 0;
  }
}

async function runAttack(
  { attack, tier }: Job,
  secrets: readonly string[],
  options: RunnerOptions,
  tries: number,
): Promise<{ row: Row; isTiming: boolean }> {
  const evidence = await observe(attack, tier, secrets, options);
  const verdict = verdictOf(evidence);
  return { row: rowOf(attack, evidence, verdict, tries), isTiming: verdict.isTiming };
}

function rowOf(
  { name, attackClass }: AttackFile,
  { tier, report }: Evidence,
  { held, why }: Verdict,
  tries: number,
): Row {
  const { lagMs, endMs } = report ?? {};
  return {
    ...{ attack: name, class: attackClass, tier, held, why, tries },
    lagMs: lagMs === undefined ? null : Math.round(lagMs),
    endMs: endMs === undefined ? null : Math.round(endMs),
  };
}

/** Runs one host from its start to its end. */
async function observe(
  attack: AttackFile,
  tier: Tier,
  secrets: readonly string[],
  { fixtures, scratch, victim = NOBODY, host = HOST, callMs = CALL_MS }: RunnerOptions,
): Promise<Evidence> {
  const own = await Deno.makeTempDir({ dir: scratch });
  try {
    const { plugin: folder, port, victim: { events, offered } } = await writeAttack(
      attack,
      own,
      fixtures,
      victim,
    );
    const before = await filesIn(own, "granted");
    const nonce = crypto.randomUUID();
    const asked = { folder, port, emits: events.emits, offered };
    const setup: HostSetup = { ...asked, tier, callMs, secrets, nonce };
    const child = spawnHost(host, setup, own, victim);
    let isKilled = false;
    const timer = setTimeout(() => {
      isKilled = true;
      child.kill("SIGKILL");
    }, MAX_HOST_MS);
    const [output, errors, status] = await Promise.all([
      readAll(child.stdout, nonce),
      readAll(child.stderr),
      child.status.then(({ code, signal }) => ({ code, signal, time: performance.now() })),
    ]);
    clearTimeout(timer);
    const { reportText, reportTime = status.time } = output;
    return {
      ...{ tier, secrets },
      report: reportText === undefined ? undefined : parseReport(reportText),
      exit: isKilled ? undefined : { code: status.code, signal: status.signal },
      exitMs: status.time - reportTime,
      terminal: output.text + errors.text,
      changedFiles: changedFiles(before, await filesIn(own, "granted")),
    };
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

/**
 * The host may do more than the plugin was granted: what holds is then the wall. It may write only where this attack
 * has its files, and reach nobody outside of this machine.
 */
function spawnHost(
  host: string,
  setup: HostSetup,
  scratch: string,
  { permissions }: Victim,
): Deno.ChildProcess {
  const granted = permissions.net.map((target) => target.replace(/:\d+$/, "")).join();
  const isLocal = ROOT.protocol === "file:";
  const code = isLocal ? [decodeURIComponent(ROOT.pathname)] : [];
  const read = [...code, scratch, "/etc/passwd"].map((path) => path.replaceAll(",", ",,"));
  return new Deno.Command("deno", {
    args: [
      ...["run", "--no-prompt", "--no-check", "--no-config", "--no-lock", "--unstable-worker-options"],
      ...["--v8-flags=--expose-gc", `--allow-read=${read}`, `--allow-write=${scratch.replaceAll(",", ",,")}`],
      ...["--allow-run=deno", "--allow-net=127.0.0.1", "--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY,HOME"],
      ...isLocal ? [] : ["--cached-only"],
      ...[host, JSON.stringify(setup)],
    ],
    cwd: scratch,
    env: {
      ...{ NO_COLOR: "1", HTTP_PROXY: CLOSED_PORT, HTTPS_PROXY: CLOSED_PORT, NO_PROXY: granted },
      ...{ http_proxy: CLOSED_PORT, https_proxy: CLOSED_PORT, no_proxy: granted },
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What was written, and apart from it the line that begins with the nonce, and when it came. */
async function readAll(
  stream: ReadableStream<Uint8Array>,
  nonce?: string,
): Promise<{ text: string; reportText?: string; reportTime?: number }> {
  const decoder = new TextDecoder();
  let text = "";
  let reportTime: number | undefined;
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (nonce !== undefined && reportTime === undefined && text.includes(nonce)) {
      reportTime = performance.now();
    }
  }
  if (nonce === undefined || reportTime === undefined) return { text };
  const start = text.indexOf(nonce);
  const end = text.indexOf("\n", start);
  const reportText = text.slice(start + nonce.length, end);
  return { text: text.slice(0, start) + text.slice(end + 1), reportText, reportTime };
}

function parseReport(text: string): HostReport | undefined {
  try {
    return JSON.parse(text) as HostReport; // written by our own program, under a name that nobody can guess
  } catch {
    return undefined;
  }
}

/**
 * `reload/worker` and `reload/process`: from a file that is saved to the first answer of the new code, against the
 * same script that `deno run --watch` starts again. Beside it `reload-pause/…`, how long a caller waited at most: a
 * caller of the script that is started again waits for all of that.
 *
 * @module
 */
import type { Tier } from "../mod.ts";
import { median, type Row, row } from "./rows.ts";

/** Between two saves: until a place in reserve is replaced, and whoever watches is at rest. */
const REST_MS = 700;
/** Where the plugins are written that are edited. */
const SCRATCH = "runs/.bench";
/** Longest that one restart is waited for. */
const MOST_MS = 30_000;

/**
 * @param spares places in reserve
 * @param turns saves of each of the two
 */
export async function reloadRows(name: string, tier: Tier, spares: number, turns: number): Promise<Row[]> {
  await using ours = await Edited.start(tier, spares);
  await using restarted = await Edited.start(tier);
  const [reloads, restarts, pauses]: [number[], number[], number[]] = [[], [], []];
  for (let turn = 1; turn <= turns; turn++) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const reload = await ours.save(turn);
    reloads.push(reload.milliseconds);
    pauses.push(reload.longestMs);
    restarts.push((await restarted.save(turn)).milliseconds);
  }
  const from = spares > 0 ? "a place waits in reserve" : "each starts its own place";
  return [
    row(name, median(reloads), median(restarts), "ms", {
      note: `p95 ${p95(reloads)} against ${p95(restarts)}; ${from}`,
    }),
    row(name.replace("reload", "reload-pause"), median(pauses), median(restarts), "ms", {
      note: `the longest call meanwhile; p95 ${p95(pauses)}`,
    }),
  ];
}

function p95(values: readonly number[]): string {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1]!.toPrecision(3);
}

/** A script that runs, with its plugin in a folder. */
class Edited implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(folder: string, child: Deno.ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** @param spares without, it is one that Deno starts again */
  static async start(tier: Tier, spares?: number): Promise<Edited> {
    await Deno.mkdir(SCRATCH, { recursive: true });
    const folder = await Deno.makeTempDir({ dir: SCRATCH });
    await Deno.writeTextFile(
      `${folder}/plugin.yaml`,
      "name: edited\nversion: 1.0.0\nentry_points:\n  plugin: main:Main\n",
    );
    await Deno.writeTextFile(`${folder}/main.ts`, codeOf(0));
    const script = new URL("./workers/edited.ts", import.meta.url).pathname;
    const child = new Deno.Command("deno", {
      args: [
        ...["run", "--no-prompt", "--allow-read=.", "--allow-run=deno"],
        ...(spares === undefined ? [`--watch=${folder}/main.ts`, "--no-clear-screen"] : []),
        ...[script, folder, tier],
        ...(spares === undefined ? [] : [String(spares)]),
      ],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const edited = new Edited(folder, child);
    await edited.#heard(0);
    return edited;
  }

  /** Saves another version, and waits until it answers. */
  async save(version: number): Promise<{ milliseconds: number; longestMs: number }> {
    const began = performance.now();
    await Deno.writeTextFile(`${this.#folder}/main.ts`, codeOf(version));
    const longestMs = await this.#heard(version);
    return { milliseconds: performance.now() - began, longestMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await this.#lines.cancel();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Answers with the longest call before the version's first answer. */
  async #heard(version: number): Promise<number> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), MOST_MS);
    try {
      for (;;) {
        const line = await this.#line();
        const [number, longestMs] = line.split(" ").map(Number);
        if (number === version) return longestMs!;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { value } = await this.#lines.read();
      if (value === undefined) throw new Error("The script has ended");
      this.#rest += value;
    }
  }
}

function codeOf(version: number): string {
  return `import { PluginPort } from "k-bert/sdk";
export class Main extends PluginPort {
  number(): number { return ${version}; }
}
`;
}

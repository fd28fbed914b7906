/**
 * Loaded before every test file (`--preload`): a test that leaves something open fails, whatever it asserted.
 *
 * Counted are the calls, streams, listeners, channels, sandboxes and processes of core/wall/ledger.ts, and the
 * workers of this thread, which nobody but the runtime counts. Timers, files and other resources are counted by
 * Deno.
 *
 * @module
 */
import { openThings } from "../core/wall/ledger.ts";

/** Tests may fake the clock's. */
const realSetTimeout = globalThis.setTimeout;
let workers = 0;

globalThis.Worker = class extends Worker {
  #isOpen = true;

  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers++;
  }

  override terminate(): void {
    if (this.#isOpen) workers--;
    this.#isOpen = false;
    super.terminate();
  }
};

type Run = (context: Deno.TestContext) => void | Promise<void>;

const test = Deno.test;

/** `Deno.test` in all its forms; the function is always the last argument or `fn` of the definition. */
function checkedTest(...args: unknown[]): void {
  const last = args.at(-1);
  const checked = typeof last === "function"
    ? [...args.slice(0, -1), withoutLeaks(last as Run)]
    : [{ ...last as Deno.TestDefinition, fn: withoutLeaks((last as Deno.TestDefinition).fn) }];
  (test as (...args: unknown[]) => void)(...checked);
}

/** The name is the test's, for those that have no other. */
function withoutLeaks(run: Run): Run {
  const checked = async (context: Deno.TestContext): Promise<void> => {
    const before = counts();
    await run(context);
    await ended("processes", before["processes"] ?? 0);
    await ended("reads", before["reads"] ?? 0);
    const left = Object.entries(counts())
      .map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
      .filter(([, count]) => count !== 0);
    if (left.length === 0) return;
    const list = left.map(([kind, count]) => `${count} ${kind}`).join(", ");
    throw new Error(`The test left something open: ${list}`);
  };
  return Object.defineProperty(checked, "name", { value: run.name });
}

/** A process that was killed and a read from a GPU end a few milliseconds later; one that does not, fails the test. */
async function ended(kind: "processes" | "reads", before: number): Promise<void> {
  for (let turn = 0; turn < 400 && openThings()[kind] > before; turn++) {
    await new Promise((resolve) => realSetTimeout(resolve, 5));
  }
}

function counts(): Record<string, number> {
  return { ...openThings(), workers };
}

Object.defineProperty(Deno, "test", { value: Object.assign(checkedTest, test) });

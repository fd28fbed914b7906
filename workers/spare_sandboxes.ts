/**
 * Places that are started before anybody asks for them: starting one is most of the time that a plugin takes
 * to load.
 *
 * Only those with the plain SDK and the usual limits are kept, because the others cost several times the
 * memory. The first place of all is not a spare: a program without plugins, or with one, pays for none that it does not use.
 *
 * @module
 */
import {
  type Sandbox,
  SANDBOX_LIMITS,
  type SandboxFactory,
  type SandboxOptions,
} from "../core/wall/sandbox.ts";

/** About as long as a plugin takes to load from a place that is there. */
const REFILL_MS = 50;

/** A place that waits, and what it is told to whom when it has an owner. */
interface Spare {
  readonly sandbox: Sandbox;
  owner: SandboxOptions | undefined;
}

/**
 * Hands places out and keeps so many in reserve. Disposing of it ends those that nobody took.
 *
 * @example
 * ```ts
 * import { SpareSandboxes } from "./spare_sandboxes.ts";
 * import { workerSandbox } from "./worker_sandbox.ts";
 * import { assertEquals } from "../core/deps/assert.ts";
 * import { fakeTime } from "../tests/deps/fake_timers.ts";
 *
 * using clock = fakeTime();
 * using spares = new SpareSandboxes(workerSandbox, 1);
 * using _sandbox = spares.create({ name: "spam", kit: "plain", onFailure: () => {} });
 * await clock.tickAsync(50);
 * assertEquals(spares.waiting, 1);
 * ```
 */
export class SpareSandboxes implements Disposable {
  readonly #create: SandboxFactory;
  readonly #size: number;
  #spares: Spare[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  /** @param size how many are kept, once one has been asked for; 0 for none */
  constructor(create: SandboxFactory, size: number) {
    this.#create = create;
    this.#size = size;
  }

  /** Places that nobody has taken yet. */
  get waiting(): number {
    return this.#spares.length;
  }

  /** A place, perhaps one that is there already: a {@linkcode SandboxFactory}. */
  readonly create = (options: SandboxOptions): Sandbox => {
    if (this.#size === 0 || !isUsual(options)) return this.#create(options);
    const spare = this.#spares.shift();
    if (spare) spare.owner = options;
    const sandbox = spare?.sandbox ?? this.#create(options);
    this.#fillLater();
    return sandbox;
  };

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    for (const { sandbox } of this.#spares) sandbox[Symbol.dispose]();
    this.#spares = [];
  }

  /** Not while the plugin loads that took the last one: starting another at once would take it half its time. */
  #fillLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fill(), REFILL_MS);
    Deno.unrefTimer(this.#timer); // a program that is done does not wait for it
  }

  #fill(): void {
    while (!this.#disposed && this.#spares.length < this.#size) {
      const spare: Spare = {
        owner: undefined,
        sandbox: this.#create({
          name: "a plugin to come",
          kit: "plain",
          onFailure: (reason) => this.#failed(spare, reason),
          log: (line) => spare.owner?.log?.(line),
        }),
      };
      this.#spares.push(spare);
    }
  }

  /** One that fails while it waits is dropped; the next that is asked for starts anew. */
  #failed(spare: Spare, reason: string): void {
    if (spare.owner) return spare.owner.onFailure(reason);
    this.#spares = this.#spares.filter((other) => other !== spare);
    spare.sandbox[Symbol.dispose]();
  }
}

/** Whether any place will do. */
function isUsual({ kit, permissions = "none", memoryMb, heapMb }: SandboxOptions): boolean {
  return kit === "plain" && permissions === "none" &&
    (memoryMb ?? SANDBOX_LIMITS.memoryMb) === SANDBOX_LIMITS.memoryMb &&
    (heapMb ?? SANDBOX_LIMITS.heapMb) === SANDBOX_LIMITS.heapMb;
}

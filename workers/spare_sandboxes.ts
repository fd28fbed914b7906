/**
 * Places that are started before anybody asks for them: starting one is most of the time that a plugin takes
 * to load.
 *
 * Places with the plain SDK are kept from the first one on that is asked for: a program without plugins, or
 * with one, pays for none that it does not use. Those with tensors or tables take up to half as much memory
 * again, and most programs load few of them: they are kept only while somebody says that one will be needed.
 * Those with unusual limits are never kept.
 *
 * @module
 */
import {
  type Kit,
  type Sandbox,
  SANDBOX_LIMITS,
  type SandboxFactory,
  type SandboxOptions,
} from "../core/wall/sandbox.ts";

/** About as long as a plugin takes to load from a place that is there. */
const REFILL_MS = 50;

/** A place that waits, and what it is told to whom when it has an owner. */
interface Spare {
  readonly kit: Kit;
  readonly sandbox: Sandbox;
  owner: SandboxOptions | undefined;
}

/**
 * Hands places out and keeps so many of each kit in reserve that is wanted: `size` times the number of those
 * kits, of which there are at most four. Disposing of it ends those that nobody took.
 *
 * @example
 * ```ts
 * import { SpareSandboxes } from "./spare_sandboxes.ts";
 * import { workerSandbox } from "./worker_sandbox.ts";
 * import { assertEquals } from "../core/deps/assert.ts";
 * import { fakeTime } from "../core/deps/fake_timers.ts";
 *
 * using clock = fakeTime();
 * using spares = new SpareSandboxes(workerSandbox, 1);
 * using _sandbox = spares.create({ name: "spam", kit: "plain", onFailure: () => {} });
 * const head = spares.keep("tensors");
 * await clock.tickAsync(50);
 * assertEquals(spares.waiting, 2);
 * head[Symbol.dispose]();
 * assertEquals(spares.waiting, 1);
 * ```
 */
export class SpareSandboxes implements Disposable {
  readonly #create: SandboxFactory;
  readonly #size: number;
  /** How many hold each kit that is wanted. Of "plain", there is no end of them once there is one. */
  readonly #holders = new Map<Kit, number>();
  readonly #spares = new Set<Spare>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  /** @param size how many of a kit are kept, once it is wanted; 0 for none */
  constructor(create: SandboxFactory, size: number) {
    this.#create = create;
    this.#size = size;
  }

  /** Places that nobody has taken yet. */
  get waiting(): number {
    return this.#spares.size;
  }

  /** A place, perhaps one that is there already: a {@linkcode SandboxFactory}. */
  readonly create = (options: SandboxOptions): Sandbox => {
    if (!isUsual(options)) return this.#create(options);
    const { kit } = options;
    const [spare] = this.#waitingOf(kit);
    if (spare) {
      spare.owner = options;
      this.#spares.delete(spare);
    }
    const sandbox = spare?.sandbox ?? this.#create(options);
    if (kit === "plain") this.#hold(kit);
    if (this.#holders.has(kit)) this.#fillLater();
    return sandbox;
  };

  /**
   * Keeps places of this kit, from soon until whoever holds it last disposes of what this answers: then those
   * that wait are ended. Plain ones stay, as they do after the first that is asked for.
   */
  keep(kit: Kit): Disposable {
    this.#hold(kit);
    this.#fillLater();
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#release(kit);
        isHeld = false;
      },
    };
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    for (const spare of this.#spares) this.#end(spare);
  }

  #hold(kit: Kit): void {
    this.#holders.set(kit, kit === "plain" ? Infinity : (this.#holders.get(kit) ?? 0) + 1);
  }

  #release(kit: Kit): void {
    const left = this.#holders.get(kit)! - 1;
    if (left > 0) return void this.#holders.set(kit, left);
    this.#holders.delete(kit);
    for (const spare of this.#waitingOf(kit)) this.#end(spare);
  }

  /** Not while the plugin loads that took the last one: starting another at once would take it half its time. */
  #fillLater(): void {
    if (this.#disposed || this.#size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fill(), REFILL_MS);
    Deno.unrefTimer(this.#timer); // a program that is done does not wait for it
  }

  #fill(): void {
    for (const kit of this.#holders.keys()) {
      try {
        while (this.#waitingOf(kit).length < this.#size) this.#start(kit);
      } catch {
        return; // whoever asks for a place that cannot be started is told why
      }
    }
  }

  #start(kit: Kit): void {
    const spare: Spare = {
      kit,
      owner: undefined,
      sandbox: this.#create({
        name: "a plugin to come",
        kit,
        // One that fails while it waits is dropped; the next that is asked for starts anew.
        onFailure: (reason) => spare.owner ? spare.owner.onFailure(reason) : this.#end(spare),
        log: (line) => spare.owner?.log?.(line),
      }),
    };
    this.#spares.add(spare);
  }

  #end(spare: Spare): void {
    this.#spares.delete(spare);
    spare.sandbox[Symbol.dispose]();
  }

  #waitingOf(kit: Kit): Spare[] {
    return [...this.#spares].filter((spare) => spare.kit === kit);
  }
}

/** Whether any place of its kit will do. */
function isUsual({ permissions = "none", memoryMb, heapMb }: SandboxOptions): boolean {
  return permissions === "none" &&
    (memoryMb ?? SANDBOX_LIMITS.memoryMb) === SANDBOX_LIMITS.memoryMb &&
    (heapMb ?? SANDBOX_LIMITS.heapMb) === SANDBOX_LIMITS.heapMb;
}

/**
 * What a test has opened, and the order in which it ends.
 *
 * In two steps: first whatever the test was given or made, the last one first; then, when what is left was counted,
 * the buses and the backend, on which one sees what is left.
 *
 * @module
 */
import { EventBus as HostBus } from "../../../core/bus/event_bus.ts";
import { disposeAll } from "../../../core/container/disposal.ts";
import type { BackendName } from "../../../core/tensor/backend.ts";
import { Random } from "../../../core/tensor/random.ts";
import { EventRecorder } from "./event_recorder.ts";
import { type Releasable, release } from "./release.ts";
import { TestTensors } from "./test_tensors.ts";

/** Owned by the test that runs; a {@linkcode PluginTestCase} hands out what is in it. */
export class TestResources {
  readonly recorder: EventRecorder = new EventRecorder();
  readonly #seed: number;
  #random: Random | undefined;
  #tensors: TestTensors | undefined;
  readonly #used: Releasable[] = [];
  readonly #buses: Disposable[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The test's generator. */
  get random(): Random {
    return this.#random ??= new Random(this.#seed);
  }

  /** Of the generator; undefined as long as nobody has used it. */
  get usedSeed(): number | undefined {
    return this.#random && this.#seed;
  }

  /** Undefined before they were asked for. */
  get tensors(): TestTensors | undefined {
    return this.#tensors;
  }

  /** Releases it when the test is over. */
  use<T extends Releasable>(thing: T): T {
    this.#used.push(thing);
    return thing;
  }

  /** Disposes of a bus at the very end. */
  useBus<Bus extends Disposable>(bus: Bus): Bus {
    this.#buses.push(bus);
    return bus;
  }

  /** A recorded bus for a manager. */
  hostBus(): HostBus {
    const bus = this.useBus(new HostBus());
    this.recorder.watch(bus);
    return bus;
  }

  /** Starts the backend, or answers the one that is started. */
  async startTensors(wanted: BackendName | "auto"): Promise<TestTensors> {
    return this.#tensors ??= await TestTensors.start(wanted);
  }

  /** The first step. @throws what releasing throws, when all was tried */
  async end(): Promise<void> {
    const used = this.#used.splice(0).map((thing) => () => release(thing));
    await disposeAll([...used.toReversed(), () => this.#tensors?.endScope()]);
  }

  /** The second step. @throws {KBertError} `device/failed` if the graphics card has reported an error */
  async close(): Promise<void> {
    const buses = this.#buses.splice(0).map((bus) => () => bus[Symbol.dispose]());
    await disposeAll([...buses, () => this.#tensors?.endBackend()]);
  }
}

/**
 * What a test of a plugin has at hand: the counterpart of the guide's `PluginTestCase`.
 *
 * A parameter instead of a base class, so that a test has only what it asks for: nothing here is made, loaded or
 * started before it is used. What was made is ended when the test is over, in the reverse order.
 *
 * @module
 */
import type { BusEvent, EventOf } from "../../../core/bus/event.ts";
import type { RuntimeEvents } from "../../../core/bus/events.ts";
import type { KnownPattern, PayloadOf, TopicText } from "../../../core/bus/topics.ts";
import { Container } from "../../../core/container/container.ts";
import { Logger } from "../../../core/container/logger.ts";
import { MetricsCollector } from "../../../core/container/metrics.ts";
import { fakeTime } from "../../../core/deps/fake_timers.ts";
import type { Clock } from "../../../core/deps/fake_timers.d.ts";
import type * as tf from "../../../core/deps/tfjs.ts";
import type { PortName } from "../../../core/manifest/families.ts";
import type { PluginManager } from "../../../core/plugins/manager.ts";
import type { Plugin } from "../../../core/plugins/plugin.ts";
import type { Service } from "../../../core/plugins/services.ts";
import type { LoadOptions } from "../../../core/plugins/use.ts";
import type { PluginImage } from "../../../core/security/image.ts";
import type { Backend, BackendName } from "../../../core/tensor/backend.ts";
import type { Random } from "../../../core/tensor/random.ts";
import { EventBus } from "../event_bus.ts";
import { assertEmitted, assertNotEmitted, type EventMatcher } from "./event_assertions.ts";
import { RecordingBus } from "./recording_bus.ts";
import { testManager, type TestManagerOptions } from "./test_manager.ts";
import type { TestResources } from "./test_resources.ts";
import type { Releasable } from "./release.ts";

/** How {@linkcode PluginTestCase.withPlugin} starts a plugin. */
export interface WithPluginOptions<Port extends PortName = PortName>
  extends LoadOptions<Port>, Pick<TestManagerOptions, "grant"> {
  /** What the test offers to the plugin, by name; see `PluginManager.offer`. @default {nothing} */
  readonly services?: Readonly<Record<string, Service | (() => Service | Promise<Service>)>>;
}

/**
 * One test's. Made by `pluginTest`, which ends it.
 *
 * @typeParam Events topics and payloads that the test knows of
 */
export class PluginTestCase<Events extends object = RuntimeEvents> {
  /** The sentence. */
  readonly name: string;
  readonly #resources: TestResources;
  #eventBus: RecordingBus<Events> | undefined;
  #container: Container | undefined;

  /** @param resources owned by whoever runs the test */
  constructor(name: string, resources: TestResources) {
    this.name = name;
    this.#resources = resources;
  }

  /** The bus to hand to a plugin. It is one like the plugin gets, refuses what cannot cross, and is recorded. */
  get eventBus(): EventBus<Events> {
    return this.#eventBus ??= this.#resources.useBus(new RecordingBus<Events>(this.#resources.recorder));
  }

  /**
   * Has `EventBus`, `Logger` and `MetricsCollector`, as the container has that a plugin is made in; all of them are
   * recorded. Register what else is to be injected, and the class that is to be resolved.
   */
  get container(): Container {
    if (this.#container === undefined) {
      const bus = this.eventBus as unknown as EventBus;
      this.#container = this.use(
        new Container("the test's container")
          .register(EventBus, { value: bus })
          .register(Logger, { value: new Logger(bus) })
          .register(MetricsCollector, { value: new MetricsCollector(bus) }),
      );
    }
    return this.#container;
  }

  /** Random numbers that are the same in each run of this test; its seed is told when the test fails. */
  get random(): Random {
    return this.#resources.random;
  }

  /** Every event on the buses of this test until now, those of its managers too, oldest first. */
  get events(): readonly BusEvent[] {
    return this.#resources.recorder.events;
  }

  /** Those of a topic, or of a pattern like `head.*`. */
  eventsOf<const Pattern extends TopicText<Events>>(
    pattern: Pattern & KnownPattern<Events, Pattern>,
  ): readonly EventOf<Events, Pattern>[] {
    return this.#resources.recorder.matching(pattern) as EventOf<Events, Pattern>[];
  }

  /**
   * Asserts that an event was emitted, on whichever bus of this test.
   *
   * @param matcher says yes to an event, or is a part of its payload
   * @returns the first such event
   * @throws {AssertionError} with what was emitted instead
   */
  assertEventEmitted<const Pattern extends TopicText<Events>>(
    pattern: Pattern & KnownPattern<Events, Pattern>,
    matcher?: EventMatcher<PayloadOf<Events, Pattern>, EventOf<Events, Pattern>>,
  ): EventOf<Events, Pattern> {
    const event = assertEmitted(this.#resources.recorder, pattern, matcher as EventMatcher<unknown>);
    return event as EventOf<Events, Pattern>;
  }

  /** Asserts that no such event was emitted until now. @throws {AssertionError} with those that were */
  assertEventNotEmitted<const Pattern extends TopicText<Events>>(
    pattern: Pattern & KnownPattern<Events, Pattern>,
    matcher?: EventMatcher<PayloadOf<Events, Pattern>, EventOf<Events, Pattern>>,
  ): void {
    assertNotEmitted(this.#resources.recorder, pattern, matcher as EventMatcher<unknown>);
  }

  /**
   * Releases something when the test is over, and answers it: a plugin that the test made itself (what it registered
   * with `use()`, and of a head the parameters), or whatever can be disposed of, closed or cleaned up.
   */
  use<T extends Releasable>(thing: T): T {
    return this.#resources.use(thing);
  }

  /**
   * A plugin manager whose plugins run in real workers, with the rights that the options say. Its bus is recorded,
   * and it unloads its plugins when the test is over. Each call makes another one.
   */
  manager(options?: TestManagerOptions): PluginManager {
    return this.use(testManager(this.#resources.hostBus(), options));
  }

  /**
   * Starts a plugin in a worker of its own, hands it to `run`, and unloads it.
   *
   * @param plugin the path of its folder, its URL or an image; beside a test that is `import.meta.dirname`
   * @returns what `run` answers
   * @throws what starting the plugin throws, and what `run` does
   */
  async withPlugin<Result, Port extends PortName = PortName>(
    plugin: string | URL | PluginImage,
    { grant, services = {}, ...use }: WithPluginOptions<Port>,
    run: (plugin: Plugin<Port>, manager: PluginManager) => Promise<Result> | Result,
  ): Promise<Result> {
    await using manager = testManager(this.#resources.hostBus(), { ...(grant !== undefined && { grant }) });
    const image = await manager.vet(plugin);
    const to = [image.manifest.name];
    for (const [name, service] of Object.entries(services)) manager.offer(name, service, { to });
    return await run(await manager.start(image, use), manager);
  }

  /**
   * Stops the clock of this thread until the test is over: timers, dates and `performance.now()`. Workers have
   * clocks of their own, which go on.
   *
   * @param now where it stands, in milliseconds since 1970 @default {0}
   */
  clock(now = 0): Clock {
    return this.use(fakeTime(now));
  }

  /**
   * Loads tfjs and starts a backend: webgpu if there is a graphics card, otherwise wasm, otherwise cpu. From here on,
   * tensors that are made on the way are freed when the test is over.
   *
   * @returns the backend, which is ended by the test; its `adapter` is null unless a graphics card computes
   * @throws {KBertError} `backend/unavailable`
   * @throws {RangeError} if this test has another one
   */
  async tensors(wanted: BackendName | "auto" = "auto"): Promise<Backend> {
    const { backend } = await this.#resources.startTensors(wanted);
    if (wanted === "auto" || wanted === backend.name) return backend;
    throw new RangeError(`This test computes on ${backend.name} and cannot change to ${wanted}`);
  }

  /**
   * Normally distributed numbers of {@linkcode PluginTestCase.random}, float32, freed when the test is over.
   *
   * @param deviation @default {1}
   * @throws {RangeError} before `await test.tensors()`
   */
  randomTensor(shape: readonly number[], deviation = 1): tf.Tensor {
    const { tensors, random } = this.#resources;
    if (tensors) return tensors.random(shape, random, deviation);
    throw new RangeError("A test has tensors after `await test.tensors()`");
  }
}

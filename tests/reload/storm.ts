/**
 * Reloads a plugin over and over while it is called, and checks what comes of each reload.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../../core/deps/assert.ts";
import { Random } from "../../core/tensor/random.ts";
import type { Plugin, Runtime, Tier } from "../../mod.ts";
import { Caller, pause, type Situation, Tally } from "./storm_caller.ts";
import { DEPTH, type Kind, save, type StormEvents, type StormVersion, stormVersion } from "./storm_plugin.ts";

/** One reload to come. */
export interface Slot {
  readonly kind: Kind;
  /** Whether the runtime finds the files saved, or is told. */
  readonly isWatched: boolean;
}

/** Longest phase of a version: enough to start beside others, and no more, because `endless` takes it all. */
const CALL_MS = 3_000;
const CALLERS = ["a", "b", "c", "d"];
/** What nobody says in a storm. */
const NEVER = [
  ...["bus.listener_failed", "log.warning", "log.error", "plugin.events_dropped"] as const,
  ...["plugin.event_refused", "plugin.answer_refused", "plugin.restarted", "plugin.quarantined"] as const,
  ...["plugin.initialization_failed", "plugin.activation_failed", "plugin.deactivation_failed"] as const,
];

/** In which phase each kind fails, and what is said of it. */
const FAILURES: Readonly<Record<Exclude<Kind, "good" | "crash">, readonly [phase: string, says: RegExp]>> = {
  syntax: ["build", /Cannot read main\.ts:\d+: Unexpected token/],
  types: ["build", /Cannot read main\.ts:\d+ as TypeScript: ESM-style module declarations/],
  vetting: ["build", /main\.ts:\d+ imports "node:fs"/],
  settings: ["build", new RegExp(`depth: found ${DEPTH}, expected at most ${DEPTH - 1}`)],
  rights: ["start", /asks to connect to example\.com:443, .* to allow it, run: /],
  initialize: ["initialize", /cannot be initialized: broken on purpose/],
  endless: ["initialize", new RegExp(`did not answer \\$initialize\\(\\) within ${CALL_MS} ms`)],
  restore: ["restore", /cannot be given the state of the version before: broken on purpose/],
  activate: ["activate", /cannot be activated: broken on purpose/],
};

/** What a storm is made of. */
export interface StormOptions {
  readonly runtime: Runtime<StormEvents>;
  /** Of the plugin, which has its rights already. */
  readonly folder: string;
  readonly tier: Tier;
  readonly seed: number;
}

/** Something that the bus said of the plugin. */
interface Said {
  readonly topic: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** See the module's text. Owns its plugin and its callers; disposing of it ends them. */
export class Storm implements AsyncDisposable {
  readonly tally = new Tally();
  /** How often reloads came to what. */
  readonly outcomes: Record<string, number> = {};
  longestPauseMs = 0;
  readonly #runtime: Runtime<StormEvents>;
  readonly #folder: string;
  readonly #tier: Tier;
  readonly #plugin: Plugin;
  readonly #random: Random;
  readonly #situation: Situation = { serving: new Set([0]), isDoomed: false, isLossy: false };
  readonly #callers: readonly Caller[];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #listening = new DisposableStack();
  /** What came of the reload that is going on. */
  #came: Said[] = [];
  #crashes = 0;
  #version: StormVersion;
  #watch: Disposable | undefined;

  private constructor({ runtime, folder, tier, seed }: StormOptions, plugin: Plugin, version: StormVersion) {
    this.#runtime = runtime;
    this.#folder = folder;
    this.#tier = tier;
    this.#plugin = plugin;
    this.#version = version;
    this.#random = new Random(seed);
    const { events: bus } = runtime;
    this.#callers = CALLERS.map((name) =>
      new Caller(name, { plugin, bus, situation: this.#situation, tally: this.tally, seed })
    );
    this.#listen();
    this.#running = Promise.all(this.#callers.map((caller) => caller.run(this.#stop.signal)));
  }

  /** Starts the plugin and its callers. */
  static async start(options: StormOptions): Promise<Storm> {
    const { runtime, folder, tier } = options;
    const version = stormVersion(0, "good", tier);
    save(folder, version);
    const plugin = await runtime.plugins.start(folder, {
      ...{ tier, restart: false, settings: { depth: DEPTH }, limits: { callMs: CALL_MS } },
    });
    return new Storm(options, plugin, version);
  }

  /** Saves the next version and sees to it that what has to come of that does. */
  async reload({ kind, isWatched }: Slot): Promise<void> {
    this.#watchIf(isWatched);
    await pause(this.#random.below(20));
    const before = this.#plugin.image.sha256;
    const version = this.#version = stormVersion(this.#version.number + 1, kind, this.#tier);
    assertEquals(this.#came, []);
    const [old] = this.#situation.serving;
    if (kind === "good") this.#situation.serving = new Set([old!, version.number]);
    save(this.#folder, version);
    const asked = isWatched ? undefined : this.#runtime.plugins.reload(this.#plugin.name);
    const result = await asked?.then(({ kind }) => kind, (error) => error.code);
    await this.#until(
      () => this.#came.length === (kind === "crash" ? 2 : 1),
      `version ${version.number} (${kind})`,
    );
    this.#check(version, before);
    if (asked) assertEquals(result, kind === "good" || kind === "crash" ? "reloaded" : "plugin/reload");
    const outcome = isWatched ? `${kind}, saved` : kind;
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    this.#came = [];
  }

  /** Stops the callers, and checks what only the end shows. */
  async end(): Promise<void> {
    this.#watchIf(false);
    this.#stop.abort();
    await this.#running;
    await this.#until(() => this.#callers.every(({ isHeard }) => isHeard), "the last events");
    this.tally.checkAll();
    assertEquals(this.#crashes, (this.outcomes["crash"] ?? 0) + (this.outcomes["crash, saved"] ?? 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchIf(false);
    this.#stop.abort();
    await this.#running;
    this.#listening[Symbol.dispose]();
    await this.#plugin.unload();
  }

  #check({ number, kind, line }: StormVersion, before: string): void {
    const [first, second] = this.#came;
    const { sha256 } = this.#plugin.image;
    assertEquals(this.#plugin.state, "active");
    if (kind === "good" || kind === "crash") {
      assertEquals(first?.topic, "plugin.reloaded");
      assertEquals([first?.payload["from_sha256"], first?.payload["began_anew"]], [before, []]);
      this.longestPauseMs = Math.max(this.longestPauseMs, Number(first?.payload["pause_ms"]));
    } else {
      const [phase, says] = FAILURES[kind];
      assertEquals([first?.topic, first?.payload["phase"]], ["plugin.reload_failed", phase]);
      assertMatch(String(first?.payload["error"]), says);
      const place = line === undefined ? [undefined, undefined] : ["main.ts", line];
      assertEquals([first?.payload["file"], first?.payload["line"]], place, kind);
    }
    if (kind === "good") {
      assertEquals([first?.payload["to_sha256"], sha256 === before], [sha256, false]);
      this.#situation.serving = new Set([number]);
    } else assertEquals(sha256, before);
    if (kind === "crash") {
      assertEquals([second?.topic, second?.payload["to_sha256"]], ["plugin.rolled_back", before]);
    }
  }

  #watchIf(isWatched: boolean): void {
    if (isWatched === (this.#watch !== undefined)) return;
    this.#watch?.[Symbol.dispose]();
    this.#watch = isWatched ? this.#runtime.watch({ quietMs: 20 }) : undefined;
  }

  #listen(): void {
    const { events, plugins } = this.#runtime;
    const listening = this.#listening;
    for (const topic of ["plugin.reloaded", "plugin.reload_failed", "plugin.rolled_back"] as const) {
      listening.use(events.on(topic, (payload) => void this.#came.push({ topic, payload: { ...payload } })));
    }
    for (const topic of NEVER) {
      listening.use(
        events.on(topic, (payload) => {
          this.#situation.problem ??= new Error(`${topic}: ${JSON.stringify(payload)}`);
        }),
      );
    }
    listening.use(events.on("storm.pong", (pong) => {
      this.#callers[CALLERS.indexOf(pong.caller)]?.heard(pong);
    }));
    // From when calls and events are held, they are for the version that crashes: until it has. The one before is
    // initialized after that.
    const doom = (): void => {
      if (this.#version.kind === "crash" && this.#came.length === 0) {
        this.#situation.isDoomed = this.#situation.isLossy = true;
      }
    };
    listening.use(plugins.hook({ postInitialization: doom }));
    listening.use(events.on("plugin.crashed", () => {
      this.#crashes++;
      this.#situation.isDoomed = false;
    }));
    listening.use(events.on("plugin.rolled_back", () => void (this.#situation.isLossy = false)));
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const end = performance.now() + 60_000;
    while (!condition()) {
      if (this.#situation.problem !== undefined) break;
      assert(performance.now() < end, `waited for ${what}, and this came: ${JSON.stringify(this.#came)}`);
      await pause(5);
    }
    if (this.#situation.problem !== undefined) throw this.#situation.problem;
  }
}

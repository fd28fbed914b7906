/**
 * What of the host a plugin can reach from its worker: the event bus, the log, the services that its
 * manifest asks for, and what it was granted of network, files and environment. Each is a message or a call; the host checks all of it again.
 *
 * @module
 */
import { coversTopic } from "../core/bus/topics.ts";
import { Container } from "../core/container/container.ts";
import { Logger } from "../core/container/logger.ts";
import { MetricsCollector } from "../core/container/metrics.ts";
import type { Channel } from "../core/wall/channel.ts";
import { KBertError } from "../core/wall/errors.ts";
import type { WireEvent } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { Environment, Files, Network } from "../plugins/sdk/capabilities.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { type Remote, service } from "../plugins/sdk/service.ts";
import { environmentClient, filesClient, networkClient } from "./capability_clients.ts";
import type { ConsoleSink } from "./lockdown.ts";

/** As much as the host answers. */
const MAX_HISTORY = 1_000;

/** What the manifest asks for. */
export interface Asked {
  readonly listens: readonly string[];
  readonly services: readonly string[];
}

/** The core services of a plugin. */
export interface Connection {
  readonly container: Container;
  readonly eventBus: EventBus;
}

/** One side of {@linkcode Channel}; made before the manifest is known. */
export interface HostLink {
  readonly log: ConsoleSink;
  /** Called once, with what the manifest asks for. */
  connect(asked: Asked): Connection;
  /** Hears events of the host; settles when all listeners are done, and only then more are sent. */
  deliver(events: readonly WireEvent[]): void | Promise<void>;
  /** Resolves when all listeners are done with what was delivered until now. */
  settled(): Promise<void>;
}

/** The way to the host. */
export function hostLink(channel: Channel): HostLink {
  let bus: EventBus | undefined;
  const listening = new Set<Promise<void>>();
  const post = (topic: string, payload: unknown): void =>
    channel.post({ topic, payload: payload as WireValue });
  const logger = new Logger({ post }, { level: "debug" }); // what is shown, the host decides
  return {
    log: (level, text) => logger[level === "warn" ? "warning" : level](text),
    deliver: (events) => {
      const waiting = events.flatMap(({ topic, payload, source = "host", time }) =>
        bus?.publish(source, topic, payload, time) ?? []
      );
      if (waiting.length === 0) return undefined;
      const done = Promise.all(waiting).then(() => {}).finally(() => listening.delete(done));
      listening.add(done);
      return done;
    },
    settled: async () => void await Promise.allSettled(listening),
    connect: ({ listens, services }) => {
      const eventBus = new EventBus({
        post,
        emit: (topic, payload) => channel.emit({ topic, payload: payload as WireValue }),
        subscribe: (pattern, history) => {
          if (!listens.some((declared) => coversTopic(declared, pattern))) throw undeclared(pattern);
          tell("events.subscribe", pattern, Math.min(history, MAX_HISTORY));
        },
        unsubscribe: (pattern) => tell("events.unsubscribe", pattern),
      });
      bus = eventBus;
      const container = new Container()
        .register(EventBus, { value: eventBus })
        .register(Logger, { value: new Logger(eventBus) })
        .register(MetricsCollector, { value: new MetricsCollector(eventBus) })
        .register(Network, { value: networkClient(channel) })
        .register(Files, { value: filesClient(channel) })
        .register(Environment, { value: environmentClient(channel) });
      for (const name of services) container.register(service(name), { value: serviceClient(channel, name) });
      return { container, eventBus };
    },
  };

  /** A call whose answer nobody waits for; that it failed is worth a line. */
  function tell(method: string, ...args: WireValue[]): void {
    channel.call(method, args).catch((error: Error) => logger.warning(error.message));
  }
}

/** Every name is a method: which there are, only the host knows. */
function serviceClient(channel: Channel, name: string): Remote<unknown> {
  return new Proxy(Object.create(null), {
    get: (_target, method) => {
      // A promise that resolves to the client would otherwise ask it for its own then().
      if (typeof method !== "string" || method === "then") return undefined;
      return (...args: WireValue[]) =>
        channel.call("service.call", [name, method, args]).catch(asTheHostSaidIt);
    },
  }) as Remote<unknown>;
}

/** That a call of ours failed is less than why: the host's error has a code and a sentence of its own. */
function asTheHostSaidIt(error: unknown): never {
  throw error instanceof KBertError && error.code === "call/failed" ? error.cause : error;
}

function undeclared(pattern: string): KBertError<"event/topic"> {
  const message = `Cannot listen to ${pattern}: declare it in plugin.yaml under events.listens`;
  return new KBertError("event/topic", message, { topic: pattern });
}

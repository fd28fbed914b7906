/**
 * Which services the user offers to which plugins.
 *
 * Two have to agree: the manifest asks for a service, and the user offers it to that plugin by name.
 *
 * @module
 */
import type { Container } from "../container/container.ts";
import { Token } from "../container/token.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import { KBertError } from "../wall/errors.ts";
import type { Service } from "./services.ts";

/** Whom a service is offered to. */
export interface OfferOptions {
  /** Names of plugins, as their manifests have them. */
  readonly to: readonly string[];
}

/** The offers of one manager. */
export class ServiceOffers {
  readonly #container: Container;
  readonly #offers = new Map<string, { token: Token<Service>; to: ReadonlySet<string> }>();

  /** @param container where the services are registered, which ends them */
  constructor(container: Container) {
    this.#container = container;
  }

  /** @throws {TypeError} if the container has a service of this name already */
  add(name: string, service: Service | (() => Service | Promise<Service>), { to }: OfferOptions): void {
    const token = new Token<Service>(name);
    const provider = typeof service === "function"
      ? { factory: service, scope: "scoped" as const }
      : { value: service };
    this.#container.register(token, provider);
    this.#offers.set(name, { token, to: new Set(to) });
  }

  /**
   * The service for a run of a plugin.
   *
   * @param scope the container of that run
   * @throws {KBertError} `service/refused` unless it is asked for and offered
   */
  async find(
    { name: plugin, permissions }: PluginManifest,
    service: string,
    scope: Container,
  ): Promise<Service> {
    const offer = this.#offers.get(service);
    const asks = permissions.services.includes(service);
    if (asks && offer?.to.has(plugin)) return await scope.resolve(offer.token);
    const why = asks
      ? "the host does not offer it to this plugin"
      : "plugin.yaml does not ask for it under permissions.services";
    const message = `The plugin ${plugin} cannot use the service ${service}: ${why}`;
    throw new KBertError("service/refused", message, { plugin, service });
  }
}

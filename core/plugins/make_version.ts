/**
 * What a use of a plugin is made of, as far as it follows from the code: its settings, its limits, its rights.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { completeConfig, parseSettings } from "../manifest/settings.ts";
import { checkCompatibility, RUNTIME_VERSION } from "../manifest/version.ts";
import type { PluginImage } from "../security/image.ts";
import type { Admit } from "./admission.ts";
import { effectiveLimits } from "./limits.ts";
import type { LoadOptions } from "./use.ts";
import type { PluginVersion } from "./version.ts";
import type { ServiceOffers } from "./offers.ts";

/** How a user uses a plugin, whatever its code is. */
export interface VersionedUse extends LoadOptions {
  readonly port: PortName;
  readonly name: string;
  readonly priority: number;
}

/**
 * @throws {KBertError} `plugin/incompatible`, `document/invalid` for settings that the manifest does not take
 */
export function makeVersion(
  image: PluginImage,
  use: VersionedUse,
  admit: Admit,
  offers: ServiceOffers,
): PluginVersion {
  const { manifest } = image;
  checkCompatibility(manifest, RUNTIME_VERSION);
  const { port, name, priority, settingsSource, tier } = use;
  const where = settingsSource?.file ?? `the settings of ${manifest.name}`;
  const settings = parseSettings(manifest, port, use.settings ?? {}, where, settingsSource);
  return {
    image,
    limits: effectiveLimits(manifest, use.limits),
    config: completeConfig(manifest, settings, { name, priority }),
    admit: (before) => admit(image, port, tier, before),
    findService: (service, scope) => offers.find(manifest, service, scope),
  };
}

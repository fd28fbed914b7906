/**
 * What the plugin has in whose place an attack runs: using that is no breach. Written anew for each plugin; what
 * stands here is what the project's own suite asks for.
 *
 * @module
 */
import type { PortName } from "../../../manifest/families.ts";

/** As in plugin.yaml. Files are stand-ins: folders that were made for the attack. */
export interface Rights {
  readonly port: PortName;
  readonly emits: readonly string[];
  readonly listens: readonly string[];
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly env: readonly string[];
  readonly services: readonly string[];
  /** Of the services, those that the host really offers to it. */
  readonly offered: readonly string[];
}

export const RIGHTS: Rights = {
  port: "plugin",
  emits: ["declared"],
  listens: ["news.*"],
  ...{ net: [], read: [], write: [], env: [] },
  services: ["glossary", "vault"],
  offered: ["glossary"],
};

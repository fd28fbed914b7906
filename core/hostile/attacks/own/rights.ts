/**
 * What the plugin has in whose place an attack runs: using that is no breach. Written anew for each plugin; what
 * stands here is what the project's own suite asks for.
 *
 * @module
 */
import type { Rights } from "../../victim.ts";

export const RIGHTS: Rights = {
  port: "plugin",
  emits: ["declared"],
  listens: ["news.*"],
  ...{ net: [], read: [], write: [], env: [] },
  services: ["glossary", "vault"],
  offered: ["glossary"],
};

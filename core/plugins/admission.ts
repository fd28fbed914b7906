/**
 * How plugins are let in: where each runs, and with which rights.
 *
 * A process of its own is the rule. A worker of this process, which cannot be stopped when it loops, is for a
 * plugin whose user says so, or whose code the host itself vouches for.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { consentAgain, consentFor, type ConsentOptions } from "../security/consent.ts";
import type { PluginImage } from "../security/image.ts";
import type { Permissions } from "../security/permissions.ts";
import type { Tier } from "../wall/sandbox.ts";
import type { Admission } from "./run.ts";

/** A version of a plugin that was let in. */
export interface Admitted {
  readonly image: PluginImage;
  /** What it has. */
  readonly permissions: Permissions;
}

/**
 * Decides before each start of a plugin; what it throws, the start throws.
 *
 * @param before the version that this one takes over from, while it runs
 */
export type Admit = (
  image: PluginImage,
  port: PortName,
  wanted: Tier | undefined,
  before?: Admitted,
) => Promise<Admission>;

/** What {@linkcode admission} depends on. */
export interface AdmissionOptions {
  /** How the user is asked about rights. @default {at the terminal} */
  readonly consent?: ConsentOptions;
  /** Whether the host vouches for exactly this code. @default {for none} */
  readonly isOwn?: (image: PluginImage) => Promise<boolean>;
}

/** The rule above. */
export function admission({ consent, isOwn = () => Promise.resolve(false) }: AdmissionOptions = {}): Admit {
  return async (image, port, wanted, before) => ({
    permissions: before
      ? await consentAgain(image, port, before, consent)
      : await consentFor(image, port, consent),
    tier: wanted ?? (await isOwn(image) ? "worker" : "process"),
  });
}

/**
 * Rights of plugins as sets: what is asked for, what is granted, and what is in both.
 *
 * Nothing here decides anything or touches anything; whatever a person is shown about rights is worded here.
 * `services` are no right in this sense: the user's own script offers them by name, which is its consent, so
 * they are passed on and neither compared nor shown.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import type { ManifestPermissions } from "../manifest/manifest.ts";

/** What a plugin may do beside computing, in the form in which a manifest asks for it. */
export type Permissions = ManifestPermissions;

/** What every plugin has without asking. */
export const NO_PERMISSIONS: Permissions = Object.freeze({
  net: Object.freeze([]),
  read: Object.freeze([]),
  write: Object.freeze([]),
  env: Object.freeze([]),
  gpu: false,
  services: Object.freeze([]),
});

/** The rights that are lists of values, in the order in which they are shown. */
export const LISTED_RIGHTS = ["net", "read", "write", "env"] as const;

/**
 * Whether there is nothing to agree to.
 *
 * @example
 * ```ts
 * import { isEmpty, NO_PERMISSIONS } from "./permissions.ts";
 * import { assert } from "../deps/assert.ts";
 *
 * assert(isEmpty({ ...NO_PERMISSIONS, services: ["dictionary"] }));
 * assert(!isEmpty({ ...NO_PERMISSIONS, gpu: true }));
 * ```
 */
export function isEmpty(permissions: Permissions): boolean {
  return !permissions.gpu && LISTED_RIGHTS.every((right) => permissions[right].length === 0);
}

/**
 * What is asked for and granted, with the services that are asked for.
 *
 * Values are compared letter by letter: that a folder contains another is for whoever opens files to know,
 * and a mistake there must not widen what was agreed to.
 *
 * @example
 * ```ts
 * import { intersectPermissions, NO_PERMISSIONS } from "./permissions.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const requested = { ...NO_PERMISSIONS, net: ["a.com", "b.com"], gpu: true };
 * const granted = { ...NO_PERMISSIONS, net: ["b.com", "c.com"] };
 * assertEquals(intersectPermissions(requested, granted), { ...NO_PERMISSIONS, net: ["b.com"] });
 * ```
 */
export function intersectPermissions(requested: Permissions, granted: Permissions): Permissions {
  const both = (right: typeof LISTED_RIGHTS[number]): string[] => [
    ...new Set(requested[right]).intersection(new Set(granted[right])),
  ];
  return {
    net: both("net"),
    read: both("read"),
    write: both("write"),
    env: both("env"),
    gpu: requested.gpu && granted.gpu,
    services: [...requested.services],
  };
}

/**
 * Whether everything that is asked for is granted.
 *
 * @example
 * ```ts
 * import { containsPermissions, NO_PERMISSIONS } from "./permissions.ts";
 * import { assert } from "../deps/assert.ts";
 *
 * const granted = { ...NO_PERMISSIONS, read: ["data"], gpu: true };
 * assert(containsPermissions(granted, { ...NO_PERMISSIONS, read: ["data"] }));
 * assert(!containsPermissions(granted, { ...NO_PERMISSIONS, read: ["data/private"] }));
 * ```
 */
export function containsPermissions(granted: Permissions, requested: Permissions): boolean {
  return (granted.gpu || !requested.gpu) &&
    LISTED_RIGHTS.every((right) => new Set(requested[right]).isSubsetOf(new Set(granted[right])));
}

/**
 * What has changed, in the words of {@linkcode describePermissions}.
 *
 * @example
 * ```ts
 * import { NO_PERMISSIONS, permissionDifference } from "./permissions.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const before = { ...NO_PERMISSIONS, env: ["LANG"] };
 * const after = { ...NO_PERMISSIONS, net: ["api.example.com:443"] };
 * assertEquals(permissionDifference(before, after), {
 *   added: ["connect to api.example.com:443"],
 *   removed: ["read the environment variable LANG"],
 * });
 * ```
 */
export function permissionDifference(
  before: Permissions,
  after: Permissions,
): { added: string[]; removed: string[] } {
  const [old, now] = [new Set(describePermissions(before)), new Set(describePermissions(after))];
  return { added: [...now.difference(old)], removed: [...old.difference(now)] };
}

/**
 * What a plugin may do, a line for each value, to be read after "the plugin wants to".
 *
 * The values are a stranger's: whatever could end a line, hide, or look like another sign is written as an
 * escape, so that two lines are the same only if the rights are.
 *
 * @example
 * ```ts
 * import { describePermissions, NO_PERMISSIONS } from "./permissions.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(describePermissions({ ...NO_PERMISSIONS, read: ["data"], gpu: true }), [
 *   'read "data" and what is in it',
 *   "compute on the graphics card",
 * ]);
 * ```
 */
export function describePermissions(permissions: Permissions): string[] {
  const { net, read, write, env, gpu } = permissions;
  return [
    ...new Set([
      ...net.map((host) => `connect to ${word(host)}`),
      ...read.map((path) => `read ${quoted(path)} and what is in it`),
      ...write.map((path) => `write ${quoted(path)} and what is in it`),
      ...env.map((name) => `read the environment variable ${word(name)}`),
      ...(gpu ? ["compute on the graphics card"] : []),
    ]),
  ];
}

/**
 * Whether a plugin of this kind is handed texts of the user by being called.
 *
 * Augmenters and feature extractors are made for it, and a plugin of no particular kind is handed whatever the
 * script passes. Heads get hidden states and labels, and callbacks losses and counts: numbers only. (Texts can
 * in part be guessed from hidden states, by who has the encoder: a head with the network is a plugin with the
 * network, and that is asked about like any other.)
 *
 * @example
 * ```ts
 * import { seesText } from "./permissions.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals([seesText("augmenter"), seesText("head")], [true, false]);
 * ```
 */
export function seesText(port: PortName): boolean {
  return SEES_TEXT[port];
}

/** A record, so that a new kind of plugin does not compile until somebody has decided. */
const SEES_TEXT: Readonly<Record<PortName, boolean>> = {
  head: false,
  augmenter: true,
  feature: true,
  callback: false,
  plugin: true,
};

function word(text: string): string {
  return /^[A-Za-z0-9_.:-]+$/.test(text) ? text : quoted(text);
}

/**
 * Kept are printable ASCII and the letters and digits of all languages; blanks only one at a time, because a
 * row of them would push what follows into what looks like another line.
 */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[^[\x20-\x7e][[\p{Lu}\p{Ll}\p{Lt}\p{Lo}\p{Nd}]--\p{Default_Ignorable_Code_Point}]]|(?<= ) /gv,
    (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`,
  );
}

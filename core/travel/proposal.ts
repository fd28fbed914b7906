/**
 * What somebody agrees to when a plugin is added or updated: what it is, what is in it, what it asks for, and how
 * all that differs from before. As data, and in lines for people.
 *
 * Agreeing puts the code into the place and its hash into the lock. It grants nothing: rights are asked for when
 * the plugin first starts, for exactly this code.
 *
 * @module
 */
import { satisfies } from "../deps/semver.ts";
import { changedFiles } from "../security/locked_image.ts";
import type { LockEntry } from "../security/lock_file.ts";
import { describePermissions } from "../security/permissions.ts";
import { codeSize, type PluginImage } from "../security/image.ts";
import { printable } from "../wall/printable.ts";
import { formatResolved } from "./source_text.ts";

/** What there was before: the entry of the lock, and the code, unless it is gone. */
export interface Before {
  readonly entry: LockEntry;
  readonly image: PluginImage | undefined;
  /** Whether the code in the folder is not what was added, so that somebody's changes will be lost. */
  readonly isChanged: boolean;
}

/** A list and how it differs from before. */
export interface ListDifference {
  readonly now: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** See the module's text. */
export interface Proposal {
  readonly kind: "add" | "update";
  readonly name: string;
  readonly version: string;
  readonly versionBefore?: string;
  /** Where it comes from, exactly. */
  readonly from: string;
  readonly sha256: string;
  readonly sha256Before?: string;
  /** Bytes of code as it runs. */
  readonly bytes: number;
  readonly bytesBefore?: number;
  readonly files: { readonly count: number; readonly changed: readonly string[] };
  readonly packages: ListDifference;
  readonly permissions: ListDifference;
  readonly emits: ListDifference;
  readonly listens: ListDifference;
  readonly services: ListDifference;
  /** Other plugins that it needs. */
  readonly needs: ListDifference;
  /** Public key in base64, and whether it is known from before. */
  readonly signature?: { readonly key: string; readonly isKnown: boolean };
  /** What the user ought to know besides. */
  readonly warnings: readonly string[];
}

/** Compares what was fetched with what there was. */
export function propose(
  { image, entry, bytes }: { image: PluginImage; entry: LockEntry; bytes: number },
  before: Before | undefined,
  warnings: readonly string[] = [],
): Proposal {
  const { manifest } = image;
  const old = before?.image?.manifest;
  const list = (of: (manifest: PluginImage["manifest"]) => readonly string[]): ListDifference =>
    difference(of(manifest), old ? of(old) : [], before !== undefined);
  return {
    kind: before ? "update" : "add",
    ...{ name: manifest.name, version: manifest.version, from: formatResolved(entry.source) },
    ...{ sha256: image.sha256, bytes },
    ...(before && { versionBefore: before.entry.version, sha256Before: before.entry.sha256 }),
    ...(before?.image && { bytesBefore: codeSize(before.image) }),
    files: {
      count: Object.keys(entry.files).length,
      changed: before ? changedFiles(before.entry.files, entry.files) : [],
    },
    packages: difference(ids(entry), before ? ids(before.entry) : [], before !== undefined),
    permissions: list(({ permissions }) => describePermissions(permissions)),
    emits: list(({ events }) => events.emits),
    listens: list(({ events }) => events.listens),
    services: list(({ permissions }) => permissions.services),
    needs: list(({ dependencies }) => dependencies.filter((one) => !one.startsWith("npm:"))),
    ...(entry.key !== undefined && {
      signature: { key: entry.key, isKnown: before?.entry.key === entry.key },
    }),
    warnings: [
      ...(before && satisfies(before.entry.version, `>${manifest.version}`)
        ? [
          "this version is older than the one that is there; somebody may be sending you back to its mistakes",
        ]
        : []),
      ...(before?.isChanged
        ? ["its folder was changed since it was added, and these changes will be lost"]
        : []),
      ...warnings,
    ],
  };
}

/** The proposal in lines, each safe to print. */
export function formatProposal(proposal: Proposal): string[] {
  const { name, version, versionBefore, from, sha256, signature, warnings } = proposal;
  const versions = versionBefore === undefined ? version : `${versionBefore} → ${version}`;
  return [
    `${name} ${versions} from ${from}`,
    row("code", codeWords(proposal)),
    row("hash", sha256),
    ...listRows("packages", proposal.packages),
    ...listRows("needs", proposal.needs),
    ...rightRows(proposal.permissions),
    ...listRows("calls", proposal.services),
    ...listRows("emits", proposal.emits),
    ...listRows("hears", proposal.listens),
    row("signed", signatureWords(signature)),
    ...warnings.map((warning) => row("note", printable(warning))),
  ];
}

function codeWords({ bytes, bytesBefore, files: { count, changed } }: Proposal): string {
  const size = `${thousands(bytes)} bytes in ${count} files`;
  if (bytesBefore === undefined) return size;
  const more = bytes - bytesBefore;
  const files = changed.slice(0, MOST_FILES).join(", ") +
    (changed.length > MOST_FILES ? ` and ${changed.length - MOST_FILES} more` : "");
  return `${size}, ${more < 0 ? "" : "+"}${thousands(more)} bytes; ${files || "no file has changed"}`;
}

function signatureWords(signature: Proposal["signature"]): string {
  if (signature === undefined) return "no";
  const known = signature.isKnown
    ? "with the same key as before"
    : "with a key that is new here; later versions need it too";
  return `${known}: ${signature.key}`;
}

function rightRows(rights: ListDifference): string[] {
  if (rights.now.length + rights.removed.length === 0) {
    return [row("asks to", "nothing: it may only compute")];
  }
  return listRows("asks to", rights);
}

function listRows(title: string, { now, added, removed }: ListDifference): string[] {
  const isNew = new Set(added);
  return [
    ...now.map((value) => `${printable(value)}${isNew.has(value) ? "  (new)" : ""}`),
    ...removed.map((value) => `${printable(value)}  (no longer)`),
  ].map((value, index) => row(index === 0 ? title : "", value));
}

function row(title: string, text: string): string {
  return `  ${title.padEnd(TITLE_WIDTH)}${text}`;
}

const TITLE_WIDTH = 10;
const MOST_FILES = 8;

/** Of a plugin that is new here, nothing is called new. */
function difference(now: readonly string[], before: readonly string[], hasBefore: boolean): ListDifference {
  if (!hasBefore) return { now, added: [], removed: [] };
  return {
    now,
    added: now.filter((value) => !before.includes(value)),
    removed: before.filter((value) => !now.includes(value)),
  };
}

function ids({ packages }: LockEntry): string[] {
  return Object.entries(packages).map(([id, integrity]) => `${id} ${integrity.slice(0, 20)}`);
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * Changes one item of the list `plugins` in the text of a registry, and nothing else: comments, blank lines and the
 * order of what people wrote stay.
 *
 * Lists in block style are edited line by line. Whatever came out is read again and has to be what was meant; a
 * text that cannot be edited so (a list in one line, anchors) is written anew, which loses its comments.
 *
 * @module
 */
import { parse, stringify } from "../deps/yaml.ts";
import { Positions } from "../manifest/positions.ts";

/** An item, as it stands in the file. */
export type RegistryItem = { readonly name: string } & Readonly<Record<string, unknown>>;

/**
 * The text with this item in the place of the one of its name, or at the end.
 *
 * @param text a registry that was read without a problem, or nothing
 * @example
 * ```ts
 * import { withItem } from "./registry_text.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const text = "# ours\nplugins:\n  # by Ada\n  - name: mood\n    source: local\n    path: ../mood\n";
 * const added = "  - name: tone\n    source: local\n    path: ../tone\n";
 * assertEquals(withItem(text, { name: "tone", source: "local", path: "../tone" }), text + added);
 * ```
 */
export function withItem(text: string, item: RegistryItem): string {
  const items = itemsOf(text);
  const at = items.findIndex(({ name }) => name === item.name);
  const wanted = at < 0 ? [...items, item] : items.with(at, item);
  if (items.length === 0) return verified(appended(text, item), text, wanted);
  const { lines, starts, end } = new Layout(text, items.length);
  const indent = /^ */.exec(lines[starts[0]!]!)![0];
  const [from, to] = at < 0 ? [end, end] : [starts[at]!, lastOf(lines, starts[at + 1] ?? end)];
  return verified(lines.toSpliced(from, to - from, ...block(item, indent)).join("\n"), text, wanted);
}

/**
 * The text without the item of this name, and without the comments right above it.
 *
 * @example
 * ```ts
 * import { withoutItem } from "./registry_text.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const text = "plugins:\n  # by Ada\n  - name: mood\n    source: local\n  # by Bob\n  - name: tone\n    source: local\n";
 * assertEquals(withoutItem(text, "mood"), "plugins:\n  # by Bob\n  - name: tone\n    source: local\n");
 * ```
 */
export function withoutItem(text: string, name: string): string {
  const items = itemsOf(text);
  const at = items.findIndex((item) => item.name === name);
  if (at < 0) return text;
  const { lines, starts, end } = new Layout(text, items.length);
  const next = at + 1 < starts.length ? commentsAbove(lines, starts[at + 1]!) : end;
  const rest = lines.toSpliced(commentsAbove(lines, starts[at]!), next - commentsAbove(lines, starts[at]!));
  const wanted = items.toSpliced(at, 1);
  if (wanted.length === 0) rest[keyLine(rest)] = "plugins: []";
  return verified(rest.join("\n"), text, wanted);
}

/** Where the items of the list stand: the line of each one's dash, and the first line after the last. */
class Layout {
  readonly lines: string[];
  readonly starts: number[];
  readonly end: number;

  constructor(text: string, count: number) {
    this.lines = text.split("\n");
    const positions = new Positions(text);
    this.starts = Array.from({ length: count }, (_, index) => positions.of(["plugins", index]).line - 1);
    const start = this.starts.at(-1)!;
    const deeper = new RegExp(`^ {${/^ */.exec(this.lines[start]!)![0].length + 1}}|^\\s*$`);
    let end = start + 1;
    while (end < this.lines.length && deeper.test(this.lines[end]!)) end++;
    this.end = lastOf(this.lines, end);
  }
}

/** Without the blank lines and comments before it, which belong to what follows. */
function lastOf(lines: readonly string[], end: number): number {
  while (/^\s*(#.*)?$/.test(lines[end - 1]!)) end--;
  return end;
}

function commentsAbove(lines: readonly string[], start: number): number {
  while (start > 0 && /^\s+#/.test(lines[start - 1]!)) start--;
  return start;
}

function keyLine(lines: readonly string[]): number {
  return lines.findIndex((line) => /^plugins\s*:/.test(line));
}

function appended(text: string, item: RegistryItem): string {
  const lines = text.split("\n").filter((line) => !/^plugins\s*:\s*(\[\s*\]|null|~)?\s*$/.test(line));
  const before = lines.join("\n").trimEnd();
  return `${before}${before === "" ? "" : "\n"}plugins:\n${block(item, "  ").join("\n")}\n`;
}

function block(item: RegistryItem, indent: string): string[] {
  return stringify(item, { lineWidth: -1 }).trimEnd().split("\n")
    .map((line, index) => `${indent}${index === 0 ? "- " : "  "}${line}`);
}

function verified(edited: string, before: string, wanted: readonly RegistryItem[]): string {
  const value = { ...valueOf(before), plugins: wanted };
  try {
    if (canonical(valueOf(edited)) === canonical(value)) return edited;
  } catch { /* it is no YAML any more */ }
  return stringify(value, { lineWidth: -1 });
}

function itemsOf(text: string): readonly RegistryItem[] {
  return (valueOf(text)["plugins"] ?? []) as readonly RegistryItem[];
}

function valueOf(text: string): Record<string, unknown> {
  return (parse(text, { schema: "core" }) ?? {}) as Record<string, unknown>;
}

/** The order of the top keys does not count. */
function canonical(value: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

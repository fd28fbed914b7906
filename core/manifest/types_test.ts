import { assertEquals } from "../deps/assert.ts";
import { defineConfiguration } from "./define.ts";
import type { Configuration } from "./declaration.ts";
import type { CONFIG_FAMILIES } from "./families.ts";
import type { InferSettings } from "./infer.ts";
import { parseSettings } from "./settings.ts";

/** Compiles only if both types are the same, optional and readonly keys too. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function same<A, B>(_yes: Same<A, B>): void {}

const DECLARED = defineConfiguration({
  count: { type: "int", required: true, min: 1 },
  share: { type: "float", default: 0.5 },
  title: { type: "string", description: "May be left out" },
  loud: { type: "bool", default: false },
  pooling: { type: "enum", values: ["cls", "mean", 3], default: "cls" },
  sizes: { type: "list", items: { type: "int" } },
  anything: { type: "list", default: [1, "a"] },
  names: { type: "list", items: { type: "list", items: { type: "enum", values: ["a", "b"] } } },
  layer: { type: "object", properties: { size: { type: "int", default: 8 }, act: { type: "string" } } },
  more: { type: "object", properties: { key: { type: "string", required: true } } },
  extra: { type: "object", required: false },
});

interface Expected {
  readonly count: number;
  readonly share: number;
  readonly title?: string;
  readonly loud: boolean;
  readonly pooling: "cls" | "mean" | 3;
  readonly sizes?: readonly number[];
  readonly anything: readonly unknown[];
  readonly names?: readonly (readonly ("a" | "b")[])[];
  readonly layer: { readonly size: number; readonly act?: string };
  readonly more?: { readonly key: string };
  readonly extra?: Readonly<Record<string, unknown>>;
}

Deno.test("InferSettings is the type of what parseSettings() gives", () => {
  same<InferSettings<typeof DECLARED>, Expected>(true);

  const manifest = { name: "a", configuration: DECLARED };
  const settings = parseSettings(manifest, "plugin", { count: 2 }, "k-bert.yaml");

  const least: Expected = {
    ...{ count: 2, share: 0.5, loud: false, pooling: "cls", anything: [1, "a"] },
    layer: { size: 8 },
  };
  assertEquals(settings, { ...least });
});

Deno.test("InferSettings gives readonly settings without undefined, and unknown ones of an unknown declaration", () => {
  const settings: InferSettings<typeof DECLARED> = {
    ...{ count: 1, share: 1, loud: true, pooling: 3, anything: [], layer: { size: 1 } },
  };
  // @ts-expect-error settings are read, not written
  const write = (): void => void (settings.count = 2);
  // @ts-expect-error a setting that was left out has no key
  const absent: InferSettings<typeof DECLARED> = { ...settings, title: undefined };
  // @ts-expect-error it is none of the values
  const other: InferSettings<typeof DECLARED> = { ...settings, pooling: "max" };

  same<InferSettings<Configuration>, Readonly<Record<string, unknown>>>(true);
  same<InferSettings<typeof CONFIG_FAMILIES.callback>, {
    readonly monitor: string;
    readonly patience: number;
    readonly min_delta: number;
  }>(true);
  assertEquals([typeof write, absent.count, other.count], ["function", 1, 1]);
});

Deno.test("defineConfiguration() does not compile with a declaration that makes no sense", () => {
  const declarations = [
    // @ts-expect-error there is no such type
    () => defineConfiguration({ a: { type: "integer" } }),
    // @ts-expect-error there is no such key
    () => defineConfiguration({ a: { type: "int", defalut: 1 } }),
    // @ts-expect-error a truth has no least value
    () => defineConfiguration({ a: { type: "bool", min: 1 } }),
    // @ts-expect-error a number has no values to choose from
    () => defineConfiguration({ a: { type: "int", values: [1] } }),
    // @ts-expect-error a text is no number
    () => defineConfiguration({ a: { type: "float", default: "1" } }),
    // @ts-expect-error the default is none of the values
    () => defineConfiguration({ a: { type: "enum", values: ["x", "y"], default: "z" } }),
    // @ts-expect-error an enum has values
    () => defineConfiguration({ a: { type: "enum" } }),
    // @ts-expect-error what is required has no default
    () => defineConfiguration({ a: { type: "int", required: true, default: 1 } }),
    // @ts-expect-error nor do the items of a list have what a text has not
    () => defineConfiguration({ a: { type: "list", items: { type: "bool", max: 1 } } }),
    // @ts-expect-error nor do the parts of an object
    () => defineConfiguration({ a: { type: "object", properties: { b: { type: "int", vales: [] } } } }),
  ];
  assertEquals(declarations.length, 10);
});

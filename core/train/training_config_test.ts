import { holds, type ReadOnly, type Same } from "../../tests/fixtures/types.ts";
import { assertEquals } from "../deps/assert.ts";
import type { z } from "../deps/zod.ts";
import { parseTrainingConfig, type trainingConfigSchema } from "./config.ts";
import type {
  AugmenterSettings,
  CallbackSettings,
  DataSettings,
  EvaluationSettings,
  HeadSettings,
  ModelSettings,
  NativeBackendSettings,
  TrainingConfig,
  TrainingSettings,
  WasmBackendSettings,
} from "./training_config.ts";

type Parsed = ReadOnly<z.output<typeof trainingConfigSchema>>;

Deno.test("TrainingConfig is the type of what trainingConfigSchema gives, section by section", () => {
  holds<Same<Parsed["model"], ModelSettings>>();
  holds<Same<Parsed["data"], DataSettings>>();
  holds<Same<Parsed["training"], TrainingSettings>>();
  holds<Same<Parsed["head"], HeadSettings>>();
  holds<Same<Parsed["augmenters"][number], AugmenterSettings>>();
  holds<Same<Parsed["callbacks"][number], CallbackSettings>>();
  holds<Same<Parsed["evaluation"], EvaluationSettings>>();
  holds<Same<NonNullable<Parsed["native"]>, NativeBackendSettings>>();
  holds<Same<NonNullable<Parsed["wasm"]>, WasmBackendSettings>>();
  holds<Same<Parsed, TrainingConfig>>();

  const { model, head }: TrainingConfig = parseTrainingConfig("name: a\nhead: {plugin: b}\n", "k-bert.yaml");
  const sections: [ModelSettings, HeadSettings] = [
    { size: "tiny", dropout: 0.1, vocabularySize: 8_000 },
    { plugin: "b", settings: {}, onPoison: "abort", callTimeoutMs: 30_000 },
  ];
  assertEquals([model, head], sections);
});

Deno.test("TrainingConfig is not the type of another schema", () => {
  // @ts-expect-error a run may be skipped by its head, not by this
  holds<Same<Parsed["head"], CallbackSettings>>();
  // @ts-expect-error layers may be left out
  holds<Same<Parsed["model"], Required<ModelSettings>>>();
  // @ts-expect-error a backend is one of five
  holds<Same<Parsed, Omit<TrainingConfig, "backend"> & { readonly backend: string }>>();
});

/**
 * `deno task bench [--only NAME,…] [--backend NAME,…] [--json FILE]`: prints a table of ratios and writes the
 * same as JSON. Rows that are about a backend are measured on all that there are, or on those of `--backend`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a table is what this is for
import { KBertError, parseOptions, runProgram } from "../mod.ts";
import { bombRows, lagRows } from "./attacks.ts";
import { augmentationRow } from "./augmentation.ts";
import { callRow, comlinkRow } from "./call.ts";
import { eventsRow } from "./events.ts";
import { headStepRow } from "./head_step.ts";
import { loadRow } from "./load.ts";
import { memoryRow } from "./memory.ts";
import { callProcessRow, killProcessRow, loadProcessRow, tensorProcessRow } from "./process.ts";
import { reloadRows } from "./reload.ts";
import { type Row, table } from "./rows.ts";
import { repairedRows, stepRows } from "./step.ts";
import { tableProcessRow, tableWorkerRow } from "./table.ts";
import { tensorRow } from "./tensor.ts";
import { type MeasuredBackend, parseBackends } from "./tensors/backends.ts";
import { encodeRows } from "./tensors/encode.ts";
import { growthRows } from "./tensors/growth.ts";
import { jaxRows } from "./tensors/jax_rows.ts";
import { torchRows } from "./tensors/torch_rows.ts";

type Bench = (backends: readonly MeasuredBackend[] | undefined) => Promise<Row | readonly Row[]>;

const BENCHES: Readonly<Record<string, Bench>> = {
  "call/worker": () => callRow(40),
  "call/comlink": () => comlinkRow(40),
  "events/worker": () => eventsRow(25),
  "tensor16/worker": () => tensorRow(25),
  "load/worker": () => loadRow("load/worker", 1, 20),
  "load/worker-cold": () => loadRow("load/worker-cold", 0, 20),
  "memory/worker": () => memoryRow(3),
  "table/worker": () => tableWorkerRow(15),
  "call/process": () => callProcessRow(20),
  "tensor16/process": () => tensorProcessRow(9),
  "table/process": () => tableProcessRow(9),
  "load/process": () => loadProcessRow("load/process", 1, 9),
  "load/process-cold": () => loadProcessRow("load/process-cold", 0, 9),
  "reload/worker": () => reloadRows("reload/worker", "worker", 1, 15),
  "reload/worker-cold": () => reloadRows("reload/worker-cold", "worker", 0, 15),
  "reload/process": () => reloadRows("reload/process", "process", 1, 15),
  "reload/process-cold": () => reloadRows("reload/process-cold", "process", 0, 15),
  "kill/process": () => killProcessRow(9),
  "lag": lagRows,
  "bomb": () => bombRows(5),
  "augment/worker": () => augmentationRow("worker", 15),
  "augment/process": () => augmentationRow("process", 15),
  "head-step/worker": () => headStepRow(15),
  "head-step/process": () => headStepRow(15, "process"),
  "step/tiny": (backends) => stepRows("tiny", 5, backends),
  "step/mini": (backends) => stepRows("mini", 2, backends),
  "step/small": (backends) => stepRows("small", 2, backends),
  "step-repaired/tiny": (backends) => repairedRows("tiny", 7, backends),
  "step-repaired/mini": (backends) => repairedRows("mini", 3, backends),
  "step-torch/tiny": (backends) => torchRows("tiny", 9, backends),
  "step-torch/mini": (backends) => torchRows("mini", 5, backends),
  "step-torch/small": (backends) => torchRows("small", 5, backends),
  "step-jax/tiny": (backends) => jaxRows("tiny", 7, backends),
  "encode/tiny": (backends) => encodeRows("tiny", 15, backends),
  "encode/mini": (backends) => encodeRows("mini", 15, backends),
  "growth": (backends) => growthRows(9, backends),
};

await runProgram(async () => {
  const { options } = parseOptions(Deno.args, { only: "value", backend: "value", json: "value" });
  const only = parseOnly(options.only);
  const backends = parseBackends(options.backend);
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(BENCHES)) {
    if (only && !only.some((one) => name.startsWith(one))) continue;
    console.error(`measuring ${name}`);
    rows.push(...[await measure(backends)].flat());
  }
  console.log(table(rows));
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  }
  return "done";
});

/** Beginnings of names of rows. @throws {KBertError} `usage/invalid` for one that no row begins with */
function parseOnly(text: string | undefined): readonly string[] | undefined {
  const names = Object.keys(BENCHES);
  return text?.split(",").map((only) => {
    if (names.some((name) => name.startsWith(only))) return only;
    const message = `--only is ${only}, expected the beginning of some of ${names.join(", ")}`;
    throw new KBertError("usage/invalid", message, { argument: "--only" });
  });
}

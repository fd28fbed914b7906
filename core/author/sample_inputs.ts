/**
 * Made-up inputs for plugins: hidden states, targets, texts, a table, the moments of a training. All of it is a
 * function of a seed, and of the sizes that the settings say.
 *
 * @module
 */
import { logitsShape, type Task } from "../manifest/task.ts";
import { makeColumn, type NumberArray } from "../table/column.ts";
import { type ColumnLists, Table } from "../table/table.ts";
import { Random } from "../tensor/random.ts";
import type { Logs, Moment, TrainerState } from "../manifest/moments.ts";
import type { HostTensor } from "../wall/tensor.ts";

/** What all inputs of one plugin are made of. */
export interface SampleShape {
  readonly seed: number;
  /** Those of the plugin; sizes, columns and the watched metric are read from them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Texts of a batch or rows of a table; 0 for an empty one. @default {4, of a table 40} */
  readonly rows?: number;
  /** Whether every third number is NaN, of hidden states in the first text only. @default {false} */
  readonly notANumber?: boolean;
}

/** Tokens of each text. */
const LENGTH = 16;
const TABLE_ROWS = 40;
const EPOCHS = 2;
const STEPS_PER_EPOCH = 2;

/** Hidden states as a head reads them: `[rows, 16, hidden_size]` for `all`, else `[rows, hidden_size]`. */
export function sampleHiddenStates(shape: SampleShape, reads: "cls" | "mean" | "all"): HostTensor {
  const random = Random.at(shape.seed, 1);
  const size = numberIn(shape.settings, "hidden_size", 32);
  const { rows = 4 } = shape;
  const dimensions = [rows, ...reads === "all" ? [LENGTH] : [], size];
  const data = new Float32Array(dimensions.reduce((product, length) => product * length, 1));
  for (let index = 0; index < data.length; index++) data[index] = random.normal();
  poisonedIf(shape, data.subarray(0, data.length / Math.max(rows, 1)));
  return { dtype: "float32", shape: dimensions, data };
}

/** Targets of these texts, in the form that the head's task has; see core/manifest/task.ts. */
export function sampleTargets(shape: SampleShape, task: Task): HostTensor {
  const { seed, settings, rows = 4 } = shape;
  const random = Random.at(seed, 2);
  const labels = numberIn(settings, "num_labels", 2);
  switch (task) {
    case "classification":
    case "ordinal":
      return {
        dtype: "int32",
        shape: [rows],
        data: Int32Array.from({ length: rows }, () => random.below(labels)),
      };
    case "multilabel":
      return { dtype: "float32", shape: [rows, labels], data: floats(rows * labels, () => random.below(2)) };
    case "regression":
      return { dtype: "float32", shape: [rows, labels], data: floats(rows * labels, () => random.normal()) };
    case "ranking":
      return { dtype: "float32", shape: [rows], data: floats(rows, (row) => 1 - row % 2) };
    case "tagging": {
      const [texts = 0, length = 0] = logitsShape(task, { rows, labels, length: LENGTH });
      const data = Int32Array.from({ length: texts * length }, () => random.below(labels));
      return { dtype: "int32", shape: [texts, length], data };
    }
  }
}

/** A few texts of different lengths, a short one and one with other letters among them. */
export function sampleTexts({ rows = TEXTS.length }: SampleShape): string[] {
  return Array.from({ length: rows }, (_, index) => TEXTS[index % TEXTS.length]!);
}

/** A seed for each text. */
export function sampleSeeds(shape: SampleShape): number[] {
  const random = Random.at(shape.seed, 3);
  return sampleTexts(shape).map(() => random.uint32());
}

/**
 * A table with a column of each kind: `price` and `volume` (numbers, in the order of time), `count` (whole numbers,
 * some missing), `city` (a category), `review` (a text), `is_new` (true or false), `day` (an ISO date). What the
 * settings name as columns beside these is there too, as numbers, or as dates where the setting's name says so.
 */
export function sampleTable(shape: SampleShape): Table {
  const { seed, settings, rows = TABLE_ROWS } = shape;
  const random = Random.at(seed, 4);
  let price = 100;
  const walk = (): Float64Array => Float64Array.from({ length: rows }, () => price += random.normal());
  const each = <Value>(value: (row: number) => Value): Value[] =>
    Array.from({ length: rows }, (_, row) => value(row));
  const numbers = (): Float64Array => poisonedIf(shape, walk());
  const day = (row: number): string => new Date(Date.UTC(2024, 0, 1 + row)).toISOString().slice(0, 10);
  const lists: Record<string, ColumnLists[string]> = {
    price: numbers(),
    volume: numbers(),
    count: each((row) => row % 7 === 3 ? null : random.below(100)),
    city: each(() => ["Ulm", "Bonn", "Kraków"][random.below(3)]!),
    review: each((row) => TEXTS[row % TEXTS.length]!),
    is_new: each(() => random.below(2) === 1),
    day: each(day),
  };
  for (const [name, isDate] of namedColumns(settings)) lists[name] ??= isDate ? each(day) : numbers();
  // Of no rows, a list does not say what is in it.
  const kinds = { count: "float64", city: "utf8", review: "utf8", is_new: "bool", day: "utf8" } as const;
  const columns = Object.entries(lists).map(([name, cells]) =>
    [name, makeColumn(name, cells, kinds[name as keyof typeof kinds])] as const
  );
  return new Table(new Map(columns));
}

/** A moment of a training, and where the training is then. */
export interface SampleMoment {
  readonly name: string;
  readonly moment: Moment;
  readonly state: TrainerState;
}

/** A training of two epochs of two steps that gets better and then worse again, moment by moment. */
export function sampleTraining(shape: SampleShape): SampleMoment[] {
  const moments: SampleMoment[] = [];
  const add = (step: number, moment: Moment, place = ""): void => {
    moments.push({ name: moment[0] + place, moment, state: stateAt(step) });
  };
  add(0, ["onTrainBegin"]);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const of = ` of epoch ${epoch}`;
    const first = epoch * STEPS_PER_EPOCH;
    add(first, ["onEpochBegin", epoch], of);
    for (let batch = 0; batch < STEPS_PER_EPOCH; batch++) {
      add(first + batch, ["onBatchBegin", batch], `, batch ${batch}${of}`);
      add(first + batch + 1, ["onBatchEnd", batch, logsAt(shape, epoch)], `, batch ${batch}${of}`);
    }
    const end = first + STEPS_PER_EPOCH;
    add(end, ["onEvaluate", logsAt(shape, epoch)], of);
    add(end, ["onEpochEnd", epoch, logsAt(shape, epoch)], of);
    add(end, ["onCheckpoint", `runs/sample/checkpoints/step-${end}`], of);
  }
  add(EPOCHS * STEPS_PER_EPOCH, ["onTrainEnd", logsAt(shape, EPOCHS - 1)]);
  return moments;
}

const TEXTS = [
  "The parcel arrived two days late, and the box was open",
  "Win a free prize now! Reply within 24 hours",
  "Lunch at noon?",
  "Zażółć gęślą jaźń, said the tester; nobody understood him",
];

function stateAt(step: number): TrainerState {
  const epoch = Math.min(Math.floor(step / STEPS_PER_EPOCH), EPOCHS - 1);
  const maxSteps = EPOCHS * STEPS_PER_EPOCH;
  const rates = { epochs: EPOCHS, stepsPerEpoch: STEPS_PER_EPOCH, learningRate: 0.001 };
  return { epoch, step, maxSteps, shouldStop: false, ...rates };
}

/** The usual figures and the watched one. */
function logsAt({ settings, notANumber = false }: SampleShape, epoch: number): Logs {
  const loss = notANumber ? NaN : 0.7 + 0.1 * epoch;
  const { monitor } = settings;
  const watched = typeof monitor === "string" ? { [monitor]: loss } : {};
  return {
    loss,
    accuracy: notANumber ? NaN : 0.5,
    val_loss: loss,
    val_accuracy: notANumber ? NaN : 0.5,
    ...watched,
  };
}

/** Columns that settings name: lists and texts whose own name ends so. */
function namedColumns(settings: Readonly<Record<string, unknown>>): [name: string, isDate: boolean][] {
  return Object.entries(settings).flatMap(([setting, value]) => {
    if (!/columns?$/.test(setting)) return [];
    const names = [value].flat().filter((name) => typeof name === "string");
    return names.map((name): [string, boolean] => [name, /date|time|day/.test(setting)]);
  });
}

function poisonedIf<Numbers extends NumberArray>(
  { notANumber = false }: SampleShape,
  numbers: Numbers,
): Numbers {
  if (notANumber) { for (let index = 0; index < numbers.length; index += 3) numbers[index] = NaN; }
  return numbers;
}

function floats(length: number, value: (index: number) => number): Float32Array {
  return Float32Array.from({ length }, (_, index) => value(index));
}

function numberIn(settings: Readonly<Record<string, unknown>>, name: string, usual: number): number {
  const value = settings[name];
  return typeof value === "number" ? value : usual;
}

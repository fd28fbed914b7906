/**
 * How each kernel is cut into stripes that can be computed at the same time.
 *
 * Where a result depends on the order of additions (sums over rows) the cut is the same for any number of
 * threads, one included: parts of {@linkcode ROWS_OF_A_SUM} rows, added up in their order. Everywhere else a
 * number does not depend on the cut, which follows the number of threads.
 *
 * @module
 */
import { streamStarts } from "./wasm_dropout.ts";
import { wasmHeap } from "./wasm_heap.ts";
import type { Job, StripedKernel } from "./wasm_job.ts";
import type { WasmExports, WasmKernels } from "./wasm_functions.ts";
import type { Team } from "./wasm_threads.ts";

/** Gives `use` memory for as long as it runs. */
export type WithRoom = (bytes: number, use: (address: number) => void) => void;

/** Stripes for each thread, so that one that is slower takes fewer. */
const STRIPES_PER_THREAD = 4;
/** Of which partial sums are made. */
const ROWS_OF_A_SUM = 64;
/** Each stripe of a product packs the whole of the other side for itself: few, of so many rows or columns. */
const OF_A_PRODUCT = { least: 48, perThread: 2 } as const;
/** Multiplications in a nanosecond, about. */
const PRODUCTS_PER_NS = 24;
/** A row or column of a tile; see wasm/gemm.ts. */
const [TILE_ROWS, TILE_COLUMNS] = [4, 8];
/** Numbers in a line of the cache: two threads that write to the same one slow each other down. */
const LINE = 16;

/** The kernels of one instance, computed by a team. */
export function stripedKernels(exports: WasmExports, team: Team, withRoom: WithRoom): WasmKernels {
  return {
    ...products(team),
    ...rows(exports, team, withRoom),
    ...elements(team, withRoom),
    segmentSum: exports.segmentSum,
    gatherRows: exports.gatherRows,
    sumOfSquares: exports.sumOfSquares,
  };
}

function products(team: Team): Pick<WasmKernels, "gemm" | "products"> {
  return {
    gemm(...args): void {
      const [, aRow, , , , bColumn, , cRow, bias, y, rows, columns, inner] = args;
      const [byRows, other] = rows >= columns ? [true, columns] : [false, rows];
      const steps = byRows
        ? [aRow, 0, 0, 0, 0, 0, cRow, 0, 0, y && cRow, 0, 0, 0]
        : [0, 0, 0, bColumn, 0, 0, 4, 0, bias && 4, y && 4, 0, 0, 0];
      const size = { unitNs: other * inner / PRODUCTS_PER_NS, multiple: byRows ? TILE_ROWS : TILE_COLUMNS };
      team.run(cut(team, "gemm", args, steps, byRows ? 10 : 11, { ...size, ...OF_A_PRODUCT }));
    },
    products(...call): void {
      const [rows, columns, inner] = call.slice(-3) as [number, number, number];
      const unitNs = rows * columns * inner / PRODUCTS_PER_NS;
      team.run(cut(team, "products", [0, ...call], only([0, 1], 20), 1, { unitNs }));
    },
  };
}

type ByRows =
  | "layerNorm"
  | "layerNormGradient"
  | "geluGradientSums"
  | "biasGelu"
  | "softmax"
  | "softmaxGradient"
  | "columnSums";

function rows(exports: WasmExports, team: Team, withRoom: WithRoom): Pick<WasmKernels, ByRows> {
  /** Sums over parts of the rows into `room`, one part after the other, and those into `out`. */
  const sumUp = (parts: number, width: number, from: number, out: number): void =>
    exports.columnSums(from, width * 4, out, parts, width);
  return {
    layerNorm(...args): void {
      const width = args[5] * 4;
      team.run(cut(team, "layerNorm", args, [width, 0, 0, width, 0, 0, 0], 4, { unitNs: width / 4 }));
    },
    layerNormGradient(x, gamma, dy, dx, dGamma, dBeta, rows, width, epsilon): void {
      const [row, parts] = [width * 4, partsOf(rows)];
      withRoom(2 * parts * row, (room) => {
        const args = [x, gamma, dy, dx, room, room + parts * row, rows, width, epsilon];
        const part = row / ROWS_OF_A_SUM; // what the place of a sum moves on by per row of x
        const steps = [row, 0, row, row, part, part, 0, 0, 0];
        team.run(inParts(team, "layerNormGradient", args, steps, 6, width * 2));
        sumUp(parts, width, room, dGamma);
        sumUp(parts, width, room + parts * row, dBeta);
      });
    },
    geluGradientSums(x, dy, dx, sums, rows, width): void {
      const [row, parts] = [width * 4, partsOf(rows)];
      withRoom(parts * row, (room) => {
        const args = [x, dy, dx, room, rows, width];
        const steps = [row, row, row, row / ROWS_OF_A_SUM, 0, 0];
        team.run(inParts(team, "geluGradientSums", args, steps, 4, width * 3));
        sumUp(parts, width, room, sums);
      });
    },
    biasGelu(...args): void {
      const width = args[4] * 4;
      team.run(cut(team, "biasGelu", args, [width, 0, width, 0, 0], 3, { unitNs: width / 2 }));
    },
    softmax(...args): void {
      const job = [0, ...args];
      team.run(cut(team, "softmax", job, only([0], 8), 4, { unitNs: args[4] * 2 }));
    },
    softmaxGradient(...args): void {
      const width = args[4] * 4;
      team.run(cut(team, "softmaxGradient", args, [width, width, width, 0, 0, 0], 3, { unitNs: width / 4 }));
    },
    columnSums(x, out, rows, width): void {
      const args = [x, width * 4, out, rows, width];
      team.run(cut(team, "columnSums", args, [4, 0, 4, 0, 0], 4, { unitNs: rows / 2, multiple: LINE }));
    },
  };
}

function elements(
  team: Team,
  withRoom: WithRoom,
): Pick<WasmKernels, "gelu" | "geluGradient" | "adamW" | "dropout"> {
  return {
    gelu(...args): void {
      team.run(cut(team, "gelu", args, [4, 4, 0], 2, { unitNs: 2, multiple: LINE }));
    },
    geluGradient(...args): void {
      team.run(cut(team, "geluGradient", args, [4, 4, 4, 0], 3, { unitNs: 2, multiple: LINE }));
    },
    adamW(...args): void {
      team.run(cut(team, "adamW", args, only([0, 1, 2, 3, 4], 13, 4), 5, { unitNs: 1, multiple: LINE }));
    },
    dropout(x, y, size, states, last, kept): void {
      // A stripe starts in the middle of the streams: so many numbers as there is a jump for, a power of two.
      const draft = cut(team, "dropout", [0, 0, size], [0, 0, 0], 2, { unitNs: 1, multiple: LINE });
      const level = Math.max(0, Math.ceil(Math.log2(draft.stripe / 4)));
      const stripe = draft.stripe < size ? 4 * 2 ** level : draft.stripe;
      const starts = streamStarts(states, Math.ceil(size / stripe), level);
      withRoom(starts.byteLength, (room) => {
        wasmHeap.write(room, starts);
        const job = { args: [x, y, size, room, last, kept], steps: [4, 4, 0, 64 / stripe, 0, 0] };
        team.run({ kernel: "dropout", ...job, count: 2, total: size, stripe });
      });
    },
  };
}

function partsOf(rows: number): number {
  return Math.ceil(rows / ROWS_OF_A_SUM);
}

/** A job by rows that is cut in the same way for any number of threads, and by one if it is small. */
function inParts(
  { leastStripeNs }: Team,
  kernel: StripedKernel,
  args: readonly number[],
  steps: readonly number[],
  count: number,
  rowNs: number,
): Job {
  const total = args[count]!;
  const isSmall = total * rowNs < 2 * leastStripeNs;
  return { kernel, args, steps, count, total, stripe: ROWS_OF_A_SUM, isSmall };
}

/** How a call is cut. */
interface Cut {
  /** What one unit takes, about. */
  readonly unitNs: number;
  /** Units of a stripe at least. @default {1} */
  readonly least?: number;
  /** Units of a stripe are a multiple of this. @default {1} */
  readonly multiple?: number;
  /** Stripes for each thread, at most. @default {STRIPES_PER_THREAD} */
  readonly perThread?: number;
}

/** A job whose stripes keep the team busy and are worth it; a single stripe if there is too little to do. */
function cut(
  { threads, leastStripeNs }: Team,
  kernel: StripedKernel,
  args: readonly number[],
  steps: readonly number[],
  count: number,
  { unitNs, least = 1, multiple = 1, perThread = STRIPES_PER_THREAD }: Cut,
): Job {
  const total = args[count]!;
  const units = leastStripeNs > 0 ? Math.max(least, leastStripeNs / unitNs) : 1;
  let stripes = Math.min(threads * perThread, total / units);
  // As many for each thread, or as many as there is work for.
  stripes = stripes > threads ? stripes - stripes % threads : Math.max(1, Math.floor(stripes));
  const even = Math.ceil(total / (threads === 1 ? 1 : stripes));
  const stripe = Math.max(Math.ceil(even / multiple) * multiple, 1);
  return { kernel, args, steps, count, total, stripe };
}

/** Steps of `step` at some places and of zero elsewhere. */
function only(places: readonly number[], length: number, step = 1): number[] {
  return Array.from({ length }, (_, place) => places.includes(place) ? step : 0);
}

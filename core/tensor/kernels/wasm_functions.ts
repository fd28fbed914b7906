/**
 * The functions of our wasm module as TypeScript sees them: what one instance exports, and what is made of it
 * for the operations, where a call is the whole of a computation and may be shared by threads.
 *
 * @module
 */
import type { RandomStates } from "./composed.ts";
import type { StripedExports } from "./wasm_job.ts";

/** What the module exports; parameters and shapes are explained in `wasm/`. Addresses are in bytes. */
export interface WasmExports extends StripedExports {
  workspaceBytes(): number;
  /** Has to be called before any kernel. */
  useWorkspace(at: number): void;
  segmentSum(...[x, ids, out, rows, width, segments]: Numbers<6>): void;
  gatherRows(...[x, ids, out, rows, width]: Numbers<5>): void;
  sumOfSquares(...[x, size]: Numbers<2>): number;
}

/** The kernels as they are called: the whole of a computation, whoever computes it. */
export interface WasmKernels {
  gemm(
    ...[a, aRow, aInner, b, bInner, bColumn, c, cRow, bias, y, rows, columns, inner]: Numbers<13>
  ): void;
  products(
    ...[
      count,
      share,
      a,
      aRow,
      aInner,
      aOuter,
      aShare,
      b,
      bInner,
      bColumn,
      bOuter,
      bShare,
      c,
      cRow,
      cOuter,
      cShare,
      rows,
      columns,
      inner,
    ]: Numbers<19>
  ): void;
  layerNorm(...[x, gamma, beta, y, rows, width, epsilon]: Numbers<7>): void;
  layerNormGradient(...[x, gamma, dy, dx, dGamma, dBeta, rows, width, epsilon]: Numbers<9>): void;
  gelu(...[x, y, size]: Numbers<3>): void;
  geluGradient(...[x, dy, dx, size]: Numbers<4>): void;
  geluGradientSums(...[x, dy, dx, sums, rows, width]: Numbers<6>): void;
  biasGelu(...[z, bias, y, rows, width]: Numbers<5>): void;
  softmax(...[x, bias, y, rows, width, share, scale]: Numbers<7>): void;
  softmaxGradient(...[y, dy, dx, rows, width, scale]: Numbers<6>): void;
  dropout(
    ...[x, y, size, states, last, kept]: [x: number, y: number, size: number, RandomStates, number, number]
  ): void;
  adamW(
    ...[
      parameter,
      gradient,
      first,
      second,
      out,
      size,
      scale,
      share1,
      share2,
      rate,
      rootScale,
      epsilon,
      decay,
    ]: Numbers<13>
  ): void;
  columnSums(...[x, out, rows, width]: Numbers<4>): void;
  segmentSum(...[x, ids, out, rows, width, segments]: Numbers<6>): void;
  gatherRows(...[x, ids, out, rows, width]: Numbers<5>): void;
  sumOfSquares(...[x, size]: Numbers<2>): number;
}

/** That many numbers. */
type Numbers<Count extends number, List extends number[] = []> = List["length"] extends Count ? List
  : Numbers<Count, [...List, number]>;

/**
 * What an instance needs before any of its kernels is called.
 *
 * @module
 */
import { placeConstants } from "./constants";
import { packedEnd } from "./gemm";
import { placeWorkspace } from "./workspace";

/** Bytes of a workspace. */
export function workspaceBytes(): usize {
  return packedEnd();
}

/** Gives the instance its workspace: `workspaceBytes()` bytes at `at`, a multiple of 16, for as long as it is used. */
export function useWorkspace(at: usize): void {
  placeWorkspace(at);
  placeConstants();
}

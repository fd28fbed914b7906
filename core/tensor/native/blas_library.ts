/**
 * Finds and opens the BLAS library of the machine, and says what is missing where there is none.
 *
 * A library runs with all the rights of the process, whatever Deno was given. So only a path that the user
 * has named in `--allow-ffi` is opened, nothing is looked for in folders, and nobody is asked on a terminal.
 *
 * @module
 */
import { KBertError, messageOf } from "../../wall/errors.ts";

/** How `backend: native` finds its library. */
export interface NativeSettings {
  /**
   * Path of a BLAS library with 32-bit sizes; it has to be the path in `--allow-ffi` too.
   * @default {the first of `BLAS_PLACES` that `--allow-ffi` names}
   */
  readonly library?: string | undefined;
  /** Threads of one product; OpenBLAS only. @default {what the library takes by itself} */
  readonly threads?: number | undefined;
}

/** Where the libraries lie that are looked for, by operating system. */
export const BLAS_PLACES: Readonly<Partial<Record<typeof Deno.build.os, readonly string[]>>> = {
  linux: [
    "/usr/lib/x86_64-linux-gnu/libopenblas.so.0", // Debian, Ubuntu
    "/usr/lib/aarch64-linux-gnu/libopenblas.so.0",
    "/usr/lib64/libopenblas.so.0", // Fedora
    "/usr/lib/libopenblas.so.0", // Arch
  ],
  darwin: [
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
  ],
};

const f32 = "f32";
const i32 = "i32";
const matrix = "buffer";

/** The part of BLAS that is used; every matrix is a view of memory, so nothing is copied. */
const SYMBOLS = {
  /** `order, transA, transB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc`. */
  cblas_sgemm: {
    parameters: [i32, i32, i32, i32, i32, i32, f32, matrix, i32, matrix, i32, f32, matrix, i32],
    result: "void",
  },
  openblas_set_num_threads: { parameters: [i32], result: "void", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** An open library. Disposing of it closes it; nothing of it may be called afterwards. */
export interface BlasLibrary extends Disposable {
  readonly path: string;
  readonly sgemm: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"]["cblas_sgemm"];
}

/** `CblasRowMajor`, `CblasNoTrans` and `CblasTrans` of the interface. */
export const CBLAS = { rowMajor: 101, plain: 111, transposed: 112 } as const;

/** What is asked of the machine; a test hands in another one. */
export interface Machine {
  readonly os: typeof Deno.build.os;
  /** Whether `--allow-ffi` has the path. */
  mayOpen(path: string): boolean;
  /** False also where the path may not be read: this only makes a sentence better. */
  isThere(path: string): boolean;
  /** Throws if there is no library, or no such symbol in it. */
  open(path: string): Pick<Deno.DynamicLibrary<typeof SYMBOLS>, "symbols" | "close">;
}

const THIS_MACHINE: Machine = {
  os: Deno.build.os,
  mayOpen: (path) => isGranted({ name: "ffi", path }),
  isThere(path): boolean {
    if (!isGranted({ name: "read", path })) return false;
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  },
  open: (path) => Deno.dlopen(path, SYMBOLS),
};

/** Never a question on the terminal. */
function isGranted(right: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(right).state === "granted";
}

/**
 * Opens the library, and checks that it multiplies.
 *
 * @throws {KBertError} `backend/unavailable` with the flag that is missing, or with what is wrong with the
 * library
 */
export function openBlas(
  { library, threads }: NativeSettings = {},
  machine: Machine = THIS_MACHINE,
): BlasLibrary {
  const places = library === undefined ? BLAS_PLACES[machine.os] ?? [] : [library];
  if (places.length === 0) {
    throw unavailable(`no place of a BLAS library is known on ${machine.os}; name one in native.library`);
  }
  const allowed = places.filter((path) => machine.mayOpen(path));
  if (allowed.length === 0) {
    const path = places.find((path) => machine.isThere(path)) ?? places[0]!;
    const elsewhere = library === undefined ? ", or with that of a BLAS library named in native.library" : "";
    throw unavailable(`it may not open ${path}; run it with --allow-ffi=${path}${elsewhere}`);
  }
  const failures: string[] = [];
  for (const path of allowed) {
    try {
      return open(path, threads, machine);
    } catch (error) {
      failures.push(`${path} cannot be used (${messageOf(error)})`);
    }
  }
  throw unavailable(
    `${failures.join(", ")}; install OpenBLAS, or name a BLAS library in native.library and in --allow-ffi`,
  );
}

function open(path: string, threads: number | undefined, machine: Machine): BlasLibrary {
  const library = machine.open(path);
  try {
    const { cblas_sgemm: sgemm, openblas_set_num_threads: setThreads } = library.symbols;
    if (threads !== undefined) {
      if (!setThreads) throw new Error("it has no openblas_set_num_threads, so leave native.threads out");
      setThreads(threads);
    }
    requireProduct(sgemm);
    return { path, sgemm, [Symbol.dispose]: () => library.close() };
  } catch (error) {
    library.close();
    throw error;
  }
}

/** `[1 2 3] [4 5 6]ᵀ`, written between two other numbers: a library with 64-bit sizes fails here, and not later. */
function requireProduct(sgemm: BlasLibrary["sgemm"]): void {
  const result = Float32Array.of(7, 7, 7);
  const [a, b] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)];
  const { rowMajor, plain, transposed } = CBLAS;
  sgemm(rowMajor, plain, transposed, 1, 1, 3, 1, a, 3, b, 3, 0, result.subarray(1, 2), 1);
  if (result.join() !== "7,32,7") throw new Error(`1 * 4 + 2 * 5 + 3 * 6 is ${result[1]} there`);
}

function unavailable(reason: string): KBertError<"backend/unavailable"> {
  const message = `Cannot start the native backend: ${reason}`;
  return new KBertError("backend/unavailable", message, { backend: "native", reason });
}

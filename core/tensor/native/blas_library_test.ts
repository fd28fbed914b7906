import { assertEquals, assertThrows } from "../../deps/assert.ts";
import { KBertError } from "../../wall/errors.ts";
import { REFERENCE_MACHINE } from "../../../tests/fixtures/reference_blas.ts";
import { BLAS_PLACES, type Machine, openBlas } from "./blas_library.ts";

const [FIRST, , THIRD] = BLAS_PLACES.linux!;

function machine(changes: Partial<Machine>): Machine {
  return { ...REFERENCE_MACHINE, ...changes };
}

function refusal(settings: Parameters<typeof openBlas>[0], changes?: Partial<Machine>): string {
  const error = assertThrows(() => openBlas(settings, changes && machine(changes)), KBertError);
  assertEquals(error.code, "backend/unavailable");
  return error.message;
}

Deno.test("openBlas() names the flag of a library that it may not open", () => {
  const library = "/nowhere/libblas.so";

  assertEquals(
    refusal({ library }), // on this very machine: the tests have no such right
    `Cannot start the native backend: it may not open ${library}; run it with --allow-ffi=${library}`,
  );
});

Deno.test("openBlas() names the flag of the library that is there, and of the first one where none is", () => {
  for (const [there, expected] of [[THIRD, THIRD], ["/elsewhere", FIRST]]) {
    const message = refusal({}, { mayOpen: () => false, isThere: (path) => path === there });

    assertEquals(
      message,
      `Cannot start the native backend: it may not open ${expected}; run it with --allow-ffi=${expected}, ` +
        "or with that of a BLAS library named in native.library",
    );
  }
});

Deno.test("openBlas() opens nothing but what the flag names", () => {
  const opened: string[] = [];
  const open: Machine["open"] = (path) => {
    opened.push(path);
    return REFERENCE_MACHINE.open(path);
  };

  using library = openBlas({}, machine({ mayOpen: (path) => path === THIRD, open }));

  assertEquals([library.path, opened], [THIRD!, [THIRD!]]);
});

Deno.test("openBlas() says what is wrong with a library that is missing, or has no product", () => {
  const open = (): never => {
    throw new TypeError("Could not open library: no such file");
  };

  assertEquals(
    refusal({ library: "/lib/a.so" }, { open }),
    "Cannot start the native backend: /lib/a.so cannot be used (Could not open library: no such file); " +
      "install OpenBLAS, or name a BLAS library in native.library and in --allow-ffi",
  );
});

Deno.test("openBlas() refuses a library whose product is wrong, and closes it", () => {
  let closed = 0;
  const open: Machine["open"] = () => ({
    symbols: { cblas_sgemm: () => {}, openblas_set_num_threads: null },
    close: () => void closed++,
  });

  assertEquals(
    refusal({ library: "/lib/a.so" }, { open }).includes("(1 * 4 + 2 * 5 + 3 * 6 is 7 there)"),
    true,
  );
  assertEquals(closed, 1);
});

Deno.test("openBlas() sets the threads that are asked for, and refuses to where the library cannot", () => {
  const asked: number[] = [];
  const { symbols, close } = REFERENCE_MACHINE.open("");
  const setThreads = (threads: number): void => void asked.push(threads);

  for (const threads of [undefined, 3]) {
    const open: Machine["open"] = () => ({
      symbols: { ...symbols, openblas_set_num_threads: setThreads },
      close,
    });
    openBlas({ threads }, machine({ open }))[Symbol.dispose]();
  }
  const without: Machine["open"] = () => ({ symbols: { ...symbols, openblas_set_num_threads: null }, close });

  assertEquals(asked, [3]);
  assertEquals(refusal({ threads: 2 }, { open: without }).includes("leave native.threads out"), true);
});

Deno.test("openBlas() knows no place on Windows, and says where to name one", () => {
  assertEquals(
    refusal({}, { os: "windows" }),
    "Cannot start the native backend: no place of a BLAS library is known on windows; " +
      "name one in native.library",
  );
});

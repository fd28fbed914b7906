/**
 * Every operation that the models use, forward and backward, on every backend of this machine and with every
 * choice of kernels, against float64.
 *
 * A test is an operation on a backend, its steps are the shapes. It is what a kernel may not change: a new one
 * is right when this passes.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a run says what it left out
import { assertEquals } from "../../core/deps/assert.ts";
import { OPERATIONS } from "./cases/all.ts";
import { problemsOf } from "./conformance.ts";
import { VARIANTS } from "./variants.ts";

for (const { name: place, backendName, start } of VARIANTS) {
  for (const { name, cases } of OPERATIONS) {
    Deno.test(`${name} on ${place} and its gradients follow the float64 reference`, async (context) => {
      using backend = await start();
      for (const one of cases) {
        const reason = one.skip?.[backendName];
        if (reason !== undefined) console.error(`${name} ${one.name} is not tested on ${place}: ${reason}`);
        await context.step({
          name: one.name,
          ignore: reason !== undefined,
          fn: async () => assertEquals(await problemsOf(one, backend), []),
        });
      }
    });
  }
}

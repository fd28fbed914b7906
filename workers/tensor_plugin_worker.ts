/**
 * The entry of a plugin's worker with tensors: the same as plugin_worker.ts, with tfjs and the ports
 * that need it. Entries of their own, because a worker without tensors starts in a third of the time.
 *
 * @module
 */
import "../plugins/sdk/mod.ts"; // both loaded here, so that the loader may answer with them
import "../plugins/sdk/tensors.ts";
import { boot } from "./boot.ts";
import { serveHead } from "./head_server.ts";

boot({
  sdk: new Map([
    ["k-bert/sdk", import.meta.resolve("../plugins/sdk/mod.ts")],
    ["k-bert/sdk/tensors", import.meta.resolve("../plugins/sdk/tensors.ts")],
  ]),
  ports: new Map([["head", serveHead]]),
});

/**
 * The entry of a plugin's worker with tables: the same as plugin_worker.ts, with arquero and the port that needs
 * it.
 *
 * @module
 */
import "../plugins/sdk/mod.ts"; // both loaded here, so that the loader may answer with them
import "../plugins/sdk/tables.ts";
import { boot } from "./boot.ts";
import { serveFeatures } from "./feature_server.ts";

boot({
  sdk: new Map([
    ["k-bert/sdk", import.meta.resolve("../plugins/sdk/mod.ts")],
    ["k-bert/sdk/tables", import.meta.resolve("../plugins/sdk/tables.ts")],
  ]),
  ports: new Map([["feature", serveFeatures]]),
});

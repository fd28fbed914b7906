/**
 * The entry of a plugin's worker with tensors and tables: for a package that has a head and a feature extractor.
 *
 * @module
 */
import "../plugins/sdk/mod.ts"; // all loaded here, so that the loader may answer with them
import "../plugins/sdk/tables.ts";
import "../plugins/sdk/tensors.ts";
import { boot } from "./boot.ts";
import { serveFeatures } from "./feature_server.ts";
import { serveHead } from "./head_server.ts";

boot({
  sdk: new Map([
    ["k-bert/sdk", import.meta.resolve("../plugins/sdk/mod.ts")],
    ["k-bert/sdk/tables", import.meta.resolve("../plugins/sdk/tables.ts")],
    ["k-bert/sdk/tensors", import.meta.resolve("../plugins/sdk/tensors.ts")],
  ]),
  ports: new Map([["feature", serveFeatures], ["head", serveHead]]),
});

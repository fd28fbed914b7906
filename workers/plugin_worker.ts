/**
 * The entry of a plugin's worker with the plain SDK: see boot.ts for what it does.
 *
 * @module
 */
import "../plugins/sdk/mod.ts"; // loaded here, so that the loader may answer with it
import { boot } from "./boot.ts";

boot({ sdk: new Map([["k-bert/sdk", import.meta.resolve("../plugins/sdk/mod.ts")]]), ports: new Map() });

/** Calls into a worker as most of the web makes them: what `call/comlink` measures, and nothing else uses. */
export { expose, wrap } from "npm:comlink@4.4.2";

/**
 * What the tests of a plugin need: `import { pluginTest } from "k-bert/sdk/testing"`.
 *
 * Runs on the host, in tests only; a plugin itself may not import it.
 *
 * @module
 */
export {};

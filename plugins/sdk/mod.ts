/**
 * What every plugin may import, as `k-bert/sdk`. Heads and others that compute import `k-bert/sdk/tensors`.
 *
 * @module
 */
export { EventBus } from "./event_bus.ts";
export type { EmittedEvent } from "./event_bus.ts";
export type { HeadConfig, PluginConfig } from "./config.ts";

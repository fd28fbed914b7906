/**
 * What every plugin may import, as `k-bert/sdk`. Heads and others that compute import `k-bert/sdk/tensors` too.
 *
 * @module
 */
export { EventBus } from "./event_bus.ts";
export type { BusEvent, EmitOptions, Listener, ListenOptions } from "../../core/bus/event.ts";
export type { RuntimeEvents } from "../../core/bus/events.ts";
export { AugmenterConfig, CallbackConfig, FeatureConfig, HeadConfig, PluginConfig } from "./config.ts";
export { defineConfiguration } from "../../core/manifest/define.ts";
export type { InferSettings } from "../../core/manifest/infer.ts";
export { PluginPort } from "./plugin_port.ts";
export type { CallContext, Resource } from "./plugin_port.ts";
export { AugmenterPort } from "./augmenter.ts";
export type { AugmentContext, ChangeText } from "./augmenter.ts";
export { CallbackPort } from "./callback.ts";
export type { CallbackAnswer, CallbackMethods, CallbackWishes, Logs, TrainerState } from "./callback.ts";
export { Monitor } from "./monitor.ts";
export type { MonitorMode, MonitorOptions } from "./monitor.ts";
export { Container } from "../../core/container/container.ts";
export { inject } from "../../core/container/inject.ts";
export { Token } from "../../core/container/token.ts";
export { Logger } from "../../core/container/logger.ts";
export { MetricsCollector } from "../../core/container/metrics.ts";
export { Random } from "../../core/tensor/random.ts";
export { KBertError } from "../../core/wall/errors.ts";
export { PluginError } from "../../core/wall/failure.ts";
export { service } from "./service.ts";
export type { Remote } from "./service.ts";
export { Environment, Files, Network } from "./capabilities.ts";
export type { FetchOptions, FolderEntry, NetworkAnswer } from "./capabilities.ts";
export { firstThatWorks, retry, wait } from "./resilience.ts";
export type { RetryOptions } from "./resilience.ts";
export { joinWords, longestChange, splitWords } from "./words.ts";
export type { SplitText } from "./words.ts";

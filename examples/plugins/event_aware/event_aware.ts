/**
 * The guide's event-aware plugin: whoever listens hears when work begins, and how it ended.
 *
 * @module
 */
import { PluginPort } from "k-bert/sdk";

/** Brings numbers to the mean 0 and the deviation 1. */
export class EventAwarePlugin extends PluginPort {
  /** @throws {RangeError} for fewer than two numbers, or numbers that are all the same */
  async processData(data: readonly number[]): Promise<number[]> {
    const plugin = this.name;
    await this.eventBus.emit("plugin.processing_started", { plugin, data_size: data.length });
    try {
      const result = standardized(data);
      await this.eventBus.emit("plugin.processing_completed", { plugin, result_size: result.length });
      return result;
    } catch (error) {
      await this.eventBus.emit("plugin.processing_failed", { plugin, error: String(error) });
      throw error;
    }
  }
}

function standardized(data: readonly number[]): number[] {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  if (!(variance > 0)) throw new RangeError(`${data.length} numbers have the variance ${variance}`);
  return data.map((value) => (value - mean) / Math.sqrt(variance));
}

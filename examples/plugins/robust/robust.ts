/**
 * The guide's robust plugin: the best way that works, and a line in the log for each that did not.
 *
 * @module
 */
import { firstThatWorks, type PluginConfig, PluginPort } from "k-bert/sdk";

/** Settings; see plugin.yaml. */
interface Settings extends PluginConfig {
  readonly default_result: number;
}

/** The middle of some numbers. */
export class RobustPlugin extends PluginPort<Settings> {
  async processData(data: readonly number[]): Promise<number> {
    const ways = [() => trimmedMean(data), () => mean(data)];
    try {
      return await firstThatWorks(ways, (error, way) => {
        this.logger.warning("An algorithm failed", { way, error: String(error) });
      });
    } catch (error) {
      this.logger.error("All algorithms failed", { error: String(error) });
      return this.config.default_result;
    }
  }
}

/** Without the smallest and the largest, which may be mistakes. */
function trimmedMean(data: readonly number[]): number {
  if (data.length < 5) throw new RangeError(`A trimmed mean takes 5 numbers, not ${data.length}`);
  return mean(data.toSorted((a, b) => a - b).slice(1, -1));
}

function mean(data: readonly number[]): number {
  if (data.length === 0) throw new RangeError("There is no mean of nothing");
  return data.reduce((sum, value) => sum + value, 0) / data.length;
}

/**
 * The guide's injectable extractor: what it needs are defaults of its constructor, so that the runtime fills
 * them in and a test passes its own.
 *
 * @module
 */
import {
  type Columns,
  EventBus,
  type FeatureConfig,
  FeaturePort,
  inject,
  Logger,
  MetricsCollector,
} from "k-bert/sdk";

/** How long texts are, and how loud. */
export class SmartFeatureExtractor extends FeaturePort {
  override readonly logger: Logger;
  override readonly metrics: MetricsCollector;

  constructor(
    config: FeatureConfig,
    eventBus = inject(EventBus),
    logger = inject(Logger),
    metrics = inject(MetricsCollector),
  ) {
    super(config, eventBus);
    this.logger = logger;
    this.metrics = metrics;
  }

  override extractFeatures(data: Columns): Columns {
    using _timer = this.metrics.timer("feature_extraction");
    const { input_columns, output_prefix } = this.config;
    this.logger.info("Extracting features", { samples: data[input_columns[0] ?? ""]?.length ?? 0 });

    const features: Record<string, Columns[string]> = { ...data };
    for (const column of input_columns) {
      const texts = (data[column] ?? []).map(String);
      features[`${output_prefix}${column}_words`] = texts.map((text) =>
        text.split(/\s+/).filter(Boolean).length
      );
      features[`${output_prefix}${column}_loudness`] = texts.map(loudness);
    }

    this.logger.info("Extracted features", { columns: Object.keys(features).length });
    return features;
  }
}

/** Share of the letters that are capitals. */
function loudness(text: string): number {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  return letters === 0 ? 0 : (text.match(/\p{Lu}/gu)?.length ?? 0) / letters;
}

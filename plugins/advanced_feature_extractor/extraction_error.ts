/**
 * Why no features can be made of a table, for people and for programs, and the event that says so.
 *
 * @module
 */

/** A column that features cannot be made of. Across the wall it keeps its name and its `column`. */
export class FeatureExtractionError extends Error {
  override readonly name = "FeatureExtractionError";

  constructor(readonly column: string, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What the extractor tells, with the topics of the guide. Shapes are rows and columns. */
export interface ExtractionEvents {
  "plugin.feature_extraction_started": {
    plugin: string;
    input_shape: readonly number[];
    columns: readonly string[];
  };
  "plugin.feature_extraction_completed": {
    plugin: string;
    output_shape: readonly number[];
    new_features: readonly string[];
  };
  "plugin.feature_validation_failed": { plugin: string; column: string; problem: string };
}

/**
 * What a template of a new plugin is made of.
 *
 * The sources are texts in modules and not files of their own: modules come along wherever this program is loaded
 * from, also from a URL and without a right to read. As files they could be imported as texts, too; but publishing
 * rewrites the imports of every file ("k-bert/sdk" would become a path within the package), and a new plugin would be
 * given those. That the texts type-check and do what they say, a test shows with folders made of them.
 *
 * @module
 */

/** A kind of plugin, written out for given names. */
export interface Template {
  /** A sentence for plugin.yaml, without a full stop. */
  readonly description: string;
  /** What plugin.yaml has after its entry points: settings and events. */
  readonly manifest: string;
  readonly source: string;
  readonly test: string;
  /** What it costs, for the README. */
  readonly performance: string;
}

/**
 * Function words: they hold a sentence together, so another one in their place is another sentence. WordNet has
 * some of them, with meanings that nobody has in mind ("will" as volition, "like" as wish).
 *
 * The list is our own: articles, pronouns, prepositions, conjunctions, auxiliary verbs, numbers in letters,
 * negations, and adverbs that do the same work.
 *
 * @module
 */

/** In small letters. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a an the this that these those such same other another each every either neither both all any some none no
  not nor never ever only just even also too very quite rather so as than then there here where when why how
  what which who whom whose whoever whatever i me my mine myself we us our ours ourselves you your yours
  yourself yourselves he him his himself she her hers herself it its itself they them their theirs themselves
  one oneself someone somebody something anyone anybody anything everyone everybody everything nobody nothing
  about above across after against along among around at before behind below beneath beside besides between
  beyond but by concerning despite down during except for from in inside into like near next of off on onto out
  outside over past per please since through throughout till to toward towards under underneath until up upon
  versus via with within without and or if unless because although though while whereas whether once yet
  however instead otherwise therefore hence thus enough more most much many few fewer less least several own
  be am is are was were been being have has had having do does did doing done can could may might must shall
  should will would ought need dare used let get gets got going go well further back away again still now
  already almost else dear non one two three four five six seven eight nine ten hundred thousand million
  first second third half double single mr mrs ms dr am pm etc ok okay yes`.split(/\s+/),
);

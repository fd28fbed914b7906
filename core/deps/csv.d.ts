/** Parses CSV into rows of texts. Throws a `SyntaxError` with line and column. */
export function parse(text: string, options?: { separator?: string }): string[][];

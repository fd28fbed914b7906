/** Parses one YAML document. Throws a `SyntaxError` whose message ends in "at line L, column C". */
export function parse(content: string, options?: { schema?: "core" | "default" | "json" }): unknown;
/** Writes a value as a YAML document. */
export function stringify(data: unknown, options?: { lineWidth?: number; sortKeys?: boolean }): string;

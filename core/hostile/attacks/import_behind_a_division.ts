/** Imports a builtin where a lexer sees a regular expression. */
export const meta = { class: "escalate" };

// deno-fmt-ignore
const ratio = Number(class {}) / 1;
import { parentPort } from "node:worker_threads";
const other = 1 / 1;

export const attack = (): string => `BREACH: ${String(parentPort)} ${ratio} ${other}`;

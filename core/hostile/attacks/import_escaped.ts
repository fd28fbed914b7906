/** Imports a builtin whose name a text search does not find. */
export const meta = { class: "escalate" };

// deno-fmt-ignore
import { pid } from "\x6eode:process";

export const attack = (): string => `BREACH: ${pid}`;

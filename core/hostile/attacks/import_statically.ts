/** Imports a builtin in the open; the vetting has to refuse the whole plugin. */
import { pid } from "node:process";

export const meta = { class: "escalate" };

export const attack = (): string => `BREACH: ${pid}`;

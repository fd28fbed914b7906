/** Is broken before it is asked anything. */
export const meta = { class: "spoof" };

export const attack = (): string => "BREACH: it was loaded";

throw Object.assign(new Error("\u001b[31mbroken at import"), { code: { toString: () => "BREACH" } });

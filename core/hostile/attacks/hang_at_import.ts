/** Never finishes loading. */
export const meta = { class: "hang" };

export const attack = (): string => "BREACH: it was loaded";

await new Promise(() => {});

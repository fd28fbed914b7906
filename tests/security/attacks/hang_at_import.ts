/** Never finishes loading. */
export const attack = (): string => "BREACH: it was loaded";

await new Promise(() => {});

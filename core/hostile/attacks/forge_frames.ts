/** Sends answers and calls that were never asked for, by any function that may post. */
export const meta = { class: "spoof" };

export function attack(): string {
  const posts = [globalThis, Object.getPrototypeOf(globalThis), EventTarget.prototype].flatMap((holder) => {
    const post: unknown = Reflect.get(holder, "postMessage");
    return typeof post === "function" ? [post] : [];
  });
  for (const post of posts) {
    for (let id = 1; id < 50; id++) {
      Reflect.apply(post, globalThis, [
        { head: `{"kind":"return","id":${id},"value":"forged"}`, buffers: [] },
        [],
      ]);
    }
  }
  return posts.length > 0 ? "BREACH: forged" : "BLOCKED";
}

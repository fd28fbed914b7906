/** Answers a stream that is none of ours: items that cannot cross, errors that are none, no end. */
import { PluginPort } from "k-bert/sdk";

export const meta = { class: "spoof" };

let calls = 0;

function iterable(next: () => unknown): unknown {
  const iterator = {
    next,
    return: () => new Promise(() => {}), // nobody must wait for this
    throw: () => new Promise(() => {}),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

async function* template(): AsyncGenerator<unknown> {}

export class Main extends PluginPort {
  declare attack: () => unknown;
}

// What is asked for the kind of a method answers what it likes.
const attack = Object.setPrototypeOf((): unknown => {
  const odd = Object.create(null, {
    then: {
      get: () => {
        throw new Error("odd");
      },
    },
  });
  const answers = [() => ({ done: false, value: () => 1 }), () => ({
    get done() {
      throw odd;
    },
  })];
  return iterable(answers[calls++ % answers.length]!);
}, Object.getPrototypeOf(template));
Object.defineProperty(Main.prototype, "attack", { value: attack });

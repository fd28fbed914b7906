/**
 * Checks that the same gives the same: from the same seed, again, and from another version of the code that took over.
 *
 * @module
 */
import { sealImage } from "../security/image.ts";
import { type Answers, answersOf, firstDifference, repeatedAnswers } from "./answers.ts";
import { type Check, Lost, Skipped } from "./check.ts";
import { type Subject, Trial } from "./subject.ts";

const SEED = 7;

/** Two starts with one seed say the same, and so do two calls that promise it. */
export const sameSeed: Check = {
  name: "same seed",
  asks: "gives the same answers to the same calls, again and when it is started again with the same seed",
  async run(subject): Promise<string> {
    requirePromise(subject);
    const [first, second] = [await answersOfStart(subject), await answersOfStart(subject)];
    const difference = firstDifference(first, second, isExact(subject));
    if (difference !== undefined) throw new Lost(`started again with the same seed, ${difference}`);
    await using trial = await Trial.start(subject, SEED);
    await answersOf(trial.calls(), trial.plugin);
    const { change } = await repeatedAnswers(trial, isExact(subject));
    if (change !== undefined) throw new Lost(`called again, ${change}`);
    return `${first.size} answers were the same when it was started again`;
  },
};

/** A version with the same code goes on with its state. */
export const reloads: Check = {
  name: "reload",
  asks: "goes on after a reload with what it has learned and remembers: the same calls have the same answers",
  async run(subject): Promise<string> {
    requirePromise(subject);
    if (subject.port === "callback") return await reloadBetweenMoments(subject);
    await using trial = await Trial.start(subject);
    const { plugin } = trial;
    await answersOf(trial.calls(), plugin); // so that there is something to remember
    const { answers: before, change } = await repeatedAnswers(trial, isExact(subject));
    if (change !== undefined) throw new Skipped(`also without a reload, ${change}`);
    await reloadSame(trial, subject);
    const { answers: after } = await repeatedAnswers(trial, isExact(subject));
    const difference = firstDifference(before, after, isExact(subject));
    if (difference !== undefined) throw new Lost(`after a reload, ${difference}`);
    return `${before.size} answers were the same after a reload`;
  },
};

/** A training that is interrupted by a reload against one that is not. */
async function reloadBetweenMoments(subject: Subject): Promise<string> {
  const expected = await answersOfStart(subject);
  await using trial = await Trial.start(subject, SEED);
  const { plugin } = trial;
  if (!plugin.has("captureState")) {
    throw new Skipped("it remembers nothing that could go over (captureState)");
  }
  const calls = trial.calls();
  const half = Math.ceil(calls.length / 2);
  await answersOf(calls.slice(0, half), plugin);
  await reloadSame(trial, subject);
  const rest = await answersOf(calls.slice(half), plugin);
  const later = new Map([...expected].filter(([name]) => rest.has(name)));
  const difference = firstDifference(later, rest, isExact(subject));
  if (difference !== undefined) throw new Lost(`after a reload in the middle of a training, ${difference}`);
  return `a training went on after a reload in the middle of it as if there had been none`;
}

/** Another version whose code is the same: only its manifest has a comment more. */
async function reloadSame({ manager, plugin }: Trial, { image }: Subject): Promise<void> {
  const { manifest: { name }, manifestText, modules } = image;
  const again = await sealImage(`${manifestText}\n# the same again\n`, modules, name);
  const { kind } = await manager.reload(plugin.name, { image: again });
  if (kind !== "reloaded") throw new Error(`The reload of ${name} was none`);
}

async function answersOfStart(subject: Subject): Promise<Answers> {
  await using trial = await Trial.start(subject, SEED);
  return await answersOf(trial.calls(), trial.plugin);
}

function requirePromise({ port }: Subject): void {
  if (port !== "plugin") return;
  throw new Skipped("a plugin of no particular kind promises nothing about what its answers depend on");
}

function isExact({ image, isGranted }: Subject): boolean {
  return !(isGranted && image.manifest.permissions.gpu);
}

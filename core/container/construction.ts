/**
 * One making of one service, and for which others it waits: that is how circles are found.
 *
 * Services may be made asynchronously and by several askers at once, so a circle need not be on anybody's
 * stack: A may wait for B and B for A although each was asked for by somebody else. Each construction
 * therefore keeps an edge to each one that it asked for, and whoever asks for a pending one first looks
 * whether that one waits, over any number of others, for the asker. To ask is to need: an edge stays
 * although nobody may await the answer.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";

/** A service that is being made, was made, or could not be made. */
export class Construction {
  readonly #settled = Promise.withResolvers<unknown>();
  readonly #waitsFor = new Set<Construction>();
  #state: "pending" | "made" | "failed" = "pending";
  /** The service or the error. */
  #outcome: unknown;
  #asker: Construction | undefined;

  /**
   * @param name of the service
   * @param what is made, and
   * @param where: the registration and the container, told apart by identity
   * @param asker the construction that asked first; none if it was the program itself
   * @throws {KBertError} `container/unresolved` if the asker, or who asked for it, is making the same: what
   * is made anew for each asker would go on for ever
   */
  constructor(readonly name: string, readonly what: object, readonly where: object, asker?: Construction) {
    const lineage = asker?.lineage() ?? [];
    const same = lineage.findIndex((other) => other.what === what && other.where === where);
    if (same >= 0) throw circle([...lineage.slice(same).map((other) => other.name), name]);
    this.#asker = asker;
    if (asker) asker.#waitsFor.add(this);
    // Often there is nobody who waits for the promise.
    this.#settled.promise.catch(() => {});
  }

  get isPending(): boolean {
    return this.#state === "pending";
  }

  /** The service, or why it could not be made. */
  get promise(): Promise<unknown> {
    return this.#settled.promise;
  }

  /**
   * The service, if this is not pending.
   *
   * @throws why it could not be made
   */
  take(): unknown {
    if (this.#state === "failed") throw this.#outcome;
    return this.#outcome;
  }

  succeed(value: unknown): void {
    this.#settle("made", value);
    this.#settled.resolve(value);
  }

  fail(error: unknown): void {
    this.#settle("failed", error);
    this.#settled.reject(error);
  }

  /**
   * Notes that this one waits for another.
   *
   * Looks at each pending construction that the other one waits for, once.
   *
   * @throws {KBertError} `container/unresolved` if the other one waits for this one
   */
  waitFor(other: Construction): void {
    if (other.#state !== "pending") return;
    const path = other.#pathTo(this);
    if (path) throw circle([...path, other.name]);
    this.#waitsFor.add(other);
  }

  /** Who asked for this one, from the outermost to itself. */
  lineage(): Construction[] {
    const lineage: Construction[] = [this];
    for (let at = this.#asker; at; at = at.#asker) lineage.push(at);
    return lineage.reverse();
  }

  /** Forgets its neighbours: they may be kept alive by nothing else. */
  #settle(state: "made" | "failed", outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#asker = undefined;
    this.#waitsFor.clear();
  }

  /** The names on a shortest way along the edges. */
  #pathTo(target: Construction): string[] | undefined {
    const cameFrom = new Map<Construction, Construction | undefined>([[this, undefined]]);
    // A map's iteration also comes to what is added meanwhile.
    for (const at of cameFrom.keys()) {
      if (at === target) return namesBack(cameFrom, at);
      for (const next of at.#waitsFor) {
        if (next.#state === "pending" && !cameFrom.has(next)) cameFrom.set(next, at);
      }
    }
    return undefined;
  }
}

/** The names over which a service is asked for. */
export function chainOf(name: string, asker: Construction | undefined): string[] {
  return [...asker?.lineage() ?? [], { name }].map((link) => link.name);
}

/** The failure to answer the last service of a chain. */
export function unresolved(message: string, chain: readonly string[]): KBertError<"container/unresolved"> {
  return new KBertError("container/unresolved", message, { token: chain.at(-1)!, chain });
}

function circle(chain: readonly string[]): KBertError<"container/unresolved"> {
  const message = `Cannot make ${chain.at(-1)}, which needs itself: ${chain.join(" → ")}; ` +
    "let one of them ask for the other only when it is used";
  return unresolved(message, chain);
}

function namesBack(
  cameFrom: ReadonlyMap<Construction, Construction | undefined>,
  end: Construction,
): string[] {
  const names: string[] = [];
  for (let at: Construction | undefined = end; at; at = cameFrom.get(at)) names.push(at.name);
  return names.reverse();
}

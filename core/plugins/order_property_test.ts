import { fc } from "../../tests/deps/fast_check.ts";
import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { type Orderable, orderByDependencies, withDependencies } from "./order.ts";

const FIXED = { seed: 1, numRuns: 500 };

/** Up to 12 plugins with few priorities, so that ties are common, and any dependencies that `mayNeed` allows. */
function graph(mayNeed: (from: number, to: number) => boolean): fc.Arbitrary<Orderable[]> {
  const node = fc.record({
    priority: fc.integer({ min: -1, max: 1 }),
    needs: fc.array(fc.nat(11), { maxLength: 4 }),
  });
  return fc.array(node, { maxLength: 12 }).map((nodes) =>
    nodes.map(({ priority, needs }, from) => ({
      name: `p${from}`,
      version: "1.0.0",
      dependencies: needs.filter((to) => to < nodes.length && mayNeed(from, to))
        .map((to) => ({ name: `p${to}`, range: "^1.0.0" })),
      priority,
      enabled: true,
    }))
  );
}

/** Without circles, in any order. */
const acyclic = graph((from, to) => to < from).chain((plugins) =>
  fc.shuffledSubarray(plugins, { minLength: plugins.length, maxLength: plugins.length })
);

/** The definition, at its cost: again and again the best of those that are free. */
function naive(plugins: readonly Orderable[]): Orderable[] {
  const ordered: Orderable[] = [];
  for (let count = 0; count < plugins.length; count++) {
    const isStarted = ({ name }: { name: string }): boolean => ordered.some((plugin) => plugin.name === name);
    const free = plugins.filter((plugin) => !isStarted(plugin) && plugin.dependencies.every(isStarted));
    ordered.push(free.toSorted((a, b) => b.priority - a.priority)[0]!); // which is stable
  }
  return ordered;
}

Deno.test("orderByDependencies() answers a permutation in which each comes after its dependencies", () => {
  const property = fc.property(acyclic, (plugins) => {
    const ordered = orderByDependencies(plugins);

    assertEquals(new Set(ordered), new Set(plugins));
    assertEquals(ordered.length, plugins.length);
    const place = new Map(ordered.map(({ name }, index) => [name, index]));
    for (const { name, dependencies } of plugins) {
      for (const needed of dependencies) assert(place.get(needed.name)! < place.get(name)!);
    }
  });
  fc.assert(property, FIXED);
});

Deno.test("orderByDependencies() answers what its definition says", () => {
  const property = fc.property(acyclic, (plugins) => {
    assertEquals(
      orderByDependencies(plugins).map(({ name }) => name),
      naive(plugins).map(({ name }) => name),
    );
  });
  fc.assert(property, FIXED);
});

Deno.test("orderByDependencies() throws exactly for circles, and its chains are circles of the input", () => {
  let circles = 0;
  const property = fc.property(graph(() => true), (plugins) => {
    const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
    const isCircular = plugins.some((plugin) => {
      const behind = withDependencies(
        plugin.dependencies.map(({ name }) => name),
        (name) => byName.get(name),
      );
      return behind.includes(plugin);
    });
    if (!isCircular) return void orderByDependencies(plugins);

    circles++;
    const error = assertThrows(() => orderByDependencies(plugins), KBertError);
    const errors = error.cause instanceof AggregateError ? error.cause.errors : [error];
    for (const { code, detail } of errors as KBertError<"plugin/dependency">[]) {
      assertEquals([code, detail.chain.at(-1)], ["plugin/dependency", detail.chain[0]]);
      assertEquals(new Set(detail.chain).size, detail.chain.length - 1);
      for (const [index, name] of detail.chain.slice(1).entries()) {
        assert(byName.get(detail.chain[index]!)!.dependencies.some((needed) => needed.name === name));
      }
    }
  });
  fc.assert(property, FIXED);
  assert(circles > 100 && circles < 490, `${circles} of ${FIXED.numRuns} had a circle`); // both kinds were tried
});

Deno.test("orderByDependencies() leads to every fault by a chain of dependencies", () => {
  const property = fc.property(acyclic, fc.nat(), (all, index) => {
    fc.pre(all.length > 0);
    const gone = all[index % all.length]!;
    const plugins = all.filter((plugin) => plugin !== gone);
    const users = plugins.filter(({ dependencies }) => dependencies.some(({ name }) => name === gone.name));
    if (users.length === 0) return void orderByDependencies(plugins);

    const error = assertThrows(() => orderByDependencies(plugins), KBertError);
    const { chain } = error.detail as { chain: string[] };
    assertEquals(chain.at(-1), gone.name);
    for (const [at, name] of chain.slice(1).entries()) {
      const from = plugins.find((plugin) => plugin.name === chain[at])!;
      assert(from.dependencies.some((needed) => needed.name === name));
    }
    // And it begins with one that nobody needs.
    assert(!plugins.some(({ dependencies }) => dependencies.some(({ name }) => name === chain[0])));
  });
  fc.assert(property, FIXED);
});

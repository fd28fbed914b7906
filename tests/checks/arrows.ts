/**
 * The arrows between the parts of k-bert point down only: reads the imports of all files and says which
 * ones do not.
 *
 * Only source text is looked at, so the check needs no right but to read. A type-only import counts like
 * any other: a part that needs another's types cannot be understood without it. The lexer reads
 * TypeScript as it is; stripping the types first would drop every import that is used as a type alone.
 *
 * @module
 */
import { init, parse } from "../deps/es_module_lexer.ts";

/** Path from the root of the repository → source text. */
export type Sources = ReadonlyMap<string, string>;

/** An import of one file by another. */
interface Edge {
  readonly from: string;
  /** As written: relative, `npm:…`, `node:…` or a name of the import map. */
  readonly specifier: string;
  /** The path from the root; undefined if the specifier is not relative. */
  readonly to: string | undefined;
}

/** Parts of the core that know nothing of each other, but for the exceptions in {@linkcode LAYERS}. */
const LOWER = ["bert", "tensor", "security", "manifest", "container", "bus", "table"].map((name) =>
  `core/${name}`
);
const GROUND = ["core/wall", "core/deps"];
const ANYTHING = [""];
/** What a plugin's worker is made of: the same bus and container as the host, and the declarations of settings. */
const IN_A_WORKER = ["core/tensor", "core/table", "core/bus", "core/container", "core/manifest", ...GROUND];

/**
 * Folder or file → what it may import besides itself, by the beginnings of paths. The longest matching
 * row counts, so a folder within a folder can have its own.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "tests": ANYTHING,
  "examples": ANYTHING,
  "bench": ANYTHING,
  "cli.ts": ["mod.ts", "core", "workers", "plugins/sdk"],
  "mod.ts": ["core", "workers"],
  // A command shows what they do.
  "core/cli": [
    "core/hostile",
    "core/author",
    "core/travel",
    "core/train",
    "core/plugins",
    ...LOWER,
    ...GROUND,
  ],
  // Starts hosts of its own, so it joins parts as mod.ts does, which knows nothing of it.
  "core/hostile": ["core/author", "core/plugins", ...LOWER, ...GROUND, "workers"],
  "core/author": ["core/plugins", ...LOWER, ...GROUND],
  "core/travel": ["core/plugins", ...LOWER, ...GROUND],
  "core/train": [...LOWER, ...GROUND],
  "core/plugins": [...LOWER, ...GROUND],
  "core/bert": ["core/tensor", ...GROUND],
  "core/tensor": GROUND,
  "core/security": ["core/manifest", ...GROUND], // an image is a manifest with its files
  "core/manifest": ["core/bus", ...GROUND], // a manifest declares topics
  "core/container": GROUND,
  "core/bus": GROUND,
  "core/table": GROUND,
  "core/wall": ["core/deps"],
  "core/deps": ["core/tensor/assets", "core/table/assets"], // third-party code too, only bundled
  "core/tensor/assets": [],
  "core/table/assets": [],
  "workers": [...IN_A_WORKER, "plugins/sdk"],
  "plugins/sdk": IN_A_WORKER,
  // Runs on the host, in tests: it starts plugins as a host does.
  "plugins/sdk/testing": [...IN_A_WORKER, "plugins/sdk", "core/plugins", "core/security", "workers"],
};

/** What a test beside the code may import: anything below where the parts are joined, and what tests share. */
const BELOW_MOD = ["core", "workers", "plugins", "tests/fixtures", "tests/deps"];

/**
 * Every import that does not point down, and every cycle, as a sentence each; none if all is well.
 *
 * @throws {Error} if a file cannot be read as a module.
 */
export async function arrowProblems(sources: Sources): Promise<string[]> {
  const edges = await edgesOf(sources);
  return [
    ...edges.flatMap((edge) => edgeProblem(edge) ?? []),
    ...cycleProblems(edges),
    ...pluginNameProblems(sources),
  ];
}

/**
 * Every third-party import that is not written in full, or not in `core/deps`, as a sentence each.
 *
 * What `mod.ts` reaches must load from a URL, where there is no import map; so such a file imports by
 * relative path or from `node:`, and `core/deps` names packages with their exact versions.
 *
 * @throws {Error} if a file cannot be read as a module.
 */
export async function specifierProblems(sources: Sources): Promise<string[]> {
  return (await edgesOf(sources)).flatMap(({ from, specifier, to }) => {
    if (to !== undefined || specifier.startsWith("node:")) return [];
    const place = `${from} imports "${specifier}"`;
    if (specifier.startsWith("npm:")) {
      if (!EXACT.test(specifier)) return [`${place}, which has no exact version`];
      return isShipped(from) && !isIn(from, "core/deps") ? [`${place}, which belongs in core/deps`] : [];
    }
    return isShipped(from) ? [`${place}, which does not load from a URL`] : [];
  });
}

const EXACT = /^npm:(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\/.+)?$/;

/** Plugins, which nobody imports. */
const ATTACKS = "core/hostile/attacks";

/** Whether `mod.ts`, a worker or the command line may reach a file. Build tools make files, no more. */
function isShipped(path: string): boolean {
  return !path.endsWith("_test.ts") && !path.includes("/build/") && !isIn(path, ATTACKS) &&
    ["core", "workers", "plugins/sdk", "mod.ts", "cli.ts"].some((part) => isIn(path, part));
}

async function edgesOf(sources: Sources): Promise<Edge[]> {
  await init;
  return [...sources].flatMap(([from, source]) =>
    parse(source, from)[0].flatMap((found) => {
      const { specifier } = found;
      if (typeof specifier !== "string") return []; // import.meta, or computed while it runs
      return [{ from, specifier, to: /^\.{0,2}\//.test(specifier) ? resolve(from, specifier) : undefined }];
    })
  );
}

function edgeProblem({ from, specifier, to }: Edge): string | undefined {
  const layer = layerOf(from);
  if (layer === undefined) return `${from} belongs to no layer: add its folder to tests/checks/arrows.ts`;
  const plugin = isPlugin(layer);
  const isTest = from.endsWith("_test.ts");
  if (to === undefined) {
    const allowed = !plugin || PLUGIN_IMPORTS.test(specifier) ||
      isTest && PLUGIN_TEST_IMPORTS.test(specifier);
    return allowed ? undefined : `${from} imports "${specifier}", but a plugin sees only "k-bert/sdk"`;
  }
  const test = isTest && !MAY_ALL.has(layer);
  const wide = plugin ? ["tests/fixtures", "tests/deps"] : BELOW_MOD;
  const allowed = [layer, ...(test ? wide : LAYERS[layer] ?? [])];
  if (allowed.some((part) => isIn(to, part))) return undefined;
  return `${from} imports ${to}, but ${test ? "a test" : layer} may import only ${allowed.join(", ")}`;
}

/** A plugin's tests also start it, as a script of its user's would. */
const PLUGIN_TEST_IMPORTS = /^(?:@std\/assert|k-bert|k-bert\/sdk\/testing)$/;
const PLUGIN_IMPORTS = /^k-bert\/sdk(\/(tensors|tables))?$/;
const MAY_ALL = new Set(Object.keys(LAYERS).filter((layer) => LAYERS[layer] === ANYTHING));

/** The row of {@linkcode LAYERS} that a file is in, or `plugins/<name>`. */
function layerOf(path: string): string | undefined {
  const rows = Object.keys(LAYERS).filter((row) => isIn(path, row));
  return rows.sort((a, b) => b.length - a.length)[0] ?? /^plugins\/[^/]+/.exec(path)?.[0];
}

function isPlugin(layer: string): boolean {
  return LAYERS[layer] === undefined;
}

/** Every file from which imports lead back to it, once, as the way they take. */
function cycleProblems(edges: readonly Edge[]): string[] {
  const next = Map.groupBy(edges.filter((edge) => edge.to !== undefined), (edge) => edge.from);
  const problems: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) {
      const cycle = [...way.slice(way.indexOf(path)), path];
      problems.push(`a cycle of imports: ${cycle.join(" -> ")}`);
    } else if (!done.has(path)) {
      for (const { to } of next.get(path) ?? []) visit(to!, [...way, path]);
      done.add(path);
    }
  };
  for (const path of next.keys()) visit(path, []);
  return problems;
}

/** The core is handed its plugins; one that it names, even in a text, is one that it depends on. */
function pluginNameProblems(sources: Sources): string[] {
  const paths = [...sources.keys()];
  const plugins = new Set(paths.map(layerOf).filter((layer) => layer !== undefined && isPlugin(layer)));
  const core = paths.filter((path) => isIn(path, "core") && !path.endsWith("_test.ts"));
  return core.flatMap((path) =>
    [...plugins]
      .filter((plugin) => sources.get(path)!.includes(`${plugin}/`))
      .map((plugin) => `${path} names ${plugin}, but the core must not know any plugin`)
  );
}

function isIn(path: string, part: string): boolean {
  return part === "" || path === part || path.startsWith(`${part}/`);
}

/** A relative specifier as a path from the root; one that leads out of the repository starts with "..". */
function resolve(from: string, specifier: string): string {
  const parts = specifier.startsWith("/") ? [] : from.split("/").slice(0, -1);
  for (const part of specifier.split(/[?#]/)[0]!.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

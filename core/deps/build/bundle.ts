/**
 * Builds a third-party library as one module that is checked in: it then needs no permission and no download, in
 * the host, in a plugin's worker, and when `mod.ts` is imported from a URL.
 *
 * Used by build scripts only. The output is the same byte for byte for the same versions.
 *
 * @module
 */
const ESBUILD = "npm:esbuild@0.28.2";

/** What is built. */
export interface BundleOptions {
  /** Exact versions of the packages that the entry imports. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** The entry's path. */
  readonly entry: string;
  /** The module's path. */
  readonly outfile: string;
  /** First line of the module, without `//`. */
  readonly banner: string;
  /** Further flags of esbuild. */
  readonly flags?: readonly string[];
}

/**
 * Makes a folder with the packages, bundles the entry there, and removes it.
 *
 * @param below an existing folder; the work is done in one below it, so that a task needs no right to others
 * @param use more to be done with the folder while it is there
 */
export async function bundle(
  { dependencies, entry, outfile, banner, flags = [] }: BundleOptions,
  below: string,
  use: (folder: string) => Promise<void> = async () => {},
): Promise<void> {
  const folder = `${below}/work`;
  await Deno.mkdir(folder, { recursive: true });
  try {
    await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ private: true, dependencies }));
    await Deno.copyFile(entry, `${folder}/entry.js`);
    await Deno.writeTextFile(`${folder}/deno.json`, `{ "nodeModulesDir": "manual" }`);
    await run(folder, "install", "--quiet");
    await run(
      folder,
      ...["run", "--no-config", "--allow-read", "--allow-write", "--allow-env", "--allow-run", ESBUILD],
      ...["entry.js", `--outfile=${outfile}`, "--bundle", "--minify", "--format=esm", "--platform=browser"],
      ...["--main-fields=module,browser,main", "--legal-comments=none", "--log-level=warning"],
      ...flags,
      `--banner:js=// ${banner}`,
    );
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs Deno in the folder; its output is shown only if it fails. */
async function run(cwd: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("deno", { args, cwd }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

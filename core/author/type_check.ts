/**
 * Type-checks a plugin's entries, and what they import, with `deno check` in a child.
 *
 * npm packages are checked as what is installed in the plugin's folder, so nothing is downloaded for a plugin here.
 *
 * @module
 */
import { dependencyFile } from "../manifest/dependency_file.ts";
import { denoProgram, moduleOptions } from "./deno_child.ts";
import type { Finding } from "./finding.ts";

/**
 * Everything that the compiler does not like.
 *
 * @param folder of the plugin
 * @param files of it, by their names
 * @param packages specifiers of the npm packages that they import
 * @throws {KBertError} `file/unusable` if this program may not start Deno
 */
export async function typeFindings(
  folder: string,
  files: readonly string[],
  packages: readonly string[],
): Promise<Finding[]> {
  const root = await Deno.realPath(folder);
  const { success, stderr } = await new Deno.Command(denoProgram("check types"), {
    args: ["check", ...await moduleOptions(folder, vendored(root, packages)), ...files],
    ...{ cwd: root, env: { NO_COLOR: "1" }, stdin: "null", stdout: "null", stderr: "piped" },
  }).output();
  if (success) return [];
  const found = parseDiagnostics(new TextDecoder().decode(stderr), root);
  return found.length > 0 ? found : [unplaced(new TextDecoder().decode(stderr), files[0]!)];
}

/**
 * The compiler's diagnostics in what `deno check` writes: code, message, the line with a mark below it, the place.
 *
 * @param root of the plugin, without links
 * @example
 * ```ts
 * import { parseDiagnostics } from "./type_check.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const output = "TS2322 [ERROR]: Type 'a' is not\n  assignable to 'b'.\nconst a: number = b;\n      ^\n" +
 *   "    at file:///work/main.ts:2:7\n\nerror: Type checking failed.\n";
 * const [found] = parseDiagnostics(output, "/work");
 * assertEquals([found?.file, found?.line, found?.column], ["main.ts", 2, 7]);
 * assertEquals(found?.message, "Type 'a' is not assignable to 'b' (TS2322)");
 * ```
 */
export function parseDiagnostics(output: string, root: string): Finding[] {
  return output.split(/^(?=TS\d+ \[ERROR\]: )/m).flatMap((block): Finding[] => {
    const [, code, text] = /^(TS\d+) \[ERROR\]: ([^]*?)\n {4}at /.exec(block) ?? [];
    const [, url, line, column] = /^ {4}at (\S+):(\d+):(\d+)$/m.exec(block) ?? [];
    if (code === undefined || url === undefined) return [];
    const lines = text!.split("\n");
    const mark = lines.findIndex((one) => /^\s*[\^~]+$/.test(one));
    const message = lines.slice(0, mark < 0 ? undefined : mark - 1).map((one) => one.trim()).join(" ");
    return [{
      file: fileOf(url, root),
      ...{ line: Number(line), column: Number(column), level: "problem", code: "types" },
      message: `${message.replace(/\.$/, "")} (${code})`,
    }];
  });
}

/** An error of another form: a module that is not there, for example. */
function unplaced(output: string, file: string): Finding {
  const text = output.split("\n").filter((line) =>
    !/^(?:Check|Download) |^\s*$|^Stack backtrace|^ +\d+: /.test(line)
  );
  const message = text.join(" ").replace(/^error: /, "").replace(/\s+/g, " ").slice(0, 500);
  return { file, line: 1, column: 1, level: "problem", code: "types", message };
}

function fileOf(url: string, root: string): string {
  const path = url.startsWith("file://") ? decodeURIComponent(new URL(url).pathname) : url;
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : url;
}

function vendored(root: string, packages: readonly string[]): Record<string, string> {
  const entries = packages.map((
    specifier,
  ) => [specifier, `file://${encodeURI(`${root}/${dependencyFile(specifier)}`)}`]);
  return Object.fromEntries(entries);
}

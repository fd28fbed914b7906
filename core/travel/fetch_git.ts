/**
 * A plugin in a repository, fetched with the system's git.
 *
 * There is never a working tree: the files are read out of the repository's own store, so that nothing of git that
 * acts on files can act (hooks, filters such as LFS, line ends, links, submodules). Settings of the system and of the
 * user are not read, because they may name programs; of the user's rights only ssh's agent and keys, and `.netrc`,
 * are left.
 *
 * @module
 */
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import type { Fetching, Gathered } from "./fetching.ts";
import { checkBranch, checkCommit, type GitAddress, gitAddress } from "./git_url.ts";
import { isPluginFile, PluginFiles } from "./plugin_files.ts";
import { type ProgramEnd, type ProgramOptions, runProgram } from "./program.ts";
import { quoted, refusedSource, unreachable } from "./source_errors.ts";

/** What git is told about itself, whatever any file says. */
const SETTINGS = [
  ...["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=false", "core.askPass="],
  ...["credential.helper=", "core.sshCommand=ssh -oBatchMode=yes"],
  ...["fetch.fsckObjects=true", "fetch.unpackLimit=1", "fetch.recurseSubmodules=false", "gc.auto=0"],
  ...["maintenance.auto=false", "core.bigFileThreshold=1m", "http.followRedirects=false"],
  // A helper of git's that was left behind ends by itself.
  ...["http.lowSpeedLimit=1", "http.lowSpeedTime=60"],
].flatMap((setting) => ["-c", setting]);

const ENVIRONMENT = {
  ...{ LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "", SSH_ASKPASS_REQUIRE: "never" },
  ...{
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: "0",
    GIT_CONFIG_PARAMETERS: "",
  },
  ...{ GIT_TEMPLATE_DIR: "", GIT_ALTERNATE_OBJECT_DIRECTORIES: "", GIT_NO_LAZY_FETCH: "1" },
};

/** A line of `ls-tree`, and its end. */
const LIST_BYTES = ARCHIVE_LIMITS.entries * 300;

/**
 * Fetches one commit, without those before it.
 *
 * How old a commit is, only its author says; so a minimum age is not asked of it.
 *
 * @throws {KBertError} `source/unreachable`, `source/refused`
 */
export async function fetchGit(
  { url, branch, commit }: { url: string; branch?: string; commit?: string },
  { scratch, signal, locked }: Fetching,
): Promise<Gathered> {
  const address = gitAddress(url);
  const { shown } = address;
  if (branch !== undefined) checkBranch(branch, shown);
  const exact = locked?.source === "git" ? locked.commit : commit;
  if (exact !== undefined) checkCommit(exact, shown);
  const repository = new Repository(address, `${await scratch.work()}/repository`, signal);
  await repository.init();
  const actual = await repository.fetch(exact, branch);
  const files = await repository.files(actual);
  return {
    files,
    resolved: { source: "git", url: shown, ...(branch !== undefined && { branch }), commit: actual },
  };
}

/** A file of a commit. */
interface Blob {
  readonly path: string;
  readonly id: string;
  readonly size: number;
}

type RunOptions = Pick<ProgramOptions, "input" | "maxOutputBytes">;

class Repository {
  readonly #address: GitAddress;
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(address: GitAddress, folder: string, signal: AbortSignal) {
    this.#address = address;
    this.#folder = folder;
    this.#signal = signal;
  }

  async init(): Promise<void> {
    await this.#mustRun(["init", "--quiet", "--bare", "--", this.#folder]);
  }

  /** @returns the commit */
  async fetch(commit: string | undefined, branch: string | undefined): Promise<string> {
    const end = await this.#run([
      ...["fetch", "--depth=1", "--no-tags", "--no-recurse-submodules", "--quiet", "--"],
      ...[this.#address.url, commit ?? branch ?? "HEAD"],
    ]);
    if (!end.isSuccess) throw this.#fetchFailed(end, commit, branch);
    const { stdout } = await this.#mustRun(["rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}"]);
    const actual = new TextDecoder().decode(stdout).trim();
    if (commit === undefined || actual === commit) return actual;
    const reason = `it gave the commit ${actual} instead of ${commit}; try again, or name another commit`;
    throw refusedSource(this.#address.shown, reason, { expected: commit, actual });
  }

  async files(commit: string): Promise<PluginFiles> {
    const files = new PluginFiles(this.#address.shown);
    const wanted = await this.#list(commit, files);
    const { stdout } = await this.#mustRun(["cat-file", "--batch"], {
      input: new TextEncoder().encode(wanted.map(({ id }) => `${id}\n`).join("")),
      maxOutputBytes: wanted.reduce((sum, { size }) => sum + size + 100, 0),
    });
    let at = 0;
    for (const { path, size } of wanted) {
      const start = stdout.indexOf(0x0a, at) + 1; // after a line with the object's name, kind and size
      files.put(path, stdout.slice(start, start + size));
      at = start + size + 1;
    }
    return files;
  }

  async #list(commit: string, files: PluginFiles): Promise<Blob[]> {
    const { shown } = this.#address;
    const args = ["ls-tree", "-r", "-z", "--long", "--full-tree", commit];
    const end = await this.#run(args, { maxOutputBytes: LIST_BYTES });
    if (end.exceeded === "output") {
      throw refusedSource(shown, `it has more than ${ARCHIVE_LIMITS.entries} files, which is the limit`, {
        limit: ARCHIVE_LIMITS.entries,
      });
    }
    if (!end.isSuccess) throw unreachable(shown, this.#reasonOf(end));
    const wanted: Blob[] = [];
    for (const line of new TextDecoder().decode(end.stdout).split("\0")) {
      const [, mode, id, size, path] = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t([^]*)$/.exec(line) ?? [];
      if (path === undefined) continue; // after the last one
      const isFile = mode === "100644" || mode === "100755";
      if (!isFile && isPluginFile(path)) {
        const what = mode === "160000" ? "another repository" : "a link";
        throw refusedSource(shown, `${quoted(path)} is ${what}, and a plugin consists of files`, {
          file: path,
        });
      }
      if (files.announce(path, isFile ? Number(size) : 0)) wanted.push({ path, id: id!, size: Number(size) });
    }
    return wanted;
  }

  async #mustRun(args: readonly string[], more: RunOptions = {}): Promise<ProgramEnd> {
    const end = await this.#run(args, more);
    if (end.isSuccess) return end;
    throw unreachable(this.#address.shown, this.#reasonOf(end));
  }

  #run(args: readonly string[], more: RunOptions = {}): Promise<ProgramEnd> {
    const folder = this.#folder;
    return runProgram("git", {
      source: this.#address.shown,
      args: [...SETTINGS, `--git-dir=${folder}`, ...args],
      env: {
        ...ENVIRONMENT,
        GIT_OBJECT_DIRECTORY: `${folder}/objects`,
        GIT_ALLOW_PROTOCOL: this.#address.protocols,
      },
      cwd: folder.replace(/\/[^/]*$/, ""),
      signal: this.#signal,
      watched: { folder, maxBytes: ARCHIVE_LIMITS.workBytes },
      ...more,
    });
  }

  #fetchFailed(end: ProgramEnd, commit: string | undefined, branch: string | undefined): Error {
    const { shown } = this.#address;
    const { stderr, exceeded } = end;
    if (exceeded !== undefined) {
      const reason = `it has more than ${ARCHIVE_LIMITS.workBytes} bytes, which is the limit`;
      return refusedSource(shown, reason, { limit: ARCHIVE_LIMITS.workBytes });
    }
    if (commit !== undefined && /not our ref|unadvertised object|remote ref/.test(stderr)) {
      const reason =
        `it does not have the commit ${commit}, or not any more: its history may have been rewritten; ` +
        "look at what it has now, and update the plugin if that is right";
      return refusedSource(shown, reason, { expected: commit });
    }
    if (/couldn't find remote ref/.test(stderr)) {
      const what = branch === undefined ? "no commit" : `no branch or tag ${quoted(branch)}`;
      return unreachable(shown, `it has ${what}; correct the branch`);
    }
    if (/redirect|returned error: 3\d\d/.test(stderr)) {
      return refusedSource(
        shown,
        "the server sends it on to another address; name that one, if you trust it",
      );
    }
    return unreachable(shown, `${this.#reasonOf(end)}; correct the address or try again later`);
  }

  /** The first thing that git says to be wrong. */
  #reasonOf({ stderr }: ProgramEnd): string {
    const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const reason = lines.find((line) => /^(?:fatal|error):/.test(line)) ?? lines[0] ?? "git has failed";
    return reason.replace(/^(?:fatal|error): /, "").replace(/\.$/, "");
  }
}

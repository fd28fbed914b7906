/**
 * The tasks and permission sets of `deno.json` give no right without bounds: whoever can run any program
 * can do anything, and a check that runs with all rights proves nothing about them.
 *
 * @module
 */

/** Every boundless right, as a sentence each; none if all is well. */
export function taskProblems(config: unknown): string[] {
  const { tasks = {}, permissions = {} } = config as Readonly<Record<string, object | undefined>>;
  return [
    ...Object.entries(tasks).flatMap(([name, task]) =>
      boundlessFlags(commandOf(task)).map((flag) => `the task "${name}" uses ${flag}`)
    ),
    ...Object.entries(permissions).flatMap(([name, rights]) =>
      ["all", "run"]
        .filter((right) => isBoundless((rights as Readonly<Record<string, unknown>>)[right]))
        .map((right) => `the permission set "${name}" has "${right}": true`)
    ),
  ];
}

/** A task is a command, or an object that has one; one that only lists others has none. */
function commandOf(task: unknown): string {
  if (typeof task === "string") return task;
  const { command } = task as { command?: unknown };
  return typeof command === "string" ? command : "";
}

/** A right without `=` and what it is for; one of Deno's one-letter names, which are never followed by a space; or all. */
const BOUNDLESS =
  /^(?:-[a-zA-Z]*[ARWNESI][a-zA-Z]*|--allow-all(?:=.*)?|--allow-(?:run|read|write|net|env|sys|ffi|import|scripts)=?)$/;

function boundlessFlags(command: string): string[] {
  return command.split(/[\s;&|()"']+/).filter((word) => BOUNDLESS.test(word));
}

function isBoundless(value: unknown): boolean {
  return value === true ||
    typeof value === "object" && value !== null && "allow" in value && value.allow === true;
}

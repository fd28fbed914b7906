/**
 * `plugin hostile`: what a plugin does when it is treated badly, and what its host would suffer from whoever takes it
 * over.
 *
 * @module
 */
import type { CheckRow } from "../hostile/check.ts";
import { CHECKS } from "../hostile/conformance.ts";
import { examine } from "../hostile/examine.ts";
import { line as attackLine } from "../hostile/report.ts";
import { lostOf, type Score, scoreText } from "../hostile/score.ts";
import { describePermissions, isEmpty } from "../security/permissions.ts";
import { lockedImage } from "../security/locked_image.ts";
import { KBertError } from "../wall/errors.ts";
import { type Command, defineCommand } from "./command.ts";
import type { ProgramOutcome } from "./script.ts";
import { temporaryFolder } from "./temporary_folder.ts";

const DETAILS =
  `First the plugin itself: it is started, called with made-up inputs, given wrong settings, NaN and empty
batches, aborted, and reloaded (${
    CHECKS.map(({ name }) => name).join(", ")
  }). It runs without the rights that it asks
for, unless --grant lets it have them; a check that cannot be made without is skipped, and does not count.

Then attacks and faults, each as a plugin in a host of its own, with this plugin's rights, topics and limits in its
place: what could somebody do who has taken over its code? What it was granted is no breach; everything beyond is.
Granted folders are stand-ins, and no host reaches anybody but this machine.

--quick runs one attack of each class. All of them take some minutes. The score is of exactly this code, by its hash.`;

/** The command; it takes the right to start Deno and a folder for temporary files. */
export const hostilePluginCommand: Command = defineCommand({
  name: "plugin hostile",
  summary: "Attacks a plugin and its host, and gives a score that can be published",
  takes: "PATH",
  count: [1, 1],
  options: {
    tier: {
      kind: "value",
      help: "where it runs, in a process of its own or in a worker of this one",
      value: "TIER",
      choices: ["process", "worker"],
    },
    quick: { kind: "flag", help: "one attack of each class, and all checks of the plugin" },
    only: { kind: "value", help: "only attacks and checks with TEXT in their names", value: "TEXT" },
    grant: { kind: "flag", help: "lets the plugin itself have the rights that it asks for" },
    json: { kind: "flag", help: "one object of JSON with every row; progress goes to standard error" },
  },
  details: DETAILS,
  examples: [
    { line: "plugin hostile my_head --quick", does: "says in half a minute whether something is wrong" },
    {
      line: "plugin hostile my_head --json > score.json",
      does: "gives the score to publish, with every row",
    },
    { line: "plugin hostile my_head --only reload", does: "tries only what has to do with reloading" },
  ],
  async run([path], { tier, quick, only, grant, json }, io): Promise<ProgramOutcome> {
    const image = await lockedImage(path!);
    const show = json ? io.note : io.print;
    const { permissions } = image.manifest;
    if (grant && !isEmpty(permissions)) {
      show(`It may ${describePermissions(permissions).join(", ")} while it is checked`);
    }
    await using scratch = await temporaryFolder("hostile");
    const score = await examine(image, {
      ...{ isQuick: quick === true, isGranted: grant === true, signal: io.signal, scratch: scratch.path },
      ...(tier !== undefined && { tier: tier === "worker" ? "worker" : "process" }),
      ...(only !== undefined && { only }),
      onCheck: (row) => show(checkLine(row)),
      onAttack: (row, names) => show(attackLine(row, names)),
    });
    if (io.signal.aborted) return "interrupted";
    io.print(json ? JSON.stringify(score) : `\n${scoreText(score)}`);
    requireHeld(score);
    return "done";
  },
});

function checkLine({ outcome, port, check, why }: CheckRow): string {
  const word = outcome === "not held" ? "NOT HELD" : outcome;
  return `${word.padEnd(8)}  ${port.padEnd(9)}  ${check.padEnd(12)}  ${why}`;
}

/** @throws {KBertError} `input/invalid`, which ends the program with 1 */
function requireHeld(score: Score): void {
  const lost = lostOf(score);
  if (lost === 0) return;
  const { plugin, attacks, conformance } = score;
  const all = attacks.of + conformance.of;
  const message = `${lost} of ${all} were not held; the lines above say which and why`;
  throw new KBertError("input/invalid", message, { name: plugin, limit: all, value: all - lost });
}

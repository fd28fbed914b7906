/**
 * Examines a plugin: how it behaves itself, and what somebody could do who has taken over its code.
 *
 * The two are apart. The checks run the plugin's own code; in the attacks nothing of it runs, only its rights,
 * topics and limits are there, and what they allow is no breach.
 *
 * @module
 */
import { sampleSettings } from "../author/sample_calls.ts";
import type { PortName } from "../manifest/families.ts";
import type { PluginImage } from "../security/image.ts";
import { KBertError } from "../wall/errors.ts";
import type { Tier } from "../wall/sandbox.ts";
import { type AttackFile, type AttackSuite, ownSuite } from "./attack_file.ts";
import { QUICK_NAMES } from "./attack_names.ts";
import type { Check, CheckRow } from "./check.ts";
import { checkPlugin, CHECKS } from "./conformance.ts";
import { type Row, runAttacks, type RunnerOptions } from "./runner.ts";
import { type Score, scoreOf } from "./score.ts";
import { victimOf } from "./victim.ts";

/** How a plugin is examined. */
export interface ExamineOptions {
  /** @default {"process"} */
  readonly tier?: Tier;
  /** One attack of each class, and all checks. @default {false} */
  readonly isQuick?: boolean;
  /** Only what has this in its name. @default {everything} */
  readonly only?: string;
  /** Whether the plugin has the rights that it asks for while it is checked. @default {false} */
  readonly isGranted?: boolean;
  /** Ends it after what is underway; its score is of what was done then. */
  readonly signal?: AbortSignal;
  /** Hears of each row as soon as it is known. */
  readonly onCheck?: (row: CheckRow) => void;
  /** @param names of all attacks that are run, for the width of a table */
  readonly onAttack?: (row: Row, names: readonly string[]) => void;
  /** A folder for the files of this run, which whoever made it removes. */
  readonly scratch: string;
  /** @default {the project's own} */
  readonly suite?: AttackSuite;
  /** Longest call of an attack. @default {4_000} */
  readonly callMs?: number;
  /** @default {now} */
  readonly date?: Date;
}

/**
 * Runs the checks of every port of the plugin, and then the attacks in its place.
 *
 * @throws {KBertError} `input/invalid` if nothing has the name that was asked for
 */
export async function examine(image: PluginImage, options: ExamineOptions): Promise<Score> {
  const { tier = "process", isQuick = false, only = "", date = new Date() } = options;
  const attacks = attacksOf(options.suite ?? await ownSuite(), options);
  const checks = CHECKS.filter(({ name }) => name.includes(only));
  if (attacks.attacks.length + checks.length === 0) {
    const message = `No attack and no check has ${JSON.stringify(only)} in its name`;
    throw new KBertError("input/invalid", message, { name: "only", value: only });
  }
  const checked = await checkPorts(image, tier, checks, options);
  const attacked = await attackInPlace(image, tier, attacks, options);
  return scoreOf({ image, tier, isPart: isQuick || only !== "", attacks: attacked, checks: checked, date });
}

function attacksOf({ attacks, fixtures }: AttackSuite, { isQuick, only = "" }: ExamineOptions): AttackSuite {
  const isWanted = ({ name }: AttackFile): boolean =>
    name.includes(only) && (!isQuick || QUICK_NAMES.includes(name));
  return { attacks: attacks.filter(isWanted), fixtures };
}

async function checkPorts(
  image: PluginImage,
  tier: Tier,
  checks: readonly Check[],
  { isGranted = false, signal, onCheck }: ExamineOptions,
): Promise<CheckRow[]> {
  const rows: CheckRow[] = [];
  for (const port of portsOf(image)) {
    const settings = sampleSettings(image.manifest, port);
    for await (const row of checkPlugin({ image, port, tier, settings, isGranted }, checks, signal)) {
      onCheck?.(row);
      rows.push(row);
    }
  }
  return rows;
}

/** Of several ports, the attacks have the first: the rights are the same. */
async function attackInPlace(
  { manifest }: PluginImage,
  tier: Tier,
  { attacks, fixtures }: AttackSuite,
  { scratch, callMs, signal, onAttack }: ExamineOptions,
): Promise<Row[]> {
  const names = attacks.map(({ name }) => name);
  const victim = victimOf(manifest, portsOf({ manifest })[0]!);
  const runner: RunnerOptions = {
    ...{ attacks, fixtures, scratch, victim, tiers: [tier] },
    ...(callMs !== undefined && { callMs }),
    ...(signal && { signal }),
  };
  const rows: Row[] = [];
  for await (const row of runAttacks(runner)) {
    onAttack?.(row, names);
    rows.push(row);
  }
  return rows;
}

function portsOf({ manifest: { entry_points } }: Pick<PluginImage, "manifest">): PortName[] {
  return Object.keys(entry_points) as PortName[];
}

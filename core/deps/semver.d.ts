/** The version in its normal form, or null when the text is not a version. */
export function valid(version: string): string | null;
/** The range in its normal form, or null when the text is not a range. */
export function validRange(range: string): string | null;
/** Whether the version lies in the range; a pre-release only counts where the range names one. */
export function satisfies(version: string, range: string, options?: { includePrerelease?: boolean }): boolean;
/** The highest of the versions that lie in the range, or null when none does. */
export function maxSatisfying(versions: readonly string[], range: string): string | null;

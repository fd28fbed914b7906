/** Its process ends while it is initialized. */

export const meta = { class: "fault", port: "peer", alone: true };

/** The phase that it attacks. */
export const during = "$initialize";

export function attack(): void {
  Deno.exit(7);
}

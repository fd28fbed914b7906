/** Its process ends in the middle of a call. */

export const meta = { class: "fault", port: "peer", alone: true };

export function attack(): void {
  Deno.exit(7);
}

/**
 * What plugins' processes are measured against: a process that sends back what it is sent, with ordinary
 * asynchronous reads and writes. Its argument is how many bytes it collects before it answers, 0 for none.
 *
 * @module
 */
const collected = new Uint8Array(Number(Deno.args[0]));
const chunk = new Uint8Array(2 ** 16);
for (let at = 0;;) {
  const bytes = await Deno.stdin.read(collected.length === 0 ? chunk : collected.subarray(at));
  if (bytes === null) break;
  at += bytes;
  if (collected.length > 0 && at < collected.length) continue;
  await write(collected.length === 0 ? chunk.subarray(0, bytes) : collected);
  at = 0;
}

async function write(bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await Deno.stdout.write(rest));
}

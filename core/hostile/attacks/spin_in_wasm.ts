/** Loops in WebAssembly, where no JavaScript is run that could be interrupted; ends with its process only. */
export const meta = { class: "hang", alone: true };

/** (module (func (export "f") (loop (br 0)))) */
const LOOP = Uint8Array.from([
  ...[
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    0x01,
    0x04,
    0x01,
    0x60,
    0x00,
    0x00,
    0x03,
    0x02,
    0x01,
    0x00,
  ],
  ...[
    0x07,
    0x05,
    0x01,
    0x01,
    0x66,
    0x00,
    0x00,
    0x0a,
    0x09,
    0x01,
    0x07,
    0x00,
    0x03,
    0x40,
    0x0c,
    0x00,
    0x0b,
    0x0b,
  ],
]);

export function attack(): string {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(LOOP));
  (exports["f"] as () => void)();
  return "BREACH: it ended";
}

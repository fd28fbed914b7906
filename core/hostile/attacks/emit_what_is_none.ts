/** Emits the host's own topics, and log lines and measurements that are none. */
export const meta = { class: "spoof" };

interface Head {
  readonly eventBus: {
    emit(topic: string, payload?: unknown): Promise<void>;
    post(topic: string, payload?: unknown): void;
  };
}

export async function attack({ eventBus }: Head): Promise<string> {
  const record = { message: "\u001b[31mhello", fields: { "\u202e": "\u0007", list: ["\u001b"] } };
  const metric = { name: "\u001b[2J", kind: "gauge", value: 1, unit: "\u0000" };
  const long = "x".repeat(20_000);
  const deep = JSON.parse('{"a":'.repeat(5_000) + "1" + "}".repeat(5_000)) as unknown;
  const events: [topic: string, payload: unknown][] = [
    ...["plugin.activated", "plugin.unloaded", "plugin.crashed", "plugin.event_refused"].map(
      (topic): [string, unknown] => [topic, { plugin_name: "the_well_behaved_one", reason: "none" }],
    ),
    ["bus.listener_failed", { topic: "x", error: "\u001b[2J", reason: "threw" }],
    ["log.shout", record],
    ["log", record],
    ["log.info.more", record],
    ["metrics", metric],
    ["metrics.other", metric],
    ...[null, undefined, 5, "text", [], {}, { message: 5, fields: {} }, { message: "x" }, deep].map(
      (payload): [string, unknown] => ["log.info", payload],
    ),
    ["log.info", { message: "x", fields: { deep } }],
    ["log.info", {
      message: "x",
      fields: Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [i, i])),
    }],
    ["log.error", { message: long, fields: { long, [long.slice(0, 9_000)]: long.slice(0, 1) } }],
    ["log.error", record],
    ...[NaN, Infinity, -Infinity, "1", null, 1n, {}].map(
      (value): [string, unknown] => ["metrics.recorded", { ...metric, value }],
    ),
    ["metrics.recorded", { ...metric, name: long }],
    ["metrics.recorded", { ...metric, name: "x".repeat(1_000_000) }],
    ["metrics.recorded", { ...metric, unit: long }],
    ["metrics.recorded", { ...metric, kind: "bomb" }],
    ["metrics.recorded", { ...metric, name: { toString: null } }],
    ["metrics.recorded", metric],
  ];
  for (const [topic, payload] of events) {
    await eventBus.emit(topic, payload).catch(() => {});
    try {
      eventBus.post(topic, payload);
    } catch {
      // refused at once
    }
  }
  return "BLOCKED";
}

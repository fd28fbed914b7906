/**
 * The project's own attacks by name: loaded from a URL, there is no folder to look into. A test compares this list
 * with the folder.
 *
 * @module
 */

/** Files of `attacks/`, without `.ts`. */
export const ATTACK_NAMES: readonly string[] = [
  "answer_late",
  "answer_of_another_shape",
  "answer_twice",
  "answer_what_is_no_value",
  "answer_with_a_million_objects",
  "answer_with_half_a_gigabyte",
  "answer_with_prototypes",
  "answer_with_small_buffers",
  "arm_a_million_timers",
  "ask_as_somebody_else",
  "ask_the_host_all_the_time",
  "ask_the_next_host",
  "call_services",
  "close_itself",
  "configuration_abyss",
  "configuration_bomb",
  "configuration_circle",
  "configuration_oddities",
  "construct_by_detour",
  "die_in_a_call",
  "die_in_deactivate",
  "die_in_initialize",
  "die_while_a_stream_is_open",
  "die_with_calls_open",
  "emit_beside_its_topics",
  "emit_on_ten_thousand_topics",
  "emit_what_cannot_cross",
  "emit_what_is_none",
  "endless_stream",
  "fill_a_little_at_a_time",
  "fill_buffers",
  "fill_wasm_memory",
  "fill_with_objects",
  "fill_with_strings",
  "flood_events",
  "flood_for_a_while",
  "flood_telemetry",
  "forbidden_globals",
  "forge_frames",
  "hang_at_import",
  "hang_in_deactivate",
  "hear_the_others",
  "hold_every_call",
  "hostile_console",
  "hostile_error",
  "hostile_method_names",
  "hostile_stream",
  "import_behind_a_division",
  "import_builtins",
  "import_escaped",
  "import_from_registries",
  "import_statically",
  "import_the_secrets",
  "import_urls",
  "import_with_attributes",
  "keep_something_for_later",
  "kill_process",
  "learn_where_it_runs",
  "leave_its_folders",
  "listen_and_stop_listening",
  "listen_to_the_host",
  "listen_too_much",
  "listen_undeclared",
  "look_behind_its_caller",
  "measure_a_hundred_thousand_things",
  "methods_that_are_no_names",
  "multiply_for_ever",
  "nest_beyond_every_stack",
  "never_answer",
  "overflow_the_stack",
  "poison_intrinsics",
  "poison_object_prototype",
  "poison_the_loader",
  "reach_by_evaluation",
  "reach_the_network_by_the_host",
  "read_files_by_the_host",
  "read_stacks",
  "read_variables_by_the_host",
  "reject_ten_thousand_times",
  "reject_unheard",
  "rename_itself",
  "send_shared_memory",
  "share_memory",
  "silence_the_listeners",
  "silent_stream",
  "sort_against_the_clock",
  "speak_in_the_hosts_name",
  "spin_after_the_answer",
  "spin_in_a_regular_expression",
  "spin_in_activate",
  "spin_in_deactivate",
  "spin_in_microtasks",
  "spin_in_the_constructor",
  "spin_in_wasm",
  "spoof_events",
  "stream_that_never_stops",
  "stream_what_is_huge",
  "swap_methods",
  "take_the_port",
  "ten_thousand_methods",
  "throw_at_import",
  "throw_before_each_call",
  "throw_in_a_timer",
  "throw_in_activate",
  "throw_in_deactivate",
  "throw_odd_values",
  "wait_on_shared_memory",
  "walk_everything",
  "wire_calls_without_rights",
  "wire_credit_lies",
  "wire_events_of_others",
  "wire_flood_of_cancels",
  "wire_flood_of_small_frames",
  "wire_forged_answers",
  "wire_half_a_frame_and_gone",
  "wire_items_of_no_stream",
  "wire_no_message",
  "wire_no_utf8",
  "wire_one_id_for_all_calls",
  "wire_oversized_buffers",
  "wire_oversized_head",
  "wire_truncated_head",
  "write_to_the_pipe",
];

/** Files of `attacks/fixtures/`: what the attacks are after. */
export const FIXTURE_NAMES: readonly string[] = ["key.json", "neighbour.ts", "secret.txt"];

/** What an attack may import, beside the SDK: files of `attacks/own/`. */
export const OWN_NAMES = ["allowed.ts", "rights.ts"] as const;

/** One of each class, none of which takes long: for a quick look. */
export const QUICK_NAMES: readonly string[] = [
  "answer_of_another_shape", // fault
  "call_services", // escalate
  "flood_events", // starve
  "keep_something_for_later", // write
  "kill_process", // kill
  "listen_undeclared", // covert
  "never_answer", // hang
  "reach_the_network_by_the_host", // net
  "read_files_by_the_host", // read
  "spoof_events", // spoof
];

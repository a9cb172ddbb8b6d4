/* SPDX-License-Identifier: MIT */
/*
 * The commands of vring-trace in a guest.
 */
#include <stddef.h>

#include "../tool.h"

const struct tool_command tool_commands[] = {
	{ "top", top_main, "[QUEUE...]", "all queues, on the screen" },
	{ "live", live_main, "[QUEUE]", "a ring, on the screen" },
	{ "ls", ls_main, "[QUEUE...]", "every queue; needs no traffic" },
	{ "show", show_main, "QUEUE|FILE...", "rings in memory, decoded" },
	{ "trace", trace_main, "[QUEUE...] [-- COMMAND]", "each event" },
	{ "why", why_main, "[QUEUE...] [-- COMMAND]", "kick or not: why" },
	{ "stat", stat_main, "[QUEUE...] [INTERVAL [COUNT]]", "counts per queue" },
	{ "lat", lat_main, "[QUEUE...] [INTERVAL [COUNT]]", "times between events" },
	{ "stall", stall_main, "[QUEUE...]", "what is stuck, and where" },
	{ "record", record_main, "[QUEUE...] [-- COMMAND]", "all of it, into a file" },
	{ "replay", replay_main, "FILE [QUEUE]", "a recording on the screen, played" },
	{ "export", export_main, "FILE [QUEUE...]", "a recording in another format" },
	{ "irq", irq_main, "[QUEUE...]", "their interrupts, lost ones" },
	{ "check", check_main, "[QUEUE|FILE...]", "rules of rings that are broken" },
	{ "doctor", doctor_main, "", "what works here, tested" },
	{ "diff", diff_main, "FILE FILE [QUEUE...]", "two recordings compared" },
	{ "completion", completion_main, "", "words for bash to offer" },
	{ "help", help_main, "[COMMAND]", "this, or help on COMMAND" },
	{ "version", version_main, "", "the version" },
	{ 0 },
};

const struct tool_program tool_program = {
	top_or_stat,
	"See the virtqueues of this Linux guest: who put what into them, who was told, and why. "
	"Without a COMMAND: `top` on a terminal, otherwise one second of `stat`.",
	"QUEUE: virtio1, virtio1/req.0, virtio1:0, vda, eth0, or a pattern over these\n"
	"\n"
	"EXAMPLES:\n"
	"  vring-trace ls                      # what is there\n"
	"  vring-trace                         # all queues, as they change\n"
	"  vring-trace live vda                # the disk's ring, as it changes\n"
	"  vring-trace trace vda               # every event of the disk's queues\n"
	"  vring-trace record -- ping -c 3 gw  # into a file, for replay\n"
	"  vring-trace trace -- ping -c 3 gw   # everything while a command runs\n"
	"  vring-trace why --reason full vda   # kicks forced by a full ring\n"
	"  vring-trace stall --watch           # wait until something is stuck\n"
	"  vring-trace stat vda 5              # what the disk did, every 5 seconds\n"
};

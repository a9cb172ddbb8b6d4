/* SPDX-License-Identifier: MIT */
/*
 * vring-trace completion: the words that bash may offer, made from the table of commands. To use
 * it: vring-trace completion >/usr/share/bash-completion/completions/vring-trace
 */
#include <argp.h>
#include <stdio.h>

#include "tool.h"

int completion_main(int argc, char **argv)
{
	if (argc > 1) {
		tool_error("completion takes no argument: %s", argv[1]);
		return TOOL_USAGE;
	}
	puts("# bash completion for vring-trace\n"
	     "_vring_trace()\n"
	     "{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=() queues=() device\n"
	     "\tfor device in /sys/bus/virtio/devices/virtio*; do\n"
	     "\t\t[ -e \"$device\" ] && queues+=(\"${device##*/}\")\n"
	     "\tdone\n"
	     "\tfor device in /sys/bus/virtio/devices/virtio*/{net,block}/*; do\n"
	     "\t\t[ -e \"$device\" ] && queues+=(\"${device##*/}\")\n"
	     "\tdone");
	printf("\tlocal commands=\"");
	for (const struct tool_command *command = tool_commands; command->name; command++)
		printf("%s%s", command == tool_commands ? "" : " ", command->name);
	printf("\"\n\tlocal options=\"");
	for (const struct argp_option *option = tool_children[0].argp->options; option->name;
	     option++)
		printf("%s--%s", option == tool_children[0].argp->options ? "" : " ", option->name);
	puts(" --help --version\"\n"
	     "\tif [[ $cur == -* ]]; then\n"
	     "\t\twords=($(compgen -W \"$options\" -- \"$cur\"))\n"
	     "\telif ((COMP_CWORD == 1)); then\n"
	     "\t\twords=($(compgen -W \"$commands\" -- \"$cur\"))\n"
	     "\telse\n"
	     "\t\twords=($(compgen -W \"${queues[*]}\" -- \"$cur\"))\n"
	     "\tfi\n"
	     "\tCOMPREPLY=(\"${words[@]}\")\n"
	     "}\n"
	     "complete -o default -F _vring_trace vring-trace");
	return tool_flush();
}

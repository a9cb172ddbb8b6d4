// SPDX-License-Identifier: MIT
/*
 * The monitor: words become commands, from the kernel command line first, then from whoever types.
 */
#include <stdarg.h>
#include <string.h>

#include "line.h"
#include "monitor.h"
#include "net/net.h"

#define MAX_WORDS 16
#define TYPED_AHEAD 256
#define CTRL_C 3

static enum status command_help(int argc, char **argv);
static enum status command_poweroff(int argc, char **argv);

static const struct command {
	const char *name;
	enum status (*run)(int argc, char **argv);
	const char *usage; /* a line for each form, then what it does after a tab */
} commands[] = {
	{ "help", command_help, "help\tthis list" },
	{ "lspci", command_lspci, "lspci\tPCI functions, their BARs and capabilities" },
	{ "lsvirtio", command_lsvirtio, "lsvirtio [N]\tvirtio devices: features, status, queues" },
	{ "ring", command_ring, "ring QUEUE\tdrawn: virtio0/req.0, virtio0:0, 0.0, 0, vda" },
	{ "blk", command_blk,
	  "blk [vdX] read SECTOR [COUNT]\tshow sectors of 512 bytes\n"
	  "blk [vdX] write SECTOR WORD...\twrite a sector: the words, then zeroes\n"
	  "blk [vdX] verify\tread all of it; write some, read that back\n"
	  "blk [vdX] bench DEPTH [REQUESTS]\tread 4 KiB at random, DEPTH at a time\n"
	  "blk [vdX] id\tthe disk's serial number\n"
	  "blk [vdX] flush\thave the device write back its cache\n"
	  "blk [vdX] stats\twhat the driver counted" },
	{ "net", command_net,
	  "net ping ADDRESS [COUNT]\tsend echo requests, wait for the answers\n"
	  "net stats\twhat the driver counted" },
	{ "trace", command_trace,
	  "trace on|off\trecord what happens to the rings\n"
	  "trace dump\tsend it, a .vrt, to the second serial port\n"
	  "trace counts\thow often what happened, since the boot" },
	{ "irq", command_irq, "irq\tinterrupts: how many, of what, on which CPU" },
	{ "step", command_step, "step [SECTOR]\tread a block; stop at each stage, ring drawn" },
	{ "reset", command_reset, "reset\ttake all devices away, and find them again" },
	{ "poweroff", command_poweroff, "poweroff\tend QEMU; its status: has any command failed" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static enum status worst;
static bool interactive;
static char typed_ahead[TYPED_AHEAD];
static unsigned int typed_in, typed_out; /* free-running */

/* ---- words ---- */

enum status complain(const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	metal_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print("error: %s\n", text);
	return STATUS_FAILED;
}

const char *error_name(int err)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{ ENOENT, "ENOENT" },	      { EIO, "EIO" },		{ ENXIO, "ENXIO" },
		{ E2BIG, "E2BIG" },	      { EAGAIN, "EAGAIN" },	{ ENOMEM, "ENOMEM" },
		{ EBUSY, "EBUSY" },	      { EEXIST, "EEXIST" },	{ ENODEV, "ENODEV" },
		{ EINVAL, "EINVAL" },	      { ENOSPC, "ENOSPC" },	{ EROFS, "EROFS" },
		{ ERANGE, "ERANGE" },	      { EPROTO, "EPROTO" },	{ EMSGSIZE, "EMSGSIZE" },
		{ EOPNOTSUPP, "EOPNOTSUPP" }, { ENETDOWN, "ENETDOWN" }, { ETIMEDOUT, "ETIMEDOUT" },
		{ EREMOTEIO, "EREMOTEIO" },
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].err == -err)
			return names[i].name;
	return "unknown error";
}

static int digit(char c, unsigned int base)
{
	int value = c >= '0' && c <= '9' ? c - '0' :
		    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		    c >= 'A' && c <= 'F' ? c - 'A' + 10 :
					   99;

	return value < (int)base ? value : -1;
}

bool parse_number(const char *word, uint64_t most, uint64_t *value)
{
	unsigned int base = 10;

	if (word[0] == '0' && word[1] == 'x') {
		base = 16;
		word += 2;
	}
	if (!*word)
		return false;
	for (*value = 0; *word; word++) {
		int d = digit(*word, base);

		if (d < 0 || *value > (most - d) / base || most < (uint64_t)d)
			return false;
		*value = *value * base + d;
	}
	return true;
}

/* ---- commands ---- */

static void print_usage(const struct command *command)
{
	const char *p = command->usage;

	while (*p) {
		unsigned int form = 0, text = 0;

		while (p[form] != '\t')
			form++;
		while (p[form + 1 + text] && p[form + 1 + text] != '\n')
			text++;
		print("  %-33.*s %.*s\n", (int)form, p, (int)text, p + form + 1);
		p += form + 1 + text;
		if (*p == '\n')
			p++;
	}
}

static enum status command_help(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	for (unsigned int i = 0; i < COMMANDS; i++)
		print_usage(&commands[i]);
	return STATUS_OK;
}

static enum status command_poweroff(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	metal_exit(worst);
}

static enum status run_words(int argc, char **argv)
{
	for (unsigned int i = 0; i < COMMANDS; i++) {
		enum status status;

		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		status = commands[i].run(argc, argv);
		if (status == STATUS_USAGE) {
			print("error: %s: not like this, but:\n", argv[0]);
			print_usage(&commands[i]);
		}
		return status;
	}
	print("error: %s: no such command; `help` lists them\n", argv[0]);
	return STATUS_USAGE;
}

/* One command; @text is cut into words in place. */
static void run_command(char *text)
{
	char *argv[MAX_WORDS + 1];
	enum status status;
	int argc = 0;

	for (;;) {
		while (*text == ' ')
			*text++ = '\0';
		if (!*text)
			break;
		if (argc == MAX_WORDS) {
			complain("more than %d words", MAX_WORDS);
			worst = STATUS_USAGE;
			return;
		}
		argv[argc++] = text;
		while (*text && *text != ' ')
			text++;
	}
	if (!argc)
		return;
	argv[argc] = NULL;
	status = run_words(argc, argv);
	if (status > worst)
		worst = status;
}

void monitor_run(const char *text)
{
	char command[LINE_BYTES];

	while (*text) {
		unsigned int len = 0;

		while (text[len] && text[len] != ';')
			len++;
		if (len >= LINE_BYTES) {
			complain("a command of %u characters; %d fit", len, LINE_BYTES - 1);
			worst = STATUS_USAGE;
		} else {
			memcpy(command, text, len);
			command[len] = '\0';
			run_command(command);
		}
		text += len;
		if (*text)
			text++;
	}
}

/* ---- the person ---- */

bool monitor_interactive(void)
{
	return interactive;
}

bool monitor_interrupted(void)
{
	bool interrupted = false;
	int c;

	while (typed_in - typed_out < TYPED_AHEAD && (c = metal_getc()) >= 0) {
		if (c == CTRL_C)
			interrupted = true;
		else
			typed_ahead[typed_in++ % TYPED_AHEAD] = c;
	}
	return interrupted;
}

static int next_key(void)
{
	if (typed_out != typed_in)
		return (unsigned char)typed_ahead[typed_out++ % TYPED_AHEAD];
	return metal_getc();
}

int monitor_key(void)
{
	int c;

	while ((c = next_key()) < 0)
		platform_relax();
	return c;
}

static void to_console(const char *text, size_t len)
{
	metal_write(METAL_CONSOLE, text, len);
}

void monitor_loop(void)
{
	static struct line line = { .prompt = "> ", .out = to_console };
	enum line_result result;
	int c;

	interactive = true;
	for (;;) {
		line_begin(&line);
		do {
			/* Frames that come meanwhile are received: others may ask who we are. */
			while ((c = next_key()) < 0)
				if (!net_poll())
					platform_wait(PLATFORM_FOREVER);
			result = line_key(&line, c);
		} while (result == LINE_MORE);
		if (result == LINE_DONE)
			monitor_run(line.text);
	}
}

// SPDX-License-Identifier: MIT
/*
 * Two serial ports: the console, and one for recordings. 16550s, output by waiting for room, input
 * by interrupt only so that a sleeping CPU wakes up. And the log, which goes to the console.
 */
#include "metal_internal.h"

/* Registers, and their bits. */
#define UART_DATA 0
#define UART_IER 1 /* interrupts */
#define UART_IER_RECEIVED 1
#define UART_FCR 2 /* FIFOs */
#define UART_FCR_ENABLE 1
#define UART_LCR 3 /* line */
#define UART_LCR_8_BITS 3
#define UART_LCR_DIVISOR 0x80
#define UART_MCR 4 /* modem */
#define UART_MCR_DTR_RTS_OUT2 11
#define UART_LSR 5 /* line status */
#define UART_LSR_RECEIVED 1
#define UART_LSR_ROOM 0x20
#define UART_SCRATCH 7

#define CONSOLE_ISA_IRQ 4
#define LOG_LINE 256
#define PRINTF_BYTES 512
#define FIFO_BYTES 16

static const uint16_t base_of[] = { [METAL_CONSOLE] = 0x3f8, [METAL_EVENTS] = 0x2f8 };
static bool present[2];
static struct platform_lock console_lock;
static bool last_words;

/* A port that is not there reads as ones; a scratch register keeps what is written. */
static void init_port(enum metal_port port)
{
	uint16_t base = base_of[port];

	outb(base + UART_SCRATCH, 0x5a);
	present[port] = inb(base + UART_SCRATCH) == 0x5a;
	if (!present[port])
		return;
	outb(base + UART_IER, 0);
	outb(base + UART_LCR, UART_LCR_8_BITS | UART_LCR_DIVISOR);
	outb(base + UART_DATA, 1); /* 115200 baud */
	outb(base + UART_IER, 0);
	outb(base + UART_LCR, UART_LCR_8_BITS);
	/* Switching the FIFOs on forgets what was typed already: not on the console. */
	if (port == METAL_EVENTS)
		outb(base + UART_FCR, UART_FCR_ENABLE);
	outb(base + UART_MCR, UART_MCR_DTR_RTS_OUT2);
}

void metal_serial_init(void)
{
	init_port(METAL_CONSOLE);
	init_port(METAL_EVENTS);
}

bool metal_port_present(enum metal_port port)
{
	return present[port];
}

/* Room means that the whole FIFO is empty. */
static void write_port(enum metal_port port, const uint8_t *bytes, size_t count)
{
	uint16_t base = base_of[port];
	size_t room = port == METAL_EVENTS ? FIFO_BYTES : 1;

	for (size_t i = 0; i < count; i++) {
		while (i % room == 0 && !(inb(base + UART_LSR) & UART_LSR_ROOM))
			cpu_relax();
		outb(base + UART_DATA, bytes[i]);
	}
}

/* Line by line, so that each gets its "\r". */
static void write_console(const char *text, size_t count)
{
	while (count) {
		size_t len = 0;

		while (len < count && text[len] != '\n')
			len++;
		write_port(METAL_CONSOLE, (const uint8_t *)text, len);
		if (len < count) {
			write_port(METAL_CONSOLE, (const uint8_t *)"\r\n", 2);
			len++;
		}
		text += len;
		count -= len;
	}
}

void metal_write(enum metal_port port, const void *bytes, size_t count)
{
	if (!present[port])
		return;
	if (port == METAL_EVENTS) {
		write_port(port, bytes, count);
		return;
	}
	if (!last_words)
		platform_lock(&console_lock);
	write_console(bytes, count);
	if (!last_words)
		platform_unlock(&console_lock);
}

int metal_getc(void)
{
	uint16_t base = base_of[METAL_CONSOLE];

	if (!present[METAL_CONSOLE] || !(inb(base + UART_LSR) & UART_LSR_RECEIVED))
		return -1;
	return inb(base + UART_DATA);
}

void metal_printf(const char *format, ...)
{
	char text[PRINTF_BYTES];
	va_list args;
	int len;

	va_start(args, format);
	len = metal_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	metal_write(METAL_CONSOLE, text, len < PRINTF_BYTES ? len : PRINTF_BYTES - 1);
}

/* The character stays where it is: whoever sleeps wakes up and looks. */
static int console_handler(int irq, void *data)
{
	(void)irq;
	(void)data;
	return 1;
}

void metal_serial_irq_init(void)
{
	int irq;

	if (!present[METAL_CONSOLE])
		return;
	irq = metal_line_irq(metal_isa_line(CONSOLE_ISA_IRQ), false);
	if (irq < 0 || platform_irq_request(irq, console_handler, "console", NULL)) {
		platform_log(PLATFORM_WARNING, "console: no interrupt for what is typed");
		return;
	}
	outb(base_of[METAL_CONSOLE] + UART_IER, UART_IER_RECEIVED);
}

void metal_serial_last_words(void)
{
	last_words = true;
}

void platform_log(enum platform_level level, const char *format, ...)
{
	static const char *const prefix[] = { "error: ", "warning: ", "" };
	char line[LOG_LINE];
	va_list args;
	int len;

	len = platform_snprintf(line, LOG_LINE, "%s", prefix[level]);
	va_start(args, format);
	len += metal_vsnprintf(line + len, LOG_LINE - len, format, args);
	va_end(args);
	if (len > LOG_LINE - 2)
		len = LOG_LINE - 2;
	line[len] = '\n';
	metal_write(METAL_CONSOLE, line, len + 1);
}

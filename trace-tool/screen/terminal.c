/* SPDX-License-Identifier: MIT */
/*
 * The terminal. ncurses knows its language and sends only what changed; everything that can end the
 * program leads back to the terminal as it was, also a signal that nobody can survive: for these
 * the words that undo it are kept ready, as curses may not be called then.
 */
#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../tool.h"
#include "terminal.h"

#define ASK_MS 200   /* for an answer of the terminal, a serial line between */
#define ESCAPE_MS 50 /* between the bytes of one key */
#define LOOK_MS 250  /* how long a signal may go unnoticed that came at the wrong moment */
#define CONTROL_L 12

static struct {
	SCREEN *screen;
	bool open, colour, ascii, size_asked;
	bool painted; /* what terminal_show() showed last is still there */
	struct termios found;
	char undo[256]; /* what makes the terminal as it was */
	size_t undo_bytes;
	int attributes[STYLES];
} terminal;

static volatile sig_atomic_t gone, continued;

/* ---- its size ---- */

static int ms_until(const struct timespec *end)
{
	struct timespec now;
	long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
	return ms > 0 ? ms : 0;
}

static struct timespec ms_from_now(int ms)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000l;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	return end;
}

/* "ESC [ 24 ; 80 R": the place of the cursor. */
static bool read_place(const char *answer, unsigned int *rows, unsigned int *cols)
{
	const char *start = strstr(answer, "\033[");
	char *end;

	if (!start)
		return false;
	*rows = strtoul(start + 2, &end, 10);
	if (*end != ';')
		return false;
	*cols = strtoul(end + 1, &end, 10);
	return *end == 'R' && *rows >= 2 && *cols >= 2 && *rows <= 1000 && *cols <= 1000;
}

/*
 * Sends the cursor as far down and right as it goes, and asks where it is. The terminal is in raw
 * mode meanwhile.
 */
static bool ask_size(unsigned int *rows, unsigned int *cols)
{
	static const char question[] = "\0337\033[999;999H\033[6n\0338";
	struct timespec end = ms_from_now(ASK_MS);
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char answer[64] = "";
	size_t count = 0;

	if (write(STDOUT_FILENO, question, sizeof(question) - 1) < 0)
		return false;
	while (count < sizeof(answer) - 1 && !memchr(answer, 'R', count)) {
		ssize_t got;

		if (poll(&in, 1, ms_until(&end)) <= 0)
			return false;
		got = read(STDIN_FILENO, answer + count, sizeof(answer) - 1 - count);
		if (got <= 0)
			return false;
		count += got;
		answer[count] = 0;
	}
	return read_place(answer, rows, cols);
}

static unsigned int from_environment(const char *name)
{
	const char *text = getenv(name);
	unsigned long value = text ? strtoul(text, NULL, 10) : 0;

	return value >= 2 && value <= 1000 ? value : 0;
}

/* Where curses looks if the line says 0x0. */
static void put_into_environment(const char *name, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	setenv(name, text, 1);
}

/* Of a line that says 0x0. */
static void find_size(unsigned int *rows, unsigned int *cols)
{
	struct termios raw = terminal.found;

	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	if (!ask_size(rows, cols)) {
		*rows = from_environment("LINES");
		*cols = from_environment("COLUMNS");
	}
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.found);
	*rows = *rows ? *rows : 24;
	*cols = *cols ? *cols : 80;
}

static bool knows_size(void)
{
	struct winsize size;

	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col;
}

/* ---- its end ---- */

static void on_end(int signal)
{
	(void)signal;
	gone = 1;
}

static void on_continue(int signal)
{
	(void)signal;
	continued = 1;
}

/* Nothing but what a handler may call. */
static void on_fatal(int signal)
{
	if (terminal.open && write(STDOUT_FILENO, terminal.undo, terminal.undo_bytes) >= 0)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.found);
	raise(signal); /* its handler is the default again: SA_RESETHAND */
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void handle_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	static const int fatal[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSYS };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		handle(ends[i], on_end, 0);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		handle(fatal[i], on_fatal, SA_RESETHAND | SA_NODEFER);
	handle(SIGCONT, on_continue, 0);
}

/* Without "$<5>": how long an old terminal was to be given. */
static void keep_undo(const char *name)
{
	const char *text = tigetstr(name);

	if (!text || text == (char *)-1)
		return;
	while (*text && terminal.undo_bytes < sizeof(terminal.undo)) {
		if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
			text = strchr(text, '>') + 1;
		else
			terminal.undo[terminal.undo_bytes++] = *text++;
	}
}

void terminal_close(void)
{
	if (!terminal.open)
		return;
	terminal.open = false;
	endwin();
	delscreen(terminal.screen);
	terminal.screen = NULL;
}

/* ---- its beginning ---- */

static bool locale_is_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* Return: what is wrong, or NULL. */
static const char *find_terminfo(void)
{
	const char *cursor;
	int found;

	if (setupterm(NULL, STDOUT_FILENO, &found) != OK)
		return found < 0  ? "there is no terminfo database here" :
		       found == 0 ? "not known here" :
				    "a terminal that prints on paper";
	cursor = tigetstr("cup");
	return cursor && cursor != (char *)-1 ? NULL : "a terminal that cannot place its cursor";
}

static int check_terminal(void)
{
	const char *name = getenv("TERM"), *wrong;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		tool_error("not a terminal; --once prints one frame");
		return TOOL_USAGE;
	}
	if (!name || !name[0]) {
		tool_error("TERM is not set; try TERM=linux, or TERM=vt100");
		return TOOL_USAGE;
	}
	wrong = find_terminfo();
	if (!wrong)
		return 0;
	tool_error("TERM=%s: %s; try TERM=linux, or TERM=vt100", name, wrong);
	return TOOL_USAGE;
}

static void find_colours(void)
{
	static const short colours[STYLES] = {
		[STYLE_DRIVER] = COLOR_CYAN, [STYLE_DEVICE] = COLOR_MAGENTA,
		[STYLE_GOOD] = COLOR_GREEN,  [STYLE_WARN] = COLOR_YELLOW,
		[STYLE_BAD] = COLOR_RED,
	};
	static const int attributes[STYLES] = {
		[STYLE_TITLE] = A_BOLD,	    [STYLE_QUIET] = A_DIM, [STYLE_KEY] = A_BOLD,
		[STYLE_CURSOR] = A_REVERSE, [STYLE_BAD] = A_BOLD,
	};

	terminal.colour = terminal.colour && has_colors() && start_color() == OK;
	if (terminal.colour)
		use_default_colors();
	for (int style = 0; style < STYLES; style++) {
		terminal.attributes[style] = attributes[style];
		if (terminal.colour && colours[style] && init_pair(style, colours[style], -1) == OK)
			terminal.attributes[style] |= COLOR_PAIR(style);
	}
}

static void set_modes(void)
{
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
}

int terminal_open(bool colour, bool ascii)
{
	static bool at_exit;
	unsigned int rows = 0, cols = 0;
	bool utf8 = locale_is_utf8();
	int status = check_terminal();

	if (status)
		return status;
	terminal.colour = colour;
	terminal.ascii = ascii || !utf8;
	tcgetattr(STDIN_FILENO, &terminal.found);
	terminal.size_asked = !knows_size();
	if (terminal.size_asked) {
		find_size(&rows, &cols);
		put_into_environment("LINES", rows);
		put_into_environment("COLUMNS", cols);
	}
	/* What the line says now counts, not what LINES said once; if it says anything. */
	use_tioctl(!terminal.size_asked);
	terminal.screen = newterm(NULL, stdout, stdin);
	if (!terminal.screen) {
		tool_error("the terminal cannot be used: TERM=%s", getenv("TERM"));
		return TOOL_FAILED;
	}
	set_term(terminal.screen);
	terminal.undo_bytes = 0;
	terminal.painted = false;
	keep_undo("sgr0");
	keep_undo("cnorm");
	keep_undo("rmkx");
	keep_undo("rmcup");
	gone = continued = 0;
	terminal.open = true;
	handle_signals();
	if (!at_exit)
		atexit(terminal_close);
	at_exit = true;
	set_modes();
	find_colours();
	return 0;
}

bool terminal_is_open(void)
{
	return terminal.open;
}

void terminal_size(unsigned int *rows, unsigned int *cols)
{
	*rows = LINES;
	*cols = COLS;
}

bool terminal_ascii(void)
{
	return terminal.open ? terminal.ascii : !locale_is_utf8();
}

/* ---- what is shown ---- */

/* A part of a row: curses is told of all letters of one style at once. */
static void put_cells(const struct cell *cells, unsigned int count)
{
	char text[4 * 256];
	size_t bytes = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint8_t style = cells[i].style < STYLES ? cells[i].style : STYLE_PLAIN;
		const char *sign = frame_sign_text(cells[i].sign, terminal.ascii);
		size_t more = strlen(sign);

		memcpy(text + bytes, sign, more);
		bytes += more;
		if (i + 1 < count && cells[i + 1].style == cells[i].style &&
		    bytes + 4 < sizeof(text))
			continue;
		attrset(terminal.attributes[style]);
		addnstr(text, bytes);
		bytes = 0;
	}
}

static bool same(const struct cell *a, const struct cell *b)
{
	return a->sign == b->sign && a->style == b->style;
}

/* From the first cell that is not as it was to the last. */
static void put_row(unsigned int row, const struct cell *now, const struct cell *before,
		    unsigned int cols)
{
	unsigned int first = 0, end = cols;

	while (first < end && same(&now[first], &before[first]))
		first++;
	while (end > first && same(&now[end - 1], &before[end - 1]))
		end--;
	if (first == end)
		return;
	move(row, first);
	put_cells(now + first, end - first);
}

/* Of most rows nothing or little is new: neither curses nor the line has anything to do for it. */
void terminal_show(const struct frame *f)
{
	unsigned int rows = f->rows < (unsigned int)LINES ? f->rows : (unsigned int)LINES;
	unsigned int cols = f->cols < (unsigned int)COLS ? f->cols : (unsigned int)COLS;
	static struct frame shown;

	if (!terminal.painted || shown.rows != f->rows || shown.cols != f->cols) {
		erase();
		if (frame_resize(&shown, f->rows, f->cols))
			return; /* another time */
		terminal.painted = true;
	}
	for (unsigned int row = 0; row < rows; row++) {
		const struct cell *cells = &f->cells[(size_t)row * f->cols];
		struct cell *before = &shown.cells[(size_t)row * f->cols];

		put_row(row, cells, before, cols);
		memcpy(before, cells, f->cols * sizeof(*cells));
	}
	attrset(A_NORMAL);
	refresh();
}

/* ---- what is typed ---- */

static int translate(int key)
{
	switch (key) {
	case KEY_RESIZE:
		return TERMINAL_RESIZED;
	case KEY_UP:
		return TERMINAL_UP;
	case KEY_DOWN:
		return TERMINAL_DOWN;
	case KEY_LEFT:
		return TERMINAL_LEFT;
	case KEY_RIGHT:
		return TERMINAL_RIGHT;
	case KEY_PPAGE:
		return TERMINAL_PAGE_UP;
	case KEY_NPAGE:
		return TERMINAL_PAGE_DOWN;
	case KEY_HOME:
		return TERMINAL_HOME;
	case KEY_END:
		return TERMINAL_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return TERMINAL_ENTER;
	case 27:
		return TERMINAL_ESCAPE;
	case KEY_BACKSPACE:
	case '\b':
	case 127:
		return TERMINAL_BACKSPACE;
	case 'U' & 0x1f:
		return TERMINAL_KILL;
	case '\t':
		return TERMINAL_TAB;
	case KEY_BTAB:
		return TERMINAL_BACKTAB;
	case KEY_F(1):
		return TERMINAL_F1;
	}
	return key >= ' ' && key <= '~' ? key : TERMINAL_TIMEOUT;
}

/* It was stopped and goes on, or a key asked for a fresh picture: all is sent anew. */
static int start_anew(void)
{
	unsigned int rows, cols;
	struct winsize size;

	continued = 0;
	terminal.painted = false;
	reset_prog_mode();
	if (terminal.size_asked && ask_size(&rows, &cols)) {
		resizeterm(rows, cols);
		if (change_scroll_region) /* it was all rows there were */
			putp(tiparm(change_scroll_region, 0, rows - 1));
	} else if (!terminal.size_asked && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) &&
		   size.ws_row) {
		resizeterm(size.ws_row, size.ws_col);
	}
	clearok(curscr, TRUE);
	return TERMINAL_RESIZED;
}

/* Readable, and there is nothing: that is how the end of a terminal looks. */
static bool at_end(short revents)
{
	int bytes = 0;

	if (revents & (POLLERR | POLLNVAL))
		return true;
	return revents & (POLLIN | POLLHUP) && (ioctl(STDIN_FILENO, FIONREAD, &bytes) || !bytes);
}

int terminal_key(int timeout_ms)
{
	struct timespec end = ms_from_now(timeout_ms);

	for (;;) {
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
		int key = gone ? ERR : getch(), left = ms_until(&end);

		if (gone)
			return TERMINAL_GONE;
		if (continued || key == CONTROL_L)
			return start_anew();
		if (key != ERR && translate(key) != TERMINAL_TIMEOUT)
			return translate(key);
		if (key != ERR)
			continue;
		if (poll(&in, 1, left < LOOK_MS ? left : LOOK_MS) > 0 && at_end(in.revents))
			return TERMINAL_GONE;
		if (!in.revents && !left)
			return TERMINAL_TIMEOUT;
	}
}

# SPDX-License-Identifier: MIT
"""A terminal with a program in it: a pty, pyte to see with, and a session leader that knows job control.

What the program does to its terminal is looked at from outside: the termios of the line, the bytes it sent, the
screen that they make."""

import fcntl
import os
import re
import select
import signal
import struct
import termios
import time

import pyte

QUIET = 0.06  # seconds without output: the screen is drawn


class Stream(pyte.ByteStream):
    """What an xterm understands and pyte does not: to scroll, to repeat."""
    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down", "b": "repeat"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down", "repeat"}


class Screen(pyte.Screen):
    """Answers what a terminal answers. pyte leaves out private sequences that it does not know."""
    reply, last = None, " "

    def draw(self, data):
        super().draw(data)
        self.last = data[-1:] or self.last

    def repeat(self, count=None):
        self.draw(self.last * (count or 1))

    def at_top(self, change, count):
        row, col = self.cursor.y, self.cursor.x
        self.cursor.y = self.margins.top if self.margins else 0
        change(count or 1)
        self.cursor.y, self.cursor.x = row, col

    def scroll_up(self, count=None):
        self.at_top(self.delete_lines, count)

    def scroll_down(self, count=None):
        self.at_top(self.insert_lines, count)

    def write_process_input(self, data):
        if self.reply:
            self.reply(data.encode())

    def select_graphic_rendition(self, *attrs, **private):
        if not private:
            super().select_graphic_rendition(*attrs)


class Terminal:
    """argv in a terminal of rows x cols. size=(0, 0): what the line says; the terminal itself is rows x cols.

    answers: whether it answers when it is asked where its cursor is; deaf: SIGHUP is ignored, as by nohup."""

    def __init__(self, argv, rows=24, cols=80, term="xterm-256color", size=None, answers=True, env=None, cwd="/",
                 deaf=False):
        self.rows, self.cols = rows, cols
        self.screen = Screen(cols, rows)
        self.screen.reply = self.answer if answers else None
        self.stream = Stream(self.screen)
        self.sent = bytearray()
        self.master, slave = os.openpty()
        self.set_size(*(size or (rows, cols)))
        self.before = termios.tcgetattr(slave)
        environment = {"PATH": os.environ["PATH"], "HOME": "/", "TERM": term, "LANG": "C.UTF-8", **(env or {})}
        said_in, said_out = os.pipe()  # leader -> us: what became of the program
        told_in, told_out = os.pipe()  # us -> leader: 'f': go on in the foreground
        self.leader = os.fork()
        if not self.leader:
            try:
                for fd in (self.master, said_in, told_out):
                    os.close(fd)
                os.chdir(cwd)
                lead(slave, argv, environment, said_out, told_in, deaf)
            finally:
                os._exit(127)
        for fd in (slave, said_out, told_in):
            os.close(fd)
        self.said, self.told = os.fdopen(said_in, "rb", 0), told_out
        self.pid = int(self.word(5))
        self.status = None

    # ---- the line ----

    def set_size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.screen.resize(rows, cols)
        self.set_size(rows, cols)

    def termios(self):
        return termios.tcgetattr(self.master)

    def set_termios(self, mode):
        termios.tcsetattr(self.master, termios.TCSANOW, mode)

    def answer(self, data):
        os.write(self.master, data)

    def keys(self, data):
        """May come in part if the program does not read: a line's buffer is small."""
        data = data.encode() if isinstance(data, str) else data
        os.set_blocking(self.master, False)
        try:
            os.write(self.master, data)
        except BlockingIOError:
            pass
        os.set_blocking(self.master, True)

    def read(self, timeout=3.0, until=None, quiet=QUIET):
        """Reads until the program is quiet, or until(text) is true. Return: whether that came to be."""
        end = time.monotonic() + timeout
        while True:
            if until and until(self.text()):
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            if not select.select([self.master], [], [], min(left, quiet if not until else left))[0]:
                if until:
                    continue
                return True
            try:
                data = os.read(self.master, 65536)
            except OSError:  # nobody has it open any more
                return bool(until and until(self.text()))
            if not data:
                return False
            self.sent += data
            self.stream.feed(data)

    def press(self, data, timeout=3.0):
        """Keys, and the screen after them, as lines."""
        self.keys(data)
        self.settle(timeout)
        return self.lines()

    def settle(self, timeout=3.0):
        """Reads until the screen did not change for a moment."""
        end = time.monotonic() + timeout
        before = None
        while time.monotonic() < end:
            self.read(min(0.5, timeout), quiet=QUIET)
            now = self.text()
            if now == before:
                return
            before = now

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def text(self):
        return "\n".join(self.lines())

    # ---- the program ----

    def word(self, timeout):
        if not select.select([self.said], [], [], timeout)[0]:
            raise TimeoutError("the session's leader says nothing")
        out = b""
        while not out.endswith(b"\n"):
            byte = self.said.read(1)
            if not byte:
                raise EOFError("the session's leader went away")
            out += byte
        return out.decode().strip()

    def happened(self, timeout):
        """'stopped', 'exit N' or 'signal N', while output is read; None if nothing of that came."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if select.select([self.said], [], [], 0)[0]:
                word = self.word(1)
                self.read(1.0)
                return word
            self.read(0.05, quiet=0.02)
        return None

    def foreground(self):
        os.write(self.told, b"f")

    def kill(self, number):
        os.kill(self.pid, number)

    def hang_up(self):
        """The terminal goes away. What becomes of the program is still seen."""
        os.close(self.master)
        self.master = -1

    def proc(self, name):
        with open(f"/proc/{self.pid}/{name}", encoding="ascii", errors="replace") as file:
            return file.read()

    def cpu_seconds(self):
        fields = self.proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_kb(self):
        return int(re.search(r"VmRSS:\s*(\d+)", self.proc("status"))[1])

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def close(self):
        """Ends everything of it that is still there."""
        for pid in (self.pid, self.leader):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.waitpid(self.leader, 0)
        except ChildProcessError:
            pass
        if self.master >= 0:
            os.close(self.master)
        self.said.close()
        os.close(self.told)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def lead(slave, argv, environment, said, told, deaf):
    """Leads the session of a terminal: starts the program in the foreground, and sees what becomes of it."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    go_in, go_out = os.pipe()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.read(go_in, 1)  # until we are in the foreground
        for number in (signal.SIGTTOU, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN if deaf and number == signal.SIGHUP else signal.SIG_DFL)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        try:
            os.execve(argv[0], argv, environment)
        except OSError as error:
            print(f"{argv[0]}: {error}")
        os._exit(126)
    try:
        os.setpgid(child, child)
    except OSError:
        pass
    os.tcsetpgrp(slave, child)
    os.write(go_out, b"g")
    os.write(said, b"%d\n" % child)
    own = os.getpgrp()
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.tcsetpgrp(slave, own)
            os.write(said, b"stopped\n")
            if os.read(told, 1) != b"f":
                break
            os.tcsetpgrp(slave, child)
            os.kill(child, signal.SIGCONT)
        elif os.WIFSIGNALED(status):
            os.write(said, b"signal %d\n" % os.WTERMSIG(status))
            break
        else:
            os.write(said, b"exit %d\n" % os.WEXITSTATUS(status))
            break
    os.read(told, 1)  # the line stays open until we are told, or nobody is left to tell

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The program in a terminal: what it does to the line, to the screen, and to itself when the terminal goes.

  tests/screens/terminal.py PROGRAM [TEST...]   all tests, or those named
  tests/screens/terminal.py PROGRAM soak        SOAK_SECONDS (5) of random keys and sizes, then no terminal

PROGRAM is vring-trace-files, or vring-trace. Recordings are those of stories.py."""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is left in the tree

import stories  # noqa: E402
from ptys import Terminal  # noqa: E402

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
# What terminfo says of each terminal: how it is told to send keypad codes decides which of two a key sends.
APPLICATION = {UP: "\x1bOA", DOWN: "\x1bOB", RIGHT: "\x1bOC", LEFT: "\x1bOD"}
SMCUP, RMCUP = b"\x1b[?1049h", b"\x1b[?1049l"
TERMS = ("xterm-256color", "vt100", "linux")


class Failed(Exception):
    """A sentence that did not hold, and what was seen."""


def expect(held, words, seen=""):
    if not held:
        raise Failed(f"{words}\n{seen}")


class Bench:
    """The program, and recordings for it."""

    def __init__(self, program, folder):
        self.program, self.folder = str(Path(program).resolve()), Path(folder)

    def recording(self, name):
        path = self.folder / f"{name}.vrt"
        return str(path if path.exists() else stories.tell(name, self.folder))

    def replay(self, name="split_wrap", *words, **terminal):
        t = Terminal([self.program, "replay", self.recording(name), *words], **terminal)
        try:
            expect(t.read(8, until=lambda text: "quit" in text or "too small" in text.lower()), "the screen comes",
                   t.text())
            t.settle()
        except BaseException:
            t.close()
            raise
        return t

    def once(self, name, *words, size="80x24"):
        out = subprocess.run([self.program, "replay", self.recording(name), "--once", "--size", size, *words],
                             capture_output=True, timeout=20, env={"LANG": "C.UTF-8"}, check=False)
        expect(out.returncode == 0, f"--once {' '.join(words)} is fine", out.stderr.decode())
        return out.stdout.decode().splitlines()


def restored(t, term):
    """The line is as it was, the alternate screen left, the cursor shown."""
    expect(t.termios() == t.before, "the line's settings are restored", f"{t.before}\n{t.termios()}")
    if term.startswith("xterm"):
        expect(t.sent.count(SMCUP) >= 1, "the alternate screen was entered")
        expect(t.sent.rfind(RMCUP) > t.sent.rfind(SMCUP), "and left", t.sent[-200:])
    if term != "vt100":
        expect(t.sent.rfind(b"\x1b[?25h") > t.sent.rfind(b"\x1b[?25l"), "the cursor is shown", t.sent[-200:])
    expect(t.sent.rfind(b"\x1b>") >= t.sent.rfind(b"\x1b="), "the keypad is as it was", t.sent[-200:])
    expect(not re.search(rb"\x1b\[\?1(000|002|003|006)h(?!.*\x1b\[\?1(000|002|003|006)l)", bytes(t.sent), re.S),
           "no mouse is left on")


def ended(t, word, seconds=2.0):
    got = t.happened(seconds)
    expect(got == word, f"it ends with: {word}", f"{got}\n{t.text()}")


# ---- it opens and ends ----

def test_opens_and_quits(bench):
    for term in TERMS:
        for key in ("q", "\x03"):
            with bench.replay(term=term) as t:
                t.keys(key)
                ended(t, "exit 0")
                restored(t, term)


def test_the_screen_is_what_once_prints(bench):
    """Through ncurses and an emulator, the same letters."""
    for name in ("split_wrap", "packed_wrap", "receive"):
        for rows, cols in ((24, 80), (30, 100), (60, 200)):
            with bench.replay(name, rows=rows, cols=cols) as t:
                want = bench.once(name, size=f"{cols}x{rows}")
                got = t.lines()
                want += [""] * (rows - len(want))
                expect(got == want, f"{name} at {cols}x{rows}", difference(want, got))


def difference(want, got):
    return "\n".join(f"-{a}\n+{b}" for a, b in zip(want, got) if a != b)


def test_ascii_sends_nothing_else(bench):
    for words, env in ((("--ascii",), {}), ((), {"LANG": "C", "LC_ALL": "C"})):
        with bench.replay("receive", *words, rows=30, cols=100, env=env) as t:
            for key in "dmmwh?":
                t.press(key)
            expect(not any(byte > 126 for byte in t.sent), f"only ASCII with {words or env}",
                   bytes(b for b in t.sent if b > 126)[:40])


def test_no_colour(bench):
    def coloured(t):
        return re.findall(rb"\x1b\[[0-9;]*(?:3[0-7]|38;5;\d+|9[0-7]|4[1-7])m", bytes(t.sent))

    with bench.replay("split_wrap") as t:
        expect(coloured(t), "with nothing said there is colour")
    for words, env in ((("--color=never",), {}), ((), {"NO_COLOR": "1"})):
        with bench.replay("split_wrap", *words, env=env) as t:
            for key in "dmwh":
                t.press(key)
            expect(not coloured(t), f"no colour with {words or env}", coloured(t)[:3])
    with bench.replay("split_wrap", "--color=always", env={"NO_COLOR": "1"}) as t:
        expect(coloured(t), "who asks for colour gets it")
    with bench.replay("split_wrap", term="vt100") as t:
        expect(not coloured(t), "a vt100 has none", coloured(t)[:3])


def test_an_unknown_terminal_is_one_line(bench):
    for term in ("no-such-terminal", "", "dumb"):
        with Terminal([bench.program, "replay", bench.recording("split_wrap")], term=term) as t:
            got = t.happened(5)
            said = [line for line in t.lines() if line]
            if term == "dumb" and got == "exit 0":  # it cannot be drawn upon: then one frame as text is fine
                continue
            expect(got and got.startswith("exit ") and got != "exit 0", f"TERM={term!r} is refused", f"{got}\n{t.text()}")
            expect(len(said) == 1 and said[0].startswith("vring-trace: ") and (term or "TERM") in said[0],
                   f"TERM={term!r}: one line that names it", t.text())
            expect(t.termios() == t.before, "the line is untouched")


# ---- sizes ----

def test_resizing(bench):
    with bench.replay("split_wrap") as t:
        for rows, cols in ((60, 200), (30, 100), (24, 80), (25, 81), (100, 300), (24, 80)):
            t.resize(rows, cols)
            want = bench.once("split_wrap", size=f"{cols}x{rows}")
            want += [""] * (rows - len(want))
            expect(t.read(3, until=lambda _, w=want: t.lines() == w), f"at {cols}x{rows} as --once prints it",
                   difference(want, t.lines()))
        before = t.lines()
        for rows, cols in ((20, 60), (23, 80), (24, 79), (5, 20), (1, 1), (2, 200)):
            t.resize(rows, cols)
            t.settle()
            if cols >= 20 and rows >= 2:
                expect("too small" in t.text().lower().replace("\n", " "), f"at {cols}x{rows} it says so", t.text())
            if cols >= 60:
                expect(f"{cols}x{rows}" in t.text(), "and how large it is", t.text())
        t.resize(24, 80)
        expect(t.read(3, until=lambda _: t.lines() == before), "and comes back", difference(before, t.lines()))
        t.keys("q")
        ended(t, "exit 0")
        restored(t, "xterm-256color")


def test_too_small_from_the_start(bench):
    with bench.replay("split_wrap", rows=10, cols=40) as t:
        expect("too small" in t.text().lower().replace("\n", " "), "it says so", t.text())
        t.resize(24, 80)
        expect(t.read(3, until=lambda text: "quit" in text), "and draws when there is room", t.text())
        t.resize(10, 40)
        t.settle()
        t.keys("q")
        ended(t, "exit 0")


def test_a_serial_line_is_asked_for_its_size(bench):
    with bench.replay("split_wrap", rows=30, cols=100, size=(0, 0), term="vt100") as t:
        want = bench.once("split_wrap", size="100x30")
        want += [""] * (30 - len(want))
        expect(t.lines() == want, "the terminal answered 100x30", difference(want, t.lines()))
        t.keys("q")
        ended(t, "exit 0")
        restored(t, "vt100")
    start = time.monotonic()
    with bench.replay("split_wrap", rows=24, cols=80, size=(0, 0), answers=False, term="vt100") as t:
        took = time.monotonic() - start
        want = bench.once("split_wrap", size="80x24")
        want += [""] * (24 - len(want))
        expect(t.lines() == want, "no answer: 80x24", difference(want, t.lines()))
        expect(took < 5, "and it does not wait for ever", took)
    with bench.replay("split_wrap", rows=30, cols=100, size=(0, 0), answers=False, term="vt100",
                      env={"LINES": "30", "COLUMNS": "100"}) as t:
        want = bench.once("split_wrap", size="100x30")
        want += [""] * (30 - len(want))
        expect(t.lines() == want, "no answer: LINES and COLUMNS", difference(want, t.lines()))


# ---- it is ended from outside ----

def test_the_terminal_goes_away(bench):
    for name, key in (("split_wrap", ""), ("receive", " ")):
        with bench.replay(name) as t:
            t.keys(key)
            time.sleep(0.2)
            before = t.cpu_seconds()
            t.hang_up()
            end = time.monotonic() + 2
            word, used = None, before
            while time.monotonic() < end and not word:
                try:
                    used = t.cpu_seconds()
                except (OSError, ProcessLookupError):
                    pass
                try:
                    word = t.word(0.05)
                except TimeoutError:
                    pass
            expect(word, "it ends within 2 s")
            expect(used - before < 0.5, "and does not spin", used - before)
            expect(word.startswith("exit ") or word == f"signal {int(signal.SIGHUP)}", "with no crash", word)


def test_signals_that_end_it(bench):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        with bench.replay("split_wrap") as t:
            t.kill(number)
            word = t.happened(2)
            expect(word in ("exit 0", f"signal {int(number)}", f"exit {128 + number}"), f"{number.name} ends it", word)
            if number in (signal.SIGTERM, signal.SIGINT):
                expect(word == "exit 0", f"{number.name} is a normal end", word)
            restored(t, "xterm-256color")


def test_a_crash_restores_the_terminal(bench):
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
        with bench.replay("split_wrap") as t:
            t.kill(number)
            ended(t, f"signal {int(number)}")
            restored(t, "xterm-256color")


def test_stop_and_go_on(bench):
    for way in ("\x1a", signal.SIGTSTP):
        with bench.replay("split_wrap") as t:
            before = t.lines()
            if way == "\x1a":
                t.keys(way)
            else:
                t.kill(way)
            ended(t, "stopped")
            restored(t, "xterm-256color")
            t.screen.reset()
            t.foreground()
            expect(t.read(3, until=lambda _: t.lines() == before), "the screen is drawn anew", difference(before, t.lines()))
            t.press("m")
            expect(t.lines() != before, "and keys work")
            t.keys("q")
            ended(t, "exit 0")
            restored(t, "xterm-256color")


def test_stopped_and_resized(bench):
    with bench.replay("split_wrap") as t:
        t.keys("\x1a")
        ended(t, "stopped")
        t.screen.reset()
        t.resize(30, 100)
        t.foreground()
        want = bench.once("split_wrap", size="100x30")
        want += [""] * (30 - len(want))
        expect(t.read(3, until=lambda _: t.lines() == want), "it has the new size", difference(want, t.lines()))


# ---- at rest ----

def test_a_paused_recording_costs_nothing(bench):
    with bench.replay("receive", rows=30, cols=100) as t:
        before, sent = t.cpu_seconds(), len(t.sent)
        t.read(1.5, until=lambda _: False)
        expect(t.cpu_seconds() - before < 0.08, "no work while nothing moves", t.cpu_seconds() - before)
        expect(len(t.sent) - sent < 200, "and nothing is sent", t.sent[sent:][:200])


# ---- garbage ----

def test_garbage_is_survived(bench):
    rng = random.Random(20)
    with bench.replay("receive", rows=30, cols=100) as t:
        end = time.monotonic() + float(os.environ.get("GARBAGE_SECONDS", "2"))
        while time.monotonic() < end:
            data = bytes(rng.randrange(256) for _ in range(rng.randint(1, 60)))
            # Not the keys that end or stop it: q, Ctrl-C, Ctrl-Z, Ctrl-\.
            t.keys(data.translate(None, b"q\x03\x1a\x1c\x11\x13"))
            t.read(0.02, quiet=0.005)
            word = t.happened(0.001)
            expect(word is None, "it lives on", word)
        t.read(2)
        t.keys("\x1b\x1b\x1b")
        t.settle()
        t.keys("q")
        if t.happened(1) is None:  # a line was being typed: q was a letter of it
            t.keys("\x1b")
            t.settle()
            t.keys("q\x03")
            ended(t, "exit 0")
        restored(t, "xterm-256color")


# ---- soak ----

def soak(bench, seconds):
    """Random keys and sizes for so long; then the terminal is gone."""
    seed = int(os.environ.get("SOAK_SEED", "1"))
    rng = random.Random(seed)
    names = ("receive", "packed_wrap", "many", "large")
    keys = [*"dmmmwh?<>,.{}kifKIF -+/gseqrp", "\t", "\x1b[Z", "\r", "\x1b", UP, DOWN, LEFT, RIGHT, "\x1b[5~", "\x1b[6~",
            "\x1b[H", "\x1b[F", "\x1bOA", "\x1bOB", "1.5\r", "abc\r", "\x7f", "\x1bOP"]
    keys = [key for key in keys if key != "q" and key != "e"]
    print(f"# soak: {seconds:g} s, SOAK_SEED={seed}", flush=True)
    per = seconds / len(names)
    for name in names:
        with bench.replay(name, rows=30, cols=100) as t:
            end, pressed, least, most, fds = time.monotonic() + per, 0, None, 0, t.fds()
            warm = time.monotonic() + min(10, per / 3)
            while time.monotonic() < end:
                t.keys("".join(rng.choice(keys) for _ in range(rng.randint(1, 8))))
                pressed += 1
                if rng.random() < 0.05:
                    t.resize(rng.randint(1, 70), rng.randint(1, 220))
                t.read(0.03, quiet=0.01)
                if pressed % 20 == 0:
                    expect(t.happened(0.001) is None, "it lives on", t.text())
                    rss = t.rss_kb()
                    if time.monotonic() > warm:
                        least = rss if least is None else least
                        most = max(most, rss)
            grown = most - (least or most)
            expect(grown < 16384, f"{name}: memory is bounded", f"{least} kB, then {most} kB")
            expect(t.fds() == fds, f"{name}: no descriptor is left open", f"{fds}, then {t.fds()}")
            children = Path(f"/proc/{t.pid}/task/{t.pid}/children").read_text(encoding="ascii").split()
            expect(not children, f"{name}: no child is left", children)
            t.hang_up()
            start = time.monotonic()
            try:
                word = t.word(2)
            except TimeoutError:
                word = None
            expect(word and not word.startswith("signal 1") or word == "signal 1", f"{name}: it ends when the terminal goes",
                   word)
            print(f"# soak {name}: {pressed} bursts of keys, {least} kB, at most {most} kB, ended after"
                  f" {time.monotonic() - start:.2f} s: {word}", flush=True)


def main(argv):
    if not argv:
        print(__doc__, file=sys.stderr)
        return 2
    program, wanted = argv[0], argv[1:]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="screens-") as folder:
        bench = Bench(program, folder)
        tests = {name[5:]: test for name, test in globals().items() if name.startswith("test_")}
        if wanted != ["soak"]:
            for name in wanted or tests:
                if name not in tests:
                    print(f"terminal.py: no such test: {name}; there are {' '.join(tests)}", file=sys.stderr)
                    return 2
            chosen = [(name.replace("_", " "), tests[name]) for name in wanted or tests]
        else:
            chosen = []
        if wanted == ["soak"] or not wanted:
            seconds = float(os.environ.get("SOAK_SECONDS", "5"))
            chosen.append((f"{seconds:g} s of random keys and sizes", lambda b: soak(b, seconds)))
        for name, test in chosen:
            start = time.monotonic()
            try:
                test(bench)
                print(f"ok - {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception as error:  # pylint: disable=broad-except
                bad += 1
                print(f"not ok - {name}: {error}", flush=True)
                if not isinstance(error, Failed):
                    traceback.print_exc(file=sys.stdout)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

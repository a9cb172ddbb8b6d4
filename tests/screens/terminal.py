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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is left in the tree

import stories  # noqa: E402
import vrt  # noqa: E402
from oracle import forced  # noqa: E402
from ptys import Terminal  # noqa: E402

# What an xterm sends, told to send keypad codes.
UP, DOWN, RIGHT, LEFT, HOME, END = "\x1bOA", "\x1bOB", "\x1bOC", "\x1bOD", "\x1bOH", "\x1bOF"
PAGE_UP, PAGE_DOWN, BACKTAB, F1 = "\x1b[5~", "\x1b[6~", "\x1b[Z", "\x1bOP"
SMCUP, RMCUP = b"\x1b[?1049h", b"\x1b[?1049l"
AT_ONCE = 4
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
        t = Terminal([self.program, "replay", self.recording(name), *words], cwd=self.folder, **terminal)
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
        with Terminal([bench.program, "replay", bench.recording("split_wrap")], cols=200, term=term) as t:
            got = t.happened(5)
            said = [line for line in t.lines() if line]
            if term == "dumb" and got == "exit 0":  # it cannot be drawn upon: then one frame as text is fine
                continue
            expect(got and got.startswith("exit ") and got != "exit 0", f"TERM={term!r} is refused",
                   f"{got}\n{t.text()}")
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
    for name, key, deaf in (("split_wrap", "", False), ("receive", " ", False), ("receive", " ", True)):
        with bench.replay(name, deaf=deaf) as t:
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
            expect(word in ("exit 0", f"signal {int(number)}", f"exit {128 + number}"), f"{number.name} ends it",
                   word)
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
            expect(t.read(3, until=lambda _: t.lines() == before), "the screen is drawn anew",
                   difference(before, t.lines()))
            t.press("m")
            expect(t.lines() != before, "and keys work")
            t.keys("q")
            ended(t, "exit 0")
            restored(t, "xterm-256color")


def test_stopped_without_a_word(bench):
    """SIGSTOP cannot be caught; the shell then sets the line as it likes it."""
    with bench.replay("split_wrap") as t:
        before, own = t.lines(), t.termios()
        t.kill(signal.SIGSTOP)
        ended(t, "stopped")
        t.set_termios(t.before)
        t.screen.reset()
        t.foreground()
        expect(t.read(3, until=lambda _: t.lines() == before), "the screen is drawn anew",
               difference(before, t.lines()))
        expect(t.termios() == own, "and the line is the program's again")
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


# ---- keys ----

# The words of the help's first column, and what is pressed for each of them.
KEYS = {"q": None, "^C": None, "SPACE": " ", "Home": HOME, "End": END, "TAB": "\t",
        "arrows": RIGHT + DOWN + LEFT + UP + DOWN,
        "PgUp": PAGE_DOWN + PAGE_DOWN + PAGE_UP, "PgDn": PAGE_DOWN, "ENTER": "\r", "ESC": "?\x1b"}


def keys_of_help(lines):
    """What stands in the help's column of keys."""
    top = next(i for i, line in enumerate(lines) if "KEYS" in line[:12])
    words = []
    for line in lines[top + 1:-1]:
        if line[1:11].strip():
            words += line[1:11].replace(", ", " ").split()
    return words


def test_every_key_of_the_help_does_something(bench):
    with bench.replay("receive", "--at", "5s") as t:
        words = keys_of_help(t.press("?"))
        expect(len(words) >= 20, "the help names the keys", words)
        missing = set("<>{}kifKIFdmhge/+-") - set(words)
        expect(not missing, "all of them", missing)
        t.press("\x1b")
        for word in words:
            key = KEYS.get(word, word)
            if key is None:
                continue
            # 'e' and typing say so in the last line; from then on the next key is pressed at 5 s again.
            t.press("g5\r")
            before = t.lines()
            if word == "ESC":
                before = t.press("?")
                key = "\x1b"
            after = t.press(key)
            expect(after != before, f"{word} does something", "\n".join(after))
            if word == "/":
                t.press("\x1b")
            elif word == "g":
                t.press("1\r")
            elif word == "SPACE":
                expect("PLAY" in after[0], "it plays", after[0])
                expect("PLAY" not in t.press(" ")[0], "and pauses", t.lines()[0])
            elif word == "e":
                made = list(bench.folder.glob("*.svg"))
                expect(len(made) == 1 and made[0].name in after[-1], "e names the file", after[-1])
                expect(made[0].read_text(encoding="utf-8").lstrip().startswith(("<svg", "<?xml")), "which is SVG")
                made[0].unlink()
            elif word in "dmwWh?" or word in ("ENTER", "arrows", "PgUp", "PgDn"):
                t.press("\x1b" if "ESC" in after[-1] else "")
            elif word == "TAB":
                t.press("\t")
        t.keys("q")
        ended(t, "exit 0")


def test_typing(bench):
    with bench.replay("receive", rows=30, cols=100) as t:
        expect("go to: 1.25" in t.press("g1.25")[-1], "what is typed is shown", t.lines()[-1])
        expect("go to: 1.2" in t.press("\x7f")[-1], "backspace takes one back", t.lines()[-1])
        expect("1.200000 of" in t.press("\r")[1], "ENTER goes there", t.lines()[1])
        here = t.lines()
        expect("not a time" in t.press("gabc\r")[-1], "what is no time is said", t.lines()[-1])
        expect(t.press("g9\x1b") == here, "ESC changes nothing", difference(here, t.lines()))
        end = t.press("g100000\r")
        expect("13." in end[1], "behind the end is the end", end[1])
        t.press("g0\r")
        t.press("W/KICK\r")
        told = [line for line in t.lines() if "->" in line]
        t.press("g5\r")
        told = [line for line in t.lines() if "->" in line]
        expect(told and all("kick" in line.lower() for line in told), "/ shows only lines with the word", t.text())


# ---- time ----

def event_times(bench, name, queue):
    recording = vrt.Recording(bench.recording(name))
    first = min(e.time_ns for e in recording.events)
    return [e.time_ns - first for e in recording.events if (e.device, e.queue) == queue]


def at_words(ns):
    return f"{ns // 10**9}.{ns % 10**9:09d}s"


def test_back_is_where_one_came_from(bench):
    for name in ("split_wrap", "packed_wrap", "full", "torn", "receive", "long_ago"):
        for begin in (1, 40):
            here = bench.once(name, "--keys", ">" * begin, size="100x30")
            for n in (1, 7, 35):
                there = bench.once(name, "--keys", ">" * (begin + n), size="100x30")
                back = bench.once(name, "--keys", ">" * (begin + n) + "<" * n, size="100x30")
                expect(back == here, f"{name}: {n} events on from {begin} and back", difference(here, back))
                if n == 1 and name != "long_ago":
                    expect(there != here, f"{name}: an event changes the frame")


def test_a_second_is_a_second(bench):
    def moment(*words):
        return float(re.search(r"(\d+\.\d{6}) of", bench.once("receive", *words)[1])[1])

    expect(moment("--at", "5s", "--keys", "}") == 6, "} goes one on")
    expect(moment("--at", "5s", "--keys", "{") == 4, "{ goes one back")
    expect(moment("--at", "0.5s", "--keys", "{") == 0, "and no further than the beginning")
    expect(moment("--at", "12.9s", "--keys", "}") == moment("--keys", "\\z"), "nor than the end")


def test_without_events_key_frames_are_steps(bench):
    times = sorted({f.time_ns for f in vrt.Recording(bench.recording("frames_only")).frames})
    for keys, n in (("", 0), (">", 1), (">>>", 3), (">>><", 2), (r"\z", -1), (r"\z<", -2), (r"\z>", -1), ("<", 0)):
        lines = bench.once("frames_only", "--keys", keys)
        since = times[n] - times[0]
        expect(f"{since // 10**9}.{since % 10**9 // 1000:06d} of" in lines[1], f"{keys!r} is key frame {n}", lines[1])
        expect((keys in ("<", r"\z>")) == ("no key frame" in lines[-1]), "where there is none it says so", lines[-1])


def test_jumps(bench):
    """To the next and the last kick, interrupt, full ring: by the recording's own events."""
    for name in ("split_wrap", "packed_wrap", "full"):
        events = vrt.Recording(bench.recording(name)).events
        begin = len(events) // 2
        full = [e.num_free == 0 or e.type == vrt.ADD and e.detail.error != 0 for e in events]
        kinds = {"k": [e.type == vrt.KICK and e.detail.kick or forced(e) for e in events],
                 "i": [e.type == vrt.INTERRUPT for e in events],
                 "f": [e.type == vrt.ADD and now and not was for e, now, was in zip(events, full, [False] + full)]}
        for key, wanted in kinds.items():
            for word, numbers in ((key, range(begin, len(events))), (key.upper(), range(begin - 2, -1, -1))):
                there = next((n + 1 for n in numbers if wanted[n]), None)
                lines = bench.once(name, "--keys", "\\h" + ">" * (begin - 1) + word, size="100x30")
                found = re.search(r"event (\d+)", lines[1])
                expect(found and int(found[1]) == (there or begin), f"{name}: {word} from event {begin} is event {there}",
                       "\n".join([lines[1], lines[-1]]))
                expect(there or "no " in lines[-1], f"{name}: {word} says that there is none", lines[-1])


def test_seeking_and_stepping_meet(bench):
    """However one came to an event, it looks the same."""
    for name, queue in (("split_wrap", (1, 0)), ("packed_wrap", (1, 0)), ("receive", (2, 0)), ("torn", (1, 0))):
        times = event_times(bench, name, queue)
        for n in (3, len(times) // 3, len(times) // 2, len(times) - 2):
            if times[n] in (times[n - 1], times[n + 1]):
                continue
            sought = bench.once(name, "--at", at_words(times[n]), size="100x30")
            for way, keys in (("from an event before", ("--at", at_words(times[n - 1]), "--keys", ">")),
                              ("from an event behind", ("--at", at_words(times[n + 1]), "--keys", "<")),
                              ("from the end", ("--keys", rf"\zg{at_words(times[n])}\n")),
                              ("by seconds", ("--keys", rf"}}}}{{g{at_words(times[n])}\n"))):
                got = bench.once(name, *keys, size="100x30")
                expect(got == sought, f"{name}: event {n} {way}", difference(sought, got))


def test_playing_is_like_seeking(bench):
    for name, queue, speed in (("receive", (2, 0), "10"), ("split_wrap", (1, 0), "0.02"),
                               ("packed_wrap", (1, 0), "0.02")):
        times = event_times(bench, name, queue)
        with bench.replay(name, "--speed", speed, rows=30, cols=100) as t:
            for _ in range(3):
                t.keys(" ")
                t.read(0.35, until=lambda _: False)
                t.press(" ")
                expect("PAUSED" in t.lines()[0], "it is paused", t.lines()[0])
                now = re.search(r"(\d+)\.(\d{6}) of", t.lines()[1])
                expect(now, "a time is shown", t.lines()[1])
                here = int(now[1] + now[2]) * 1000
                expect(here > 0, "it moved", t.lines()[1])
                shown = t.press(">")
                after = next(i for i, time in enumerate(times) if time > here + 999)
                want = bench.once(name, "--at", at_words(times[after]), size="100x30")
                want += [""] * (30 - len(want))
                if times.count(times[after]) > 1:
                    continue
                expect(shown == want, f"{name}: event {after}, played to and sought", difference(want, shown))


def test_it_plays_as_fast_as_it_says(bench):
    with bench.replay("receive", "--speed", "2", rows=30, cols=100) as t:
        start = time.monotonic()
        t.keys(" ")
        t.read(1.5, until=lambda _: False)
        shown = re.search(r"(\d+\.\d+) of", t.lines()[1])
        took = time.monotonic() - start
        expect(0.5 * took < float(shown[1]) / 2 < 1.2 * took, "two seconds a second", f"{shown[1]} s in {took} s")
    with bench.replay("split_wrap", rows=30, cols=100) as t:
        t.keys(" ")
        expect(t.read(3, until=lambda text: "END" in text.splitlines()[0]), "at its end it ends", t.text())
        t.settle()
        want = bench.once("split_wrap", "--keys", r"\z", size="100x30")
        want += [""] * (30 - len(want))
        expect(t.lines() == want, "which is the end", difference(want, t.lines()))


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
    keys = [*"dmmmwh?<>,.{}kifKIF -+/gsrp", "\t", BACKTAB, "\r", "\x1b", UP, DOWN, LEFT, RIGHT, PAGE_UP, PAGE_DOWN,
            HOME, END,
            F1, "\x1b[A", "\x1b[B", "1.5\r", "abc\r", "\x7f"]
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
            expect(word in ("exit 0", "signal 1"), f"{name}: it ends when the terminal goes", word)
            print(f"# soak {name}: {pressed} bursts of keys, {least} kB, at most {most} kB, ended after"
                  f" {time.monotonic() - start:.2f} s: {word}", flush=True)


def run(bench, name, test):
    """Return: whether it held."""
    start = time.monotonic()
    try:
        test(bench)
    except Exception as error:  # pylint: disable=broad-except
        print(f"not ok - {name}: {error}")
        if not isinstance(error, Failed):
            traceback.print_exc(file=sys.stdout)
        return False
    print(f"ok - {name} ({time.monotonic() - start:.1f} s)")
    return True


def run_apart(program, name):
    """One test in a process of its own: most of it is waiting."""
    return subprocess.run([sys.executable, __file__, program, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)


def main(argv):
    if not argv:
        print(__doc__, file=sys.stderr)
        return 2
    program, names = argv[0], argv[1:]
    seconds = float(os.environ.get("SOAK_SECONDS", "5"))
    tests = {name[5:]: test for name, test in globals().items() if name.startswith("test_")}
    tests["soak"] = lambda bench: soak(bench, seconds)
    unknown = [name for name in names if name not in tests]
    if unknown:
        print(f"terminal.py: no such test: {unknown[0]}; there are {' '.join(tests)}", file=sys.stderr)
        return 2
    if not names:
        bad = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in pool.map(lambda name: run_apart(program, name), tests):
                print(done.stdout.decode(), end="", flush=True)
                bad += done.returncode != 0
        return 1 if bad else 0
    with tempfile.TemporaryDirectory(prefix="screens-") as folder:
        bench = Bench(program, folder)
        held = [run(bench, name.replace("_", " "), tests[name]) for name in names]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

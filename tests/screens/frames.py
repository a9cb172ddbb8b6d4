#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Frames of `vring-trace replay --once`, and every number in them worked out anew.

  tests/screens/frames.py PROGRAM [NAME...]     all recordings, or those named; frames differ from golden/: a diff
  tests/screens/frames.py PROGRAM --renew       write golden/ as the frames are now, if their numbers are right

FRAMES_FEW=1 looks at every panel, size and moment; otherwise at one in thirteen of those besides a moment of each.

Each line of a frame has to be one that claims.py knows, and what it says has to be what oracle.py finds in the
recording. A number that nobody claims is a failure."""

import difflib
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is left in the tree

import claims  # noqa: E402
import stories  # noqa: E402
import vrt  # noqa: E402
from rings import Recorder  # noqa: E402

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "trace-tool" / "samples"
SIZES = ("80x24", "100x30", "200x60")
FEW = int(os.environ.get("FRAMES_FEW", "13"))  # one of so many is looked at; 1: all
# What is pressed first, and the panel that then stands there.
PANELS = {"ring": "", "table": "d", "memory": "m", "bytes": "mm", "why": "w", "hist": "h", "chain": "\\n",
          "help": "?"}


def times_of(recording):
    """A few moments that are worth a look: the beginning, a full ring, the end, and some in between."""
    times = sorted([e.time_ns for e in recording.events] + [f.time_ns for f in recording.frames])
    first, last = min([e.time_ns for e in recording.events] or times), times[-1]
    times = [time for time in times if time >= first]
    full = [e.time_ns for e in recording.events if e.num_free == 0][:1]
    chosen = {first, last, *full, *(times[len(times) * n // 5] for n in range(1, 5))}
    return first, sorted(chosen)


class Frame:
    """One run of the program: how it was asked, and what came."""

    def __init__(self, program, path, at_ns, size, keys="", queue=None, words=("--ascii",), env=None):
        # --at takes seconds since the first event; nine digits name a nanosecond.
        self.at = f"{at_ns // 10**9}.{at_ns % 10**9:09d}s" if at_ns is not None else None
        self.size, self.keys = size, keys
        self.argv = [program, "replay", str(path), "--once", "--size", size, *words]
        self.argv += ["--at", self.at] if self.at else []
        self.argv += ["--keys", keys] if keys else []
        self.argv += [queue] if queue else []
        run = subprocess.run(self.argv, capture_output=True, timeout=60, check=False,
                             env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "TERM": "dumb", **(env or {})})
        self.status, self.raw, self.errors = run.returncode, run.stdout, run.stderr.decode(errors="replace")
        self.lines = run.stdout.decode(errors="replace").splitlines()

    def how(self):
        return " ".join(Path(word).name if i == 2 else repr(word) if not word.isprintable() or " " in word else word
                        for i, word in enumerate(self.argv) if i)


class Report:
    """Sentences that hold and that do not."""

    def __init__(self):
        self.bad = 0

    def say(self, good, sentence, details=()):
        details = list(details)
        print(f"{'ok' if good else 'not ok'} - {sentence}" + "".join(f"\n    {line}" for line in details[:60]),
              flush=True)
        if len(details) > 60:
            print(f"    and {len(details) - 60} lines more")
        self.bad += not good


def form_of(frame, closed=True):
    """What is wrong with a frame, whatever it says."""
    cols, rows = map(int, frame.size.split("x"))
    cut = not closed and re.fullmatch(r"vring-trace: .*: the recording was cut off after .*\n", frame.errors)
    if frame.status or frame.errors and not cut:
        return [f"exit status {frame.status}: {frame.errors.strip()}"]
    wrong = []
    if len(frame.lines) > rows:
        wrong.append(f"{len(frame.lines)} lines")
    wrong += [f"line {n} is {len(line)} wide" for n, line in enumerate(frame.lines) if len(line) > cols]
    wrong += [f"line {n} is not ASCII: {line!r}" for n, line in enumerate(frame.lines) if not line.isascii()]
    wrong += [f"line {n} has what is no letter: {line!r}" for n,
              line in enumerate(frame.lines) if not line.isprintable()]
    return wrong


def complaints_of(frame, recording, first, at, queue):
    """What is wrong with one frame."""
    cols, rows = map(int, frame.size.split("x"))
    wrong = form_of(frame, recording.closed)
    return wrong or claims.check(frame.lines, recording, queue, first + at, first, (rows, cols), frame.keys)


def queues_of(recording, most=2):
    """(device, index) of those that something is known of, and the word for each on the command line."""
    seen = sorted({(e.device, e.queue) for e in recording.events} | {(f.device, f.queue) for f in recording.frames})
    listed = {(q.device, q.queue) for q in recording.queues}
    return [key for key in seen if key in listed][:most]


def check_recording(report, pool, program, path):
    recording = vrt.Recording(path)
    first, times = times_of(recording)
    jobs, count = [], 0
    for device, index in queues_of(recording):
        for n, time in enumerate(times):
            for size in SIZES:
                for panel, keys in PANELS.items():
                    count += 1
                    # Every panel at every size at one moment; at the others some of them.
                    if n == len(times) // 2 or count % FEW == 0:
                        jobs.append((device, index, time - first, size, panel, keys))

    def run(job):
        device, index, at, size, panel, keys = job
        frame = Frame(program, path, at, size, keys, f"virtio{device}:{index}")
        return panel, frame, complaints_of(frame, recording, first, at, (device, index))

    wrong = {}
    for panel, frame, complaints in pool.map(run, jobs):
        if complaints:
            wrong.setdefault(panel, []).append((frame, complaints))
    for panel in PANELS:
        bad = wrong.get(panel, [])
        details = [line for frame,
                   complaints in bad[:3] for line in (frame.how(), *("  " + c for c in complaints[:8]))]
        report.say(not bad, f"{path.stem}: every number of {panel}" + (f": {len(bad)} frames" if bad else ""),
                   details)


def check_odd(report, program, path):
    """Whatever is in a recording, a frame is a frame."""
    recording = vrt.Recording(path)
    first, times = times_of(recording)
    wrong = []
    for device, index in queues_of(recording):
        for n, time in enumerate(times + sorted(f.time_ns for f in recording.frames)[::4]):
            for size, (panel, keys) in ((size, panel) for size in SIZES for panel in PANELS.items()):
                if FEW > 1 and (n + len(panel) + len(size)) % 6:
                    continue
                for more in ("", r"\d\d\d\d\d\r", r"\]\]"):
                    frame = Frame(program, path, max(0, time - first), size, more + keys, f"virtio{device}:{index}")
                    wrong += [f"{frame.how()}: {words}" for words in form_of(frame)]
                    if keys:
                        break
    report.say(not wrong, f"{path.stem}: whatever is in it, a frame is a frame", wrong)


# ---- what cannot be ----

def check_refusals(report, program, folder):
    """One clear line that names what was wrong, and nothing on stdout."""
    good = stories.tell("split_wrap", folder)
    raw = good.read_bytes()
    made = {"empty": b"", "foreign": b"#!/bin/sh\n" * 40, "short": raw[:60], "other": raw[:8] + b"\x09\0" + raw[10:],
            "header": raw[:40] + b"\xff" + raw[41:], "queue": raw[:150] + bytes([raw[150] ^ 1]) + raw[151:]}
    for name, content in made.items():
        (folder / f"bad-{name}.vrt").write_bytes(content)
    nothing = folder / "bad-nothing.vrt"
    Recorder().write(nothing)
    cases = [([folder / f"bad-{name}.vrt"], f"bad-{name}.vrt") for name in made]
    cases += [([nothing], "bad-nothing.vrt"), ([folder], folder.name), ([folder / "none.vrt"], "none.vrt"),
              ([], "recording"),
              ([good, "vdz"], "vdz"), ([good, "vda", "vdb"], "vdb"), ([good, "--at", "1e9x"], "1e9x"),
              ([good, "--at", "5000"], "--at"), ([good, "--at", "-1"], "-1"), ([good, "--size", "80"], "80"),
              ([good, "--size", "0x24"], "0x24"), ([good, "--size", "99999x24"], "99999x24"),
              ([good, "--size", "80x24x"], "80x24x"), ([good, "--keys", "\x01"], "--keys"),
              ([good, "--keys", "\\x"], "\\x"),
              ([good, "--speed", "0"], "0"), ([good, "--speed", "fast"], "fast"), ([good, "--speed", "11"], "11"),
              ([good, "--json"], "JSON"), ([good, "--bogus"], "--bogus")]
    wrong = []
    for words, named in cases:
        run = subprocess.run([program, "replay", "--once", *map(str, words)], capture_output=True, timeout=20,
                             check=False)
        lines = run.stderr.decode(errors="replace").partition("Try `")[0].splitlines()
        one = len(lines) == 1 and named in lines[0] and lines[0].isprintable()
        if run.returncode != 2 or run.stdout or not one:
            wrong.append(f"{[Path(w).name for w in words]}: {run.returncode} {run.stderr} {run.stdout[:80]}")
    report.say(not wrong, "what cannot be shown is refused in one line", wrong)


def check_no_terminal(report, program, folder):
    """Where no terminal is, one frame of the size that the environment tells."""
    path, wrong = stories.tell("split_wrap", folder), []
    for env, size in (({}, "80x24"), ({"COLUMNS": "100", "LINES": "30"}, "100x30"),
                      ({"COLUMNS": "x", "LINES": "-1"}, "80x24")):
        run = subprocess.run([program, "replay", "--ascii", path], capture_output=True, timeout=20, check=False,
                             stdin=subprocess.DEVNULL, env=env)
        if run.stdout.decode().splitlines() != Frame(program, path, 0, size).lines or run.returncode:
            wrong.append(f"{env}: {run.returncode} {run.stderr.decode()}")
    report.say(not wrong, "without a terminal one frame is printed", wrong)


# ---- golden frames ----

def golden_jobs(folder):
    """(name, path, at in ns or None, size, keys)"""
    for path in sorted(SAMPLES.glob("*.vrt")):
        recording = vrt.Recording(path)
        first, times = times_of(recording)
        middle = times[len(times) // 2] - first
        for size in ("80x24", "100x30"):
            yield f"{path.stem}-ring-{size}", path, middle, size, ""
        if path.stem in ("linux-blk-split", "linux-net-packed"):
            yield f"{path.stem}-ring-200x60", path, middle, "200x60", ""
            for panel in ("table", "memory", "why", "hist"):
                yield f"{path.stem}-{panel}-80x24", path, middle, "80x24", PANELS[panel]
    for name in ("split_wrap", "packed_wrap", "receive"):
        path = stories.tell(name, folder)
        for size in SIZES:
            yield f"{name}-ring-{size}", path, None, size, ""
        for panel in ("bytes", "chain", "help"):
            yield f"{name}-{panel}-80x24", path, 5 * 10**6, "80x24", PANELS[panel]


def golden(report, program, folder, renew):
    wanted = set()
    changed = []
    for name, path, at, size, keys in golden_jobs(folder):
        file = HERE / "golden" / f"{name}.txt"
        frame = Frame(program, path, at, size, keys)
        text = f"$ vring-trace {frame.how()}\n" + "".join(line + "\n" for line in frame.lines)
        wanted.add(file)
        if renew:
            file.write_text(text, encoding="ascii")
        elif not file.exists():
            changed.append(f"{file.name}: there is none; tests/screens/frames.py PROGRAM --renew writes it")
        elif file.read_text(encoding="ascii") != text:
            changed += difflib.unified_diff(file.read_text(encoding="ascii").splitlines(), text.splitlines(),
                                            f"golden/{file.name}", "now", lineterm="", n=1)
    for file in sorted(set((HERE / "golden").glob("*.txt")) - wanted):
        if renew:
            file.unlink()
        else:
            changed.append(f"{file.name}: nobody asks for it")
    if renew:
        print(f"{len(wanted)} frames written to {os.path.relpath(HERE / 'golden')}")
    else:
        report.say(not changed, "frames are as those kept in golden/", changed)


# ---- letters ----

LEVELS = {"\u2500": "-", "\u2502": "|", "\u252c": "+",
          **dict(zip("\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588", ".:-=+*%#"))}


def check_letters(report, program, path):
    """ASCII, UTF-8 and colour are three ways to write the same frame."""
    wrong = []
    for size in ("100x30", "200x60"):
        for panel, keys in PANELS.items():
            plain = Frame(program, path, 10**7, size, keys)
            utf8 = Frame(program, path, 10**7, size, keys, words=())
            in_c = Frame(program, path, 10**7, size, keys, words=(), env={"LANG": "C", "LC_ALL": "C"})
            as_ascii = ["".join(LEVELS.get(c, c) for c in line) for line in utf8.lines]
            if as_ascii != plain.lines:
                wrong += [f"{panel} {size}: UTF-8 is another picture",
                          *(f"  {a!r} {b!r}" for a, b in zip(as_ascii, plain.lines) if a != b)][:4]
            if in_c.raw != plain.raw:
                wrong.append(f"{panel} {size}: a C locale is not --ascii")
            colour = Frame(program, path, 10**7, size, keys, words=("--ascii", "--color=always"))
            if b"\x1b[" not in colour.raw:
                wrong.append(f"{panel} {size}: --color=always has no colour")
            if claims.without_colour(colour.raw.decode()).splitlines() != plain.lines:
                wrong.append(f"{panel} {size}: with colour it is another picture")
            if size != "100x30":
                continue
            for words, env in ((("--ascii", "--color=auto"), {}), (("--ascii",), {"NO_COLOR": "1"}),
                               (("--ascii", "--color=never"), {})):
                if Frame(program, path, 10**7, size, keys, words=words, env=env).raw != plain.raw:
                    wrong.append(f"{panel} {size}: {words} {env} is another frame")
    report.say(not wrong, f"{path.stem}: ASCII, UTF-8 and colour write the same frame", wrong)


def main(argv):
    if not argv:
        print(__doc__, file=sys.stderr)
        return 2
    program, names = str(Path(argv[0]).resolve()), [name for name in argv[1:] if not name.startswith("--")]
    report = Report()
    with tempfile.TemporaryDirectory(prefix="frames-") as folder, ThreadPoolExecutor(2) as pool:
        folder = Path(folder)
        paths = [stories.tell(name, folder) for name in stories.STORIES] + sorted(SAMPLES.glob("*.vrt"))
        unknown = set(names) - {path.stem for path in paths}
        if unknown:
            print(f"frames.py: no such recording: {' '.join(unknown)}; there are"
                  f" {' '.join(path.stem for path in paths)}", file=sys.stderr)
            return 2
        for path in paths:
            if not names or path.stem in names:
                check_recording(report, pool, program, path)
        if not names:
            for name in stories.ODD:
                check_odd(report, program, stories.tell(name, folder))
            check_refusals(report, program, folder)
            check_no_terminal(report, program, folder)
            check_letters(report, program, folder / "receive.vrt")
            check_letters(report, program, folder / "packed_wrap.vrt")
        if not names and not (report.bad and "--renew" in argv):
            golden(report, program, folder, "--renew" in argv)
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: MIT
"""Is the book true? Each check yields complaints, "FILE:LINE: what is wrong"."""

import re
import subprocess
import xml.dom.minidom
from pathlib import Path
from tempfile import TemporaryDirectory

from chapters import BOOK, IMAGE, LINK, ROOT, chapters, contents, pages
from csource import Quote, source
from elsewhere import qemu_table

LONGEST_SNIPPET = 40  # lines
LONGEST_RUN = 30  # seconds
EXERCISE_LIBS = ["build/gcc/debug/tests/host.a", "build/gcc/debug/libvirtio.a"]
MARKS = ("opinion", "introduction", "later")
COVERED = ["ring"]  # folders every line of which is in some chapter
LATER = {"ring/vrt.h"}  # but for these: recordings are chapter 17's


def place(chapter, line):
    return f"{chapter.path.relative_to(ROOT)}:{line}"


# ---- snippets ----

def snippets(chapter):
    for block in chapter.of("code"):
        where = place(chapter, block.directive[3])
        try:
            quote = Quote(block.directive[2])
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        if block.kind != "fence":
            yield f"{where}: no fence behind it"
        elif block.text != quote.text:
            yield f"{where}: {block.directive[2]} is not as quoted; make book-sync"
        if quote.text.count("\n") >= LONGEST_SNIPPET:
            yield f"{where}: {block.directive[2]} is longer than {LONGEST_SNIPPET} lines"


def uncovered(book):
    """Lines of the covered folders that no chapter quotes, as "FILE:FIRST-LAST"."""
    quoted = {}
    for chapter in book:
        for block in chapter.of("code"):
            try:
                quote = Quote(block.directive[2])
            except ValueError:
                continue
            quoted.setdefault(quote.path, set()).update(range(quote.first, quote.last + 1))
    for folder in COVERED:
        for path in sorted((ROOT / folder).glob("*.[ch]")):
            name = str(path.relative_to(ROOT))
            if name in LATER:
                continue
            missing = sorted(source(name).wanted() - quoted.get(name, set()))
            while missing:
                first = last = missing.pop(0)
                while missing and missing[0] <= last + 2:
                    last = missing.pop(0)
                yield f"{name}:{first}-{last}"


# ---- what commands print ----

def run(command):
    """The output of a command of the book, run where a reader would run it."""
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True,
                          timeout=LONGEST_RUN, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise ValueError(f"'{command}' ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stdout.rstrip("\n")


def outputs(chapter):
    for block in chapter.of("run"):
        where = place(chapter, block.directive[3])
        try:
            printed = run(block.directive[2])
        except (ValueError, subprocess.TimeoutExpired) as error:
            yield f"{where}: {error}"
            continue
        if block.text != printed:
            yield f"{where}: '{block.directive[2]}' prints something else; make book-sync"
    for block in chapter.of("recorded"):
        where = place(chapter, block.directive[3])
        recorded = BOOK / "recorded" / f"{block.directive[1]}.txt"
        if not recorded.is_file():
            yield f"{where}: there is no {recorded.relative_to(ROOT)}"
        elif not block.text or block.text not in recorded.read_text():
            yield f"{where}: not what {recorded.relative_to(ROOT)} has recorded"


# ---- figures ----

def figure_commands():
    rows = [line.split("\t") for line in (BOOK / "figures.tsv").read_text().splitlines()[1:]]
    return {row[0]: row[1] for row in rows}


def figures(book):
    """Every figure used has a command, and the command draws exactly this figure."""
    commands, used = figure_commands(), {}
    for chapter in book:
        for block in chapter.blocks:
            for target in IMAGE.findall(block.text):
                used.setdefault(Path(target).stem, place(chapter, block.line))
    for name, where in used.items():
        if name not in commands:
            yield f"{where}: figures.tsv does not say how {name} is drawn"
            continue
        drawn = run(commands[name])
        path = BOOK / "figures" / f"{name}.svg"
        if not path.is_file() or path.read_text().rstrip("\n") != drawn:
            yield f"{where}: figures/{name}.svg does not follow from its source; make book-sync"
            continue
        xml.dom.minidom.parseString(drawn)
    for name in commands.keys() - used.keys():
        yield f"book/figures.tsv: no page shows {name}"


# ---- claims and proofs ----

def unproven(chapter):
    for block in chapter.blocks:
        if block.kind not in ("paragraph", "item") or block.exempt or block.before_fence:
            continue
        if not block.spans():
            yield f"{place(chapter, block.line)}: neither a proof nor a mark of opinion or introduction"


def test_source(program):
    path = re.sub(r"^(host|qtest)/", "grounds/", program)
    return ROOT / "tests" / f"{path}.c"


class Proofs:
    """What the tests that the book cites say today; each program runs once."""

    def __init__(self, programs):
        self.programs, self.passed = programs, {}

    def check(self, program, test):
        src = test_source(program)
        if not src.is_file():
            return f"there is no test program {program}"
        if not re.search(rf"^static void {re.escape(test)}\(void \*\*state\)", src.read_text(), re.M):
            return f"{program} has no test {test}"
        if program not in self.passed:
            done = subprocess.run([self.programs / program], cwd=ROOT, capture_output=True,
                                  text=True, timeout=120, stdin=subprocess.DEVNULL)
            self.passed[program] = set(re.findall(r"\[       OK \] (\w+)", done.stderr + done.stdout))
        return None if test in self.passed[program] else f"{program}:{test} does not pass"


def shown(book):
    """{page: the runs and records it shows, as run:NAME and recorded:NAME}"""
    return {page.name: {f"{b.directive[0]}:{b.directive[1]}" for b in page.blocks if b.directive}
            for page in book}


def proofs(chapter, tests, named):
    for block in chapter.blocks:
        where = place(chapter, block.line)
        for text, kind in block.spans():
            if kind == "mark" and text not in MARKS:
                yield f"{where}: there is no mark '{text}'"
            for name in text.split() if kind in ("linux", "qemu") else []:
                if not re.match(r"^[\w./-]+:\w+$", name):
                    yield f"{where}: '{name}' is not FILE:SYMBOL"
            if kind != "proof":
                continue
            for name in text.split():
                source_, _, what = name.rpartition(":")
                page, _, kind_ = source_.rpartition("/")
                if kind_ in ("run", "recorded"):
                    there = named.get(page or chapter.name, set())
                    error = None if f"{kind_}:{what}" in there else f"no {kind_} {what} {'in ' + page if page else 'here'}"
                elif source_:
                    error = tests.check(source_, what)
                else:
                    error = f"'{name}' is not PROGRAM:TEST"
                if error:
                    yield f"{where}: {error}"


# ---- exercises ----

def exercises(chapter, scratch):
    """Each is red as it stands, and green with its answer."""
    names = []
    for block in chapter.blocks:
        names += re.findall(r"make exercise E=([\w-]+)", block.text)
    for name in dict.fromkeys(names):
        where = place(chapter, next(b.line for b in chapter.blocks if f"E={name}" in b.text))
        path = BOOK / "exercises" / f"{name}.c"
        if not path.is_file() or not path.with_suffix(".answer.c").is_file():
            yield f"{where}: exercises/{name}.c or its answer is not there"
            continue
        for flags, want in (([], "red"), (["-DANSWER"], "green")):
            program = Path(scratch) / name
            built = subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-g", "-I.", *flags, path,
                                    *EXERCISE_LIBS, "-lcmocka", "-o", program], cwd=ROOT,
                                   capture_output=True, text=True, check=False)
            if built.returncode:
                error = re.search(r"error: .*", built.stderr)
                yield f"{where}: {name} does not compile ({want}): {error.group() if error else built.stderr[-200:]}"
                continue
            try:
                done = subprocess.run([program], cwd=ROOT, capture_output=True, timeout=10,
                                      stdin=subprocess.DEVNULL, check=False).returncode
            except subprocess.TimeoutExpired:
                done = 1
            if (done == 0) != (want == "green"):
                yield f"{where}: {name} is not {want} {'with' if flags else 'without'} its answer"


# ---- links ----

def links(chapter, book):
    anchors = {c.path.name: c.anchors for c in book}
    planned = {row["file"] for row in contents() if row["state"] == "planned"}
    for block in chapter.blocks:
        for target in LINK.findall(block.text):
            if re.match(r"\w+:", target):
                continue
            file, _, fragment = target.partition("#")
            path = (chapter.path.parent / file) if file else chapter.path
            where = place(chapter, block.line)
            if not path.exists() and path.name not in planned:
                yield f"{where}: nothing is at {target}"
            elif fragment and fragment not in anchors.get(path.name, {fragment}):
                yield f"{where}: no heading {target}"


def explained(book):
    """What vring-trace --explain names is there: each chapter of explain.tsv, and its heading."""
    anchors = {c.path.name: c.anchors for c in book}
    for row in (BOOK / "explain.tsv").read_text().splitlines()[1:]:
        word, file, heading = row.split("\t")
        if heading not in anchors.get(file, ()):
            yield f"book/explain.tsv: {word}: no heading {file}#{heading}"


# ---- all of it ----

def sync():
    """Puts code, outputs and figures into the text as they are now."""
    book = pages()
    for name, command in figure_commands().items():
        path = BOOK / "figures" / f"{name}.svg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(run(command) + "\n")
    for chapter in book:
        lines = list(chapter.lines)
        for block in reversed(chapter.blocks):
            if block.kind != "fence" or not block.directive:
                continue
            what, name, argument, _ = block.directive
            if what == "code":
                text = Quote(argument).text
            elif what == "run":
                text = run(argument)
            else:
                # What it quotes may be part of the record; if it quotes nothing, it is all of it.
                recorded = (BOOK / "recorded" / f"{name}.txt").read_text().rstrip("\n")
                text = block.text if block.text and block.text in recorded else recorded
            count = len(block.text.split("\n")) if lines[block.line] != "```" or block.text else 0
            lines[block.line:block.line + count] = text.split("\n")
        chapter.path.write_text("\n".join(lines) + "\n")


def check(programs):
    """Prints a line for each part of the book; how many complaints there were."""
    book = pages()
    bad = 0

    def report(what, complaints):
        nonlocal bad
        complaints = list(complaints)
        bad += len(complaints)
        print(f"ok - {what}" if not complaints else
              "\n".join(f"not ok - {complaint}" for complaint in complaints))

    tests, named = Proofs(programs), shown(book)
    for chapter in book:
        count = len(chapter.of("code"))
        report(f"{chapter.name}: {count} snippets are the code", snippets(chapter))
        report(f"{chapter.name}: outputs are as printed", outputs(chapter))
        report(f"{chapter.name}: every claim has its proof", unproven(chapter))
        report(f"{chapter.name}: every proof holds", proofs(chapter, tests, named))
        report(f"{chapter.name}: links lead somewhere", links(chapter, book))
        with TemporaryDirectory() as scratch:
            report(f"{chapter.name}: exercises are red, and green with their answers",
                   exercises(chapter, scratch))
    report("what vring-trace --explain names is there", explained(book))
    report("figures follow from their sources", figures(book))
    report("QEMU's symbols are those of its table", qemu_table())
    missing = list(uncovered(chapters()))
    if any(row["state"] == "planned" for row in contents()):
        print(f"# chapters are planned that will quote {len(missing)} more places of ring/")
    else:
        report("every line of ring/ is in a chapter", (f"{m}: in no chapter" for m in missing))
    return bad

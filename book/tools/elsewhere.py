# SPDX-License-Identifier: MIT
"""What the book says that Linux and QEMU have: is it there, in the versions it speaks of?

Linux 6.1 is looked up in its source, a tree or Debian's archive of one. QEMU's source is no package; what
the book names of it stands in book/qemu-7.2.tsv, with a word that the program itself contains."""

import re
import subprocess
import tarfile
from pathlib import Path

from chapters import BOOK, pages

LINUX = ("6", "1")


def named(kind):
    """{(file, symbol): places} of all spans of this kind."""
    found = {}
    for page in pages():
        for block in page.blocks:
            for text, _ in block.spans(kind):
                for name in text.split():
                    file, _, symbol = name.rpartition(":")
                    found.setdefault((file, symbol), []).append(f"book/{page.path.name}:{block.line}")
    return found


def defines(text, symbol):
    """A function, a struct, a macro or a table of that name. Tells a definition from a call by the margin."""
    name = re.escape(symbol)
    return re.search(rf"^(?:(?:static|extern|const|inline|struct|union|enum|unsigned|void|int|bool|u?\w+)[\w\s*]*?"
                     rf"\b{name}\s*(?:\(|\[|=|\{{)|#\s*define\s+{name}\b)", text, re.M) is not None


def tree_files(tree, wanted):
    """{file: text} of those wanted: from a folder, or from a tar file whose root is one folder."""
    tree = Path(tree)
    if tree.is_dir():
        return {file: (tree / file).read_text(errors="replace") for file in wanted if (tree / file).is_file()}
    texts = {}
    with tarfile.open(tree, "r|*") as archive:
        for member in archive:
            file = member.name.removeprefix("./").partition("/")[2]
            if file in wanted and member.isfile():
                texts[file] = archive.extractfile(member).read().decode(errors="replace")
                if len(texts) == len(wanted):
                    break
    return texts


def linux(tree):
    """Prints what is not there; how many complaints."""
    spans = named("linux")
    texts = tree_files(tree, {file for file, _ in spans} | {"Makefile"})
    version = re.findall(r"^(?:VERSION|PATCHLEVEL) = (\d+)", texts.get("Makefile", ""), re.M)
    bad = []
    if tuple(version) != LINUX:
        bad.append(f"{tree} is not the source of Linux {'.'.join(LINUX)}")
    for (file, symbol), places in sorted(spans.items()):
        if file not in texts:
            bad.append(f"{places[0]}: Linux has no {file}")
        elif not defines(texts[file], symbol):
            bad.append(f"{places[0]}: {file} defines no {symbol}")
    print("\n".join(f"not ok - {b}" for b in bad) or f"ok - Linux 6.1 has the {len(spans)} symbols the book names")
    return len(bad)


def qemu_rows():
    rows = [line.split("\t") for line in (BOOK / "qemu-7.2.tsv").read_text().splitlines()[1:]]
    return {(row[0], row[1]): row[2] for row in rows}


def qemu_table():
    """Complaints: what the book names of QEMU is in the table, and the table has nothing else."""
    spans, rows = named("qemu"), qemu_rows()
    for (file, symbol), places in sorted(spans.items()):
        if (file, symbol) not in rows:
            yield f"{places[0]}: book/qemu-7.2.tsv has no {file}:{symbol}"
    for file, symbol in sorted(rows.keys() - spans.keys()):
        yield f"book/qemu-7.2.tsv: nothing in the book names {file}:{symbol}"


def qemu(program):
    """Prints which witnesses the program lacks; how many complaints."""
    image = Path(program).read_bytes()
    symbols = subprocess.run(["nm", "-D", "--defined-only", program], capture_output=True, text=True,
                             check=False).stdout.split()
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    bad = []
    if " 7.2." not in version:
        bad.append(f"{program} is not QEMU 7.2: {version.splitlines()[:1]}")
    for (file, symbol), witness in qemu_rows().items():
        if (symbol not in symbols) if witness == "symbol" else (witness.encode() not in image):
            bad.append(f"{program}: no sign of {file}:{symbol}")
    print("\n".join(f"not ok - {b}" for b in bad) or f"ok - QEMU 7.2 shows signs of all {len(qemu_rows())} symbols")
    return len(bad)

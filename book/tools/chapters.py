# SPDX-License-Identifier: MIT
"""A chapter of the book, cut into what the checker and the press need to know of it.

The text is Markdown as pandoc reads it. A line of its own gives the block behind it a meaning:

  <!-- code: FILE#NAME -->           the fence is that definition, to the letter
  <!-- run NAME: COMMAND -->         the fence is what COMMAND prints, to the letter
  <!-- recorded NAME: COMMAND -->    the same, where it needs a guest or spin: as book/recorded/NAME.txt has it
  <!-- figure: NAME -->              the picture is figures/NAME.svg

and in the text, at the end of a paragraph or of a list's item:

  [ring/split:TEST]{.proof}          a test that proves what was said; also run:NAME and recorded:NAME of
                                     the same page, or CHAPTER/run:NAME of another
  [drivers/virtio/F.c:SYMBOL]{.linux} where Linux 6.1 has it; {.qemu} for QEMU 7.2
  [opinion]{.mark} [introduction]{.mark}
  [later]{.mark}                     what a later Linux or QEMU does: read in its source, not checked here
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"

DIRECTIVE = re.compile(r"^<!-- (code|run|recorded|figure)(?: ([\w-]+))?: (.+) -->$")
SPAN = re.compile(r"\[([^\]\[]+)\]\{\.(proof|linux|qemu|mark)\}")
HEADING = re.compile(r"^(#{1,4}) (.*?)(?: \{(.*)\})?$")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)", re.S)


class Block:
    """A paragraph, list item, table, quotation, heading or fence, from line .line on."""

    def __init__(self, kind, line, text, directive=None):
        self.kind, self.line, self.text, self.directive = kind, line, text, directive
        self.exempt = False  # below a heading with .introduction, .opinion or .exercises
        self.before_fence = False  # ends in a colon and leads to code, a run or a figure

    def spans(self, kind=None):
        return [(text, k) for text, k in SPAN.findall(self.text) if kind in (None, k)]


class Chapter:
    def __init__(self, path):
        self.path = Path(path)
        self.name = self.path.stem
        self.lines = self.path.read_text().splitlines()
        self.blocks = list(self._cut())
        self._mark()
        headings = [b for b in self.blocks if b.kind == "heading"]
        self.title = HEADING.match(headings[0].text).group(2) if headings else self.name
        self.anchors = {anchor(HEADING.match(b.text)) for b in headings}

    def of(self, directive):
        return [b for b in self.blocks if b.directive and b.directive[0] == directive]

    def _cut(self):
        number, directive = 0, None
        while number < len(self.lines):
            line, first = self.lines[number], number
            match = DIRECTIVE.match(line)
            if match:
                directive = (match.group(1), match.group(2), match.group(3), number + 1)
                number += 1
                continue
            if not line.strip():
                number += 1
                continue
            if line.startswith("```"):
                number += 1
                while number < len(self.lines) and not self.lines[number].startswith("```"):
                    number += 1
                yield Block("fence", first + 1, "\n".join(self.lines[first + 1:number]), directive)
                number, directive = number + 1, None
                continue
            if line.startswith("#"):
                yield Block("heading", first + 1, line)
                number += 1
                continue
            kind = ("table" if line.startswith("|") else "item" if ITEM.match(line) else
                    "figure" if line.startswith("![") else "code" if line.startswith("    ") else
                    "comment" if line.startswith("<!--") else "paragraph")
            number += 1
            while number < len(self.lines) and self.lines[number].strip():
                text = self.lines[number]
                if text.startswith("```") or DIRECTIVE.match(text):
                    break
                if ITEM.match(text) and kind in ("item", "paragraph"):
                    break
                number += 1
            yield Block(kind, first + 1, "\n".join(self.lines[first:number]), directive)
            directive = None

    def _mark(self):
        exempt = None
        for at, block in enumerate(self.blocks):
            if block.kind == "heading":
                level, _, attributes = HEADING.match(block.text).groups()
                if exempt is not None and len(level) <= exempt:
                    exempt = None
                if attributes and re.search(r"\.(introduction|opinion|exercises)\b", attributes):
                    exempt = len(level)
            # The question a chapter opens with is a line in italics of its own.
            block.exempt = exempt is not None or re.fullmatch(r"\*[^*]+\*", block.text) is not None
            following = self.blocks[at + 1] if at + 1 < len(self.blocks) else None
            if following is not None and block.text.rstrip().endswith(":"):
                block.before_fence = following.kind in ("fence", "figure", "code", "item", "table")


ITEM = re.compile(r"^\s*([-*]|\d+\.) ")


def anchor(heading):
    """The id that pandoc gives a heading, as far as our headings go."""
    _, text, attributes = heading.groups()
    given = re.search(r"#([\w-]+)", attributes or "")
    if given:
        return given.group(1)
    text = re.sub(r"[^\w\s.-]", "", text.lower()).strip()
    return re.sub(r"^[^a-z]+", "", re.sub(r"\s+", "-", text)) or "section"


def contents():
    """Rows of book/contents.tsv: number, file, title, question, state."""
    rows = [line.split("\t") for line in (BOOK / "contents.tsv").read_text().splitlines()[1:]]
    return [dict(zip(("number", "file", "title", "question", "state"), row)) for row in rows]


def chapters():
    """Those that are written, in the order of the book."""
    return [Chapter(BOOK / row["file"]) for row in contents() if row["state"] == "written"]


def pages():
    """All that is written by hand: the front page, the chapters, the notes."""
    front, notes = ([Chapter(BOOK / name)] if (BOOK / name).is_file() else [] for name in ("index.md", "notes.md"))
    return front + chapters() + notes

# SPDX-License-Identifier: MIT
"""Definitions of C sources by symbol: what the book quotes, and which lines that is.

A source is cut into items at its left margin: a function, a struct, a table, a prototype, a macro. An
item has the lines it is made of, the names it defines, and the comment in front of it. No compiler is
asked; clang-format keeps the sources in the one shape that this understands.
"""

import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Item:
    """Lines first..last (from 1) of a file, and the names they define."""

    def __init__(self, first, last, names, doc):
        self.first, self.last, self.names, self.doc = first, last, names, doc


class Source:
    def __init__(self, path):
        self.path = path
        self.lines = (ROOT / path).read_text().splitlines()
        self.items = _items(self.lines)

    def last(self):
        """The last item; in a header, the one before the end of its guard."""
        return self.items[-2 if self.path.endswith(".h") else -1]

    def find(self, name):
        return next((item for item in self.items if name in item.names), None)

    def wanted(self):
        """Lines that a reader of the whole book must have seen: the code, not its comments."""
        lines = set()
        in_comment = False
        for number, line in enumerate(self.lines, 1):
            text = line.strip()
            if in_comment:
                in_comment = "*/" not in text
                continue
            if text.startswith("/*") and "*/" not in text:
                in_comment = True
                continue
            if not text or text.startswith(("/*", "//", "#include", "#ifndef", "#ifdef", "#if ",
                                            "#else", "#endif", "_Static_assert")):
                continue
            if re.match(r"#define ([A-Z_]+_H$|__)", text):  # guards, what compilers call things
                continue
            lines.add(number)
        return lines


def _names(text):
    """What a definition defines, the likeliest name first."""
    names = []
    macro = re.match(r"#\s*define\s+(\w+)", text)
    if macro:
        return [macro.group(1)]
    tag = re.match(r"(?:typedef )?(struct|enum|union) (\w+)\s*\{", text)
    if tag:
        names.append(tag.group(2))
        names += re.findall(r"^\t([A-Z][A-Z0-9_]+)\b", text, re.M) if tag.group(1) == "enum" else []
        return names
    anonymous = re.match(r"(enum|struct|union)\s*\{", text)
    if anonymous:
        return re.findall(r"^\t([A-Z][A-Z0-9_]+)\b", text, re.M)
    head = text.split("{")[0]
    function = re.search(r"(\w+)\(", re.sub(r"__attribute__\(\(.*?\)\)", "", head))
    table = re.search(r"(\w+)(?:\[[^\]]*\])*\s*(?:=|;)", head)
    if function and not (table and table.start() < function.start()):
        names.append(function.group(1))
    elif table:
        names.append(table.group(1))
    alias = re.match(r"typedef .*?(\w+);$", text, re.S)
    if alias:
        names.append(alias.group(1))
    return names


def _items(lines):
    items, doc, number = [], None, 0
    while number < len(lines):
        line = lines[number]
        first = number
        if not line.strip():
            doc, number = None, number + 1
        elif line.startswith(("/*", "//")):
            while line.startswith("/*") and "*/" not in lines[number]:
                number += 1
            doc, number = first if doc is None else doc, number + 1
        elif line.startswith("#"):
            while lines[number].endswith("\\"):
                number += 1
            number += 1
            items.append(Item(first + 1, number, _names("\n".join(lines[first:number])),
                              None if doc is None else doc + 1))
            doc = None
        else:
            number = _end(lines, number)
            items.append(Item(first + 1, number, _names("\n".join(lines[first:number])),
                              None if doc is None else doc + 1))
            doc = None
    return items


def _end(lines, number):
    """One past the last line of the item that starts at @number."""
    while number < len(lines):
        line = lines[number]
        if line.startswith("}"):
            return number + 1
        if re.search(r"[;}]\s*(/\*.*\*/|//.*)?$", line) and not line.startswith((" ", "\t")):
            return number + 1
        if line.endswith(";") and line.startswith((" ", "\t")) and not _opened(lines, number):
            return number + 1
        number += 1
    return number


def _opened(lines, number):
    """Is there a brace open at the left margin above this line? Then the line is inside a body."""
    while number > 0:
        number -= 1
        line = lines[number]
        if line.startswith("}"):
            return False
        if line.startswith("{") or (not line.startswith((" ", "\t", "#")) and
                                    re.search(r"\{\s*(/\*.*\*/)?$", line)):
            return True
        if line and not line.startswith((" ", "\t", "/", "#")) and line.endswith(";"):
            return False
    return False


@lru_cache(maxsize=None)
def source(path):
    return Source(path)


class Quote:
    """What an address in the text stands for.

    FILE#NAME is a definition, FILE#NAME..NAME all from one to another, FILE#NAME[from..to] part of
    one: from the line with the one text to the line with the other, either may be left out.
    FILE#NAME..$ is all from NAME on. The word "doc" behind it takes the comment in front of the
    definition as well.
    """

    ADDRESS = re.compile(r"^([^#\s]+)#(\w+)(?:\.\.(\w+|\$))?(?:\[(.*?)\.\.(.*?)\])?( doc)?$")

    def __init__(self, address):
        match = self.ADDRESS.match(address)
        if not match:
            raise ValueError(f"{address}: not FILE#NAME, FILE#NAME..NAME or FILE#NAME[from..to]")
        self.path, name, to_name, start, end, doc = match.groups()
        if not (ROOT / self.path).is_file():
            raise ValueError(f"{address}: there is no such file")
        src = source(self.path)
        first = self._item(src, name)
        last = src.last() if to_name == "$" else self._item(src, to_name or name)
        self.first, self.last = first.first, last.last
        if doc and first.doc:
            self.first = first.doc
        if start:
            self.first = self._line(src, start)
        if end:
            self.last = self._line(src, end)
        if self.last < self.first:
            raise ValueError(f"{address}: ends before it starts")
        self.text = "\n".join(src.lines[self.first - 1:self.last])

    @staticmethod
    def _item(src, name):
        item = src.find(name)
        if item is None:
            raise ValueError(f"{src.path} defines no {name}")
        return item

    def _line(self, src, text):
        for number in range(self.first, self.last + 1):
            if text in src.lines[number - 1]:
                return number
        raise ValueError(f"{src.path}: no line with '{text}' there")

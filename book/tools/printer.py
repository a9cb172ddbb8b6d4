# SPDX-License-Identifier: MIT
"""Prints the book: HTML pages, an EPUB, a PDF. pandoc turns Markdown into each; this prepares the text
for it, and makes the pages that no one writes by hand: code with links back, source map, index."""

import html as escape
import json
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from chapters import BOOK, DIRECTIVE, HEADING, ROOT, SPAN, Chapter, anchor, chapters, contents
from check import test_source
from csource import Quote

LUNR = Path("/usr/share/javascript/lunr/lunr.min.js")


def pandoc(text, to, *options):
    done = subprocess.run(["pandoc", "-f", "markdown-implicit_figures+smart", "-t", to, *options],
                          input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"book: pandoc: {done.stderr.strip()}")
    return done.stdout


# ---- links between text and code ----

def code_page(path):
    return f"code/{path}.html"


def span_html(match, linked):
    """What a proof, a place in Linux or QEMU, or a mark looks like in print."""
    text, kind = match.groups()
    if kind == "mark":
        return ""
    if kind in ("linux", "qemu"):
        name = {"linux": "Linux", "qemu": "QEMU"}[kind]
        return " ".join(f'<span class="elsewhere" title="{name}">{name} {escape.escape(place)}</span>'
                        for place in text.split())
    out = []
    for name in text.split():
        program, _, what = name.rpartition(":")
        label = escape.escape(what.replace("_", " "))
        href = None
        if program in ("run", "recorded"):
            href = f"#{program}-{what}"
        elif linked and test_source(program).is_file():
            path = test_source(program)
            line = next((n for n, l in enumerate(path.read_text().splitlines(), 1)
                         if re.match(rf"static void {re.escape(what)}\(", l)), 1)
            href = f"{code_page(path.relative_to(ROOT))}#L{line}"
        inner = f'<a href="{href}">{label}</a>' if href else label
        out.append(f'<span class="proof" title="{escape.escape(name)}">{inner}</span>')
    return " ".join(out)


def prepare(chapter, linked):
    """The chapter as pandoc is to read it. @linked: there are pages of code to link to."""
    out, directive = [], None
    lines = iter(chapter.lines)
    for line in lines:
        match = DIRECTIVE.match(line)
        if match:
            directive = match.groups()
            continue
        if line.startswith("```") and directive:
            what, name, argument = directive
            directive = None
            title, ident, language = argument, "", "c"
            if what == "code":
                quote = Quote(argument)
                title = f"{quote.path}:{quote.first}"
                if linked:
                    title = f'<a href="{code_page(quote.path)}#L{quote.first}">{title}</a>'
            else:
                ident, language = f"#{what}-{name} ", "console"
                title = f"$ {escape.escape(argument)}"
            out += [f"::: {{{ident}.listing .{what}}}", "", f'<div class="from">{title}</div>', "",
                    f"```{{.{language}}}"]
            for line in lines:
                out.append(line)
                if line.startswith("```"):
                    break
            out += ["", ":::", ""]
            continue
        out.append(line)
    # A span may run over the end of a line.
    return SPAN.sub(lambda m: span_html(m, linked), "\n".join(out))


def quoted_lines(book):
    """{path: {line: chapter}} for the links from code to text."""
    quoted = {}
    for chapter in book:
        for block in chapter.of("code"):
            quote = Quote(block.directive[2])
            for line in range(quote.first, quote.last + 1):
                quoted.setdefault(quote.path, {}).setdefault(line, chapter)
    return quoted


def cited_files(book):
    files = set(quoted_lines(book))
    for chapter in book:
        for block in chapter.blocks:
            for text, kind in block.spans("proof"):
                for name in text.split():
                    program = name.rpartition(":")[0]
                    if program and test_source(program).is_file():
                        files.add(str(test_source(program).relative_to(ROOT)))
    return sorted(files)


# ---- pages that nobody writes ----

def notes_page():
    return Chapter(BOOK / "notes.md") if (BOOK / "notes.md").is_file() else None


def source_map(book):
    """Where Linux and QEMU have what the chapters speak of."""
    rows = {}
    for chapter in book:
        for block in chapter.blocks:
            for text, kind in block.spans():
                for name in text.split() if kind in ("linux", "qemu") else []:
                    rows.setdefault((kind, name), []).append(chapter)
    out = ["# Source map", "", "Linux 6.1, QEMU 7.2.", ""]
    for kind, title in (("linux", "Linux"), ("qemu", "QEMU")):
        out += [f"## {title}", "", "| file | symbol | chapter |", "|---|---|---|"]
        for (k, text), where in sorted(rows.items()):
            if k == kind:
                file, _, symbol = text.rpartition(":")
                links = ", ".join(f"[{c.title}]({c.name}.html)" for c in dict.fromkeys(where))
                out.append(f"| `{file}` | `{symbol}` | {links} |")
        out.append("")
    return "\n".join(out)


def glossary():
    rows = [l.split("\t") for l in (BOOK / "glossary.tsv").read_text().splitlines()[1:]]
    out = ["# Glossary", "", "| term | 中文 | what it is |", "|---|---|---|"]
    return "\n".join(out + [f"| {a} | {b} | {c} |" for a, b, c in rows]) + "\n"


def clause_table():
    rows = [l.split("\t") for l in (ROOT / "tests/clauses.tsv").read_text().splitlines()[1:]]
    out = ["# Clauses", "", "What the specification demands, and the code and tests that answer.", "",
           "| clause | section | side | demand | code |", "|---|---|---|---|---|"]
    for row in rows:
        if len(row) > 6 and row[6] != "-":
            path = row[5].split(":")[0].split(" ")[0]
            code = f"`{row[5]}`" if row[5] != "-" else ""
            out.append(f"| {row[0]} | {row[1]} | {row[2]} | {row[4]} | {code} |")
    return "\n".join(out) + "\n"


def index(book):
    """Every symbol quoted and every term of the glossary, and where."""
    places = {}
    terms = []
    if (BOOK / "glossary.tsv").is_file():
        terms = [l.split("\t")[0] for l in (BOOK / "glossary.tsv").read_text().splitlines()[1:]]
    for chapter in book:
        for block in chapter.of("code"):
            symbol = Quote.ADDRESS.match(block.directive[2]).group(2)
            places.setdefault(f"`{symbol}`", []).append(chapter)
        text = "\n".join(b.text for b in chapter.blocks if b.kind in ("paragraph", "item")).lower()
        for term in terms:
            if re.search(rf"\b{re.escape(term.lower())}\b", text):
                places.setdefault(term, []).append(chapter)
    out = ["# Index", ""]
    for name in sorted(places, key=lambda n: n.strip("`").lower()):
        where = ", ".join(f"[{c.title}]({c.name}.html)" for c in dict.fromkeys(places[name]))
        out.append(f"* {name}: {where}")
    return "\n".join(out) + "\n"


def answers():
    out = ["# Answers", ""]
    for path in sorted((BOOK / "exercises").glob("*.answer.c")):
        out += [f"## {path.name.removesuffix('.answer.c')}", "", "```c", path.read_text().rstrip(),
                "```", ""]
    return "\n".join(out)


def back_matter(book):
    """(file name, title, Markdown) of each page behind the chapters."""
    pages = []
    if notes_page():
        pages.append(("notes", "Notes, settled", prepare(notes_page(), True)))
    pages.append(("source-map", "Source map", source_map(book)))
    if (BOOK / "glossary.tsv").is_file():
        pages.append(("glossary", "Glossary", glossary()))
    pages.append(("clauses", "Clauses", clause_table()))
    pages.append(("index-of-words", "Index", index(book)))
    if (BOOK / "exercises").is_dir():
        pages.append(("answers", "Answers", answers()))
    return pages


# ---- HTML ----

def menu(book, back, here, up=""):
    rows = {row["file"]: row for row in contents()}
    out = ['<ol class="chapters">']
    for row in contents():
        chapter = next((c for c in book if c.path.name == row["file"]), None)
        number = row["number"]
        if chapter:
            current = ' aria-current="page"' if chapter.name == here else ""
            out.append(f'<li><span>{number}</span><a href="{up}{chapter.name}.html"{current}>'
                       f'{escape.escape(row["title"])}</a></li>')
        else:
            out.append(f'<li class="later"><span>{number}</span>{escape.escape(row["title"])}</li>')
    out.append('</ol><ul class="back">')
    for name, title, _ in back:
        current = ' aria-current="page"' if name == here else ""
        out.append(f'<li><a href="{up}{name}.html"{current}>{title}</a></li>')
    out.append("</ul>")
    del rows
    return "\n".join(out)


def page(title, body, nav, up="", before=None, after=None, kind="chapter"):
    template = (BOOK / "tools" / "page.html").read_text()
    turn = ""
    if before or after:
        turn = '<nav class="turn">'
        turn += f'<a rel="prev" href="{before[0]}.html">{escape.escape(before[1])}</a>' if before else "<span></span>"
        turn += f'<a rel="next" href="{after[0]}.html">{escape.escape(after[1])}</a>' if after else ""
        turn += "</nav>"
    values = {"TITLE": escape.escape(title), "BODY": body, "MENU": nav, "UP": up, "TURN": turn,
              "KIND": kind}
    return re.sub(r"\{\{(\w+)\}\}", lambda m: values[m.group(1)], template)


def code_html(path, quoted):
    """A source file with its lines numbered, and the chapter beside the lines it quotes."""
    text = (ROOT / path).read_text()
    rows, last = [], None
    lines = pandoc(f"~~~~~~~~{{.c .numberLines}}\n{text.rstrip()}\n~~~~~~~~\n", "html")
    code = re.search(r"<code[^>]*>(.*)</code>", lines, re.S).group(1)
    spans = re.split(r'(?=<span id="cb\d+-\d+">)', code)[1:]
    for number, span in enumerate(spans, 1):
        chapter = quoted.get(number)
        note = ""
        if chapter and chapter is not last:
            note = (f'<a class="chapter" href="{"../" * (path.count("/") + 1)}{chapter.name}.html">'
                    f"{escape.escape(chapter.title)}</a>")
        last = chapter
        mark = " quoted" if chapter else ""
        inner = re.sub(r'^<span id="[^"]+"><a [^>]*></a>', "", span.rstrip("\n"))
        inner = inner[:-len("</span>")] if inner.endswith("</span>") else inner
        rows.append(f'<div class="line{mark}" id="L{number}"><a class="no" href="#L{number}">{number}'
                    f"</a><span>{inner}</span>{note}</div>")
    return f'<h1 class="path">{escape.escape(path)}</h1><div class="source">{"".join(rows)}</div>'


def words(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>|[#*`|{}\[\]]", " ", text)).strip()


def search_index(book, back):
    """What is searched: each section of each chapter, and the pages behind."""
    entries = []
    for chapter in book:
        title, ident, text = chapter.title, "", []
        for block in chapter.blocks + [None]:
            if block is None or block.kind == "heading":
                if text:
                    entries.append({"at": f"{chapter.name}.html{ident}", "title": title,
                                    "text": words(" ".join(text))})
                if block is not None:
                    match = HEADING.match(block.text)
                    title, ident, text = match.group(2), f"#{anchor(match)}", []
            elif block.kind != "comment":
                text.append(SPAN.sub("", block.text))
    for name, title, text in back:
        entries.append({"at": f"{name}.html", "title": title, "text": words(text)})
    return "const PAGES = " + json.dumps(entries, ensure_ascii=False) + ";\n"


def html(out):
    book = chapters()
    back = back_matter(book)
    shutil.rmtree(out, ignore_errors=True)
    (out / "figures").mkdir(parents=True)
    for figure in sorted((BOOK / "figures").glob("*")):
        shutil.copy(figure, out / "figures")
    for name in ("book.css", "book.js"):
        shutil.copy(BOOK / "tools" / name, out)
    if not LUNR.is_file():
        raise SystemExit("book: no lunr.js; make deps FOR=book installs it")
    shutil.copy(LUNR, out / "lunr.js")
    (out / "pages.js").write_text(search_index(book, back))

    front = (BOOK / "index.md")
    if front.is_file():
        first = Chapter(front)
        body = pandoc(links_to_html(prepare(first, True)), "html")
        (out / "index.html").write_text(page(first.title, body, menu(book, back, "index"), kind="front",
                                             after=(book[0].name, book[0].title) if book else None))
    turns = [("index", "Front page")] + [(c.name, c.title) for c in book] + [b[:2] for b in back]
    texts = [(c.name, c.title, prepare(c, True)) for c in book] + back
    for number, (name, title, text) in enumerate(texts, 1):
        body = pandoc(links_to_html(text), "html")
        after = turns[number + 1] if number + 1 < len(turns) else None
        (out / f"{name}.html").write_text(page(title, body, menu(book, back, name),
                                               before=turns[number - 1], after=after))
    quoted = quoted_lines(book)
    for path in cited_files(book):
        target = out / code_page(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (path.count("/") + 1)
        target.write_text(page(path, code_html(path, quoted.get(path, {})), menu(book, back, path, up),
                               up=up, kind="code"))
    print(f"book: {out}/index.html, {len(book)} chapters, {len(cited_files(book))} files of code")
    return 0


def links_to_html(text):
    """Links between chapters lead to .md where the text is read raw, to .html in print."""
    return re.sub(r"\]\(([\w-]+)\.md(#[\w-]+)?\)", r"](\1.html\2)", text)


# ---- in one piece ----

def whole():
    """Front page, chapters and back matter as one text, without pages of code to link to."""
    book = chapters()
    parts = []
    if (BOOK / "index.md").is_file():
        parts.append(prepare(Chapter(BOOK / "index.md"), False))
    parts += [prepare(c, False) for c in book]
    parts += [text for name, _, text in back_matter(book) if name != "index-of-words"]
    text = "\n\n".join(parts)
    return re.sub(r"\]\([\w-]+\.(md|html)(#[\w-]+)?\)", lambda m: f"]({m.group(2) or '#'})", text)


def epub(out):
    with TemporaryDirectory() as scratch:
        text = Path(scratch) / "book.md"
        text.write_text(whole())
        return subprocess.run(["pandoc", "-f", "markdown+smart", str(text), "-o", str(out), "--toc",
                               "--toc-depth=2", "--epub-chapter-level=1", "--metadata",
                               "title=Virtio, read beside the code", "--metadata", "lang=en",
                               "--resource-path", str(BOOK), "--css",
                               str(BOOK / "tools" / "print.css")], check=False).returncode


def pdf(out):
    with TemporaryDirectory() as scratch:
        text = Path(scratch) / "book.md"
        text.write_text(whole())
        return subprocess.run(["pandoc", "-f", "markdown+smart", str(text), "-o", str(out), "--toc",
                               "--toc-depth=2", "--pdf-engine=weasyprint", "-t", "html5",
                               "--metadata", "title=Virtio, read beside the code", "--metadata",
                               "lang=en", "--resource-path", str(BOOK), "--css",
                               str(BOOK / "tools" / "print.css")], check=False).returncode

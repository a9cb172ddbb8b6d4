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

from chapters import BOOK, DIRECTIVE, HEADING, ROOT, SPAN, Chapter, anchor, chapters, contents, pages
from check import test_source
from csource import Quote

LUNR = Path("/usr/share/javascript/lunr/lunr.min.js")


def pandoc(text, to, *options):
    done = subprocess.run(["pandoc", "-f", "markdown+smart", "-t", to, *options],
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
        return '<span class="elsewhere">read in a later source, not checked</span>' if text == "later" else ""
    if kind in ("linux", "qemu"):
        name = {"linux": "Linux", "qemu": "QEMU"}[kind]
        return " ".join(f'<span class="elsewhere" title="{name}">{name} {escape.escape(place)}</span>'
                        for place in text.split())
    out = []
    for name in text.split():
        program, _, what = name.rpartition(":")
        label = escape.escape(what.replace("_", " "))
        href = None
        page, _, kind_ = program.rpartition("/")
        if kind_ in ("run", "recorded"):
            href = f"{page}.html#{kind_}-{what}" if page and linked else f"#{kind_}-{what}"
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
    out, directive, ids = [], None, set()
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
                ident = f"#{quote_id(quote)} " if linked and quote_id(quote) not in ids else ""
                ids.add(quote_id(quote))
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
    text = "\n".join(out)
    text = re.sub(r"`make exercise\s+E=([\w-]+)`", lambda m: exercise_link(m, linked), text)
    # A span may run over the end of a line.
    return SPAN.sub(lambda m: span_html(m, linked), text)


def exercise_link(match, linked):
    """From an exercise to its source and its answer, and in print to the answer."""
    name = match.group(1)
    command = f"`make exercise E={name}`"
    if not linked:
        return f"{command} ([answer](#answer-{name}))"
    return f"[{command}]({code_page(exercise(name))}) ([answer](answers.html#answer-{name}))"


def exercise(name):
    return f"book/exercises/{name}.c"


def quote_id(quote):
    """Of the snippet on its page, for links from the code to it."""
    return "code-" + re.sub(r"\W", "-", f"{quote.path}-{quote.first}")


def quoted_lines(book):
    """{path: {line: (chapter, snippet)}} for the links from code to text."""
    quoted = {}
    for chapter in book:
        for block in chapter.of("code"):
            quote = Quote(block.directive[2])
            for line in range(quote.first, quote.last + 1):
                quoted.setdefault(quote.path, {}).setdefault(line, (chapter, quote_id(quote)))
    return quoted


def cited_files(book):
    files = set(quoted_lines(book))
    for chapter in pages():
        for block in chapter.blocks:
            files.update(exercise(name) for name in re.findall(r"make exercise\s+E=([\w-]+)", block.text)
                         if (ROOT / exercise(name)).is_file())
            for text, kind in block.spans("proof"):
                for name in text.split():
                    program = name.rpartition(":")[0]
                    if program and test_source(program).is_file():
                        files.add(str(test_source(program).relative_to(ROOT)))
    for program in re.findall(r"([\w-]+/[\w-]+):\w+", (ROOT / "tests/clauses.tsv").read_text()):
        if test_source(program).is_file():
            files.add(str(test_source(program).relative_to(ROOT)))
    return sorted(files)


# ---- pages that nobody writes ----

def notes_page():
    return Chapter(BOOK / "notes.md") if (BOOK / "notes.md").is_file() else None


def source_map(linked):
    """Where Linux and QEMU have what the pages speak of."""
    rows = {}
    for page in pages():
        for block in page.blocks:
            for text, kind in block.spans():
                for name in text.split() if kind in ("linux", "qemu") else []:
                    rows.setdefault((kind, name), []).append(page)
    out = ["# Source map", "", "What the book names of Linux 6.1 and QEMU 7.2, and where. `make book-elsewhere` looks it up "
           "in Debian's source of the one and in the program of the other.", ""]
    for kind, title in (("linux", "Linux 6.1"), ("qemu", "QEMU 7.2")):
        out += [f"## {title}", "", '<div class="stack">', "", "| symbol | file | chapter |", "|------|------|------|"]
        for (k, text), where in sorted(rows.items(), key=lambda row: (row[0][0], row[0][1])):
            if k == kind:
                file, _, symbol = text.rpartition(":")
                links = ", ".join(page_link(page, linked) for page in dict.fromkeys(where))
                out.append(f"| `{symbol}` | `{file}` | {links} |")
        out += ["", "</div>", ""]
    return "\n".join(out)


def terms():
    """Rows of the glossary: term, Chinese, what it is."""
    return [line.split("\t") for line in (BOOK / "glossary.tsv").read_text().splitlines()[1:]]


def term_id(term):
    return "term-" + re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-")


def glossary():
    out = ["# Glossary", "", f"{len(terms())} words, as this book uses them.", "",
           '<div class="stack">', "", "| term | 中文 | what it is |", "|----|----|-------|"]
    out += [f"| [{term.replace('_', chr(92) + '_')}]{{#{term_id(term)}}} | {chinese} | {what} |"
            for term, chinese, what in terms()]
    return "\n".join(out) + "\n\n</div>\n"


def clause_table(linked):
    """What the specification demands, where it is in scope, and who answers."""
    out = ["# Clauses", "", "What virtio 1.4 demands of a driver's and a device's half of a ring, in our words, and "
           "the code and the tests that answer. A clause is known by a short name and its section.", "",
           '<div class="stack">', "", "| clause | side | demand | answer |", "|----|---|--------|--------|"]
    for line in (ROOT / "tests/clauses.tsv").read_text().splitlines()[1:]:
        row = line.split("\t")
        if len(row) < 7 or row[6] == "-":
            continue
        code = f"`{row[5]}`" if row[5] != "-" else ""
        tests = re.sub(r"[\s,;]+", " ", row[6]).strip()
        proof = SPAN.sub(lambda m: span_html(m, linked), f"[{tests}]{{.proof}}")
        out.append(f"| {row[0]}, {row[1]} | {row[2]} | {row[4]} | {code} {proof} |")
    return "\n".join(out) + "\n\n</div>\n"


def page_link(page, linked):
    return f"[{page.title}]({page.name}.html)" if linked else f"[{page.title}](#page-{page.name})"


def index(book, linked):
    """Every symbol quoted and every term of the glossary, and where."""
    places = {}
    for chapter in book:
        for block in chapter.of("code"):
            symbol = Quote.ADDRESS.match(block.directive[2]).group(2)
            places.setdefault(f"`{symbol}`", []).append(chapter)
        text = "\n".join(b.text for b in chapter.blocks if b.kind in ("paragraph", "item")).lower()
        for term, _, _ in terms():
            if re.search(rf"\b{re.escape(term.lower())}s?\b", text):
                places.setdefault(term, []).append(chapter)
    out, letter = ["# Index", ""], None
    for name in sorted(places, key=lambda n: (n.strip("`").lower(), n)):
        where = list(dict.fromkeys(places[name]))
        if len(where) > 6:
            continue  # on every other page: no help
        if name.strip("`")[0].upper() != letter:
            letter = name.strip("`")[0].upper()
            out += ["", f"## {letter} {{.letter .unlisted .unnumbered}}", ""]
        shown = name if name.startswith("`") else name.replace("_", "\\_")
        out.append(f"* {shown}: {', '.join(page_link(c, linked) for c in where)}")
    return "\n".join(out) + "\n"


def answers(book, linked):
    """Of each exercise its title and a solution, in the order of the chapters."""
    out = ["# Answers", "", "One solution for each exercise that is a test. `make exercise E=NAME ANSWER=1` builds it in "
           "the place of yours.", ""]
    for chapter in book:
        names = re.findall(r"make exercise\s+E=([\w-]+)", "\n".join(b.text for b in chapter.blocks))
        names = [n for n in dict.fromkeys(names) if (BOOK / "exercises" / f"{n}.answer.c").is_file()]
        if names:
            out += [f"## {page_link(chapter, linked)}", ""]
        for name in names:
            title = re.search(r"Chapter \d+, exercise \d+: (.*?)\n \*/",
                              (ROOT / exercise(name)).read_text(), re.S)
            title = re.sub(r"\s*\n \*\s*", " ", title.group(1).split("\n *\n")[0]).rstrip(".") if title else name
            title = title[0].upper() + title[1:]
            source = f" [`{name}`]({code_page(exercise(name))})" if linked else f" `{name}`"
            out += [f"### {title}{source} {{#answer-{name}}}", "", "```c",
                    (BOOK / "exercises" / f"{name}.answer.c").read_text().rstrip(), "```", ""]
    return "\n".join(out)


def back_matter(book, linked=True):
    """(file name, title, Markdown) of each page behind the chapters."""
    found = []
    if notes_page():
        found.append(("notes", "Notes, settled", prepare(notes_page(), linked)))
    found.append(("answers", "Answers", answers(book, linked)))
    found.append(("glossary", "Glossary", glossary()))
    found.append(("source-map", "Source map", source_map(linked)))
    found.append(("clauses", "Clauses", clause_table(linked)))
    found.append(("index-of-words", "Index", index(book, linked)))
    return found


# ---- HTML ----

def menu(book, back, here, up=""):
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
        place = quoted.get(number)
        note = ""
        if place and place != last:
            chapter, ident = place
            note = (f'<a class="chapter" href="{"../" * (path.count("/") + 1)}{chapter.name}.html#{ident}">'
                    f"{escape.escape(chapter.title)}</a>")
        last = place
        mark = " quoted" if place else ""
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
        title, ident, text, within = chapter.title, "", [], ""
        for block in chapter.blocks + [None]:
            if block is None or block.kind == "heading":
                if text:
                    entries.append({"at": f"{chapter.name}.html{ident}", "title": title, "in": within,
                                    "text": words(" ".join(text))})
                if block is not None:
                    match = HEADING.match(block.text)
                    title, ident, text = match.group(2), f"#{anchor(match)}", []
                    within = chapter.title if len(match.group(1)) > 1 else ""
            elif block.kind != "comment":
                text.append(SPAN.sub("", block.text))
    for name, title, text in back:
        if name not in ("glossary", "clauses", "index-of-words", "source-map"):
            entries.append({"at": f"{name}.html", "title": title, "in": "", "text": words(text)})
    for term, chinese, what in terms():
        entries.append({"at": f"glossary.html#{term_id(term)}", "title": term, "in": "Glossary",
                        "text": f"{chinese}: {what}"})
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
    numbers = {row["file"].removesuffix(".md"): row["number"] for row in contents() if row["number"] != "0"}
    turns = [("index", "Front page")] + [(c.name, c.title) for c in book] + [b[:2] for b in back]
    texts = [(c.name, c.title, prepare(c, True)) for c in book] + back
    for number, (name, title, text) in enumerate(texts, 1):
        body = pandoc(links_to_html(text), "html")
        if name in numbers:
            body = f'<p class="eyebrow">Chapter {numbers[name]}</p>\n{body}'
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
    dead = list(dead_links(out))
    print("\n".join(f"book: {d}" for d in dead) or
          f"book: {out}/index.html, {len(book)} chapters, {len(cited_files(book))} files of code")
    return 1 if dead else 0


def dead_links(out):
    """Links within the printed book that lead nowhere."""
    texts = {page: page.read_text() for page in sorted(out.rglob("*.html"))}
    ids = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in texts.items()}
    for page, text in texts.items():
        for target in sorted(set(re.findall(r'(?:href|src)="([^":]*)"', text))):
            file, _, fragment = escape.unescape(target).partition("#")
            there = (page.parent / file).resolve() if file else page
            if not there.exists() or (fragment and there in ids and fragment not in ids[there]):
                yield f"{page.relative_to(out)}: nothing is at {target}"


def links_to_html(text):
    """Links between chapters lead to .md where the text is read raw, to .html in print."""
    return re.sub(r"\]\(([\w-]+)\.md(#[\w-]+)?\)", r"](\1.html\2)", text)


# ---- in one piece ----

def whole():
    """Front page, chapters and back matter as one text, without pages of code to link to."""
    book = chapters()
    numbers = {row["file"].removesuffix(".md"): row["number"] for row in contents()}
    parts = [("index", prepare(Chapter(BOOK / "index.md"), False))] if (BOOK / "index.md").is_file() else []
    parts += [(c.name, prepare(c, False)) for c in book]
    parts += [(name, text) for name, _, text in back_matter(book, False)]
    out = []
    for name, text in parts:
        number = numbers.get(name, "0")
        title = f"{number}. " if number != "0" else ""
        out.append(re.sub(r"^# (.*?)(?: \{.*\})?$", rf"# {title}\1 {{#page-{name}}}", text, count=1, flags=re.M))
    # The comment keeps a list at the end of one from reaching into the next.
    text = "\n\n<!-- -->\n\n".join(out)
    return re.sub(r"\]\(([\w-]+)\.(?:md|html)(?:#([\w-]+))?\)", lambda m: f"](#{m.group(2) or 'page-' + m.group(1)})", text)


def bound(out, style, *options):
    """The book in one file. An error on the way, a figure not found, is one here."""
    with TemporaryDirectory() as scratch:
        text = Path(scratch) / "book.md"
        text.write_text(whole())
        done = subprocess.run(["pandoc", "-f", "markdown+smart", str(text), "-o", str(Path(out).resolve()), "--toc",
                               "--metadata", "title=Virtio, read beside the code", "--metadata", "lang=en", "--css",
                               str(BOOK / "tools" / style), *options], cwd=BOOK, capture_output=True, text=True,
                              check=False)
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line or "Could not fetch" in line]
    if done.returncode or errors:
        print("\n".join(f"book: {line}" for line in errors or done.stderr.splitlines()))
        return 1
    print(f"book: {out}")
    return 0


def epub(out):
    return bound(out, "epub.css", "--toc-depth=2", "--epub-chapter-level=1")


def pdf(out):
    return bound(out, "print.css", "--toc-depth=1", "--pdf-engine=weasyprint", "-t", "html5")

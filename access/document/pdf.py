"""A document as a PDF that screen readers can read; and how tables stand on a page, in Word too."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import typst
from matplotlib.font_manager import get_font
from matplotlib.ft2font import LoadFlags

from access.document.document import (
    INTERNAL_MARK,
    Block,
    BulletList,
    Callout,
    Contents,
    Document,
    Figure,
    Heading,
    KeyFigures,
    PageBreak,
    Paragraph,
    TableBlock,
    Text,
    _heading_text,
    _in_rows,
    _width_of,
    long_date,
)
from access.document.table import TableView
from access.errors import OutputError
from access.escape import plain
from access.files import write_file

_LONGEST = 30  # characters of a text cell that are worth a line of their own
_PADDING = 2.0
_LONG_WORD = 22.0
_BOLD = 1.12  # bold headers are wider than the figures below them
_WHOLE_LINES = 14
"""A table of no more lines than this stands on one page; a longer one may break between rows."""
_BUDGET = {False: 96.0, True: 110.0}  # characters across a page, in usual and in compact type
_TALL_LINES = 24
"""A cell or a box of more lines than this may break over pages: what cannot break and is taller
than a page would run out of it, and its last words would be lost."""
_TALL_TABLE = 45
"""Lines of a table, rows' edges counted as a third of one, that may stand beside something."""
_CUT = "A column's name that ends with … stands whole in the workbook."
_LONGEST_WORD = 40
_UNBROKEN = re.compile(r"(?:[^\s/?\u00ad\u200b-]|[/-](?=\d))+")
"""What the compiler sets in one line, whatever it takes: it breaks after a blank, a question mark,
and a slash or a hyphen that no digit follows."""
_PAGE_POINTS, _INSET_POINTS, _BETWEEN_POINTS = 487.0, 7.0, 14.0
"""What a page has across, what a cell leaves free of it, and what lies between two blocks."""
_EDGE = 0.4  # sizes of a letter: what lies free between two cells is twice as wide
_POINTS = {False: 9.0, True: 8.0}  # the letters of a table, in usual and in compact type
_LONGEST_FOOTER = 90
_CONTENTS_WIDE = 34  # characters across one of two columns of contents, beside the page's number
_CONTENTS_LINES = 44
"""Lines of contents that surely stand on one page, in one of its two columns."""


def _column_shares(view: TableView, *, compact: bool = False, wide: float = 1.0) -> list[float]:
    """Share the page's width, or a part of it, among a table's columns by what stands in them."""
    least, wanted = [], []
    for k, column in enumerate(view.columns):
        texts = [row[k].text for row in view.body]
        words = [_BOLD * len(word) for word in column.header.replace("/", "/ ").split()]
        words += [float(len(word)) for text in texts for word in text.split()]
        narrow = min(max(words, default=1.0), 40.0) + _PADDING
        cap = _LONGEST if column.kind == "text" else 12
        line = min(max(map(len, texts), default=0), cap) + _PADDING
        least.append(narrow)
        wanted.append(max(narrow, line * column.width))
    spare = _budget(compact, wide) - sum(least)
    if spare < 0:  # words that no language has give way first: they are broken
        long = [max(need - _LONG_WORD, 0.0) for need in least]
        given = min(-spare / (sum(long) or 1.0), 1.0)
        least = [need - given * more for need, more in zip(least, long, strict=True)]
    if spare > 0:
        asked = [want - need for want, need in zip(wanted, least, strict=True)]
        total = sum(asked)
        extra = [spare * a / total for a in asked] if total else [spare / len(least)] * len(least)
        least = [need + more for need, more in zip(least, extra, strict=True)]
    full = sum(least)
    return [need / full for need in least]


def _budget(compact: bool, wide: float) -> float:
    return _BUDGET[compact] * (wide if wide == 1 else wide - 0.02)


def _stands_whole(
    view: TableView, shares: Sequence[float], *, compact: bool = False, wide: float = 1.0
) -> bool:
    """Say whether a table is kept on one page: a tall one would leave half a page empty."""
    return sum(_row_lines(view, shares, compact=compact, wide=wide)) <= _WHOLE_LINES


def _row_lines(
    view: TableView, shares: Sequence[float], *, compact: bool = False, wide: float = 1.0
) -> list[int]:
    """Estimate how many lines each row of a table takes, by the characters in its cells."""
    room = [max(share * _budget(compact, wide), 1.0) for share in shares]
    return [
        max((-(-len(cell.text) // int(most) or 1) for cell, most in zip(row, room, strict=True)),
            default=1)
        for row in view.body
    ]  # fmt: skip


def _headers(view: TableView, shares: Sequence[float], *, compact: bool, wide: float) -> list[str]:
    """Give the headers; of one that would fill a page, which repeats it, only the beginning."""
    room = [int(_TALL_LINES * share * _budget(compact, wide)) for share in shares]
    return [
        header if len(header) <= most else f"{header[: max(most, 1)]} …"
        for header, most in zip((c.header for c in view.columns), room, strict=True)
    ]


def _is_tall(texts: Sequence[str], across: float = _BUDGET[False]) -> bool:
    """Say whether texts take so many lines that they may break over pages."""
    return sum(len(text) // max(1, int(across)) + 1 for text in texts) > _TALL_LINES


def _breakable(text: str) -> str:
    """Let a word that no line is long enough for break: it would run out of the page."""

    def broken(found: re.Match[str]) -> str:
        word = found[0]
        long = len(word) > _LONGEST_WORD
        return re.sub(r".{15}(?=.)", "\\g<0>\u200b", word) if long else word

    return _UNBROKEN.sub(broken, text)


def _fitted(texts: Sequence[str], rooms: Sequence[float], *, bold: bool) -> list[str]:
    """Let words break that are wider than their cell: they would run over the next one."""

    def whole(text: str, room: float) -> str:
        return _UNBROKEN.sub(lambda found: _in_pieces(found[0], room, bold), text)

    return [whole(text, room) for text, room in zip(texts, rooms, strict=True)]


def _in_pieces(word: str, room: float, bold: bool) -> str:
    """Cut a word that is wider than its room, the free edge beside it counted in."""
    across = [_letter_width(letter, bold) for letter in word]
    if sum(across) <= room + _EDGE:
        return word
    pieces, held = [""], 0.0
    for letter, wide in zip(word, across, strict=True):
        if pieces[-1] and held + wide > room:
            pieces, held = [*pieces, ""], 0.0
        pieces[-1] += letter
        held += wide
    return "\u200b".join(pieces)


@cache
def _letter_width(letter: str, bold: bool) -> float:
    """Give how wide a letter is, in sizes of it."""
    own, last = _font_folders()
    paths = (own / "OpenSans-Regular.ttf", last / "DejaVuSans.ttf")
    if bold:
        paths = (own / "OpenSans-Bold.ttf", last / "DejaVuSans-Bold.ttf")
    for font in map(get_font, map(str, paths)):
        if font.get_char_index(ord(letter)):
            font.set_size(100, 72)
            glyph = font.load_char(ord(letter), flags=LoadFlags.NO_HINTING)
            return float(glyph.linearHoriAdvance) / 65536 / 100
    return 1.0


_STANDARD: Final = "ua-1"


def write_pdf(document: Document, path: Path | str | None = None) -> bytes:
    """Write a document as a PDF/UA-1 file.

    Parameters
    ----------
    document : Document
    path : path, optional
        Where to write it; the bytes alone are given back without.

    Returns
    -------
    bytes
        The file's content.

    Raises
    ------
    OutputError
        If the compiler refuses the document, or the file cannot be written.

    Examples
    --------
    >>> from access.document.document import Paragraph
    >>> write_pdf(Document("A #title", (Paragraph("*Text*"),)))[:5]
    b'%PDF-'
    """
    data = _with_row_headers(_compiled(document))
    if path is not None:
        write_file(Path(path), data)
    return data


def _compiled(document: Document) -> bytes:
    """Lay a document out as the compiler does."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            content = _compiler(document, Path(folder)).compile(
                format="pdf", pdf_standards=_STANDARD
            )
        except RuntimeError as refused:
            raise OutputError(
                f"the PDF of {document.title!r} was refused by its accessibility check "
                f"({_STANDARD}): {refused}"
            ) from refused
    return b"".join(content) if isinstance(content, list) else bytes(content or b"")


def _compiler(document: Document, root: Path) -> typst.Compiler:
    """Write what the compiler reads into a folder."""
    payload = _payload(document, root)
    (root / "document.json").write_text(json.dumps(payload, ensure_ascii=False), "utf-8")
    template = files("access.document").joinpath("report.typ").read_text("utf-8")
    (root / "report.typ").write_text(template, "utf-8")
    return typst.Compiler(
        str(root / "report.typ"),
        root=str(root),
        font_paths=_fonts(),
    )


def _heading_pages(document: Document) -> dict[int, int]:
    """Say on which page of the PDF each heading stands, by its place among the blocks."""
    asked = "query(heading.where(bookmarked: true)).map(h => h.location().page())"
    with tempfile.TemporaryDirectory() as folder:
        pages = json.loads(_compiler(document, Path(folder)).eval(asked))
    heads = [k for k, block in enumerate(document.blocks) if isinstance(block, Heading)]
    return dict(zip(heads, pages, strict=True))


@cache
def _fonts() -> typst.Fonts:
    """Give the letters: to look through their files takes as long as to lay a few pages out."""
    return typst.Fonts(include_system_fonts=False, font_paths=list(map(str, _font_folders())))


def _font_folders() -> tuple[Path, Path]:
    """Name where our own font lies, and matplotlib's, which has the letters that ours lacks."""
    own = Path(str(files("access.charts").joinpath("fonts")))
    return own, Path(mpl.get_data_path()) / "fonts" / "ttf"


def _payload(document: Document, root: Path) -> dict[str, Any]:
    date = document.date
    footer = plain(document.footer or document.title)
    subtitle = " \u00b7 ".join(
        p for p in (plain(document.subtitle or document.author), long_date(date)) if p
    )
    return {
        "title": _breakable(plain(document.title)),
        "subject": plain(document.subject),
        "author": plain(document.author),
        "subtitle": subtitle,
        "footer": _breakable(footer[:_LONGEST_FOOTER]) + "\u2026" * (len(footer) > _LONGEST_FOOTER),
        "date": None if date is None else [date.year, date.month, date.day],
        "internal": INTERNAL_MARK if document.internal else "",
        "blocks": [
            _row(document, shown, root)
            for places in _in_rows(document.blocks)
            for shown in ([places] if _stand_beside(document, places) else [(k,) for k in places])
        ],
    }


def _stand_beside(document: Document, places: tuple[int, ...]) -> bool:
    """Say whether blocks stand in one row, which does not break: none of them is a tall one."""
    for block in (document.blocks[k] for k in places):
        wide = _width_of(block)
        if isinstance(block, TableBlock):
            view = document.view(block.table)
            shares = _column_shares(view, compact=block.compact, wide=wide)
            rows = _row_lines(view, shares, compact=block.compact, wide=wide)
            if sum(rows) + len(rows) / 3 > _TALL_TABLE:
                return False
            if _is_tall([view.title, *view.notes, view.source], wide * _BUDGET[False]):
                return False
        if isinstance(block, Figure) and _is_tall([block.title], wide * _BUDGET[False]):
            return False
    return True


def _row(document: Document, places: tuple[int, ...], root: Path) -> dict[str, Any]:
    if len(places) == 1:
        return _block(document, places[0], document.blocks[places[0]], root)
    blocks = [document.blocks[k] for k in places]
    beside = [
        _block(document, k, block, root, wide=_width_of(block))
        for k, block in zip(places, blocks, strict=True)
    ]
    return {"block": "row", "items": beside, "widths": [_width_of(block) for block in blocks]}


def _block(
    document: Document, place: int, block: Block, root: Path, *, wide: float = 1.0
) -> dict[str, Any]:
    match block:
        case Heading():
            return {
                "block": "heading",
                "level": block.level,
                "text": _breakable(_heading_text(document, place)),
                "appendix": _in_appendix(document.blocks, place),
            }
        case Paragraph():
            spans = _spans(document, block.text)
            return {"block": "paragraph", "style": block.style, "spans": spans}
        case BulletList():
            items = [_spans(document, item) for item in block.items]
            return {"block": "list", "numbered": block.numbered, "items": items}
        case TableBlock():
            return _table(document, place, block, wide=wide)
        case Figure():
            return _figure(document, place, block, root, wide=wide)
        case Callout():
            return {
                "block": "callout",
                "kind": block.kind,
                "title": _breakable(plain(block.title)),
                "paragraphs": [_spans(document, text) for text in block.paragraphs],
                "tall": _is_tall([block.title, *map(document.words, block.paragraphs)]),
            }
        case KeyFigures():
            figures = [[_breakable(plain(text)) for text in item] for item in block.items]
            return {"block": "key-figures", "items": figures}
        case PageBreak():
            return {"block": "page-break"}
        case Contents():
            return {
                "block": "contents",
                "title": plain(block.title),
                "levels": block.levels,
                "columns": block.columns,
                "tall": _contents_are_tall(document, block.levels),
            }


def _contents_are_tall(document: Document, levels: int) -> bool:
    """Say whether a list of headings, appendices beside the others, needs more than a page."""
    lines = [0, 0]
    for place, block in enumerate(document.blocks):
        if isinstance(block, Heading) and block.level <= levels:
            wide = len(_heading_text(document, place)) // _CONTENTS_WIDE + 1
            lines[_in_appendix(document.blocks, place)] += wide
    return max(lines) > _CONTENTS_LINES


def _in_appendix(blocks: Sequence[Block], place: int) -> bool:
    heads = [b for b in blocks[: place + 1] if isinstance(b, Heading) and b.level == 1]
    return bool(heads) and heads[-1].appendix


def _spans(document: Document, text: Text) -> list[list[str]]:
    return [[_breakable(words), "bold" if bold else ""] for words, bold in document.spans(text)]


def _table(
    document: Document, place: int, block: TableBlock, *, wide: float = 1.0
) -> dict[str, Any]:
    view = document.view(block.table)
    blanks = [""] * (len(view.columns) - 1)
    empty = [["Nothing to list.", *blanks]]
    shares = _column_shares(view, compact=block.compact, wide=wide)
    lines = _row_lines(view, shares, compact=block.compact, wide=wide)
    headers = _headers(view, shares, compact=block.compact, wide=wide)
    cut = headers != [column.header for column in view.columns]
    across = _PAGE_POINTS if wide == 1 else wide * (_PAGE_POINTS - _BETWEEN_POINTS)
    rooms = [(share * across - _INSET_POINTS) / _POINTS[block.compact] for share in shares]
    last = len(view.body) - 1 if view.total is not None else None
    rows = [
        _fitted([cell.text for cell in row], rooms, bold=r == last)
        for r, row in enumerate(view.body)
    ]
    caption = f"{document.label(place)}: {view.title}"
    return {
        "block": "table",
        "caption": _breakable(caption),
        "tall-caption": _is_tall([caption], wide * _BUDGET[False]),
        "tall": max(lines, default=1) > _TALL_LINES,
        "headers": _fitted(headers, rooms, bold=True),
        "aligns": [c.align for c in view.columns],
        "shares": shares,
        "rows": rows or empty,
        "total": view.total is not None,
        "compact": block.compact,
        "whole": wide < 1 or _stands_whole(view, shares, compact=block.compact),
        "notes": [_breakable(note) for note in (*view.notes, *([_CUT] if cut else []))],
        "source": _breakable(view.source),
    }


def _figure(
    document: Document, place: int, block: Figure, root: Path, *, wide: float = 1.0
) -> dict[str, Any]:
    name = f"figure-{place}." + ("svg" if block.svg else "png")
    (root / name).write_bytes(block.svg or block.png)
    caption = f"{document.label(place)}: {plain(block.title)}"
    return {
        "block": "figure",
        "caption": _breakable(caption),
        "tall-caption": _is_tall([caption], wide * _BUDGET[False]),
        "file": name,
        "alt": plain(block.alt),
        "width": 1.0 if wide < 1 else block.width,
        "notes": [_breakable(plain(block.note))] if block.note else [],
        "source": "",
    }


_OBJECT = re.compile(rb"\A(\d+) 0 obj\n")
_ROW, _CELL, _TREE = (
    re.compile(rb"\A\d+ 0 obj\n<</Type/" + kind)  # at its start: a name may hold the same words
    for kind in (rb"StructElem/S/TR/", rb"StructElem/S/TD/", rb"StructTreeRoot/")
)
_KIDS = re.compile(rb"/K\[([\d R]+)\]")
_TABLE_CELL = re.compile(rb"/O/Table/Headers\[([^\]]*)\]")


def _with_row_headers(data: bytes) -> bytes:
    """Tag the first cell of every row as the row's header, as ISO 32000-1, 14.8.4.3.4 has it.

    The compiler tags the headers of columns alone. What it writes is plain: one object after the
    other, and a table of where each begins, which is written anew. A file of any other make is
    given back as it is.
    """
    start = int(data[data.rindex(b"startxref") :].split()[1])
    if not data[start:].startswith(b"xref\n0 "):
        return data
    entries = data[start:].split(b"trailer", 1)[0].split(b"\n")[2:]
    begins = sorted(int(e[:10]) for e in entries if e[17:18] == b"n")
    ends = [*begins[1:], start]
    chunks = {k: data[a:b] for k, (a, b) in enumerate(zip(begins, ends, strict=True))}
    where = {int(m[1]): k for k, c in chunks.items() if (m := _OBJECT.match(c))}
    ids: list[bytes] = []
    for row in [c for c in chunks.values() if _ROW.match(c)]:
        kids = _KIDS.search(row)
        cells = [int(n) for n in kids[1].replace(b" 0 R", b"").split()] if kids else []
        first = chunks[where[cells[0]]] if cells else b""
        if not _CELL.match(first) or not _TABLE_CELL.search(first):
            continue
        name = b"(R%07d)" % cells[0]
        ids.append(b"%s%d 0 R" % (name, cells[0]))
        header = first.replace(b"/S/TD/", b"/S/TH/ID%s/" % name, 1)
        header = _TABLE_CELL.sub(rb"/O/Table/Scope/Row/Headers[\1]", header, count=1)
        chunks[where[cells[0]]] = header
        for cell in cells[1:]:
            old = chunks[where[cell]]
            chunks[where[cell]] = _TABLE_CELL.sub(
                rb"/O/Table/Headers[\1" + name + b"]", old, count=1
            )
    if not ids:
        return data
    tree = next(k for k, c in chunks.items() if _TREE.match(c))
    names = b"/IDTree<</Names["
    chunks[tree] = chunks[tree].replace(names, names + b"".join(sorted(ids)), 1)
    return _joined(data[: begins[0]], [chunks[k] for k in range(len(begins))], data[start:])


def _joined(head: bytes, chunks: Sequence[bytes], tail: bytes) -> bytes:
    """Put a file's objects together again, and say where each begins."""
    places: dict[int, int] = {}
    at = len(head)
    for chunk in chunks:
        found = _OBJECT.match(chunk)
        if found:
            places[int(found[1])] = at
        at += len(chunk)
    table, trailer = tail.split(b"trailer", 1)
    lines = table.split(b"\n")
    for k in range(2, len(lines)):
        if lines[k][17:18] == b"n":
            lines[k] = b"%010d" % places[k - 2] + lines[k][10:]
    trailer = re.sub(rb"startxref\n\d+", b"startxref\n%d" % at, trailer)
    return head + b"".join(chunks) + b"\n".join(lines) + b"trailer" + trailer

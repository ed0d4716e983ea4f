"""How wide each column of a table stands on a page, the same in Word and in the PDF."""

from __future__ import annotations

import json
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import typst

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
    long_date,
)
from access.document.table import TableView
from access.errors import OutputError
from access.escape import plain
from access.files import write_file

_LONGEST = 30  # characters of a text cell that are worth a line of their own
_PADDING = 2.0
_BOLD = 1.12  # bold headers are wider than the figures below them
WHOLE_ROWS = 13
"""A table of no more rows than this stands on one page; a longer one may break between rows."""
_BUDGET = {False: 96.0, True: 110.0}  # characters across a page, in usual and in compact type


def _column_shares(view: TableView, *, compact: bool = False) -> list[float]:
    """Share the page's width among a table's columns by what stands in them."""
    least, wanted = [], []
    for k, column in enumerate(view.columns):
        texts = [row[k].text for row in view.body]
        words = [_BOLD * len(word) for word in column.header.replace("/", "/ ").split()]
        words += [float(len(word)) for text in texts for word in text.split()]
        narrow = min(max(words, default=1.0), 40.0) + _PADDING
        cap = _LONGEST if column.kind == "text" else 12
        wide = min(max(map(len, texts), default=0), cap) + _PADDING
        least.append(narrow)
        wanted.append(max(narrow, wide * column.width))
    spare = _BUDGET[compact] - sum(least)
    if spare > 0:
        asked = [want - need for want, need in zip(wanted, least, strict=True)]
        total = sum(asked)
        extra = [spare * a / total for a in asked] if total else [spare / len(least)] * len(least)
        least = [need + more for need, more in zip(least, extra, strict=True)]
    full = sum(least)
    return [need / full for need in least]


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
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        payload = _payload(document, root)
        (root / "document.json").write_text(json.dumps(payload, ensure_ascii=False), "utf-8")
        template = files("access.document").joinpath("report.typ").read_text("utf-8")
        (root / "report.typ").write_text(template, "utf-8")
        try:
            content = typst.compile(
                str(root / "report.typ"),
                root=str(root),
                format="pdf",
                font_paths=_font_folders(),
                ignore_system_fonts=True,
                pdf_standards=_STANDARD,
            )
        except RuntimeError as refused:
            raise OutputError(
                f"the PDF of {document.title!r} was refused by its accessibility check "
                f"({_STANDARD}): {refused}"
            ) from refused
    data = bytes(content)
    if path is not None:
        write_file(Path(path), data)
    return data


def _font_folders() -> list[str]:
    own = files("access.charts").joinpath("fonts")
    # DejaVu Sans comes with matplotlib: it has the letters that our own subset lacks.
    return [str(own), str(Path(mpl.get_data_path()) / "fonts" / "ttf")]


def _payload(document: Document, root: Path) -> dict[str, Any]:
    date = document.date
    subtitle = " \u00b7 ".join(
        p for p in (plain(document.subtitle or document.author), long_date(date)) if p
    )
    return {
        "title": plain(document.title),
        "subject": plain(document.subject),
        "author": plain(document.author),
        "subtitle": subtitle,
        "footer": plain(document.footer or document.title),
        "date": None if date is None else [date.year, date.month, date.day],
        "internal": INTERNAL_MARK if document.internal else "",
        "blocks": [_block(document, k, b, root) for k, b in enumerate(document.blocks)],
    }


def _block(document: Document, place: int, block: Block, root: Path) -> dict[str, Any]:
    match block:
        case Heading():
            text = _heading_text(document, place)
            return {"block": "heading", "level": block.level, "text": text}
        case Paragraph():
            spans = _spans(document, block.text)
            return {"block": "paragraph", "style": block.style, "spans": spans}
        case BulletList():
            items = [_spans(document, item) for item in block.items]
            return {"block": "list", "numbered": block.numbered, "items": items}
        case TableBlock():
            return _table(document, place, block)
        case Figure():
            return _figure(document, place, block, root)
        case Callout():
            return {
                "block": "callout",
                "kind": block.kind,
                "title": plain(block.title),
                "paragraphs": [_spans(document, text) for text in block.paragraphs],
            }
        case KeyFigures():
            figures = [(plain(figure), plain(words)) for figure, words in block.items]
            return {"block": "key-figures", "items": figures}
        case PageBreak():
            return {"block": "page-break"}
        case Contents():
            return {"block": "contents", "title": plain(block.title), "levels": block.levels}


def _spans(document: Document, text: Text) -> list[list[str]]:
    return [[words, "bold" if bold else ""] for words, bold in document.spans(text)]


def _table(document: Document, place: int, block: TableBlock) -> dict[str, Any]:
    view = block.table.view(internal=document.internal)
    blanks = [""] * (len(view.columns) - 1)
    empty = [["Nothing to list.", *blanks]]
    return {
        "block": "table",
        "caption": f"{document.label(place)}: {view.title}",
        "headers": [c.header for c in view.columns],
        "aligns": [c.align for c in view.columns],
        "shares": _column_shares(view, compact=block.compact),
        "rows": [[c.text for c in row] for row in view.body] or empty,
        "total": view.total is not None,
        "compact": block.compact,
        "whole": len(view.body) <= WHOLE_ROWS,
        "notes": list(view.notes),
        "source": view.source,
    }


def _figure(document: Document, place: int, block: Figure, root: Path) -> dict[str, Any]:
    name = f"figure-{place}." + ("svg" if block.svg else "png")
    (root / name).write_bytes(block.svg or block.png)
    return {
        "block": "figure",
        "caption": f"{document.label(place)}: {plain(block.title)}",
        "file": name,
        "alt": plain(block.alt),
        "width": block.width,
        "notes": [plain(block.note)] if block.note else [],
        "source": "",
    }

"""Write a document's tables as a workbook: one sheet a table, and a front sheet."""

from __future__ import annotations

import datetime
import io
import re
import textwrap
import zipfile
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from access.charts.chart import CATEGORICAL, INK, QUIET
from access.document.document import INTERNAL_MARK, Callout, Document, TableBlock, long_date
from access.document.table import Cell, TableView
from access.escape import cell_text, plain
from access.files import any_clock, steady_zip, write_file

_HEADER_ROW = 4
#: Characters of a line of notes, so that no row runs off the screen.
_NOTE_WIDTH = 120
_FRONT = "Contents"
_NAME = "Arial"
_BOLD = Font(name=_NAME, bold=True, color=INK.lstrip("#"))
_BODY = Font(name=_NAME, color=INK.lstrip("#"))
_SMALL = Font(name=_NAME, size=9, color="383F43")
_LINK = Font(name=_NAME, color=CATEGORICAL[0].lstrip("#"), underline="single")
_ALARM = Font(name=_NAME, bold=True, color=CATEGORICAL[2].lstrip("#"))
_HEAD = PatternFill("solid", fgColor="F3F2F1")
_UNDER = Border(bottom=Side("medium", color=INK.lstrip("#")))
_OVER = Border(top=Side("thin", color=INK.lstrip("#")))
_ROW = Border(bottom=Side("hair", color=QUIET.lstrip("#")))


def write_xlsx(document: Document, path: Path | str | None = None) -> bytes:
    """Write every table of a document as a sheet of one workbook.

    Parameters
    ----------
    document : Document
    path : path, optional
        Where to write it; the bytes alone are given back without.

    Returns
    -------
    bytes
        The file's content: the same for the same document, whenever it is written.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Notes
    -----
    Text that a spreadsheet could take for a formula is given an apostrophe and kept as text.
    Figures have the precision of the page and no more, so that a share cannot be turned back
    into a hidden count. Nothing is a formula.

    Examples
    --------
    >>> write_xlsx(Document("A title", ()))[:2]
    b'PK'
    """
    book = Workbook()
    front = book.active
    front.title = _FRONT
    views = list(document.tables())
    shorts = [b.table.short for b in document.blocks if isinstance(b, TableBlock)]
    names: list[str] = [_FRONT]
    looks: dict[tuple[object, ...], Any] = {}
    for (label, view), short in zip(views, shorts, strict=True):
        names.append(_sheet_name(f"{label.removeprefix('Table ')} {short or view.title}", names))
        _fill_sheet(book.create_sheet(names[-1]), label, view, looks)
    _fill_front(front, document, views, names[1:])
    _properties(book, document)
    held = io.BytesIO()
    with any_clock(), zipfile.ZipFile(held, "w") as pack:  # it is packed below
        _InMemory(book, pack).save()
    data = steady_zip(held.getvalue())
    if path is not None:
        write_file(Path(path), data)
    return data


class _InMemory(ExcelWriter):
    """Writes each sheet in memory: openpyxl makes a file of its own for each, and removes it."""

    def write_worksheet(self, ws: Any) -> None:
        ws._drawing = SpreadsheetDrawing()
        held = io.BytesIO()
        writer = WorksheetWriter(ws, out=held)
        writer.write()
        ws._rels = writer._rels
        self._archive.writestr(ws.path[1:], held.getvalue())
        self.manifest.append(ws)


_LONGEST_NAME = 31  # of UTF-16, of which an emoji takes two or more


def _long(text: str) -> int:
    """Count a text as a workbook does."""
    return len(text.encode("utf-16-le")) // 2


def _sheet_name(title: str, taken: list[str]) -> str:
    """Make a name that a workbook accepts and does not have yet; a long one ends with a word."""
    clean = re.sub(r"\s+", " ", re.sub(r"[\[\]:*?/\\]", " ", plain(title))).strip(" '")
    base = _cut(clean, _LONGEST_NAME) or "Table"
    name, k = base, 1
    while name.lower() in {t.lower() for t in taken}:
        k += 1
        name = f"{_cut(base, _LONGEST_NAME - 1 - len(str(k)))} {k}"
    return name


def _cut(text: str, most: int) -> str:
    """Shorten a text between two words, where it has any."""
    if _long(text) <= most:
        return text
    fits = max(k for k in range(most + 1) if _long(text[:k]) <= most)
    whole = text[: fits + 1].rpartition(" ")[0] or text[:fits]
    words = whole.split(" ")
    while len(words) > 1 and words[-1].lower() in ("and", "of", "the", "to", "for", "from", "by"):
        words.pop()
    return " ".join(words).strip(" ',;-")


def _put(sheet: Worksheet, row: int, column: int, text: object, font: Font = _BODY) -> Any:
    target = _told(sheet, row, column, text)
    target.font = font
    return target


def _told(sheet: Worksheet, row: int, column: int, text: object) -> Any:
    target = sheet.cell(row, column)
    if isinstance(text, int | float) and not isinstance(text, bool):
        target.value = text
    else:
        target.value = cell_text(plain(text))
        target.data_type = "s"
    return target


def _fill_sheet(
    sheet: Worksheet, label: str, view: TableView, looks: dict[tuple[object, ...], Any]
) -> None:
    _put(sheet, 1, 1, f"{label}: {view.title}", Font(name=_NAME, bold=True, size=13))
    below = _HEADER_ROW + max(len(view.body), 1) + 2
    hint = f"Notes on the columns and marks stand below the table, from row {below}."
    _put(sheet, 2, 1, INTERNAL_MARK if view.internal else hint, _ALARM if view.internal else _SMALL)
    _link(_put(sheet, 3, 1, "Back to the contents"), _FRONT)
    for k, column in enumerate(view.columns, start=1):
        head = _put(sheet, _HEADER_ROW, k, column.header, _BOLD)
        head.alignment = _aligned(column.align, "bottom", wrap=True)
        head.fill, head.border = _HEAD, _UNDER
        sheet.column_dimensions[get_column_letter(k)].width = _width(view, k - 1)
    for r, row in enumerate(view.body, start=_HEADER_ROW + 1):
        total = view.total is not None and r == _HEADER_ROW + len(view.body)
        for k, (column, cell) in enumerate(zip(view.columns, row, strict=True), start=1):
            _write_cell(sheet, r, k, cell, column.excel_format, column.align, total=total,
                        looks=looks)  # fmt: skip
    if not view.body:
        _put(sheet, _HEADER_ROW + 1, 1, "Nothing to list.")
    if view.columns:
        last = get_column_letter(len(view.columns))
        sheet.freeze_panes = f"B{_HEADER_ROW + 1}"
        sheet.auto_filter.ref = f"A{_HEADER_ROW}:{last}{_HEADER_ROW + len(view.rows)}"
    _fill_notes(sheet, view, below)
    _printing(sheet, view.internal)


def _link(cell: Any, name: str) -> None:
    place = "'" + name.replace("'", "''") + "'!A1"
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=place)
    cell.font = _LINK


@cache
def _aligned(across: str, down: str, *, wrap: bool) -> Alignment:
    return Alignment(horizontal=across, vertical=down, wrap_text=wrap)


def _write_cell(
    sheet: Worksheet, r: int, k: int, cell: Cell, number_format: str, align: str, *, total: bool,
    looks: dict[tuple[object, ...], Any],
) -> None:  # fmt: skip
    """Write a cell; `looks` keeps how cells look, for openpyxl reads a font anew at each use."""
    own = (total, align, "" if isinstance(cell.value, str) else number_format)
    if own in looks:
        _told(sheet, r, k, cell.value)._style = copy(looks[own])
        return
    target = _put(sheet, r, k, cell.value, _BOLD if total else _BODY)
    if not isinstance(cell.value, str):
        target.number_format = number_format
    target.alignment = _aligned(align, "top", wrap=align == "left")
    target.border = _OVER if total else _ROW
    looks[own] = copy(target._style)


def _width(view: TableView, k: int) -> float:
    column = view.columns[k]
    longest = max((len(row[k].text) for row in view.body), default=0)
    words = max((len(word) for word in column.header.split()), default=0)
    cap = 48 if column.kind == "text" else 18
    return float(max(min(max(longest, words, len(column.header) // 2) + 3, cap), 10))


def _fill_notes(sheet: Worksheet, view: TableView, row: int) -> None:
    described = [(c.header, c.note) for c in view.columns if c.note]
    lines = [f"{header}: {note}" for header, note in described]
    lines += list(view.notes) + ([f"Source: {view.source}"] if view.source else [])
    _put(sheet, row, 1, "Notes", _BOLD)
    short = [part for line in lines or ["None."] for part in textwrap.wrap(line, _NOTE_WIDTH)]
    for k, line in enumerate(short, start=1):
        _put(sheet, row + k, 1, line, _SMALL)


def _fill_front(
    sheet: Worksheet, document: Document, views: list[tuple[str, TableView]], names: list[str]
) -> None:
    sheet.column_dimensions["A"].width = 14
    sheet.column_dimensions["B"].width = 100
    _put(sheet, 1, 1, document.title, Font(name=_NAME, bold=True, size=16))
    given = (document.author, long_date(document.date), document.subject)
    lines = [part for part in given if plain(part)]
    if document.internal:
        lines.insert(0, INTERNAL_MARK)
    alone = any(isinstance(b, TableBlock) and not b.paged for b in document.blocks)
    numbered = "Each sheet holds one table of the report, under the report's own number"
    lines.append(numbered + ("; those numbered W stand here alone." if alone else "."))
    assumed = [b for b in document.blocks if isinstance(b, Callout) and b.kind == "assumption"]
    for b in assumed[-1:]:  # the last says all of it
        told = [plain(b.title) + ".", *(document.words(p) for p in b.paragraphs)]
        told[0] = f"Assumed: {told[0]}"
        lines += [part for text in told for part in _wrapped(text)]
    for row, line in enumerate(lines, start=2):
        _put(sheet, row, 1, line, _ALARM if line == INTERNAL_MARK else _BODY)
    row = len(lines) + 3
    for k, head in enumerate(("Table", "What it shows"), start=1):
        cell = _put(sheet, row, k, head, _BOLD)
        cell.fill, cell.border = _HEAD, _UNDER
    for (label, view), name in zip(views, names, strict=True):
        row += 1
        _link(_put(sheet, row, 1, label), name)
        _put(sheet, row, 2, view.title).alignment = Alignment(wrap_text=True, vertical="top")
    _printing(sheet, document.internal)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _NOTE_WIDTH, break_on_hyphens=False)


def _printing(sheet: Worksheet, internal: bool) -> None:
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "&A, page &P of &N"
    if sheet.title != _FRONT:
        sheet.print_title_rows = f"{_HEADER_ROW}:{_HEADER_ROW}"
    if internal:
        sheet.oddHeader.center.text = INTERNAL_MARK


def _properties(book: Workbook, document: Document) -> None:
    given = document.date or datetime.date(1980, 1, 1)
    stamp = datetime.datetime(given.year, given.month, given.day)
    held = book.properties
    held.title, held.subject = plain(document.title), plain(document.subject)
    held.creator = held.lastModifiedBy = plain(document.author) or None
    held.created = held.modified = stamp
    held.language = document.language

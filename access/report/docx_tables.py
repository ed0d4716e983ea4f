"""Tables of the Word report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Emu, Length

from access.escape import plain
from access.maps.style import INK
from access.report.docx_parts import borders, element, shade
from access.report.docx_styles import BLUE, FAINT, RULE
from access.report.layout import WHOLE_ROWS, column_shares
from access.report.tables import TableView

_EMU_A_TWIP = 635
_LINE = INK.lstrip("#").upper()


def add_table(word: Any, view: TableView, width: Length, *, compact: bool = False) -> None:
    """Add a table whose header row is repeated on each page and whose rows do not break.

    Parameters
    ----------
    word : docx.Document
    view : TableView
    width : Length
        Width of the whole table.
    compact : bool
        Smaller type.
    """
    body = view.body
    height = max(len(body), 1)
    shares = column_shares(view, compact=compact)
    made = _bare(word, height + 1, [s * width for s in shares], padding=25 if compact else 45)
    _describe(made, view.title, total=view.total is not None)
    # By id, once: python-docx looks a style's name up anew for every paragraph.
    style = word.styles["Table text compact" if compact else "Table text"].style_id
    aligns = [c.align for c in view.columns]
    cells = made._cells  # the property makes the list anew on each use, slowly
    wide = len(view.columns)
    for k, column in enumerate(view.columns):
        _fill(cells[k], column.header, style, aligns[k], bold=True)
        _dress(cells[k], bottom=(12, _LINE), fill=FAINT)
        cells[k].vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM
    for r, row in enumerate(body, start=1):
        last = view.total is not None and r == height
        for k, cell in enumerate(row):
            target = cells[r * wide + k]
            _fill(target, cell.text, style, aligns[k], bold=last)
            if last:
                _dress(target, top=(8, _LINE), bottom=(4, RULE))
            else:
                _dress(target, bottom=(4, RULE))
    if height <= WHOLE_ROWS:
        for r in range(height):
            cells[r * wide].paragraphs[0].paragraph_format.keep_with_next = True
    if not body:
        _fill(cells[wide], "Nothing to list.", style, "left")
    _header_row(made.rows[0])


def add_key_figures(word: Any, items: Sequence[tuple[str, str]], width: Length) -> None:
    """Add large figures side by side, as a table whose header says what each one is.

    Parameters
    ----------
    word : docx.Document
    items : sequence of (figure, words)
    width : Length
    """
    made = _bare(word, 2, [width / len(items)] * len(items))
    _describe(made, "Key figures", total=False)
    small, large = word.styles["Table text"].style_id, word.styles["Key figure"].style_id
    for k, (figure, words) in enumerate(items):
        head, foot = made.rows[0].cells[k], made.rows[1].cells[k]
        _fill(head, plain(words), small, "left")
        _dress(head, top=(24, BLUE), fill="EEF3F8")
        head.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM
        _fill(foot, plain(figure), large, "left")
        _dress(foot, fill="EEF3F8")
    _header_row(made.rows[0])


def _bare(word: Any, rows: int, widths: Sequence[float], *, padding: int = 45) -> Any:
    """Add a table without style; padding above and below is in twentieths of a point."""
    made = word.add_table(rows=rows, cols=len(widths))
    made.alignment = WD_TABLE_ALIGNMENT.LEFT
    made.autofit = False
    margins = element("tblCellMar")
    for edge, twips in (("top", padding), ("left", 70), ("bottom", padding), ("right", 70)):
        margins.append(element(edge, w=twips, type="dxa"))
    properties = made._tbl.tblPr
    properties.append(margins)
    whole = properties.find(qn("w:tblW"))
    whole.set(qn("w:type"), "dxa")
    whole.set(qn("w:w"), str(int(sum(widths) / _EMU_A_TWIP)))
    for column, wide in zip(made._tbl.tblGrid.gridCol_lst, widths, strict=True):
        column.w = Emu(int(wide))
    for row in made._tbl.tr_lst:
        row.get_or_add_trPr().append(element("cantSplit"))
        for cell, wide in zip(row.tc_lst, widths, strict=True):
            cell.width = Emu(int(wide))
    return made


def _describe(table: Any, title: str, *, total: bool) -> None:
    """Say to a screen reader what the table is, and which rows and columns are headers."""
    properties = table._tbl.tblPr
    for old in properties.findall(qn("w:tblLook")):
        properties.remove(old)
    look = {"firstRow": 1, "lastRow": int(total), "firstColumn": 1, "lastColumn": 0}
    properties.append(element("tblLook", val="04A0", **look, noHBand=1, noVBand=1))
    properties.append(element("tblCaption", val=title))


def _header_row(row: Any) -> None:
    row._tr.get_or_add_trPr().append(element("tblHeader"))


def _fill(cell: Any, text: str, style: str, align: str, *, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph._p.style = style
    paragraph.add_run(text).bold = True if bold else None
    if align == "right":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _dress(cell: Any, *, fill: str = "", **edges: tuple[int, str]) -> None:
    properties = cell._tc.get_or_add_tcPr()
    if edges:
        properties.append(borders("tcBorders", **edges))
    if fill:
        shade(properties, fill)

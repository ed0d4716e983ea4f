"""Tables of the Word report."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.shared import Cm, Emu, Length, Pt

from access.charts.style import INK
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
    heading_text,
    long_date,
)
from access.document.docx_xml import (
    BLUE,
    CALLOUTS,
    FAINT,
    RULE,
    add_bookmark,
    add_field,
    add_link,
    begin_field,
    borders,
    element,
    end_field,
    number_as,
    restart_numbering,
    set_up,
    shade,
)
from access.document.pdf import WHOLE_ROWS, column_shares
from access.document.table import TableView
from access.escape import plain
from access.files import any_clock, steady_zip, write_file

_EMU_A_TWIP = 635
_LINE = INK.lstrip("#").upper()


def _add_table(word: Any, view: TableView, width: Length, *, compact: bool = False) -> None:
    """Add a table whose header row is repeated on each page and whose rows do not break."""
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


def _add_key_figures(word: Any, items: Sequence[tuple[str, str]], width: Length) -> None:
    """Add large figures side by side, as a table whose header says what each one is."""
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


_PAGE_WIDTH = Cm(21 - 2 * 2.1)
_PARAGRAPH_STYLES = {"body": "Normal", "lead": "Lead", "small": "Small", "key": "Key line"}


def write_docx(document: Document, path: Path | str | None = None) -> bytes:
    """Write a document as a Word file.

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

    Examples
    --------
    >>> write_docx(Document("A title", (Paragraph("Text"),)))[:2]
    b'PK'
    """
    word = docx.Document()
    set_up(word, document.language)
    _properties(word, document)
    _page_edges(word, document)
    word.add_paragraph(plain(document.title), style="Title")
    subtitle = " \u00b7 ".join(
        part for part in (plain(document.author), long_date(document.date)) if part
    )
    if subtitle:
        word.add_paragraph(subtitle, style="Subtitle")
    for place, block in enumerate(document.blocks):
        height = len(word.element.body)
        _add(word, document, place, block)
        if place and isinstance(document.blocks[place - 1], PageBreak):
            _start_page(word, height)
    held = io.BytesIO()
    with any_clock():
        word.save(held)
    data = steady_zip(held.getvalue())
    if path is not None:
        write_file(Path(path), data)
    return data


def _properties(word: Any, document: Document) -> None:
    core = word.core_properties
    given = document.date or datetime.date(1980, 1, 1)
    stamp = datetime.datetime(given.year, given.month, given.day)
    core.title, core.subject = plain(document.title)[:255], plain(document.subject)[:255]
    core.author = core.last_modified_by = plain(document.author)[:255]
    core.created = core.modified = stamp
    core.language, core.comments, core.revision = document.language, "", 1


def _page_edges(word: Any, document: Document) -> None:
    section = word.sections[0]
    if document.internal:
        head = section.header.paragraphs[0]
        head.text = INTERNAL_MARK
        head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot = section.footer.paragraphs[0]
    word.styles["Footer"].paragraph_format.tab_stops.clear_all()
    foot.paragraph_format.tab_stops.add_tab_stop(_PAGE_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    foot.add_run(plain(document.footer or document.title) + "\tPage ")
    add_field(foot, "PAGE", "1")
    foot.add_run(" of ")
    add_field(foot, "NUMPAGES", "1")


def _add(word: Any, document: Document, place: int, block: Block) -> None:
    match block:
        case Heading():
            made = word.add_heading(heading_text(document, place), block.level)
            add_bookmark(made, _bookmark(place), place)
        case Paragraph():
            made = word.add_paragraph(style=_PARAGRAPH_STYLES[block.style])
            _write(made, document, block.text)
        case BulletList():
            _add_list(word, document, block)
        case TableBlock():
            view = block.table.view(internal=document.internal)
            _caption(word, document.label(place), view.title)
            _add_table(word, view, _PAGE_WIDTH, compact=block.compact)
            _add_notes(word, (*view.notes, *([f"Source: {view.source}"] if view.source else [])))
        case Figure():
            _add_figure(word, document, place, block)
        case Callout():
            _add_callout(word, document, block)
        case KeyFigures():
            _add_key_figures(word, block.items, _PAGE_WIDTH)
        case PageBreak():
            pass  # the block after it is told to start a page: no empty paragraph, no empty page
        case Contents():
            _add_contents(word, document, block)


def _start_page(word: Any, held: int) -> None:
    """Start a page at the first thing that was added to a body of so many."""
    body = word.element.body
    if len(body) == held:
        return
    first = body[held - 1]  # the section's own properties stay last in the body
    if first.tag == qn("w:p"):
        first.get_or_add_pPr().get_or_add_pageBreakBefore()
    else:
        first.addprevious(word.add_page_break()._p)


def _write(paragraph: Any, document: Document, text: Text) -> None:
    for words, bold in document.spans(text):
        paragraph.add_run(words).bold = True if bold else None


def _add_list(word: Any, document: Document, block: BulletList) -> None:
    style = "List Number" if block.numbered else "List Bullet"
    number_id = None
    for item in block.items:
        made = word.add_paragraph(style=style)
        _write(made, document, item)
        if block.numbered and number_id is None:
            number_id = restart_numbering(word, made, style)
        elif number_id is not None:
            number_as(made, number_id)


def _caption(word: Any, label: str, title: str) -> None:
    kind, _, number = label.partition(" ")
    made = word.add_paragraph(style="Caption")
    made.add_run(f"{kind} ")
    add_field(made, f"SEQ {kind} \\* ARABIC", number)
    made.add_run(f": {title}")


def _add_notes(word: Any, notes: tuple[str, ...]) -> None:
    made = word.add_paragraph(" ".join(notes), style="Small")
    made.paragraph_format.space_before, made.paragraph_format.space_after = Pt(4), Pt(10)


def _add_figure(word: Any, document: Document, place: int, block: Figure) -> None:
    _caption(word, document.label(place), plain(block.title))
    made = word.add_paragraph()
    made.paragraph_format.keep_with_next = bool(block.note)
    width = Emu(int(_PAGE_WIDTH * block.width))
    picture = made.add_run().add_picture(io.BytesIO(block.png), width=width)
    described = picture._inline.docPr
    described.set("name", document.label(place))
    described.set("descr", plain(block.alt))
    if block.note:
        _add_notes(word, (plain(block.note),))


def _add_callout(word: Any, document: Document, block: Callout) -> None:
    style = f"Callout {block.kind}"
    made = word.add_paragraph(style=style)
    made.add_run(f"{CALLOUTS[block.kind][2]}. {plain(block.title)}").bold = True
    for text in block.paragraphs:
        made.paragraph_format.keep_with_next = True
        made = word.add_paragraph(style=style)
        _write(made, document, text)
    made.paragraph_format.space_after = Pt(8)


def _bookmark(place: int) -> str:
    return f"_Toc{place:06d}"


def _add_contents(word: Any, document: Document, block: Contents) -> None:
    """Add a contents field, already filled with links; Word adds page numbers when told to."""
    word.add_paragraph(plain(block.title), style="Contents heading")
    listed = [
        (place, b)
        for place, b in enumerate(document.blocks)
        if isinstance(b, Heading) and b.level <= block.levels
    ]
    made = word.add_paragraph(style="toc 1")
    begin_field(made.add_run(), f'TOC \\o "1-{block.levels}" \\h \\z \\u')
    for k, (place, heading) in enumerate(listed):
        if k:
            made = word.add_paragraph()
        made.style = word.styles[f"toc {heading.level}"]
        add_link(made, _bookmark(place), heading_text(document, place))
    end_field(made.add_run())

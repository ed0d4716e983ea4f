"""A document as a Word file: its styles, text, tables, pictures and contents."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.table import CT_Tbl
from docx.shared import Cm, Emu, Length, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run

from access.charts.chart import CATEGORICAL, INK
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
from access.document.pdf import _column_shares, _heading_pages, _stands_whole
from access.document.table import TableView
from access.escape import plain
from access.files import any_clock, steady_zip, write_file


def _element(tag: str, **attributes: object) -> Any:
    """Make one element of Word's format."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    return made


def _add_field(
    paragraph: WordParagraph, instruction: str, shown: str, *, dirty: bool = False
) -> None:
    """Add a field that Word works out for itself, soon if dirty, and what it shows till then."""
    _begin_field(paragraph.add_run(), instruction, dirty=dirty)
    paragraph.add_run(shown)
    _end_field(paragraph.add_run())


def _begin_field(run: Run, instruction: str, *, dirty: bool = False) -> None:
    """Open a field in a run; what follows is shown until Word works it out."""
    more = {"dirty": "true"} if dirty else {}
    run._r.append(_element("fldChar", fldCharType="begin", **more))
    code = _element("instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = f" {instruction} "
    run._r.append(code)
    run._r.append(_element("fldChar", fldCharType="separate"))


def _end_field(run: Run) -> None:
    """Close the field that `_begin_field` opened."""
    run._r.append(_element("fldChar", fldCharType="end"))


def _add_bookmark(paragraph: WordParagraph, name: str, number: int) -> None:
    """Mark a paragraph as a place that links can go to."""
    paragraph._p.insert(1, _element("bookmarkStart", id=number, name=name))
    paragraph._p.append(_element("bookmarkEnd", id=number))


def _add_link(paragraph: WordParagraph, bookmark: str, text: str) -> None:
    """Add words that lead to a bookmark of the same file."""
    link = _element("hyperlink", anchor=bookmark, history=1)
    run = paragraph.add_run(text)
    link.append(run._r)
    paragraph._p.append(link)


def _shade(holder: Any, fill: str) -> None:
    """Fill a cell's or a paragraph's background."""
    holder.append(_element("shd", val="clear", color="auto", fill=fill))


def _borders(holder_tag: str, **edges: tuple[int, str]) -> Any:
    """Make a set of borders."""
    made = _element(holder_tag)
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV"):
        if edge in edges:
            width, colour = edges[edge]
            style = "single" if width else "nil"
            space = 6 if holder_tag == "pBdr" else 0
            made.append(_element(edge, val=style, sz=width, space=space, color=colour))
    return made


def _restart_numbering(document: Any, paragraph: WordParagraph, style_name: str) -> int:
    """Start a numbered list at 1 again."""
    numbering = document.part.numbering_part.numbering_definitions._numbering
    style = document.styles[style_name].element
    old = style.find(".//" + qn("w:numId")).get(qn("w:val"))
    known = {n.get(qn("w:numId")): n for n in numbering.findall(qn("w:num"))}
    abstract = known[old].find(qn("w:abstractNumId")).get(qn("w:val"))
    fresh = numbering.add_num(int(abstract))
    fresh.add_lvlOverride(ilvl=0).add_startOverride(1)
    _number_as(paragraph, fresh.numId)
    return int(fresh.numId)


def _number_as(paragraph: WordParagraph, number_id: int) -> None:
    """Give a paragraph a numbering."""
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number_id


_BLUE = CATEGORICAL[0].lstrip("#")
_PINK = CATEGORICAL[2].lstrip("#")
_RULE = "B1B4B6"
_FAINT = "F3F2F1"
_FONT = "Arial"
_CALLOUTS = {  # edge, background, the word that says it without colour
    "finding": (_BLUE, "EEF3F8", "Finding"),
    "assumption": (_PINK, "F8EEF3", "Assumed"),
    "warning": (CATEGORICAL[3].lstrip("#"), "FEF3EC", "Take care"),
    "decision": (CATEGORICAL[1].lstrip("#"), "ECF7F5", "For decision"),
}


@lru_cache(maxsize=4)
def _blank(language: str) -> bytes:
    """Give an empty Word file with all styles: to make them takes as long as a short report."""
    word, held = docx.Document(), io.BytesIO()
    _set_up(word, language)
    with any_clock():
        word.save(held)
    return held.getvalue()


def _set_up(document: Any, language: str) -> None:
    """Give a new Word file the page, the language and the styles of the report."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.1)
    section.top_margin, section.bottom_margin = Cm(2.2), Cm(2.0)
    _language(document, language)
    ink = INK.lstrip("#")
    _style(document, "Normal", 10.5, ink, after=5)
    _style(document, "Title", 18, _BLUE, bold=True, after=3)
    _style(document, "Subtitle", 11, "383F43", after=8)
    for level, size, before in ((1, 15, 11), (2, 12.5, 11), (3, 11, 9)):
        _style(document, f"Heading {level}", size, ink, bold=True, before=before, after=4)
    _style(document, "Caption", 10, ink, bold=True, before=9, after=4, keep=True)
    _style(document, "List Bullet", 10.5, ink, after=2)
    _style(document, "List Number", 10.5, ink, after=2)
    _style(document, "Header", 9, _PINK, bold=True, after=0)
    _style(document, "Footer", 8.5, "505A5F", after=0)
    _added(document, "Lead", 11.5, ink, after=5)
    _added(document, "Key line", 11.5, ink, bold=True, after=6)
    _added(document, "Small", 8.5, "383F43", after=2)
    _added(document, "Table text", 9, ink, after=0)
    _added(document, "Table text compact", 8, ink, after=0)
    _added(document, "Key figure", 15, _BLUE, bold=True, after=0)
    _added(document, "Contents heading", 15, ink, bold=True, before=16, after=5)
    for level in (1, 2, 3):
        toc = _added(document, f"toc {level}", 10.5, ink, after=3)
        toc.paragraph_format.left_indent = Cm(0.6 * (level - 1))
        dots = WD_TAB_LEADER.DOTS
        toc.paragraph_format.tab_stops.add_tab_stop(_PAGE_WIDTH, WD_TAB_ALIGNMENT.RIGHT, dots)
    _table_style(document)
    for kind, (edge, fill, _) in _CALLOUTS.items():
        style = _added(document, f"Callout {kind}", 10.5, ink, after=0)
        style.paragraph_format.left_indent = style.paragraph_format.right_indent = Cm(0.25)
        properties = style.element.get_or_add_pPr()
        line, blank = (32, edge), (4, fill)
        properties.append(_borders("pBdr", top=blank, left=line, bottom=blank, right=blank))
        _shade(properties, fill)
        _in_order(properties)


def _language(document: Any, language: str) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults"))
    properties = defaults.find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    properties.append(_element("lang", val=language, eastAsia=language, bidi="ar-SA"))
    settings = document.settings.element
    for old in settings.findall(qn("w:themeFontLang")):
        old.set(qn("w:val"), language)
    compat = settings.find(qn("w:compat"))
    if compat is None:
        compat = _element("compat")
        settings.append(compat)
    for old in compat.findall(qn("w:compatSetting")):
        if old.get(qn("w:name")) == "compatibilityMode":
            compat.remove(old)
    uri = "http://schemas.microsoft.com/office/word"
    compat.append(_element("compatSetting", name="compatibilityMode", uri=uri, val=15))


def _added(document: Any, name: str, size: float, colour: str, **more: Any) -> Any:
    with suppress(ValueError):  # the template has it: to ask before looks through all styles twice
        made = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        made.base_style = document.styles["Normal"]
    return _style(document, name, size, colour, **more)


def _style(
    document: Any,
    name: str,
    size: float,
    colour: str,
    *,
    bold: bool = False,
    before: float = 0,
    after: float = 0,
    keep: bool = False,
) -> Any:
    style = document.styles[name]
    font, shape = style.font, style.paragraph_format
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name_of in list(fonts.attrib):
        del fonts.attrib[name_of]
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), _FONT)
    font.size, font.bold, font.italic = Pt(size), bold, False
    font.color.rgb = RGBColor.from_string(colour.upper())
    shape.space_before, shape.space_after = Pt(before), Pt(after)
    shape.line_spacing_rule = WD_LINE_SPACING.MULTIPLE
    shape.line_spacing = 1.05
    if keep:
        shape.keep_with_next = True
    for tag in ("pBdr", "spacing"):  # the template's own lines and wide letters
        for old in style.element.findall(".//" + qn(f"w:{tag}")):
            if tag == "pBdr" or old.getparent().tag == qn("w:rPr"):
                old.getparent().remove(old)
    return style


def _in_order(properties: Any) -> None:
    """Put a paragraph's properties in the order that Word's schema asks for."""
    order = "keepNext keepLines pageBreakBefore numPr pBdr shd tabs spacing ind jc outlineLvl"
    rank = {qn(f"w:{tag}"): k for k, tag in enumerate(order.split())}
    for child in sorted(properties, key=lambda e: rank.get(e.tag, -1)):
        properties.append(child)


_EMU_A_TWIP = 635
_LINE = INK.lstrip("#").upper()


def _add_table(word: Any, view: TableView, width: Length, *, compact: bool = False) -> None:
    """Add a table whose header row is repeated on each page and whose rows do not break."""
    body = view.body
    total = view.total is not None and bool(body)
    shares = _column_shares(view, compact=compact)
    # By id, once: python-docx looks a style's name up anew for every paragraph.
    style = _style_id(word, "Table text compact" if compact else "Table text")
    made = _bare(word, 1, [s * width for s in shares], padding=25 if compact else 45)
    _describe(made, view.title, total=view.total is not None)
    head = made._tbl.tr_lst[0]
    bare, usual, last = (deepcopy(head) for _ in range(3))
    aligns = [column.align for column in view.columns]
    for row, kind in ((head, "head"), (usual, "body"), (last, "total")):
        _dress_row(row, kind, style, aligns)
    for run, column in zip(head.iter(qn("w:r")), view.columns, strict=True):
        _say(run, column.header)
    whole = _stands_whole(view, shares, compact=compact)
    if whole:
        _keep_with_next(head)
    for r, row in enumerate(body, start=1):
        ends = r == len(body)
        copied = deepcopy(last if total and ends else usual)
        for run, cell in zip(copied.iter(qn("w:r")), row, strict=True):
            _say(run, cell.text)
        if whole and not ends:
            _keep_with_next(copied)
        made._tbl.append(copied)
    if not body:
        made._tbl.append(bare)
        _fill(made.rows[1].cells[0], "Nothing to list.", style, "left")
    _header_row(made.rows[0])


#: What stands in a row that others are copied from.
_ANY = "x"
_EDGES: dict[str, dict[str, tuple[int, str]]] = {
    "head": {"bottom": (12, _LINE)},
    "body": {"bottom": (4, _RULE)},
    "total": {"top": (8, _LINE), "bottom": (4, _RULE)},
}


@cache
def _cell_like(kind: str, style: str, align: str) -> Any:
    """Make a cell that others are copied from: python-docx would make each of them slowly."""
    made = CT_Tbl.new_tbl(1, 1, Cm(1)).tr_lst[0].tc_lst[0]
    cell = _Cell(made, None)  # type: ignore[arg-type]
    _fill(cell, _ANY, style, align, bold=kind != "body")
    _dress(cell, fill=_FAINT if kind == "head" else "", **_EDGES[kind])
    if kind == "head":
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.BOTTOM
    return made


def _dress_row(row: Any, kind: str, style: str, aligns: Sequence[str]) -> None:
    """Put cells of a kind in place of a row's own, as wide as those."""
    wide = qn("w:w")
    for own, align in zip(row.tc_lst, aligns, strict=True):
        copied = deepcopy(_cell_like(kind, style, align))
        copied.tcPr.tcW.set(wide, own.tcPr.tcW.get(wide))
        row.replace(own, copied)


def _keep_with_next(row: Any) -> None:
    next(row.iter(qn("w:p"))).get_or_add_pPr().keepNext_val = True


def _say(run: Any, text: str) -> None:
    """Put text in the place of a run's own."""
    (held,) = run.findall(qn("w:t"))
    if text and text == text.strip() and not re.search(r"[\t\n\r]", text):
        held.text = text
    else:
        run.text = text


def _add_key_figures(word: Any, items: Sequence[tuple[str, str]], width: Length) -> None:
    """Add large figures side by side, each above the words that say what it is."""
    made = _bare(word, 2, [width / len(items)] * len(items))
    _describe(made, "Key figures, each above its words", total=False, headed=False)
    small, large = _style_id(word, "Table text"), _style_id(word, "Key figure")
    for k, (figure, words) in enumerate(items):
        head, foot = made.rows[0].cells[k], made.rows[1].cells[k]
        _fill(head, plain(figure), large, "left")
        head.paragraphs[0].paragraph_format.keep_with_next = True
        _dress(head, top=(24, _BLUE), fill="EEF3F8")
        _fill(foot, plain(words), small, "left")
        _dress(foot, fill="EEF3F8")


_TABLE_STYLE = "Report table"


def _table_style(document: Any) -> None:
    """Add the style whose first row and first column Word knows as headers."""
    made = document.styles.add_style(_TABLE_STYLE, WD_STYLE_TYPE.TABLE)
    made.base_style = document.styles["Normal Table"]
    for part in ("firstRow", "firstCol", "lastRow"):
        made.element.append(_element("tblStylePr", type=part))


def _bare(word: Any, rows: int, widths: Sequence[float], *, padding: int = 45) -> Any:
    """Add a table without style; padding above and below is in twentieths of a point."""
    made = word.add_table(rows=rows, cols=len(widths))
    made._tbl.tblPr.style = _style_id(word, _TABLE_STYLE, WD_STYLE_TYPE.TABLE)
    made.alignment = WD_TABLE_ALIGNMENT.LEFT
    made.autofit = False
    margins = _element("tblCellMar")
    for edge, twips in (("top", padding), ("left", 70), ("bottom", padding), ("right", 70)):
        margins.append(_element(edge, w=twips, type="dxa"))
    properties = made._tbl.tblPr
    properties.append(margins)
    whole = properties.find(qn("w:tblW"))
    whole.set(qn("w:type"), "dxa")
    whole.set(qn("w:w"), str(int(sum(widths) / _EMU_A_TWIP)))
    for column, wide in zip(made._tbl.tblGrid.gridCol_lst, widths, strict=True):
        column.w = Emu(int(wide))
    for row in made._tbl.tr_lst:
        row.get_or_add_trPr().append(_element("cantSplit"))
        for cell, wide in zip(row.tc_lst, widths, strict=True):
            cell.width = Emu(int(wide))
    return made


def _describe(table: Any, title: str, *, total: bool, headed: bool = True) -> None:
    """Say to a screen reader what the table is, and which rows and columns are headers."""
    properties = table._tbl.tblPr
    for old in properties.findall(qn("w:tblLook")):
        properties.remove(old)
    look = {"firstRow": int(headed), "lastRow": int(total), "firstColumn": int(headed)}
    look |= {"lastColumn": 0, "noHBand": 1, "noVBand": 1}
    bits = 0x0600 | 0x20 * headed | 0x40 * total | 0x80 * headed
    properties.append(_element("tblLook", val=f"{bits:04X}", **look))
    properties.append(_element("tblCaption", val=title))


def _header_row(row: Any) -> None:
    row._tr.get_or_add_trPr().append(_element("tblHeader"))


def _fill(cell: Any, text: str, style: str, align: str, *, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph._p.style = style
    paragraph.add_run(text).bold = True if bold else None
    if align == "right":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _dress(cell: Any, *, fill: str = "", **edges: tuple[int, str]) -> None:
    properties = cell._tc.get_or_add_tcPr()
    if edges:
        properties.append(_borders("tcBorders", **edges))
    if fill:
        _shade(properties, fill)


_PAGE_WIDTH = Cm(21 - 2 * 2.1)
_PARAGRAPH_STYLES = {"body": "Normal", "lead": "Lead", "small": "Small", "key": "Key line"}


def _style_id(word: Any, name: str, kind: WD_STYLE_TYPE = WD_STYLE_TYPE.PARAGRAPH) -> str:
    """Give a style's id, looked up once: see `_keep_style_ids`."""
    found: str = word.part.get_style_id(name, kind)
    return found


def _keep_style_ids(word: Any) -> None:
    """Look up each style once: python-docx reads all of them again with every paragraph."""
    look_up = word.part.get_style_id
    usual = cache(word.styles.default)

    @cache
    def by_name(style: str | None, kind: Any) -> Any:
        if style is None or (found := word.styles[style]).type != kind:
            return look_up(style, kind)
        return None if found == usual(kind) else found.style_id

    def style_id(style: Any, kind: Any) -> Any:
        named = style is None or isinstance(style, str)
        return by_name(style, kind) if named else look_up(style, kind)

    word.part.get_style_id = style_id


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
    word = docx.Document(io.BytesIO(_blank(document.language)))
    _properties(word, document)
    _page_edges(word, document)
    _keep_style_ids(word)
    word.add_paragraph(plain(document.title), style="Title")
    subtitle = " \u00b7 ".join(
        part
        for part in (plain(document.subtitle or document.author), long_date(document.date))
        if part
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
    _add_field(foot, "PAGE", "1")
    foot.add_run(" of ")
    _add_field(foot, "NUMPAGES", "1")


def _add(word: Any, document: Document, place: int, block: Block) -> None:
    match block:
        case Heading():
            made = word.add_heading(_heading_text(document, place), block.level)
            _add_bookmark(made, _bookmark(place), place)
        case Paragraph():
            made = word.add_paragraph(style=_PARAGRAPH_STYLES[block.style])
            _write(made, document, block.text)
        case BulletList():
            _add_list(word, document, block)
        case TableBlock(paged=False):
            pass  # in the workbook alone
        case TableBlock():
            view = document.view(block.table)
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
            number_id = _restart_numbering(word, made, style)
        elif number_id is not None:
            _number_as(made, number_id)


def _caption(word: Any, label: str, title: str) -> None:
    kind, _, number = label.partition(" ")
    made = word.add_paragraph(style="Caption")
    made.add_run(f"{kind} ")
    _add_field(made, f"SEQ {kind} \\* ARABIC", number)
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
    made.add_run(f"{_CALLOUTS[block.kind][2]}. {plain(block.title)}").bold = True
    for text in block.paragraphs:
        made.paragraph_format.keep_with_next = True
        made = word.add_paragraph(style=style)
        _write(made, document, text)
    made.paragraph_format.space_after = Pt(8)


def _bookmark(place: int) -> str:
    return f"_Toc{place:06d}"


def _add_contents(word: Any, document: Document, block: Contents) -> None:
    """Add a contents field, filled with links and pages; Word works the pages out anew.

    Until it does, the pages are those of the PDF, which has the same pages of the same size.
    """
    word.add_paragraph(plain(block.title), style="Contents heading")
    pages = _heading_pages(document)
    listed = [
        (place, b)
        for place, b in enumerate(document.blocks)
        if isinstance(b, Heading) and b.level <= block.levels
    ]
    made = word.add_paragraph(style="toc 1")
    _begin_field(made.add_run(), f'TOC \\o "1-{block.levels}" \\h \\z \\u')
    for k, (place, heading) in enumerate(listed):
        if k:
            made = word.add_paragraph()
        made._p.style = _style_id(word, f"toc {heading.level}")
        _add_link(made, _bookmark(place), f"{_heading_text(document, place)}\t")
        _add_field(made, f"PAGEREF {_bookmark(place)} \\h", str(pages[place]), dirty=True)
    _end_field(made.add_run())
    told = "Page numbers are those of the PDF until Word works out its own: Update field."
    word.add_paragraph(told, style="Small")

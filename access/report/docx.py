"""Write a document as a Word file: real headings, repeated header rows, words for pictures."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.shared import Cm, Emu, Pt

from access.escape import plain
from access.files import any_clock, write_file
from access.report.blocks import (
    Block,
    BulletList,
    Callout,
    Contents,
    Figure,
    Heading,
    KeyFigures,
    PageBreak,
    Paragraph,
    TableBlock,
    Text,
)
from access.report.document import INTERNAL_MARK, Document, heading_text, long_date
from access.report.docx_parts import (
    add_bookmark,
    add_field,
    add_link,
    begin_field,
    end_field,
    number_as,
    restart_numbering,
)
from access.report.docx_styles import CALLOUTS, set_up
from access.report.docx_tables import add_key_figures, add_table
from access.report.files import steady_zip

PAGE_WIDTH = Cm(21 - 2 * 2.1)
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
    foot.paragraph_format.tab_stops.add_tab_stop(PAGE_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
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
            add_table(word, view, PAGE_WIDTH, compact=block.compact)
            _add_notes(word, (*view.notes, *([f"Source: {view.source}"] if view.source else [])))
        case Figure():
            _add_figure(word, document, place, block)
        case Callout():
            _add_callout(word, document, block)
        case KeyFigures():
            add_key_figures(word, block.items, PAGE_WIDTH)
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
    width = Emu(int(PAGE_WIDTH * block.width))
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

"""The pieces of Word's own format that python-docx has no call for."""

from __future__ import annotations

from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from docx.text.run import Run


def element(tag: str, **attributes: object) -> Any:
    """Make one element of Word's format.

    Parameters
    ----------
    tag : str
        Name without its prefix, ``"shd"`` for ``w:shd``.
    **attributes : object
        Attributes, also without prefix.

    Returns
    -------
    lxml element

    Examples
    --------
    >>> element("tblHeader").tag.endswith("}tblHeader")
    True
    """
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    return made


def add_field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """Add a field that Word works out for itself, with what it shows until then.

    Parameters
    ----------
    paragraph : Paragraph
    instruction : str
        ``"PAGE"``, ``"NUMPAGES"``, ``"SEQ Table"``.
    shown : str
    """
    begin_field(paragraph.add_run(), instruction)
    paragraph.add_run(shown)
    end_field(paragraph.add_run())


def begin_field(run: Run, instruction: str) -> None:
    """Open a field in a run; what follows is shown until Word works it out.

    Parameters
    ----------
    run : Run
    instruction : str
    """
    run._r.append(element("fldChar", fldCharType="begin"))
    code = element("instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = f" {instruction} "
    run._r.append(code)
    run._r.append(element("fldChar", fldCharType="separate"))


def end_field(run: Run) -> None:
    """Close the field that `begin_field` opened.

    Parameters
    ----------
    run : Run
    """
    run._r.append(element("fldChar", fldCharType="end"))


def add_bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    """Mark a paragraph as a place that links can go to.

    Parameters
    ----------
    paragraph : Paragraph
    name : str
    number : int
        Unique in the file.
    """
    paragraph._p.insert(1, element("bookmarkStart", id=number, name=name))
    paragraph._p.append(element("bookmarkEnd", id=number))


def add_link(paragraph: Paragraph, bookmark: str, text: str) -> None:
    """Add words that lead to a bookmark of the same file.

    Parameters
    ----------
    paragraph : Paragraph
    bookmark, text : str
    """
    link = element("hyperlink", anchor=bookmark, history=1)
    run = paragraph.add_run(text)
    link.append(run._r)
    paragraph._p.append(link)


def shade(holder: Any, fill: str) -> None:
    """Fill a cell's or a paragraph's background.

    Parameters
    ----------
    holder : lxml element
        The ``tcPr`` or ``pPr``.
    fill : str
        Colour as six hexadecimal digits.
    """
    holder.append(element("shd", val="clear", color="auto", fill=fill))


def borders(holder_tag: str, **edges: tuple[int, str]) -> Any:
    """Make a set of borders.

    Parameters
    ----------
    holder_tag : str
        ``"tcBorders"``, ``"pBdr"`` or ``"tblBorders"``.
    **edges : (int, str)
        Width in eighths of a point and colour, by edge; a width of 0 is no line.

    Returns
    -------
    lxml element
    """
    made = element(holder_tag)
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV"):
        if edge in edges:
            width, colour = edges[edge]
            style = "single" if width else "nil"
            space = 6 if holder_tag == "pBdr" else 0
            made.append(element(edge, val=style, sz=width, space=space, color=colour))
    return made


def restart_numbering(document: Any, paragraph: Paragraph, style_name: str) -> int:
    """Start a numbered list at 1 again.

    Parameters
    ----------
    document : docx.Document
    paragraph : Paragraph
        The first of the list; it is given the new numbering.
    style_name : str
        The list style whose form is kept.

    Returns
    -------
    int
        The new numbering's id, for the other points of the list.
    """
    numbering = document.part.numbering_part.numbering_definitions._numbering
    style = document.styles[style_name].element
    old = style.find(".//" + qn("w:numId")).get(qn("w:val"))
    known = {n.get(qn("w:numId")): n for n in numbering.findall(qn("w:num"))}
    abstract = known[old].find(qn("w:abstractNumId")).get(qn("w:val"))
    fresh = numbering.add_num(int(abstract))
    fresh.add_lvlOverride(ilvl=0).add_startOverride(1)
    number_as(paragraph, fresh.numId)
    return int(fresh.numId)


def number_as(paragraph: Paragraph, number_id: int) -> None:
    """Give a paragraph a numbering.

    Parameters
    ----------
    paragraph : Paragraph
    number_id : int
    """
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number_id

"""The pieces of Word's own format that python-docx has no call for."""

from __future__ import annotations

from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from access.charts.style import CATEGORICAL, INK


def element(tag: str, **attributes: object) -> Any:
    """Make one element of Word's format."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    return made


def add_field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """Add a field that Word works out for itself, with what it shows until then."""
    begin_field(paragraph.add_run(), instruction)
    paragraph.add_run(shown)
    end_field(paragraph.add_run())


def begin_field(run: Run, instruction: str) -> None:
    """Open a field in a run; what follows is shown until Word works it out."""
    run._r.append(element("fldChar", fldCharType="begin"))
    code = element("instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = f" {instruction} "
    run._r.append(code)
    run._r.append(element("fldChar", fldCharType="separate"))


def end_field(run: Run) -> None:
    """Close the field that `begin_field` opened."""
    run._r.append(element("fldChar", fldCharType="end"))


def add_bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    """Mark a paragraph as a place that links can go to."""
    paragraph._p.insert(1, element("bookmarkStart", id=number, name=name))
    paragraph._p.append(element("bookmarkEnd", id=number))


def add_link(paragraph: Paragraph, bookmark: str, text: str) -> None:
    """Add words that lead to a bookmark of the same file."""
    link = element("hyperlink", anchor=bookmark, history=1)
    run = paragraph.add_run(text)
    link.append(run._r)
    paragraph._p.append(link)


def shade(holder: Any, fill: str) -> None:
    """Fill a cell's or a paragraph's background."""
    holder.append(element("shd", val="clear", color="auto", fill=fill))


def borders(holder_tag: str, **edges: tuple[int, str]) -> Any:
    """Make a set of borders."""
    made = element(holder_tag)
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV"):
        if edge in edges:
            width, colour = edges[edge]
            style = "single" if width else "nil"
            space = 6 if holder_tag == "pBdr" else 0
            made.append(element(edge, val=style, sz=width, space=space, color=colour))
    return made


def restart_numbering(document: Any, paragraph: Paragraph, style_name: str) -> int:
    """Start a numbered list at 1 again."""
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
    """Give a paragraph a numbering."""
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number_id


BLUE = CATEGORICAL[0].lstrip("#")
_PINK = CATEGORICAL[2].lstrip("#")
RULE = "B1B4B6"
FAINT = "F3F2F1"
_FONT = "Arial"
CALLOUTS = {  # edge, background, the word that says it without colour
    "finding": (BLUE, "EEF3F8", "Finding"),
    "assumption": (_PINK, "F8EEF3", "Assumed"),
    "warning": (CATEGORICAL[3].lstrip("#"), "FEF3EC", "Take care"),
    "decision": (CATEGORICAL[1].lstrip("#"), "ECF7F5", "For decision"),
}


def set_up(document: Any, language: str) -> None:
    """Give a new Word file the page, the language and the styles of the report."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.1)
    section.top_margin, section.bottom_margin = Cm(2.2), Cm(2.0)
    _language(document, language)
    ink = INK.lstrip("#")
    _style(document, "Normal", 10.5, ink, after=5)
    _style(document, "Title", 18, BLUE, bold=True, after=3)
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
    _added(document, "Key figure", 15, BLUE, bold=True, after=0)
    _added(document, "Contents heading", 15, ink, bold=True, before=16, after=5)
    for level in (1, 2, 3):
        toc = _added(document, f"toc {level}", 10.5, ink, after=3)
        toc.paragraph_format.left_indent = Cm(0.6 * (level - 1))
    for kind, (edge, fill, _) in CALLOUTS.items():
        style = _added(document, f"Callout {kind}", 10.5, ink, after=0)
        style.paragraph_format.left_indent = style.paragraph_format.right_indent = Cm(0.25)
        properties = style.element.get_or_add_pPr()
        line, blank = (32, edge), (4, fill)
        properties.append(borders("pBdr", top=blank, left=line, bottom=blank, right=blank))
        shade(properties, fill)
        _in_order(properties)


def _language(document: Any, language: str) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults"))
    properties = defaults.find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    properties.append(element("lang", val=language, eastAsia=language, bidi="ar-SA"))
    settings = document.settings.element
    for old in settings.findall(qn("w:themeFontLang")):
        old.set(qn("w:val"), language)
    compat = settings.find(qn("w:compat"))
    if compat is None:
        compat = element("compat")
        settings.append(compat)
    for old in compat.findall(qn("w:compatSetting")):
        if old.get(qn("w:name")) == "compatibilityMode":
            compat.remove(old)
    uri = "http://schemas.microsoft.com/office/word"
    compat.append(element("compatSetting", name="compatibilityMode", uri=uri, val=15))


def _added(document: Any, name: str, size: float, colour: str, **more: Any) -> Any:
    known = {s.name for s in document.styles}
    if name not in known:
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

"""The document model: blocks (headings, text, tables, pictures) that each writer writes."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from access.disclosure import THRESHOLD
from access.document.table import Table, TableView
from access.errors import Fault, ParameterError
from access.escape import plain

_PNG_MARK = b"\x89PNG\r\n\x1a\n"
_CALLOUT_KINDS = ("finding", "assumption", "warning", "decision")
_PARAGRAPH_STYLES = ("body", "lead", "small", "key")


@dataclass(frozen=True, slots=True)
class Bold:
    """Words in bold inside a paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A mention of a numbered table, figure or heading: "Table 3".

    Parameters
    ----------
    key : str
        Key of the block that is mentioned.
    """

    key: str


_Span = str | Bold | Ref
Text = str | tuple[_Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading.

    Parameters
    ----------
    level : int
        1 to 3.
    appendix : bool
        Give it a letter (level 1: A, B, ...; level 2 inside one: A1, A2, ...).
    key : str
        For `Ref`.
    """

    text: str
    level: int = 1
    appendix: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph.

    Parameters
    ----------
    style : str
        ``"body"``, ``"lead"`` (larger), ``"small"`` or ``"key"`` (a bold line).
    """

    text: Text
    style: str = "body"


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list of points.

    Parameters
    ----------
    numbered : bool
        Number the points.
    """

    items: tuple[Text, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table, with its caption and notes.

    Parameters
    ----------
    key : str
        For `Ref`.
    compact : bool
        Smaller type, for wide tables.
    share : float
        Share of the page's width that is enough: two blocks in a row that fit stand side by side
        in the PDF; one alone has all of it.
    paged : bool
        Stands in the report; else in the workbook alone, numbered W1, W2, ...
    """

    table: Table
    key: str = ""
    compact: bool = False
    share: float = 1.0
    paged: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with a caption, and words for those who cannot see it.

    Parameters
    ----------
    title : str
        Says the finding.
    png : bytes
        The picture; Word shows this one.
    alt : str
        What the picture shows, in words.
    svg : bytes
        The same picture as lines; the PDF shows this one when it is there.
    note : str
        Stands below the picture: measure, population, place, date, source.
    key : str
        For `Ref`.
    width : float
        Share of the page's width, 0 to 1; two in a row that fit stand side by side in the PDF.
    """

    title: str
    png: bytes
    alt: str
    svg: bytes = b""
    note: str = ""
    key: str = ""
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Callout:
    """A box that must not be missed.

    Parameters
    ----------
    kind : str
        ``"finding"``, ``"assumption"``, ``"warning"`` or ``"decision"``.
    """

    kind: str
    title: str
    paragraphs: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """A few large figures side by side, each with its words."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PageBreak:
    """The next block starts a new page."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The list of headings, down to a level; in two columns the appendices stand beside."""

    title: str = "Contents"
    levels: int = 2
    columns: int = 1


Block = (
    Heading
    | Paragraph
    | BulletList
    | TableBlock
    | Figure
    | Callout
    | KeyFigures
    | PageBreak
    | Contents
)


INTERNAL_MARK = f"INTERNAL: holds counts below {THRESHOLD}. Not for publication."


@dataclass(frozen=True)
class Document:
    """A whole document.

    Parameters
    ----------
    title, subject : str
    blocks : tuple of block
    date : datetime.date, optional
        Given by the user or the inputs, never by the clock; no date is shown without it.
    author : str
        Who answers for it.
    subtitle : str
        Stands below the title, before the date; the author where there is none.
    footer : str
        Stands at the foot of each page, beside its number.
    internal : bool
        Keep small counts, and say so on every page.
    language : str

    Raises
    ------
    ParameterError
        Naming every fault: a heading that skips a level, a mention of what is not there, a
        picture without words or that is no PNG.

    Examples
    --------
    >>> from access.document.table import Table
    >>> table = Table("Nothing", (), ())
    >>> document = Document("A", blocks=(Heading("One"), TableBlock(table, key="t"),
    ...                                  Paragraph(("See ", Ref("t")))))
    >>> document.words((("See "), Ref("t")))
    'See Table 1'
    """

    title: str
    blocks: tuple[Block, ...]
    subject: str = ""
    date: datetime.date | None = None
    author: str = ""
    subtitle: str = ""
    footer: str = ""
    internal: bool = False
    language: str = "en-GB"
    labels: dict[int, str] = field(init=False, repr=False, compare=False)
    _views: dict[int, tuple[Table, TableView]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        object.__setattr__(self, "labels", dict(_labels(self.blocks)))
        if faults := list(_faults(self)):
            raise ParameterError(f"document {self.title!r} cannot be made", faults)

    def label(self, place: int) -> str:
        """Give the number of the block at a place: "Table 3", "Figure 1", "Appendix B", "B2".

        Parameters
        ----------
        place : int
            Its position among the blocks.

        Returns
        -------
        str
            Empty for blocks without a number.
        """
        return self.labels.get(place, "")

    def words(self, text: Text) -> str:
        """Write a text without its formatting, mentions filled in.

        Parameters
        ----------
        text : str or tuple of spans

        Returns
        -------
        str
        """
        return "".join(words for words, _ in self.spans(text))

    def spans(self, text: Text) -> list[tuple[str, bool]]:
        """Break a text into pieces that are bold or not, mentions filled in.

        Parameters
        ----------
        text : str or tuple of spans

        Returns
        -------
        list of (str, bool)
        """
        if isinstance(text, str):
            return [(plain(text), False)]
        out = []
        for piece in text:
            raw = self._mention(piece.key) if isinstance(piece, Ref) else _raw(piece)
            lead = " " if raw[:1].isspace() else ""
            tail = " " if raw[-1:].isspace() and raw.strip() else ""
            out.append((lead + plain(raw) + tail, isinstance(piece, Bold)))
        return out

    def _mention(self, key: str) -> str:
        places = [p for p, b in enumerate(self.blocks) if getattr(b, "key", "") == key]
        if not places:
            raise ParameterError(f"no block of document {self.title!r} has the key {key!r}")
        place = places[0]
        block = self.blocks[place]
        return self.label(place) or (block.text if isinstance(block, Heading) else key)

    def view(self, table: Table) -> TableView:
        """Give a table as this document shows it: minutes whole unless it is an internal copy.

        Parameters
        ----------
        table : Table

        Returns
        -------
        TableView
        """
        held = self._views.get(id(table))  # every writer asks, and how a row of blocks stands
        if held is None or held[0] is not table:  # a document that was copied holds other ids
            view = table.view(internal=self.internal, whole_minutes=not self.internal)
            held = self._views[id(table)] = (table, view)  # held, so that its id stays its own
        return held[1]

    def tables(self) -> Iterator[tuple[str, TableView]]:
        """Give the number of every table of the workbook, and what may be shown of it.

        Yields
        ------
        (str, TableView)
        """
        for place, block in enumerate(self.blocks):
            if isinstance(block, TableBlock):
                yield self.label(place), self.view(block.table)


def _heading_text(document: Document, place: int) -> str:
    """Write a heading as it stands on the page, its letter first."""
    block, label = document.blocks[place], document.label(place)
    text = plain(block.text) if isinstance(block, Heading) else ""
    if not label:
        return text
    return f"{label}: {text}" if label.startswith("Appendix") else f"{label}  {text}"


def long_date(date: datetime.date | None) -> str:
    """Write a date as British readers do."""
    months = "January February March April May June July August September October November December"
    return "" if date is None else f"{date.day} {months.split()[date.month - 1]} {date.year}"


def _width_of(block: Block) -> float:
    """Give the share of the page's width that a block needs."""
    match block:
        case TableBlock():
            return block.share
        case Figure():
            return block.width
    return 1.0


def _in_rows(blocks: Sequence[Block]) -> Iterator[tuple[int, ...]]:
    """Give the places of blocks as they stand on pages: two that fit share a row."""
    shown = [k for k, b in enumerate(blocks) if not (isinstance(b, TableBlock) and not b.paged)]
    at = 0
    while at < len(shown):
        here, after = shown[at], shown[at + 1] if at + 1 < len(shown) else None
        if after is not None and _width_of(blocks[here]) + _width_of(blocks[after]) <= 1.0:
            yield here, after
            at += 2
        else:
            yield (here,)
            at += 1


def _raw(piece: str | Bold) -> str:
    return piece.text if isinstance(piece, Bold) else piece


def _labels(blocks: tuple[Block, ...]) -> Iterator[tuple[int, str]]:
    """Number tables, figures and appendices in the order in which they stand."""
    tables = figures = letters = inside = extra = 0
    in_appendix = False
    for place, block in enumerate(blocks):
        match block:
            case TableBlock(paged=False):
                extra += 1
                yield place, f"Table W{extra}"
            case TableBlock():
                tables += 1
                yield place, f"Table {tables}"
            case Figure():
                figures += 1
                yield place, f"Figure {figures}"
            case Heading(level=1):
                in_appendix, inside = block.appendix, 0
                if in_appendix:
                    letters += 1
                    yield place, f"Appendix {_letter(letters)}"
            case Heading(level=2) if in_appendix and block.appendix:
                inside += 1
                yield place, f"{_letter(letters)}{inside}"


def _letter(number: int) -> str:
    return (
        chr(ord("A") + number - 1)
        if number <= 26
        else _letter((number - 1) // 26) + _letter((number - 1) % 26 + 1)
    )


def _faults(document: Document) -> Iterator[Fault]:
    def fault(place: int, column: str, value: object, expected: str) -> Fault:
        return Fault(document.title, f"block {place + 1}", column, str(value), expected)

    if not plain(document.title):
        yield Fault("document", "", "title", "", "a title")
    keys = [key for b in document.blocks if (key := getattr(b, "key", ""))]
    level = 0
    for place, block in enumerate(document.blocks):
        key = getattr(block, "key", "")
        if key and keys.count(key) > 1:
            yield fault(place, "key", key, "a key that no other block has")
        for ref in _refs(block):
            if ref not in keys:
                yield fault(place, "Ref", ref, f"the key of a block, any of {sorted(keys)}")
        if isinstance(block, Heading):
            if not 1 <= block.level <= min(level + 1, 3):
                yield fault(place, "level", block.level, f"1 to {min(level + 1, 3)} here")
            level = block.level
        for column, value, expected in _unfit(block):
            yield fault(place, column, value, expected)


def _unfit(block: Block) -> Iterator[tuple[str, object, str]]:
    """Find what is wrong in a block by itself: the field, its value and what was expected."""
    match block:
        case Figure():
            if not plain(block.alt):
                yield "alt", "", "words for those who cannot see the picture"
            if not block.png.startswith(_PNG_MARK):
                yield "png", block.png[:8], "the bytes of a PNG picture"
            if not 0 < block.width <= 1:
                yield "width", block.width, "a share of the page, 0 to 1"
        case Callout() if block.kind not in _CALLOUT_KINDS:
            yield "kind", block.kind, f"any of {_CALLOUT_KINDS}"
        case TableBlock() if not 0 < block.share <= 1:
            yield "share", block.share, "a share of the page, 0 to 1"
        case Paragraph() if block.style not in _PARAGRAPH_STYLES:
            yield "style", block.style, f"any of {_PARAGRAPH_STYLES}"


def _refs(block: Block) -> Iterator[str]:
    texts: tuple[Text, ...] = ()
    match block:
        case Paragraph():
            texts = (block.text,)
        case BulletList():
            texts = block.items
        case Callout():
            texts = block.paragraphs
    for text in texts:
        if not isinstance(text, str):
            yield from (piece.key for piece in text if isinstance(piece, Ref))

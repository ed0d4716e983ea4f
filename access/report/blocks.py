"""The blocks that a document is made of."""

from __future__ import annotations

from dataclasses import dataclass

from access.report.tables import Table

PNG_MARK = b"\x89PNG\r\n\x1a\n"
CALLOUT_KINDS = ("finding", "assumption", "warning", "decision")
PARAGRAPH_STYLES = ("body", "lead", "small", "key")


@dataclass(frozen=True, slots=True)
class Bold:
    """Words in bold inside a paragraph.

    Parameters
    ----------
    text : str
    """

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


Span = str | Bold | Ref
Text = str | tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading.

    Parameters
    ----------
    text : str
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
    text : str or tuple of str, Bold and Ref
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
    items : tuple of str or tuple of spans
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
    table : Table
    key : str
        For `Ref`.
    compact : bool
        Smaller type, for wide tables.
    in_workbook : bool
        Give it a sheet of its own; not for a table whose figures stand in another one too.
    """

    table: Table
    key: str = ""
    compact: bool = False
    in_workbook: bool = True


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
        Share of the page's width, 0 to 1.
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
    title : str
    paragraphs : tuple of str or tuple of spans
    """

    kind: str
    title: str
    paragraphs: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """A few large figures side by side, each with its words.

    Parameters
    ----------
    items : tuple of (figure, words)
    """

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PageBreak:
    """The next block starts a new page."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The list of headings, down to a level.

    Parameters
    ----------
    title : str
    levels : int
    """

    title: str = "Contents"
    levels: int = 2


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

"""One document that holds every block, and names made to break each writer."""

from __future__ import annotations

import datetime
import struct
import zlib

from access.document.document import (
    Bold,
    BulletList,
    Callout,
    Contents,
    Document,
    Figure,
    Heading,
    KeyFigures,
    PageBreak,
    Paragraph,
    Ref,
    TableBlock,
)
from access.document.table import Column, Table

NASTY = (
    "#emph[x] *bold* _it_ $x$ \\ @ref // <label>",
    "<script>alert(1)</script> & ]]>",
    '=HYPERLINK("http://example.org")',
    "+SUM(A1)",
    "-2+3",
    "@cmd",
    "\t=1",
    "\r=1",
    "bell\x07 and \u202ereversed",
    '#include "report.typ"',
    "Sw\u0177n \u0142\u00f3d\u017a \u041c\u0438\u0440",
)


def png(width: int = 8, height: int = 4) -> bytes:
    """Make a small grey picture without any library."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\x00" + b"\xb0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def centres() -> Table:
    columns = (
        Column("centre", "Centre"),
        Column("families", "Families", "people", note="Children aged 0 to 4, an estimate."),
        Column("walk", "Extra walk", "minutes", signed=True, hidden_with=("families",)),
        Column("share", "Share", "share", hidden_with=("families",)),
        Column("cost", "Running cost", "money"),
    )
    rows = [(name, 20 + k, k - 2.25, k / 20, None) for k, name in enumerate(NASTY)]
    rows += [("Park View", 3, 9.1, 0.01, None), ("Far away", 40, float("inf"), 0.2, 12_000)]
    return Table("Families further away", columns, tuple(rows), source="Census 2011").with_total()


def sample(*, internal: bool = False) -> Document:
    blocks = (
        Paragraph(("See ", Ref("centres"), " and ", Bold("*this*"), "."), style="lead"),
        KeyFigures((("About 1,400", "families"), ("+9 min", "extra walk"))),
        Callout("assumption", "Modelled streets", ("Six bases are assumed.",)),
        TableBlock(centres(), key="centres"),
        PageBreak(),
        Contents(),
        PageBreak(),
        *(Paragraph(name) for name in NASTY),
        Heading("Sites", appendix=True, key="sites"),
        Heading(NASTY[0], 2, appendix=True),
        BulletList(("One", "Two")),
        BulletList(("First", "Second"), numbered=True),
        BulletList(("First again", "Second again"), numbered=True),
        Figure("A picture", png(), "A grey bar.", key="bar", note="Nobody drew it.", width=0.5),
        TableBlock(Table("Nothing", (Column("a", "A"), Column("b", "B", "people")), ())),
        Callout("decision", "Choose"),
    )
    return Document(
        "Three centres #strong[fewer]",
        blocks,
        subject="For the Board",
        date=datetime.date(2018, 3, 12),
        author="Planning team",
        internal=internal,
    )

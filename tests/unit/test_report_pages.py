"""No word of a document runs out of its page or over another, however long what was given is."""

from __future__ import annotations

import html
import re
import subprocess
from typing import NamedTuple

import pytest

from access.document.document import (
    BulletList,
    Callout,
    Contents,
    Document,
    Figure,
    Heading,
    KeyFigures,
    Paragraph,
    TableBlock,
)
from access.document.pdf import write_pdf
from access.document.table import Column, Table
from tests.conftest import need_program
from tests.unit.report_sample import png

WIDE, HIGH, EDGE = 595.3, 841.9, 12.0


class Word(NamedTuple):
    page: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


def words_of(content: bytes) -> list[Word]:
    """Read where every word of a PDF stands, in points from the upper left corner."""
    program = need_program("pdftotext", package="poppler-utils")
    done = subprocess.run([program, "-bbox", "-", "-"], input=content, capture_output=True)
    page, found = 0, []
    for line in done.stdout.decode().splitlines():
        page += "<page" in line
        if "<word" in line:
            edges = map(float, re.findall(r'M\w+="([-\d.]+)"', line))
            text = re.sub(r"<[^>]*>", "", line).strip()
            found.append(Word(page, *edges, html.unescape(text)))
    return found


def out_of_page(words: list[Word]) -> list[Word]:
    return [w for w in words if w.left < EDGE or w.top < EDGE
            or w.right > WIDE - EDGE or w.bottom > HIGH - EDGE]  # fmt: skip


def one_over_another(words: list[Word]) -> list[tuple[Word, Word]]:
    """Find pairs of words that share more than an edge."""
    found = []
    words = sorted(words, key=lambda w: (w.page, w.top))
    for k, one in enumerate(words):
        for other in words[k + 1 :]:
            if other.page != one.page or other.top > one.bottom:
                break
            across = min(one.right, other.right) - max(one.left, other.left)
            down = min(one.bottom, other.bottom) - max(one.top, other.top)
            if across > 1 and down > 0.4 * (other.bottom - other.top):
                found.append((one, other))
    return found


def long(many: int = 2500) -> str:
    return " ".join(f"k{k}" for k in range(many))


def table(rows: int, last: str = "", title: str = "A table", head: str = "C") -> Table:
    columns = (Column("a", "A"), Column("b", "B"), Column("c", head))
    return Table(title, columns, tuple((f"r{k}", "x", last or f"v{k}") for k in range(rows)))


HEADINGS = tuple(
    block
    for k in range(90)
    for block in (Heading(f"k{k} stands here", 2 if k % 9 else 1, appendix=k > 8),
                  Paragraph("Words."))
)  # fmt: skip
PICTURE = Figure("A picture", png(), "A grey bar.", width=0.45)
LONG = {
    "contents beside": (Heading("Summary"), Contents("Contents", columns=2), *HEADINGS),
    "contents": (Heading("Summary"), Contents("Contents"), *HEADINGS),
    "box": (Callout("warning", "Look", (long(),)),),
    "box's title": (Callout("warning", long()),),
    "cell": (TableBlock(table(3, long(800))),),
    "cell beside": (TableBlock(table(3, long(800)), share=0.45), PICTURE),
    "caption": (TableBlock(table(3, title=long())),),
    "column's name": (TableBlock(table(200, head=long())),),
    "column's name without a space": (TableBlock(table(20, head="k0" * 2000)),),
    "column's name beside": (TableBlock(table(9, head=long()), share=0.45), PICTURE),
    "rows beside": (TableBlock(table(200), share=0.45), PICTURE),
    "picture's title": (Figure(long(), png(), "A bar."),),
    "picture's title beside": (Figure(long(), png(), "A bar.", width=0.45), PICTURE),
    "picture's note": (Figure("A picture", png(), "A bar.", note=long()),),
    "key figure": (KeyFigures((("12", long()), ("13", "others"))),),
    "heading": (Heading(long()), Paragraph("Words.")),
    "key line": (Paragraph(long(), style="key"), Paragraph("Words.")),
    "point": (BulletList((long(),)),),
    "tall picture": (Figure("A picture", png(8, 400), "A bar."),),
}


@pytest.mark.parametrize("kind", LONG)
def test_nothing_long_runs_out_of_the_page_or_over_anything(kind):
    words = words_of(write_pdf(Document("Long things", LONG[kind], footer=long(300))))
    assert out_of_page(words) == []
    assert one_over_another(words) == []
    told = {w.text for w in words}
    most = {"contents": 90, "contents beside": 90, "cell": 800, "cell beside": 800,
            "column's name": 20, "column's name beside": 20,
            "rows beside": 0, "tall picture": 0, "column's name without a space": 0}  # fmt: skip
    asked = most.get(kind, 2500)
    assert {f"k{k}" for k in range(asked)} <= told
    if kind == "rows beside":
        assert {f"r{k}" for k in range(200)} <= told
    if kind.startswith("column's name"):
        assert {"…", "workbook."} <= told


@pytest.mark.parametrize(
    "block",
    [Heading("Q" * 300), Paragraph("Q" * 300), Callout("finding", "Q" * 300, ("Q" * 300,)),
     TableBlock(table(2, "Q" * 300)), BulletList(("Q" * 300,)), KeyFigures((("1", "Q" * 300),)),
     Figure("Q" * 300, png(), "A bar.", note="Q" * 300)],
    ids=lambda block: type(block).__name__,
)  # fmt: skip
def test_a_word_that_no_line_holds_is_broken(block):
    words = words_of(write_pdf(Document("Q" * 300, (block,))))
    assert out_of_page(words) == []
    assert sum(w.text.count("Q") for w in words) >= 600


def test_words_out_of_place_are_seen():
    """What looks for them finds some that are made so."""
    here = Word(1, 100, 100, 150, 110, "one")
    assert one_over_another([here, here._replace(left=140, right=190, text="two")])
    assert not one_over_another([here, here._replace(page=2)])
    assert not one_over_another([here, here._replace(top=109, bottom=119)])
    assert out_of_page([here._replace(bottom=HIGH)]) and not out_of_page([here])

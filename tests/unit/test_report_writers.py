"""Word, PDF and workbook: one model, the same words and numbers, and nothing that bites."""

from __future__ import annotations

import datetime
import io
import re
import subprocess
import sys
import unicodedata
import zipfile
from dataclasses import replace

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from access.document.document import (
    INTERNAL_MARK,
    Callout,
    Document,
    Figure,
    Heading,
    Paragraph,
    Ref,
    TableBlock,
)
from access.document.docx import write_docx
from access.document.pdf import write_pdf
from access.document.table import Column, Table
from access.document.xlsx import _FRONT, _sheet_name, write_xlsx
from access.errors import OutputError, ParameterError
from access.escape import cell_text, plain
from tests.conftest import need_program, pdf_text
from tests.unit.report_sample import NASTY, png, sample

WRITERS = {"docx": write_docx, "pdf": write_pdf, "xlsx": write_xlsx}


@pytest.fixture(scope="module")
def word():
    return docx.Document(io.BytesIO(write_docx(sample())))


@pytest.fixture(scope="module")
def book():
    return openpyxl.load_workbook(io.BytesIO(write_xlsx(sample())))


class TestWrongInputs:
    def test_every_fault_of_a_document_is_told_at_once(self):
        blocks = (
            Heading("Skips", 2),
            Heading("Deep", 5),
            Paragraph(("See ", Ref("nothing"))),
            Paragraph("x", style="loud"),
            Callout("shout", "x"),
            Figure("No words", png(), " "),
            Figure("No picture", b"<svg/>", "words", width=0),
            TableBlock(Table("a", (), ()), key="k"),
            TableBlock(Table("b", (), ()), key="k"),
        )
        with pytest.raises(ParameterError) as caught:
            Document(" ", blocks)
        assert len(caught.value.faults) == 11
        for words in ("a title", "1 to 1 here", "'nothing'", "'loud'", "'shout'", "cannot see"):
            assert words in str(caught.value)

    def test_a_picture_that_is_only_named_png_is_refused_by_the_pdf(self):
        broken = Document("T", (Figure("x", b"\x89PNG\r\n\x1a\n rubbish", "words"),))
        with pytest.raises(OutputError, match="was refused"):
            write_pdf(broken)

    @pytest.mark.parametrize("kind", WRITERS)
    def test_a_folder_that_cannot_be_written_keeps_what_was_there(self, kind, tmp_path):
        blocker = tmp_path / "file"
        blocker.write_text("a file, not a folder")
        with pytest.raises(OutputError, match="cannot be written"):
            WRITERS[kind](sample(), blocker / f"report.{kind}")
        assert blocker.read_text() == "a file, not a folder"


class TestEveryWriter:
    @pytest.mark.parametrize("kind", WRITERS)
    def test_the_same_document_gives_the_same_bytes(self, kind, tmp_path, monkeypatch):
        first = WRITERS[kind](sample())
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        path = tmp_path / "deep" / f"report.{kind}"
        assert WRITERS[kind](sample(), path) == first == path.read_bytes()
        assert [p.name for p in path.parent.iterdir()] == [path.name]

    @pytest.mark.parametrize("kind", WRITERS)
    def test_no_file_names_the_clock_or_the_machine(self, kind):
        content = WRITERS[kind](sample())
        if kind == "pdf":
            text = content.decode("latin-1")
            dates = re.findall(r"D:(\d{8})", text) + re.findall(r"<xmp:\w+Date>(.{10})", text)
            assert {d.replace("-", "") for d in dates} == {"20180312"}
        else:
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                assert {p.date_time for p in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
                core = parts.read("docProps/core.xml").decode()
            assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)) == {"2018-03-12T00:00:00Z"}

    @pytest.mark.parametrize("kind", WRITERS)
    def test_without_a_date_there_is_none_of_the_clock(self, kind):
        content = WRITERS[kind](replace(sample(), date=None))
        assert str(datetime.date.today().year).encode() not in content[:4000]

    @given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=8))
    @settings(max_examples=8)
    def test_any_names_at_all_can_be_written(self, names):
        rows = (*((name, 7) for name in names), ("Wath", 12))
        table = Table("Names", (*sample().blocks[3].table.columns[:2],), rows)
        words = [block for name in names for block in (Heading(f"H {name}"), Paragraph(name))]
        document = Document("T", (*words, TableBlock(table)))
        for write in WRITERS.values():
            assert write(document)

    @pytest.mark.parametrize("kind", WRITERS)
    def test_no_letter_keeps_a_document_from_being_written(self, kind):
        rare = ("Cc", "Cf", "Cs", "Zl", "Zp")
        every = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) in rare]
        every += [chr(plane + 0x10000 * k) for k in range(17) for plane in (0xFFFE, 0xFFFF)]
        every += ["\ufdd0", "\u0378", "\ue000", "\U000f0000", "\u0301", "\u2800", "\ufffd"]
        # what the PDF's standard forbids stands alone: of letters drawn alike it sees the first
        for letters in ("\x00", "\ufeff", "\ufffe", "\uffff", every):
            text = "".join(f"a{c}b " for c in letters)
            table = Table(text, (Column("a", text[:400]),), ((text[:400],),), notes=(text,))
            blocks = (Heading(text), Paragraph(text), TableBlock(table))
            assert WRITERS[kind](Document(text, blocks, subject=text))


class TestWord:
    def test_headings_are_real_and_numbered(self, word):
        heads = [(p.style.name, p.text) for p in word.paragraphs if "Heading " in p.style.name]
        assert heads == [
            ("Heading 1", "Appendix A: Sites"),
            ("Heading 2", f"A1  {plain(NASTY[0])}"),
        ]

    def test_header_rows_repeat_and_rows_do_not_break(self, word):
        for table in word.tables:
            first = table.rows[0]._tr
            figures = table.rows[0].cells[0].text == "About 1,400"
            assert (first.find(".//" + qn("w:tblHeader")) is None) == figures
            assert all(row._tr.find(".//" + qn("w:cantSplit")) is not None for row in table.rows)

    def test_pictures_have_words(self, word):
        assert [s._inline.docPr.get("descr") for s in word.inline_shapes] == ["A grey bar."]

    def test_the_contents_are_a_field_with_links_that_lead_somewhere(self, word):
        body = word.element.body
        codes = [e.text for e in body.iter(qn("w:instrText"))]
        assert any("TOC" in code for code in codes)
        links = {e.get(qn("w:anchor")) for e in body.iter(qn("w:hyperlink"))}
        marks = {e.get(qn("w:name")) for e in body.iter(qn("w:bookmarkStart"))}
        assert links
        assert links <= marks

    def test_the_contents_name_the_page_of_every_heading(self, word):
        toc = [p for p in word.paragraphs if p.style.name.startswith("toc ")]
        assert [p._p.xml.count("PAGEREF _Toc") for p in toc] == [1, 1]
        shown = ["".join(t.text or "" for t in p._p.iter(qn("w:t"))) for p in toc]
        assert shown == ["Appendix A: Sites3", f"A1  {plain(NASTY[0])}3"]
        assert all(p.style.paragraph_format.tab_stops for p in toc)

    def test_rows_have_headers_as_columns_have(self, word):
        for table in word.tables:
            look = table._tbl.tblPr.find(qn("w:tblLook"))
            figures = "Key figures" in table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val"))
            both = {look.get(qn("w:firstRow")), look.get(qn("w:firstColumn"))}
            assert both == ({"0"} if figures else {"1"})
            assert table.style.name == "Report table"

    def test_a_key_figure_stands_above_its_words(self, word):
        (figures,) = (t for t in word.tables if "About 1,400" in t.rows[0].cells[0].text)
        assert [c.text for c in figures.rows[1].cells] == ["families", "extra walk"]

    def test_pages_are_numbered_and_the_language_is_british(self, word):
        foot = word.sections[0].footer._element.xml
        assert " PAGE " in foot
        assert " NUMPAGES " in foot
        assert 'w:val="en-GB"' in word.styles.element.xml
        assert word.core_properties.language == "en-GB"

    def test_the_internal_mark_is_on_every_page_and_only_there_when_internal(self, word):
        assert word.sections[0].header.paragraphs[0].text == ""
        inside = docx.Document(io.BytesIO(write_docx(sample(internal=True))))
        assert inside.sections[0].header.paragraphs[0].text == INTERNAL_MARK

    def test_names_stand_as_they_were_typed(self, word):
        texts = [p.text for p in word.paragraphs]
        assert [plain(name) for name in NASTY if plain(name) not in texts] == []

    def test_captions_carry_the_documents_own_numbers(self, word):
        captions = [p.text for p in word.paragraphs if p.style.name == "Caption"]
        assert captions == [
            "Table 1: Families further away",
            "Figure 1: A picture",
            "Table 2: Nothing",
        ]

    def test_a_second_numbered_list_starts_at_one_again(self, word):
        def number(text):
            found = next(p for p in word.paragraphs if p.text == text)
            return found._p.pPr.numPr.numId.val

        assert number("First") == number("Second")
        assert number("First again") == number("Second again") != number("First")

    def test_it_opens_as_a_file_of_today_not_of_an_older_word(self, word):
        settings = word.settings.element.xml
        assert settings.count('w:name="compatibilityMode"') == 1
        assert 'w:val="15"' in settings

    def test_no_paragraph_is_there_only_to_break_a_page(self, word):
        assert 'w:br w:type="page"' not in word.element.body.xml


_WORD = "<word " + r'\w+="([\d.]+)" ' * 3 + r'\w+="([\d.]+)">(.*?)</word>'


def words_of(content):
    """Give where each word of a PDF stands: page, left, top, right, bottom, word."""
    program = need_program("pdftotext", package="poppler-utils")
    page = subprocess.run([program, "-bbox", "-", "-"], input=content, capture_output=True).stdout
    found = []
    for number, part in enumerate(page.decode().split("<page ")[1:]):
        for *box, word in re.findall(_WORD, part):
            found.append((number, *map(float, box), word))
    return found


def test_a_table_is_shown_as_itself_in_a_document_that_was_copied():
    one, other = (Table(n, (Column("c", "C"), Column("n", "N", "people")), ((n, 7),)) for n in "ab")
    document = replace(sample(), blocks=(TableBlock(one), TableBlock(other)))
    assert document.view(one) is document.view(one)
    held = document._views.pop(id(one))  # as after a copy: an id that another object has by now
    document._views[id(other)] = held
    assert document.view(other).title == "b"
    assert document.view(one).title == "a"


class TestPdf:
    def test_it_declares_pdf_ua_and_is_tagged(self):
        content = write_pdf(sample())
        assert b"pdfuaid:part" in content
        assert b"/MarkInfo" in content

    def test_the_first_cell_of_every_row_is_the_rows_header(self):
        content = write_pdf(sample())
        rows = sum(max(len(b.table.view().body), 1)
                   for b in sample().blocks if isinstance(b, TableBlock))  # fmt: skip
        headers = re.findall(rb"/S/TH/ID\((R\d{7})\)[^>]*/Scope/Row", content)
        assert len(headers) == len(set(headers)) == rows
        for name in headers:
            assert content.count(b"(%s)" % name) > 2  # of itself, the tree's, and its cells'
        start = int(re.findall(rb"startxref\n(\d+)", content)[-1])
        assert content[start:].startswith(b"xref\n0 ")
        for line in content[start:].split(b"trailer")[0].split(b"\n")[3:]:
            if line[17:18] == b"n":
                assert re.match(rb"\d+ 0 obj\n", content[int(line[:10]) :][:20])

    def test_a_name_that_reads_as_a_part_of_the_file_stays_a_name(self):
        name = "/Type/StructElem/S/TR/K[7 0 R] /IDTree<</Names["
        table = Table(name, sample().blocks[3].table.columns[:2], ((name, 7),))
        heading = Heading(name)
        content = write_pdf(Document(name, (heading, TableBlock(table))))
        (row,) = re.findall(rb"/S/TH/ID\((R\d{7})\)", content)
        (tree,) = re.findall(rb"/Type/StructTreeRoot.*", content)
        assert b"/IDTree<</Names[(%s)" % row in tree
        assert content.count(b"/Title(%s)" % name.encode()) >= 1  # of its bookmark

    def test_no_word_runs_over_the_next_column_or_out_of_the_page(self):
        long = ("W" * 40, "under_score_" * 3, "a.b@c.example" * 3, "1/2/3" * 8, "L" * 300)
        columns = [Column(f"c{k}", f"Nearest{'y' * k}") for k in range(3)]
        columns += [Column(f"n{k}", f"Protected{'characteristic' * k}", "number") for k in range(4)]
        rows = [(w, w, w, 1, 22, 333, 4444) for w in long]
        blocks = [TableBlock(Table("Wide", tuple(columns), tuple(rows)), compact=c)
                  for c in (False, True)]  # fmt: skip
        blocks += [
            Paragraph(".".join(["dotted"] * 30)),
            Paragraph("a=b&" * 60),
            Heading("x&y" * 40),
        ]
        found = words_of(write_pdf(Document("T", (Heading("H"), *blocks))))
        assert len(found) > 100
        for page, x0, y0, x1, y1, word in found:
            assert x0 >= 53, word  # the margins
            assert x1 <= 543, word
            over = [w for p, a, b, c, d, w in found if p == page and a < x0 < c - 1
                    and min(d, y1) - max(b, y0) > 3]  # fmt: skip
            assert not over, (word, over)

    def test_the_compiler_refuses_a_picture_without_words(self, monkeypatch):
        document = sample()
        figure = next(b for b in document.blocks if isinstance(b, Figure))
        object.__setattr__(figure, "alt", "")
        with pytest.raises(OutputError, match="ua-1"):
            write_pdf(document)

    def test_markup_in_names_is_shown_as_text(self):
        text = pdf_text(write_pdf(sample()))
        squeezed = re.sub(r"\s+", "", text)
        for name in NASTY:
            wanted = re.sub(r"\s+", "", plain(name)).replace("\ufffd", "")
            assert wanted in squeezed.replace("\ufffd", "")
        assert "#strong[fewer]" in squeezed

    def test_the_internal_mark_is_on_every_page(self):
        pages = pdf_text(write_pdf(sample(internal=True))).rstrip("\f").split("\f")
        assert len(pages) >= 3
        assert all(INTERNAL_MARK in page for page in pages)
        assert INTERNAL_MARK not in pdf_text(write_pdf(sample()))

    def test_pages_are_numbered(self):
        pages = pdf_text(write_pdf(sample())).rstrip("\f").split("\f")
        for k, page in enumerate(pages, start=1):
            assert f"Page {k} of {len(pages)}" in page


class TestWorkbook:
    def test_there_is_a_front_sheet_and_one_sheet_a_table(self, book):
        assert book.sheetnames == [_FRONT, "1 Families further away", "2 Nothing"]
        front = [cell.value for row in book[_FRONT].iter_rows() for cell in row if cell.value]
        assert "Table 1" in front
        assert any(str(v).startswith("Assumed: Modelled streets.") for v in front)

    def test_headers_are_frozen_and_say_their_units(self, book):
        sheet = book["1 Families further away"]
        assert sheet.freeze_panes == "B5"
        assert [c.value for c in sheet[4]] == [
            "Centre",
            "Families",
            "Extra walk (minutes)",
            "Share (%)",
            "Running cost (£)",
        ]

    def test_figures_are_numbers_with_a_format_and_marks_are_text(self, book):
        sheet = book["1 Families further away"]
        first = sheet[6]
        assert [c.value for c in first[1:]] == [21, -1, 0.05, "not known"]
        assert first[1].number_format == "#,##0"
        assert first[2].number_format == "+#,##0;-#,##0;#,##0"
        assert first[3].number_format == "#,##0.0%"

    def test_column_notes_and_marks_are_explained_below(self, book):
        words = [row[0].value for row in book["1 Families further away"].iter_rows(min_row=18)]
        assert "Families: Children aged 0 to 4, an estimate." in words
        assert any(str(w).startswith("[c]: hidden") for w in words)
        assert "Source: Census 2011" in words

    def test_nothing_is_a_formula_and_no_text_could_become_one(self, book):
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f"
                    if isinstance(cell.value, str):
                        assert not cell.value.startswith(("=", "+", "-", "@", "\t", "\r"))

    def test_small_counts_are_in_the_internal_book_only(self, book):
        public = [c.value for row in book["1 Families further away"].iter_rows() for c in row]
        assert "[c]" in public
        inside = openpyxl.load_workbook(io.BytesIO(write_xlsx(sample(internal=True))))
        sheet = inside["1 Families further away"]
        assert "[c]" not in [c.value for row in sheet.iter_rows() for c in row]
        assert all(s["A2"].value == INTERNAL_MARK for s in inside)
        assert all(s.oddHeader.center.text == INTERNAL_MARK for s in inside)

    def test_hidden_counts_are_nowhere_in_the_public_files(self):
        rows = (("Wath", 4321), ("Park View", 3), ("Broom Valley", 8765))
        columns = sample().blocks[3].table.columns[:2]
        table = Table("T", columns, rows).with_total()
        content = write_xlsx(Document("T", (TableBlock(table),)))
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            sheet = parts.read("xl/worksheets/sheet2.xml").decode()
        assert "8765" in sheet
        assert "4321" not in sheet
        assert "<v>3</v></c>" not in re.sub(r't="s"[^>]*><v>\d+</v></c>', "", sheet)

    @given(st.text(max_size=60))
    def test_no_text_starts_a_formula(self, text):
        assert not cell_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))

    def test_sheet_names_are_made_to_fit_and_to_differ(self):
        long = "1 Families: affected/unaffected [by] centre? *all* of them"
        first = _sheet_name(long, [])
        second = _sheet_name(long, [first.upper()])
        assert len(first) <= 31
        assert len(second) <= 31
        assert first != second
        assert not set("[]:*?/\\") & set(first + second)
        assert _sheet_name("'''", []) == "Table"
        # a workbook counts letters of UTF-16: one name that is longer spoils the whole file
        for title in ("1 Closing, " + "\U0001f3e0 " * 20, "1-" + "a" * 28 + "\U0001f3e0" * 3):
            taken = []
            for _ in range(12):
                taken.append(_sheet_name(title, taken))
                assert 1 <= len(taken[-1].encode("utf-16-le")) // 2 <= 31
            assert len(set(taken)) == 12

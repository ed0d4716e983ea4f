"""The board report: what it must say, what it must not, and that it says the same each time."""

from __future__ import annotations

import datetime
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from access.analysis.questions import Request
from access.document.document import (
    INTERNAL_MARK,
    BulletList,
    Callout,
    Document,
    Figure,
    Heading,
    KeyFigures,
    Paragraph,
    TableBlock,
    _heading_text,
)
from access.errors import ParameterError, StudyError
from access.report.board import _report_files, board_report, report_writers, write_report
from access.report.findings import NO_CHANGE, PROPOSAL, findings_of
from access.report.summary import _size
from access.run.summary import RunSummary
from access.scenario.scenario import Money
from access.text import half_up, percent
from tests.conftest import one_picture, pdf_text
from tests.unit.report_results import line_results

GOLDEN = Path(__file__).parents[1] / "golden" / "board_report.txt"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return line_results(tmp_path_factory.mktemp("line"))


@pytest.fixture(scope="module")
def document(results):
    with one_picture():
        return board_report(results, draws=0)


@pytest.fixture(scope="module")
def inside(results):
    """Give the copy for the council's own use."""
    with one_picture():
        return board_report(results, draws=0, internal=True)


@pytest.fixture(autouse=True)
def quick(request):
    """Draw one picture for all, but where the files' bytes are at stake."""
    if request.cls is TestFiles:
        yield
    else:
        with one_picture():
            yield


def priced(results, costs: list[float]):
    """Give every centre a yearly cost, and the proposal what it then saves."""
    study = results.study
    known = pd.Series(costs, index=study.centres.index)
    study = replace(study, centres=study.centres.assign(annual_cost_gbp=known))
    saved = float(known.set_axis(study.centres["id"])[["C2", "C5"]].sum(skipna=False))
    proposal = replace(
        results.proposals["five_to_three"], money=Money(saved_gbp=saved, spent_gbp=0.0)
    )
    return replace(results, study=study, proposals={proposal.key: proposal})


def as_text(document: Document, *, pictures: bool = True) -> str:
    """Write a document as plain text, block by block."""
    lines = [document.title, ""]
    for place, block in enumerate(document.blocks):
        match block:
            case Heading():
                lines += ["", "#" * block.level + " " + _heading_text(document, place)]
            case Paragraph():
                lines.append(document.words(block.text))
            case BulletList():
                lines += [f"- {document.words(item)}" for item in block.items]
            case KeyFigures():
                lines += [f"[{figure}] {words}" for figure, words in block.items]
            case Callout():
                lines.append(f"({block.kind}) {block.title}")
                lines += [f"  {document.words(p)}" for p in block.paragraphs]
            case Figure() if pictures:
                lines += [f"{document.label(place)}: {block.title}", f"  {block.alt}"]
            case TableBlock():
                view = document.view(block.table)
                lines.append(f"{document.label(place)}: {view.title}")
                lines.append("  " + " | ".join(c.header for c in view.columns))
                lines += ["  " + " | ".join(c.text for c in row) for row in view.body]
                lines += [f"  {note}" for note in view.notes]
    return "\n".join(lines) + "\n"


class TestWrongInputs:
    def test_a_mode_that_was_not_measured_is_refused(self, results):
        with pytest.raises(ParameterError, match=r"'bus'.*drive.*typical.*walk"):
            board_report(results, draws=0, mode="bus")

    def test_a_study_without_proposals_says_how_to_mend_it(self, results):
        with pytest.raises(ParameterError, match=r"no proposal .* \[proposals\]"):
            board_report(replace(results, proposals={}))

    def test_an_as_of_that_is_no_date_asks_for_one(self, results):
        config = results.study.config
        place = config.study.model_copy(update={"as_of": "last spring"})
        study = replace(results.study, config=config.model_copy(update={"study": place}))
        with pytest.raises(ParameterError, match="last spring"):
            board_report(replace(results, study=study), draws=0)
        given = datetime.date(2018, 3, 12)
        assert board_report(replace(results, study=study), draws=0, date=given).date == given

    def test_every_fault_of_a_log_of_options_is_told_at_once(self, tmp_path):
        path = tmp_path / "options.json"
        path.write_text(json.dumps({"options": [{"close": "C1"}, "text", {"open": 3}]}))
        with pytest.raises(StudyError) as caught:
            Request.read(path)
        assert len(caught.value.faults) == 3

    @pytest.mark.parametrize(
        ("text", "said"), [("{", "not JSON"), ("[]", "no list"), ('{"options": 1}', "no list")]
    )
    def test_a_file_that_is_no_log_is_refused(self, tmp_path, text, said):
        path = tmp_path / "options.json"
        path.write_text(text)
        with pytest.raises(StudyError, match=said):
            Request.read(path)

    def test_a_log_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(StudyError, match="cannot be read"):
            Request.read(tmp_path / "none.json")


class TestOptions:
    def test_no_change_and_the_proposal_come_first(self, results):
        (found,) = findings_of(results)
        assert [o.name for o in found.options][:2] == [NO_CHANGE, PROPOSAL]
        assert found.options[0].impact.summary["lengthened"] == 0
        assert found.options[0].savings == 0

    def test_every_option_is_the_best_at_what_it_is_called(self, results):
        (found,) = findings_of(results)
        table = found.ranking.table
        for option in found.options[2:]:
            name = option.name.lower()
            for words, criterion in (
                ("shortest on average", "mean"),
                ("worst-off", "worst"),
                ("deprived families", "weighted_mean"),
            ):
                if words in name:
                    assert option.ranks[criterion] == 1
                    kept = table[table["kept"].map(lambda k, o=option: tuple(sorted(k)) == o.kept)]
                    assert kept[criterion].item() == table[criterion].min()

    def test_savings_are_known_only_where_every_cost_is(self, results):
        (found,) = findings_of(results)
        assert found.options[1].savings is None
        (found,) = findings_of(priced(results, [100.0, 200.0, np.nan, 400.0, 500.0]))
        assert found.options[1].savings == 700.0

    def test_short_names_are_short_and_say_what_is_assumed(self, results):
        (found,) = findings_of(results)
        assert found.named(["C1", "C4", "C5", "L1"]) == [
            "West",
            "Bridge (assumed)",
            "=East",
            "Mill Library",
        ]


class TestWhatItSays:
    def test_it_is_the_golden_text(self, document):
        # Versions, hashes and settings change with the machine; charts have tests of their own.
        text = as_text(document, pictures=False).split("## D3", 1)[0]
        if os.environ.get("WRITE_GOLDEN"):  # pragma: no cover - by hand, when words change
            GOLDEN.write_text(text, encoding="utf-8")
        assert text == GOLDEN.read_text(encoding="utf-8")

    def test_the_numbers_of_the_first_page_are_those_of_the_results(self, results, document):
        s = results.proposals["five_to_three"].impacts["walk"].summary
        text = as_text(document)
        assert f"| {s['lengthened']:,.0f} |" in text
        assert f"| {s['mean_minutes_after']:.0f} |" in text
        own = results.proposals["five_to_three"].rankings["walk"].proposal
        assert f"{own['rank_mean']}th of 10" in text

    def test_money_condition_and_use_are_said_to_be_not_known(self, document):
        text = as_text(document)
        assert (
            "Not known of any of these buildings: address, running cost, visits, capacity, "
            "condition of the building and lease or ownership"
        ) in text
        assert "Savings by building are not known" in text

    def test_all_nine_characteristics_are_spoken_of(self, document):
        text = as_text(document).lower()
        for name in (
            "age", "disability", "race", "sex", "religion or belief", "gender reassignment",
            "marriage and civil partnership", "pregnancy and maternity", "sexual orientation",
        ):  # fmt: skip
            assert name in text
        assert "not a finding of no effect" in text

    def test_what_is_assumed_stands_on_the_first_pages_and_in_full_at_the_end(self, document):
        text = as_text(document)
        first, rest = text.split("# Appendix A", 1)
        assert "one site is a stand-in" in first.lower()
        assert "Everything here is made up." in rest

    def test_the_closing_sites_stand_side_by_side_once(self, document):
        """One table of trips, and one of facts where any is known, not a page a building."""
        keys = [getattr(b, "key", "") for b in document.blocks]
        assert "facts" not in keys
        trips = document.blocks[keys.index("closed-five_to_three")].table
        assert [row[0] for row in trips.rows] == ["Mill & <b>Lane</b>", "=East"]
        text = as_text(document)
        assert text.count("not known") - text.count("not known here") < 15

    def test_the_parts_follow_a_cabinet_report(self, document):
        heads = [b.text for b in document.blocks if isinstance(b, Heading) and b.level == 1]
        assert heads[:15] == [
            "Summary", "Recommendations", "Background", "Key issues",
            "Options considered and recommended proposal", "Consultation",
            "Timetable and accountability for it", "Financial and procurement", "Legal",
            "Human resources", "Children, young people and vulnerable adults",
            "Equalities and human rights", "Partners and other directorates",
            "Risks and mitigation", "Accountable officer",
        ]  # fmt: skip

    def test_what_only_an_officer_knows_is_said_to_be_not_given(self, document):
        text = as_text(document)
        for head in ("Background", "Human resources", "Accountable officer"):
            assert f"# {head}\nNot given: for the officer to fill." in text
        assert "Childcare Act" not in text  # the study does not say whose law holds

    def test_a_count_that_a_table_hides_is_in_no_sentence(self, document):
        text = as_text(document, pictures=False)  # where 65 are a tenth's children, not West's
        assert "West would take on the largest number." in text
        assert "65 children" not in text

    @pytest.mark.parametrize(
        ("key", "table"),
        [
            ("change-five_to_three", "How much further"),
        ],
    )
    def test_pictures_hide_what_their_table_hides(self, document, inside, key, table):
        (picture,) = (b for b in document.blocks if isinstance(b, Figure) and b.key == key)
        (shown,) = (b.table for b in document.blocks if isinstance(b, TableBlock)
                    and (b.key == table or b.table.title.startswith(table)))  # fmt: skip
        hidden = [any(c.state == "hidden" for c in row) for row in shown.view().rows]
        assert picture.alt.count("hidden [c]") == sum(hidden)
        assert ("[c]: hidden." in picture.note) == any(hidden)
        (open_to_all,) = (b for b in inside.blocks if isinstance(b, Figure) and b.key == key)
        assert "hidden" not in open_to_all.alt + open_to_all.note

    def test_an_internal_copy_keeps_small_counts_and_says_so(self, inside):
        text = as_text(inside)
        assert "[c]" not in text
        assert "for the council's own use" in text
        assert "65 children under five" in text

    @pytest.mark.parametrize("mode", ["drive", "typical"])
    def test_the_headlines_can_be_about_another_trip(self, results, mode):
        text = as_text(board_report(results, draws=0, mode=mode))
        assert {"drive": "further to drive", "typical": "a longer trip"}[mode] in text

    def test_reasons_given_stand_beside_the_options_they_are_for(self, results):
        (found,) = findings_of(results)
        best = found.options[2]
        reason = {tuple(sorted(best.closed)): "Two buildings are listed; <b>no</b> sale."}
        text = as_text(board_report(results, draws=0, reasons=reason))
        assert "Two buildings are listed; <b>no</b> sale." in text
        assert "not given" in text

    def test_a_proposal_without_alternatives_is_not_ranked(self, results):
        proposal = replace(results.proposals["five_to_three"], rankings={})
        text = as_text(board_report(replace(results, proposals={proposal.key: proposal}), draws=0))
        assert "alternatives had to be left out" in text
        assert "best of" not in text


class TestConsultees:
    def test_what_was_asked_for_is_measured_and_named_as_typed(self, results, tmp_path):
        path = tmp_path / "options.json"
        path.write_text(
            json.dumps(
                {
                    "format": "options",
                    "options": [
                        {"name": "Keep Mill", "reason": "=my pram", "close": ["C1", "C4"]},
                        {"name": "A school", "close": ["C2", "C5"], "open": ["L2"]},
                        {"name": "Elsewhere", "close": ["Q9"]},
                        {"name": "Nothing", "close": []},
                        {"close": ["C1", "C2", "C3", "C4", "C5"]},
                    ],
                }
            )
        )
        requests = Request.read(path)
        assert [r.name for r in requests][-1] == "Option 5"
        text = as_text(board_report(results, draws=0, requests=requests))
        assert "Five options were noted" in text
        assert "Keep Mill | =my pram | closes West and Bridge (assumed)" in text
        mill = next(line for line in text.splitlines() if "Keep Mill |" in line)
        assert mill.endswith("| 1")  # its rank of ten, a number
        opened = next(line for line in text.splitlines() if "A school |" in line)
        assert "opens East School" in opened
        assert opened.endswith("[z]"), "of another size: a rank does not apply"
        assert "unknown sites: Q9" in text
        assert "closes every site" in text
        assert "Nothing |" not in text

    @pytest.mark.parametrize(
        ("requests", "said"),
        [
            (None, "No log of options tried at consultation events was given."),
            ((), "The log of the consultation events holds no option."),
            ((Request("Same"),), "No option in the log changes which Children's Centres stay."),
        ],
    )
    def test_no_log_an_empty_one_and_one_about_something_else(self, results, requests, said):
        assert said in as_text(board_report(results, draws=0, requests=requests))


class TestFiles:
    def test_three_files_the_same_bytes_each_time(self, results, tmp_path):
        first = _report_files(board_report(results, draws=0))
        assert list(first) == ["report.docx", "report.pdf", "tables.xlsx"]
        paths = write_report(board_report(results, draws=0), tmp_path / "out")
        assert [p.read_bytes() for p in paths] == list(first.values())

    def test_an_internal_copys_names_and_every_page_of_it_say_so(self, inside):
        writers = report_writers(inside)
        assert list(writers) == [
            "report-internal.docx",
            "report-internal.pdf",
            "tables-internal.xlsx",
        ]
        written = writers["report-internal.pdf"](inside)
        pages = pdf_text(written).rstrip("\f").split("\f")
        assert len(pages) > 8
        assert all(INTERNAL_MARK in page for page in pages)

    def test_the_workbook_holds_the_same_tables(self, document):
        content = report_writers(document)["tables.xlsx"](document)
        book = openpyxl.load_workbook(io.BytesIO(content))
        tables = list(document.tables())
        assert len(book.sheetnames) == len(tables) + 1
        for sheet, (label, view) in zip(book.worksheets[1:], tables, strict=True):
            assert sheet["A1"].value == f"{label}: {view.title}"
            for r, row in enumerate(view.body, start=5):
                for k, cell in enumerate(row, start=1):
                    shown = sheet.cell(r, k).value
                    assert shown in (cell.value, f"'{cell.value}")

    def test_no_small_count_is_in_a_people_column_of_the_workbook(self, document):
        for _, view in document.tables():
            for k, column in enumerate(view.columns):
                if column.kind == "people":
                    numbers = [row[k].value for row in view.body if row[k].state == "value"]
                    assert all(n == 0 or n >= 5 for n in numbers), (view.title, column.label)


@pytest.fixture(scope="module")
def told(rotherham_results):
    with one_picture():
        return board_report(rotherham_results, draws=0)


@pytest.mark.slow
class TestRotherham:
    def test_the_part_to_decide_from_is_two_pages(self, rotherham_run):
        written = rotherham_run / "maps" / "rotherham" / "report.pdf"
        pages = pdf_text(written.read_bytes()).split("\f")
        assert pages[2].lstrip().startswith("Contents")

    def test_both_services_are_told_in_their_own_right(self, told):
        text = as_text(told)
        for title in ("Children's Centres from 12 to 9", "Youth Centres from 11 to 6"):
            assert f"\n{title}\n" in text
        assert len(re.findall(r"## A\d  ", text)) == 2

    def test_each_service_has_a_map_with_words(self, told):
        maps = [b for b in told.blocks if isinstance(b, Figure) and b.key.startswith("map-")]
        assert len(maps) == 2
        assert all("Map of Rotherham" in m.alt for m in maps)

    def test_each_picture_of_ranks_says_whose_it_is(self, told):
        ranks = [b for b in told.blocks if isinstance(b, Figure) and b.key.startswith("rank-")]
        whose = [r.title.partition(": ")[0] for r in ranks]
        assert whose == ["Children's Centres", "Youth Centres"]

    def test_proxies_and_stand_ins_are_named(self, told):
        text = as_text(told)
        assert "Six sites are stand-ins" in text
        assert "Five sites stand at positions that are only roughly known" in text
        assert "Modelled streets: not a survey" in text
        assert "(assumed)" in text

    def test_no_small_count_is_published(self, told):
        for _, view in told.tables():
            for k, column in enumerate(view.columns):
                if column.kind == "people":
                    shown = [row[k].value for row in view.body if row[k].state == "value"]
                    assert all(n == 0 or n >= 5 for n in shown), view.title


class TestMoney:
    def test_savings_are_told_once_every_cost_is_known(self, results):
        text = as_text(board_report(priced(results, [1e5, 2e5, 3e5, 4e5, 5e5]), draws=0))
        assert "The proposal saves a year, by the register: Children's Centres £700,000." in text
        assert "£200,000 a year" in text
        assert "what each building costs" not in text


def test_of_one_proposal_a_picture_need_not_say_whose_it_is(document):
    ranks = [b for b in document.blocks if isinstance(b, Figure) and b.key.startswith("rank-")]
    assert [r.title.startswith("Of ") for r in ranks] == [True]


def test_a_map_stands_with_each_service(document):
    (still,) = [
        b for b in document.blocks if isinstance(b, Figure) and b.key == "map-five_to_three"
    ]
    assert "Map of Linetown" in still.alt


def test_a_service_whose_families_bring_no_pram_has_no_such_trip(results, document):
    assert "With a pram (min)" in as_text(document).replace("Rise, with", "With")
    config = results.study.config
    service = config.services["childrens_centre"].model_copy(update={"pram": False})
    study = replace(
        results.study,
        config=config.model_copy(update={"services": {"childrens_centre": service}}),
    )
    text = as_text(board_report(replace(results, study=study), draws=0))
    assert "with a pram (min)" not in text
    assert "Rise, by car (min)" in text


@pytest.mark.parametrize(
    ("before", "after", "opened", "said"),
    [
        (("A", "B", "C"), ("A",), (), "1 of 3 Libraries"),
        (("A",), ("A", "K"), ("K",), "the one library of today and open K"),
        (("A", "B"), ("A", "B", "K"), ("K",), "all 2 Libraries and open K"),
        (("A", "B"), ("B", "K"), ("K",), "1 of 2 Libraries and open K"),
        (("A",), ("K",), ("K",), "none of today's Libraries and open K"),
        (("A", "B"), ("A", "B"), (), "all 2 Libraries"),
        (("A",), ("A",), (), "the one library of today"),
    ],
)
def test_how_many_stay_is_said_of_any_number(before, after, opened, said):
    found = SimpleNamespace(
        result=SimpleNamespace(before=before, after=after, opened=opened), title="Libraries",
        one="library", named=lambda ids: [str(i) for i in ids],
    )  # fmt: skip
    assert _size(found) == said


def test_figures_to_try_come_out_of_the_files_as_the_report_says(results, inside):
    """Every figure again, from the tables that a run writes, by its own recipe."""
    table = next(b.table for b in inside.blocks if getattr(b, "key", "") == "trial")
    said = {row[0]: row[1] for row in table.rows}
    (proposal,) = results.proposals.values()
    areas, mode = RunSummary(results).areas(), results.headline
    who = areas[results.study.config.services[proposal.service].demand]
    own = {
        name: areas[f"{proposal.key}__{mode}__{name}"]
        for name in ("minutes_before", "minutes_after", "change_minutes")
    }
    grew = (own["change_minutes"] > 0) & (who > 0)
    assert said["People counted"] == f"{who.sum():,.0f}"
    assert said["With further to go"] == f"{who[grew].sum():,.0f}"
    rise = np.average(own["change_minutes"][grew], weights=who[grew])
    assert said["Rise of their walk, mean"] == f"{half_up(rise, 1):.1f} minutes"
    most = own["change_minutes"][grew].max()
    assert said["Largest rise of the walk"] == f"{half_up(most, 1):.1f} minutes"
    for name, words in (("minutes_before", "today"), ("minutes_after", "after")):
        mean = np.average(own[name], weights=who)
        assert said[f"Average walk {words}"] == f"{half_up(mean, 1):.1f} minutes"
    fifth = areas["imd_decile"].isin([1, 2])
    share = who[fifth & grew].sum() / who[fifth].sum()
    assert said["Of the most deprived fifth, with further to go"] == percent(share)
    rows = RunSummary(results).alternatives()
    rows = rows[(rows["proposal"] == proposal.key) & (rows["mode"] == mode)]
    mine = rows.loc[rows["is_the_proposal"], "mean"].item()
    place = f"{1 + (rows['mean'] < mine - 1e-9).sum()} of {len(rows)}"
    assert said["Rank by average walk"] == place
    assert all(" " not in name for row in table.rows for name in re.findall(r"\w+\.csv", row[-1]))

"""Rival proposals, proposals that open, and shared buildings: every output says them rightly."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pandas as pd
import pytest

from access.analysis.anew import Buildings
from access.analysis.job import measure_study
from access.document.document import Heading, TableBlock
from access.maps.explorer import _strings
from access.maps.explorer_data import explorer_data
from access.report.board import _fifths, _report_files, board_report, report_writers
from access.report.findings import Wording, findings_of
from access.report.summary import _rivals_table, _to_ask
from access.run.summary import RunSummary, summary_of
from access.study import load_study
from tests.small import small_study, spot, write_study

pytestmark = pytest.mark.usefixtures("quick_runs")

OPENS = """
[proposals.plan]
title = "Plan"
service = "library"
close = ["L1"]
open = ["K1"]
"""
RIVALS = "".join(
    f'[proposals.{k}]\ntitle = "Option {k.upper()}"\nservice = "library"\nclose = {sites}\n'
    for k, sites in (("a", '["L1", "L2"]'), ("b", '["L2", "L3"]'), ("c", '["L3", "L1"]'))
)


@pytest.fixture(scope="module")
def rivals(quick_runs, tmp_path_factory):
    """Give three options for five centres, measured."""
    folder = tmp_path_factory.mktemp("rivals") / "s"
    return measure_study(small_study(folder, services={"library": 5}, proposals=RIVALS))


@pytest.fixture(scope="module")
def opening(quick_runs, tmp_path_factory):
    """Give the plan that opens on paper of so many squares, measured, and its report."""

    @cache
    def make(side: int):
        study = small_study(
            tmp_path_factory.mktemp("opens") / "s",
            services={"library": 5},
            proposals=OPENS,
            side=side,
            one={"library": "library"},
        )
        results = measure_study(study)
        return results, board_report(results, draws=0)

    return make


def texts(document) -> str:
    return repr(document.blocks)


def write_tables(document) -> None:
    """Write the workbook alone, which holds every table."""
    assert report_writers(document)["tables.xlsx"](document)


@pytest.mark.parametrize("side", [6, 30])
def test_a_proposal_that_opens_is_told_as_such_and_its_tables_add_up(opening, side):
    results, document = opening(side)
    write_tables(document)  # every table is checked when it is written
    text = texts(document)
    assert "closes Library house 1 and opens Town library 1" in text.replace("\\n", " ")
    assert "Saved at closed sites a year" in text and "Spent at opened sites a year" in text
    words = _strings("en")
    assert "Hub" not in words["kind_hub"], "a library that opens is no Family Hub"
    assert "opens Town library 1" in " ".join(RunSummary(results).words().split())
    assert summary_of(results)["proposals"]["plan"]["opened"] == ["K1"]
    assert "K1" in explorer_data(results).services[0].after


@pytest.mark.parametrize("many", [5, 12])
def test_rivals_that_close_the_same_sites_stand_side_by_side(tmp_path, rivals, many):
    results, write = rivals, _report_files
    if many != 5:
        study = small_study(tmp_path / "s", services={"library": many}, proposals=RIVALS)
        results, write = measure_study(study), write_tables
    document = board_report(results, draws=0)
    write(document)
    table = next(b.table for b in document.blocks if getattr(b, "key", "") == "rivals-library")
    assert [row[0] for row in table.rows] == ["No change", "Option A", "Option B", "Option C"]
    text = texts(document)
    stay = f"{many - 2} of {many} Library houses"
    assert "choose one of three options for Library houses: " in text
    assert f"Option A (keep {stay}), Option B (keep {stay})" in text
    assert f"{stay} and {stay}" not in text and f"{stay}, {stay}" not in text
    said = RunSummary(results).words()
    assert all(f"Option {k}" in said for k in "ABC") and "do not add" in " ".join(said.split())
    (service,) = explorer_data(results).services
    assert [plan.title for plan in service.plans] == ["Option A", "Option B", "Option C"]
    assert service.after == service.plans[0].after


def deprived_study(folder, proposals: str, **given):
    """Write a study whose areas tell their tenth of deprivation, and load it."""
    write_study(folder, proposals=proposals, **given)
    areas = pd.read_csv(folder / "areas.csv")
    areas.assign(imd_decile=[1 + k % 10 for k in range(len(areas))]).to_csv(
        folder / "areas.csv", index=False
    )
    return load_study(folder)


@pytest.mark.parametrize("tenths", [True, False])
def test_no_part_of_a_report_is_a_heading_alone(tmp_path, tenths):
    study = small_study(tmp_path / "s", services={"library": 4}, proposals=RIVALS, side=4)
    if tenths:
        areas = study.areas.assign(imd_decile=[1 + k % 10 for k in range(16)])
        study = replace(study, areas=areas)
    blocks = board_report(measure_study(study), draws=0).blocks
    shown = [b for b in blocks if not (isinstance(b, TableBlock) and not b.paged)]
    for block, after in pairwise([*shown, None]):
        if isinstance(block, Heading):
            assert after is not None, block.text
            assert not isinstance(after, Heading) or after.level > block.level, block.text
    heads = [b.text for b in blocks if isinstance(b, Heading)]
    assert ("Group by group, the proposals side by side" in heads) == tenths


@pytest.mark.parametrize("side", [3, 8])
def test_figures_of_rivals_side_by_side_say_whose_they_are(tmp_path, side):
    """At a side of 3 the fifth's count is hidden, and the sentence is another."""
    study = deprived_study(tmp_path / "s", RIVALS, services={"library": 5}, side=side)
    findings = findings_of(measure_study(study))
    said = [str(f.most_deprived_fifth(Wording())) for f in findings]
    together = _fifths(findings, Wording())
    for found, one in zip(findings, said, strict=True):
        assert "most deprived fifth" in one
        assert f"Option {found.result.key.upper()}: {one[0].lower()}{one[1:]}" in together


@pytest.mark.parametrize(("many", "where"), [(1, "here"), (3, "in the workbook")])
def test_what_is_on_offer_is_said_to_stand_where_it_stands(tmp_path, many, where):
    text = "".join(f"[proposals.{part}" for part in RIVALS.split("[proposals.")[1 : many + 1])
    services = {"library": 5, "gym": 5}
    if many > 1:
        text += (
            text.replace('"library"', '"gym"')
            .replace('"L', '"G')
            .replace("[proposals.", "[proposals.g")
        )
    results = measure_study(small_study(tmp_path / "s", services=services, proposals=text))
    document = board_report(results, draws=0)
    (offer,) = (b for b in document.blocks if getattr(b, "key", "") == "offer")
    assert offer.paged is (where == "here")
    assert f"they are set beside the trips {where}" in texts(document)


def test_figures_of_nobody_are_not_said_to_be_ungiven(tmp_path):
    """Of one tenth and of one centre's neighbours there is nobody, and nobody has further to go."""
    plan = RIVALS.split("[proposals.b]")[0]
    folder = deprived_study(tmp_path / "s", plan, services={"library": 5}, side=6).folder
    areas = pd.read_csv(folder / "areas.csv")
    areas.loc[areas["imd_decile"] == 3, "people_library"] = 0
    areas["group"] = areas["whole"] = areas["people_library"]
    areas.to_csv(folder / "areas.csv", index=False)
    centres = pd.read_csv(folder / "centres.csv")
    twin = centres[centres["id"] == "L2"].assign(id="L0")  # nearer by its id where it stands
    pd.concat([centres, twin]).to_csv(folder / "centres.csv", index=False)
    with (folder / "study.toml").open("a") as file:
        file.write('[[groups]]\nlabel = "G"\ncolumn = "group"\ndenominator = "whole"\n')
    document = board_report(measure_study(load_study(folder)), draws=0)
    tables = [b.table for b in document.blocks if hasattr(b, "table")]
    people = [t for t in tables if any(c.hidden_with for c in t.columns)]
    told = [t.title for t in people if any("nobody has given" in n for n in t.view().notes)]
    assert len(people) > 5 and not told


def test_figures_of_services_whose_people_have_names_of_their_own_need_no_other(tmp_path):
    """Two proposals for two services."""
    text = RIVALS.split("[proposals.b]")[0]
    text += text.replace(".a]", ".g]").replace('"library"', '"gym"').replace('"L', '"G')
    study = deprived_study(tmp_path / "s", text, services={"library": 5, "gym": 5})
    findings = findings_of(measure_study(study))
    assert _fifths(findings, Wording()) == " ".join(
        str(f.most_deprived_fifth(Wording())) for f in findings
    )


@pytest.mark.parametrize("column", ["annual_cost_gbp", "annual_visits", "condition", "capacity"])
def test_what_is_worth_asking_says_of_what_whatever_else_is_known(tmp_path, rivals, column):
    """Each is told alone where the register holds all the others."""
    known = {"annual_cost_gbp": 5, "annual_visits": 5, "condition": "fair", "capacity": 5}
    known.pop(column)
    more = [{"id": "L1", **known}]
    study = small_study(tmp_path / "s", services={"library": 2}, costs=False, more=more)
    assert "building" in _to_ask(replace(rivals, study=study, modelled=False))


def test_one_proposal_is_not_spoken_of_as_one_of_several(opening):
    results, document = opening(6)
    assert len(explorer_data(results).services[0].plans) == 1
    assert "rivals" not in texts(document)


def test_closing_one_service_of_a_building_leaves_the_other(tmp_path):
    lon, lat = spot(0.1, 0.2)
    plan = '[proposals.p]\ntitle = "P"\nservice = "youth"\nclose = ["Y1"]\n'
    shared = [
        {"id": "Y1", "building": "B1"},
        {"id": "S1", "name": "Hub sports hall", "service": "sport", "lon": lon, "lat": lat,
         "building": "B1"},
    ]  # fmt: skip
    study = small_study(
        tmp_path / "s", services={"youth": 3, "sport": 2}, proposals=plan,
        more=[shared[0], {**shared[1], "id": "S9"}],
    )  # fmt: skip
    results = measure_study(study)
    assert "S9" in study.centres_of("sport")["id"].tolist()
    (told,) = summary_of(results)["proposals"]["p"]["knock_on"]
    assert "Youth house 1 also hosts Hub sports hall (sport house)" in told
    assert "Hub sports hall" in texts(board_report(results, draws=0))


def test_a_building_of_which_another_proposal_closes_the_rest_is_not_said_to_stay(tmp_path):
    lon, lat = spot(0.1, 0.2)
    both = "".join(
        f'[proposals.{s}]\ntitle = "{s}"\nservice = "{s}"\nclose = ["{i}"]\n'
        for s, i in (("youth", "Y1"), ("sport", "S9"))
    )
    study = small_study(
        tmp_path / "s", services={"youth": 3, "sport": 2}, proposals=both,
        more=[{"id": "Y1", "building": "B1"},
              {"id": "S9", "name": "Hall", "service": "sport", "lon": lon, "lat": lat,
               "building": "B1"}],
    )  # fmt: skip
    (told,) = Buildings(study).knock_on(["Y1"])
    assert "stays in use" not in told
    assert told.endswith("another proposal closes Hall (sport house)")
    alone = {"proposals": {"youth": study.config.proposals["youth"]}}
    study = replace(study, config=study.config.model_copy(update=alone))
    (whole,) = Buildings(study).knock_on(["Y1"])
    assert whole.endswith("and the building stays in use")


def test_the_explorer_is_told_of_part_time_days_and_of_what_stays(tmp_path):
    plan = (
        '[proposals.p]\ntitle = "P"\nservice = "library"\nclose = ["L1"]\n'
        '[[proposals.p.change]]\naction = "status"\nsite = "L2"\nstatus = "part_time"\ndays = 2.0\n'
        '[[proposals.p.change]]\naction = "status"\nsite = "L3"\nstatus = "deregistered"\n'
        '[[proposals.p.change]]\naction = "status"\nsite = "L4"\nstatus = "part_time"\ndays = 5.0\n'
    )
    study = small_study(tmp_path / "s", services={"library": 6}, proposals=plan)
    (service,) = explorer_data(measure_study(study)).services
    (told,) = service.plans
    assert dict(told.days) == {"L2": 2.0}, "every weekday is not part of a week"
    assert told.stays == ("L3",)
    assert {"L2", "L4"} <= set(told.after) and not {"L1", "L3"} & set(told.after)


def test_the_best_of_several_lists_are_told_apart(tmp_path, rivals):
    sizes = "".join(
        f'[proposals.{k}]\ntitle = "Option {k.upper()}"\nservice = "library"\nclose = {sites}\n'
        for k, sites in (("a", '["L1"]'), ("b", '["L2", "L3"]'))
    )
    results = measure_study(small_study(tmp_path / "s", services={"library": 5}, proposals=sizes))
    found = findings_of(results)
    names = [str(row[0]) for row in _rivals_table(found, beside=True).rows]
    assert len(names) == len(set(names))
    best = [name for name in names if name.startswith("Shortest on average")]
    assert {name.split(", of ")[-1] for name in best} <= {
        "5 ways to keep 4 of 5", "10 ways to keep 3 of 5",
    } and all(", of " in name for name in best)  # fmt: skip
    table = _rivals_table(findings_of(rivals), beside=True)
    assert not any(", of " in str(row[0]) for row in table.rows)

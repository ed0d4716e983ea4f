"""One trip leads everywhere; walking and the neighbours' centres stand beside it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from access.analysis.analysis import Analysis
from access.analysis.headline import BesideHeadline, _OnFoot
from access.analysis.job import measure_study
from access.analysis.results import StudyResults
from access.errors import StudyError
from access.maps.explorer_data import explorer_data
from access.maps.explorer_encode import _encode
from access.report.findings import findings_of
from access.run.summary import RunSummary, _headline, summary_of
from access.study import load_study
from tests.small import spot, write_study
from tests.unit.report_results import line_results

CLOSES = '[proposals.plan]\ntitle = "Plan"\nservice = "library"\nclose = ["L1", "L3"]\n'


def town(folder, extra: str = "", *, cars: bool = True, near: pd.DataFrame | None = None):
    """Write a study of one service with or without figures of cars and neighbours."""
    write_study(folder, services={"library": 4, "gym": 2}, proposals=CLOSES + extra)
    areas = pd.read_csv(folder / "areas.csv")
    if cars:
        areas.assign(p_no_car=0.25).to_csv(folder / "areas.csv", index=False)
    if near is not None:
        near.to_csv(folder / "neighbours.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Give ``measured(extra, near)``: the town measured, each once for all tests that read it."""
    kept = {}

    def once(extra: str = "", near: pd.DataFrame | None = None) -> StudyResults:
        key = extra, None if near is None else near.to_csv()
        if key not in kept:
            folder = town(tmp_path_factory.mktemp("town") / "s", extra, near=near)
            kept[key] = measure_study(load_study(folder))
        return kept[key]

    return once


def beside(column: float, row: float, **more: str) -> pd.DataFrame:
    lon, lat = spot(column, row)
    return pd.DataFrame([{"id": "N1", "name": "Next door", "lon": lon, "lat": lat, **more}])


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("setting", "cars", "mode"),
    [
        ("", True, "typical"),
        ("", False, "walk"),
        ('[measures]\nheadline = "family"\n', True, "typical"),
        ('[measures]\nheadline = "walk"\n', True, "walk"),
        ('[measures]\nheadline = "drive"\n', False, "drive"),
    ],
)
def test_one_setting_decides_what_leads_in_every_output(tmp_path, measured, setting, cars, mode):
    if cars:
        results = measured(setting)
    else:
        results = measure_study(load_study(town(tmp_path / "s", setting, cars=cars)))
    assert results.headline == mode
    analysis, ids = Analysis(results), {"service": "library", "after": ["L2", "L4"]}
    assert analysis.compare(**ids).mode == mode
    assert analysis.rank(**ids).mode == mode
    assert analysis.robustness(**ids, draws=3).mode == mode
    assert analysis.within("L1").mode == mode
    assert findings_of(results)[0].mode == mode
    assert _encode(explorer_data(results))["headline"] == mode
    found = summary_of(results)
    assert found["headline_mode"] == found["proposals"]["plan"]["headline"]["mode"] == mode
    lines = RunSummary(results).words().splitlines()
    table = next(k for k, line in enumerate(lines) if "minutes, mean" in line)
    first = {"typical": "family trip", "walk": "walking", "drive": "driving"}[mode]
    assert lines[table + 1].strip().startswith(first)
    walked = "ways to close as many, it is" in one_line(RunSummary(results).words())
    assert walked and "by average walk" in one_line(RunSummary(results).words())


def test_a_family_trip_that_cannot_be_measured_is_refused(tmp_path):
    folder = town(tmp_path / "s", '[measures]\nheadline = "family"\n', cars=False)
    with pytest.raises(StudyError) as caught:
        load_study(folder)
    assert "headline" in str(caught.value) and "households_no_car" in str(caught.value)


def test_the_family_trip_is_drawn_anew_from_walks_and_drives(measured):
    results = measured()
    firm = Analysis(results).robustness("library", after=["L2", "L4"], draws=4)
    assert {"walk_kmh", "parking_minutes"} <= set(firm.draws.columns)
    assert any("parking" in note for note in firm.notes)


def test_neighbours_are_said_both_ways_and_the_study_says_which_leads(measured):
    near = beside(0, 0)  # beside the library that closes at the corner
    plain = measured(near=near)
    other = measured("[measures]\nneighbours = true\n", near)
    own, both = plain.proposals["plan"], other.proposals["plan"]
    assert not own.neighbours and both.neighbours
    figures = [own.impacts["walk"].summary["lengthened"], own.beside["walk"].summary["lengthened"]]
    assert figures[0] > figures[1]
    assert figures == [both.beside["walk"].summary["lengthened"],
                       both.impacts["walk"].summary["lengthened"]]  # fmt: skip
    said = BesideHeadline(plain, own).neighbours_words()
    head, tail = said.split(" Where nothing else is said, figures count ")
    assert tail == "own Library houses only."
    assert (
        BesideHeadline(other, both).neighbours_words()
        == f"{head} Where nothing else is said, figures count the neighbours' as well."
    )
    numbers = {c.what: c.numbers[0] for c in said.claims if c.relation == "is"}
    assert numbers["own:lengthened"] > numbers["with_neighbours:lengthened"]
    for results in (plain, other):
        said = BesideHeadline(results, results.proposals["plan"]).neighbours_words()
        page = _encode(explorer_data(results))["services"][0]["plans"][0]["beside"]
        lead = summary_of(results)["proposals"]["plan"]["headline"]
        assert str(said) in page and str(said) in lead["sentences"]
        assert str(said) in one_line(RunSummary(results).words())
        assert lead["own_centres_only"]["lengthened"] == numbers["own:lengthened"]


def test_the_place_among_all_sets_is_said_both_ways(measured):
    for setting in ("", "[measures]\nneighbours = true\n"):
        results = measured(setting, beside(0, 0))
        proposal = results.proposals["plan"]
        said = BesideHeadline(results, proposal).neighbours_rank_words()
        claims = {c.what: c.numbers for c in said.claims}
        matrix, areas = results.matrices[results.headline], results.study.areas
        counts = areas[results.study.config.services["library"].demand].to_numpy(float)
        for which, more in (("own", []), ("with_neighbours", ["N1"])):
            means = {
                kept: np.average(matrix.least([*kept, *more]), weights=counts)
                for kept in itertools.combinations(proposal.before, len(proposal.after))
            }
            own = means[tuple(proposal.after)]
            ahead = sum(m < own - 1e-9 for m in means.values())
            level = sum(abs(m - own) <= 1e-9 for m in means.values()) - 1
            assert claims[f"{which}:rank:mean"] == (1 + ahead, level)
            assert claims[f"{which}:options"] == (len(means),)
        assert str(said) in one_line(RunSummary(results).words())
        assert str(said) in _encode(explorer_data(results))["services"][0]["plans"][0]["beside"]


def test_without_neighbours_no_second_place_is_said(measured):
    results = measured()
    assert not BesideHeadline(results, results.proposals["plan"]).neighbours_rank_words()


def test_a_neighbour_of_another_service_does_not_count(tmp_path):
    results = measure_study(load_study(town(tmp_path / "s", near=beside(0, 0, service="gym"))))
    assert not results.proposals["plan"].beside
    assert not BesideHeadline(results, results.proposals["plan"]).neighbours_words()
    with pytest.raises(StudyError, match=r"neighbours\.csv"):
        load_study(town(tmp_path / "t", near=beside(0, 0, service="library2")))


def with_limit(results: StudyResults, minutes: float) -> StudyResults:
    config = results.study.config
    measures = config.measures.model_copy(update={"walk_limit_minutes": minutes})
    study = replace(results.study, config=config.model_copy(update={"measures": measures}))
    return replace(results, study=study)


def test_a_walk_beyond_the_limit_is_never_called_a_trip_that_people_make(tmp_path):
    results = line_results(tmp_path / "line")  # no walk is longer than half an hour
    (proposal,) = results.proposals.values()
    near = with_limit(results, 60)
    assert "for nobody does a walk grow beyond that" in BesideHeadline(near, proposal).words()[0]
    far = with_limit(results, 15)
    found = BesideHeadline(far, proposal).on_foot()
    walk = proposal.impacts["walk"].areas
    lost = walk[(walk["minutes_before"] <= 15) & (walk["minutes_after"] > 15)]["count"].sum()
    assert found == _OnFoot.of(proposal.impacts["walk"], 15) and found.lost == lost > 0
    assert "no longer within reach on foot (a walk of more than 15 minutes" in " ".join(
        BesideHeadline(far, proposal).words()
    )
    said = one_line(RunSummary(far).words())
    assert "=East Children's Centre: nearest to 38: no longer within reach on foot" in said


def test_of_a_site_only_those_beyond_the_limit_are_no_longer_within_reach(tmp_path):
    """On average their walk is then 19 and 20 minutes; more than half of them stay within 18."""
    said = one_line(RunSummary(with_limit(line_results(tmp_path / "line"), 18)).words())
    assert "48 would be no longer within reach on foot (a walk of more than 18 minutes" in said
    assert "nearest to 67: no longer within reach on foot for 30 of them (3 minutes before)" in said
    assert "nearest to 38: no longer within reach on foot for 18 of them (3 minutes before)" in said


def test_a_limit_stands_as_it_was_set(measured):
    results = measured("[measures]\nwalk_limit_minutes = 12.5\nthreshold_minutes = 7.5\n")
    proposal = results.proposals["plan"]
    foot = BesideHeadline(results, proposal).on_foot_words()
    assert "within a walk of 12.5 minutes today" in foot and "13 minutes today" not in foot
    assert "those of more than 12.5 minutes too" in results.trip_meaning("typical")
    assert "Within 7.5 minutes (family trip)" in _headline(results, proposal)


def test_households_without_a_car_are_not_said_to_walk_where_they_take_the_bus(measured):
    results = measured()
    proposal = results.proposals["plan"]
    assert (
        "On foot, as households without a car go, "
        in BesideHeadline(results, proposal).on_foot_words()
    )
    by_bus = replace(results, matrices={**results.matrices, "bus": results.matrices["walk"]})
    assert "walk or take the bus" in by_bus.trip_meaning("typical")
    assert BesideHeadline(by_bus, proposal).on_foot_words().startswith("On foot, the average walk ")


def test_the_walks_that_grow_are_of_those_who_walk_further(measured):
    results = measured(near=beside(0, 0))
    said = BesideHeadline(results, results.proposals["plan"]).neighbours_words()
    assert "the walk of those who have further to walk grows by" in said and "Their" not in said

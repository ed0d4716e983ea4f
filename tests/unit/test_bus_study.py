"""A study by bus: what every output says with a timetable, and without one."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest

from access import answer, load_study
from access.analysis.analysis import Analysis
from access.analysis.bus import BUS_NOT_KNOWN, BusTimes
from access.analysis.job import measure_study, travel_times
from access.errors import AccessError, ParameterError, StudyError
from access.maps.explorer_data import explorer_data
from access.maps.explorer_parts import _buses_of
from access.maps.static_map import _situations
from access.network.matrix import at_rank
from access.release import released
from access.report.board import _replay, board_report
from access.report.bus import _bus_blocks
from access.report.findings import findings_of
from access.run.geopackage import _bus_looks
from access.run.summary import RunSummary, summary_of
from access.run.write import _study_layers, write_geopackage
from access.scenario import Uncertainty, rank_closures, robustness
from access.sources.folder import new_study
from access.units import great_circle_m
from tests.bus_feed import town_feed
from tests.conftest import one_picture

pytestmark = pytest.mark.usefixtures("settings_few")

SERVICE = "childrens_centre"
SETTINGS = '[bus]\ntimetable = "buses.zip"\nwindow = ["09:00", "10:00"]\nhome_minutes = 60\n'


def town(folder, bus=SETTINGS, ends="21:30", *, write=True):
    new_study(folder)
    town_feed(folder / "buses.zip")
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace(
        'age_band = "0 to 4"', f'age_band = "0 to 4"\nsession_ends = "{ends}"'
    )
    path.write_text(text + bus, encoding="utf-8")
    return load_study(folder) if write else folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return measure_study(town(tmp_path_factory.mktemp("bus") / "town"))


@pytest.fixture(scope="module")
def proposal(results):
    return results.proposals["three_to_two"]


@pytest.fixture(scope="module")
def blocks(settings_few, results):
    """Give what the board report says."""
    with one_picture(laid_out=True):
        return repr(board_report(results, draws=0).blocks)


def least(each, sites, wanted, q=50):
    """Nearest rank of the least over some sites; each is areas x minutes x sites."""
    columns = [sites.index(i) for i in wanted]
    return at_rank(np.asarray(each, float)[:, :, columns].min(axis=2), q)


def test_bus_and_typical_are_the_least_minute_by_minute(results, proposal):
    bus = results.bus.there[SERVICE]
    walk, drive = (results.matrices[m].sites(bus.site_ids).total_minutes for m in ("walk", "drive"))
    p = results.study.areas["p_no_car"].to_numpy()[:, None, None]
    no_car = np.minimum(walk[:, None, :], bus.minutes)
    car = np.minimum(walk, drive + 3.0)[:, None, :]
    family = p * no_car + (1 - p) * car
    assert [*results.matrices] == ["walk", "drive", "bus", "typical"]
    for mode, each in (("bus", bus.minutes), ("typical", family)):
        impact, ranking = proposal.impacts[mode], proposal.rankings[mode]
        areas = impact.areas.set_index("id").loc[results.study.areas["id"]]
        for when, open_ids in (("before", proposal.before), ("after", proposal.after)):
            found = areas[f"minutes_{when}"].to_numpy()
            np.testing.assert_allclose(found, least(each, bus.site_ids, open_ids), rtol=1e-6)
        mean = impact.summary["mean_minutes_after"]
        assert ranking.proposal["mean"] == pytest.approx(mean)
    assert (bus.boardings > 0).any()
    summary = proposal.impacts["bus"].summary
    assert summary["mean_minutes_before"] < proposal.impacts["walk"].summary["mean_minutes_before"]


def test_the_way_home_is_from_the_centre_of_the_way_there(results, proposal):
    change = Analysis(results).by_bus(SERVICE, before=proposal.before, after=proposal.after)
    home = results.bus.home[SERVICE]
    assert (home.direction, home.marks[0], len(home.marks)) == ("from_site", 21 * 60 + 30, 60)
    for when in ("before", "after"):
        for row in change.areas.to_dict("records"):
            i = home.area_ids.index(row["id"])
            each = home.minutes[i, :, home.site_ids.index(row[f"there_site_{when}"])]
            assert row[f"home_minutes_{when}"] == pytest.approx(np.sort(each)[29])
            assert row[f"home_without_{when}"] == pytest.approx((each >= 60).mean())
    figures = change.figures().set_index(["way", "measure"])
    count = change.areas["count"]
    late = change.areas["home_without_after"] >= 0.5
    assert figures.loc[("home", "without"), "after"] == count[late].sum()
    assert figures.loc[("home", "mean"), "before"] > figures.loc[("there", "mean"), "before"]


def test_a_bus_cut_alone_and_with_closures(results, proposal):
    analysis = Analysis(results)
    today = analysis.today(SERVICE)
    cut = analysis.without_buses(routes=["1"])
    alone = analysis.compare(SERVICE, after=today, later=cut, mode="bus")
    both = analysis.compare(SERVICE, after=proposal.after, later=cut, mode="bus")
    closed = proposal.impacts["bus"].areas.set_index("id")["minutes_after"]
    assert (alone.areas["change_minutes"] >= -1e-4).all()
    assert (alone.areas["change_minutes"] > 1).any()
    more = both.areas.set_index("id")["minutes_after"]
    assert (more >= closed - 1e-4).all() and (more > closed + 1).any()
    assert any("route 1 withdrawn" in note for note in alone.notes)
    nothing = analysis.without_buses(routes=["1", "2"])
    impact = nothing.compare(SERVICE, after=today[:2], mode="bus")
    walked = nothing.compare(SERVICE, after=today[:2], mode="walk")
    np.testing.assert_allclose(
        impact.areas["minutes_after"], walked.areas["minutes_after"], rtol=1e-6
    )
    with pytest.raises(ParameterError, match="no route"):
        analysis.without_buses(routes=["99"])
    with pytest.raises(ParameterError, match="without buses nothing changes by mode 'walk'"):
        analysis.with_bus_cut(["1"], "walk")
    assert analysis.with_bus_cut(["stop:e2"], "bus").bus_notes()[-1].endswith("stop e2 closed.")


def test_every_layer_of_a_study_with_buses_has_a_look_and_says_what_it_is(results, tmp_path):
    package = write_geopackage(results, tmp_path / "study.gpkg")
    base = sqlite3.connect(package)
    styled = {row[0] for row in base.execute("SELECT f_table_name FROM layer_styles")}
    told = dict(base.execute("SELECT table_name, description FROM gpkg_contents"))
    base.close()
    layers = {name for name, kind in pyogrio.list_layers(package) if kind is not None}
    assert {"bus_stops", "bus_three_to_two"} <= layers == styled
    assert all(results.streets in told[name] for name in layers)
    assert "on 2023-06-06" in told["bus_stops"] and "under 60 minutes" in told["bus_three_to_two"]


def test_every_output_speaks_of_buses(results, proposal, blocks):
    said = " ".join(results.assumptions)
    assert "setting out 9.00 to 10.00, home 21.30 to 22.30" in said
    assert "Tuesday 6 June 2023" not in BUS_NOT_KNOWN and BUS_NOT_KNOWN not in said
    summary = summary_of(results)["proposals"]["three_to_two"]
    assert {"walk", "drive", "bus", "typical"} == set(summary["modes"])
    assert {r["way"] for r in summary["there_and_home_by_bus"]} == {"there", "home"}
    json.dumps(summary["there_and_home_by_bus"], allow_nan=False)
    spoken = RunSummary(results).words()
    assert "\n    bus   " in spoken and "By bus: every departure minute" in spoken
    layers = dict(_study_layers(results))
    stops = layers["bus_stops"].set_index("id")
    assert stops.loc["e2", f"an_hour_there_{SERVICE}"] == 4  # two each way
    assert stops.loc["e2", f"an_hour_home_{SERVICE}"] == 2  # the last of each way, at 21.40
    assert len(layers["bus_three_to_two"]) == len(results.study.areas)
    assert "By bus, there and home" in blocks and "no journey by bus or on foot under 60" in blocks
    assert len(results.bus.stops_table()) == len(stops)
    there_and_back = _bus_looks(results, results.bus)["bus_stops"].words
    assert there_and_back.endswith("on the way there and home.")
    one_way = replace(results, bus=replace(results.bus, home={}))
    looks = _bus_looks(one_way, one_way.bus)
    assert not any("home" in look.words for look in looks.values())
    found = findings_of(one_way)
    told = repr(_bus_blocks(one_way, found))
    assert "By bus, on the way there" in told and "there and home" not in told
    assert "The way home is not known" in told and "The way home is not known" not in blocks
    sites = results.sites[results.sites["kind"] == "centre"]
    at_stops = sites.iloc[:2].assign(lon=[-1.35, -1.30], lat=[53.42, 53.42])
    often = results.bus.frequencies(SERVICE, at_stops)
    assert often["stops"].tolist() == [2, 1]  # e2 and n1 lie together; e4 alone
    assert often["there"].tolist() == [10.0, 2.0]  # the last stop of a line is left one way only
    with one_picture(laid_out=True):
        by_typical = repr(board_report(results, mode="typical", draws=5).blocks)
    assert "How the order shifts" not in by_typical
    assert "What was found in the timetable of Tuesday" in blocks and "rides too fast" in blocks
    assert "areas with no journey under 60 minutes" in blocks


def test_a_timetable_of_another_year_than_the_study_is_warned_of(results, blocks):
    """In what stands beside every figure, and beside the decision; not of about that date."""
    study = results.study
    told = (
        "The timetable's day, Tuesday 6 June 2023, is about 2 years before the date of this study, "
        "Wednesday 1 January 2025: buses may have run otherwise then."
    )
    assert told in results.assumptions
    assert told in blocks.split("What these figures rest on")[1].split("Everything that is")[0]
    as_of = date(2025, 1, 1)

    def on(day: date) -> BusTimes:
        return replace(results.bus, timetable=replace(results.bus.timetable, day=day))

    assert on(as_of - timedelta(366)).of_another_time(study) == ""
    assert on(as_of + timedelta(366)).of_another_time(study) == ""
    later = on(as_of + timedelta(367)).of_another_time(study)
    assert "more than a year after the date of this study" in later
    here = replace(results, bus=on(as_of))
    assert not any("date of this study" in said for said in here.assumptions)


def test_a_notebook_asks_by_bus(results):
    from access.notebook import Answers

    answers = Answers(results)
    found = answers.bus()
    assert found.sentence().startswith("Of ") and "under 60 minutes" in found.sentence()
    assert "by bus" in found._repr_html_() and "The way home" in repr(found)
    words = found.explain("A01", "C2", "9:10")
    assert words.startswith("Leave A01 at 9.10")
    assert found.explain("A01", "C2", "21:40", home=True).startswith("Leave C2 at 21.40")
    cut = answers.bus(routes=["1"], service=SERVICE)
    assert cut.found.areas["there_minutes_after"].sum() > found.found.areas[
        "there_minutes_before"].sum()  # fmt: skip
    assert found.audit()["check"].str.contains("trips on the day").any()


def test_another_walking_speed_is_measured_anew(results, proposal, tmp_path):
    study = town(tmp_path / "town")
    path = study.folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace("walk_km_h = 4.8", "walk_km_h = 4.4")
    path.write_text(text, encoding="utf-8")
    anew, slow = Analysis(travel_times(load_study(study.folder))), Analysis(results).at(4.4)
    for mode in ("bus", "typical"):
        asked = {"after": proposal.after, "mode": mode}
        found, expected = (a.compare(SERVICE, **asked).areas for a in (slow, anew))
        np.testing.assert_allclose(found["minutes_after"], expected["minutes_after"], rtol=1e-4)


def test_what_cannot_be_said_by_bus_is_refused_in_words(results):
    matrix = results.matrix("bus", SERVICE)
    with pytest.raises(ParameterError, match="walk_kmh cannot vary for mode 'bus'"):
        robustness(
            matrix, keep=2, demand=results.study.demand(SERVICE), sites=["C1", "C2", "C3"],
            uncertainty=Uncertainty(walk_kmh=(3.6, 5.4)), draws=2,
        )  # fmt: skip
    with pytest.raises(ParameterError, match="street_error cannot vary for mode 'bus'"):
        robustness(
            matrix, keep=2, demand=results.study.demand(SERVICE), sites=["C1", "C2", "C3"],
            uncertainty=Uncertainty(
                street_error=0.09, area_points=results.study.areas[["id", "lon", "lat"]]
            ), draws=2,
        )  # fmt: skip


def test_without_a_timetable_one_sentence_and_nothing_else(tmp_path):
    study = town(tmp_path / "town", bus="")
    found = measure_study(study)
    assert found.assumptions.count(BUS_NOT_KNOWN) == 1 and found.bus is None
    assert _buses_of(found) is None
    assert found.ledger.assumptions.count(BUS_NOT_KNOWN) == 1
    assert [*found.matrices] == ["walk", "drive", "typical"]
    settings = found.ledger.parameters["study"]
    assert "bus" not in settings and "session_ends" not in settings["services"][SERVICE]
    assert "there_and_home_by_bus" not in summary_of(found)["proposals"]["three_to_two"]
    assert not [name for name, _ in _study_layers(found) if name.startswith("bus")]
    with one_picture():
        assert "By bus, there and home" not in repr(board_report(found, draws=0).blocks)
    for ask in (
        lambda: Analysis(found).compare(SERVICE, after=["C1"], mode="bus"),
        lambda: Analysis(found).by_bus(SERVICE),
        lambda: Analysis(found).without_buses(routes=["1"]),
    ):
        with pytest.raises(ParameterError, match="By bus: not known"):
            ask()
    given = answer(study, timetable=study.folder / "buses.zip")
    assert given.results.bus is not None
    assert given.results.ledger.command["timetables"] == ["buses.zip"]


@pytest.mark.parametrize(
    ("bus", "said"),
    [
        ('[bus]\ntimetable = "none.zip"\n', "bus.timetable: found 'none.zip'"),
        ('[bus]\nwindow = ["12:00", "09:00"]\n', "a time and a later one"),
        ('[bus]\nwindow = ["nine", "12:00"]\n', "a time of day in quotes"),
        ('[bus]\nwindow = ["27:00", "28:30"]\n', 'up to "28:00"'),
        ("[bus]\nboardings = 9\n", "boardings"),
        ('[bus]\nday = "13 June"\n', "a date that exists"),
        ("[bus]\nbuses = 9\n", "no such setting"),
    ],
)
def test_wrong_settings_are_told_in_words(tmp_path, bus, said):
    with pytest.raises(StudyError, match=said):
        town(tmp_path / "town", bus=bus)
    with pytest.raises(StudyError, match='before "28:00"'):
        town(tmp_path / "late", ends="28:00")


def test_a_day_of_another_year_is_refused(tmp_path):
    study = town(tmp_path / "town", bus=SETTINGS + 'day = "2024-06-11"\n')
    with pytest.raises(AccessError, match="does not cover Tuesday 11 June 2024"):
        travel_times(study)


def given_matrix(results, form):
    """Write the minutes by bus of other results as if somebody else had published them."""
    table = results.matrices["bus"].to_frame()
    if form == "wide":
        return table.to_csv()
    long = table.melt(ignore_index=False).reset_index()
    long.columns = ["from_id", "to_id", "travel_time_p50"]
    return long.to_csv(index=False)


@pytest.mark.parametrize("form", ["wide", "long"])
def test_minutes_from_elsewhere_are_the_mode_bus(tmp_path, results, form):
    study = town(tmp_path / "town", bus='[bus]\nmatrix = "theirs.csv"\n', write=False)
    (study / "theirs.csv").write_text(given_matrix(results, form), encoding="utf-8")
    (study / "manifest.toml").write_text(
        '[table."theirs.csv"]\nsource = "UBDC matrices 2023"\nvintage = "2023"\n', encoding="utf-8"
    )
    found = travel_times(load_study(study))
    assert [*found.matrices] == ["walk", "drive", "bus", "typical"] and found.bus is None
    theirs, ours = found.matrices["bus"], results.matrices["bus"]
    np.testing.assert_allclose(theirs.total_minutes, ours.total_minutes, rtol=1e-6)
    walk, drive = (found.matrices[m].total_minutes for m in ("walk", "drive"))
    p = found.study.areas["p_no_car"].to_numpy()[:, None]
    family = p * np.minimum(walk, ours.total_minutes) + (1 - p) * np.minimum(walk, drive + 3.0)
    np.testing.assert_allclose(found.matrices["typical"].total_minutes, family, rtol=1e-5)
    said = [s for s in found.assumptions if s.startswith("By bus: ")]
    assert len(said) == 1 and "UBDC matrices 2023; 2023" in said[0] and "way home" in said[0]
    assert said[0] in found.ledger.assumptions
    assert "theirs.csv" in [row["file"] for row in found.ledger.inputs]
    impact = Analysis(found).compare(SERVICE, after=["C1", "C2"], mode="bus")
    assert impact.notes.count(said[0]) == 1
    if form == "wide":  # from here on nothing tells how they were written
        return
    found = measure_study(load_study(study))
    assert found.proposals["three_to_two"].impacts["bus"].notes.count(said[0]) == 1
    assert said[0] in summary_of(found)["assumptions"]
    with one_picture(laid_out=True):
        blocks = repr(board_report(found, draws=0).blocks)
    assert said[0] in blocks and BUS_NOT_KNOWN not in blocks
    firm = Analysis(found).robustness(SERVICE, after=["C1", "C2"], mode="bus", draws=5)
    assert len(firm.draws) == 5
    faster = Analysis(found).at(6.0).results.matrices["bus"].total_minutes
    assert (faster <= theirs.total_minutes + 1e-9).all()
    with pytest.raises(ParameterError, match="By bus: not known"):
        Analysis(found).by_bus(SERVICE)


def test_a_matrix_of_larger_areas_serves_through_the_areas_that_sites_stand_in(tmp_path, results):
    folder = town(tmp_path / "town", bus='[bus]\nmatrix = "theirs.csv"\n', write=False)
    table = pd.read_csv(folder / "areas.csv", dtype={"id": str})
    table["lsoa"] = [f"W{i // 2}" for i in range(len(table))]
    table.to_csv(folder / "areas.csv", index=False)
    codes = sorted(set(table["lsoa"]))
    rows = [f"{a},{b},{10.0 + 3 * i + j}" for i, a in enumerate(codes) for j, b in enumerate(codes)]
    text = "fromId,toId,travel_time_p050\n" + "\n".join(rows) + "\n"
    (folder / "theirs.csv").write_text(text, encoding="utf-8")
    found = travel_times(load_study(folder))
    sites, bus = found.sites, found.matrices["bus"]
    metres = great_circle_m(
        sites["lon"].iloc[0], sites["lat"].iloc[0], table["lon"].to_numpy(), table["lat"].to_numpy()
    )
    j = codes.index(table["lsoa"][int(metres.argmin())])
    for k, code in enumerate(table["lsoa"]):
        given = 10.0 + 3 * codes.index(code) + j
        walked = found.matrices["walk"].total_minutes[k, 0]
        assert bus.total_minutes[k, 0] == pytest.approx(min(given, walked))
    assert any("its nearest area does" in note for note in bus.assumptions)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from_id,to_id,travel_time_p25,travel_time_p75\nA01,C1,3,4\n", "percentiles [25.0, 75.0]"),
        ("LSOA_code,PTt\nA01,12\n", "neither columns of origin, destination and minutes"),
        ("from_id,to_id,minutes\nA01,C1,3\n", "no minutes from 19 of 20 areas"),
        ("from_id,to_id,minutes\nA01,C1,soon\n", "row 2, minutes: found 'soon'"),
        ("from_id,to_id,minutes\nA01,C1,-3\n", "found '-3'"),
        ("from_id,to_id,metres\nA01,C1,3\n", "no column of minutes"),
        ("from_id,to_id,minutes\nX1,C1,3\n", "no minutes from 20 of 20"),
        ("EVERY", "no minutes to 3 centres"),
        ("", "no table of comma-separated values"),
        (None, "bus.matrix: found 'theirs.csv'"),
    ],
)
def test_a_matrix_that_will_not_do_is_refused_in_words(tmp_path, text, said):
    folder = town(tmp_path / "town", bus='[bus]\nmatrix = "theirs.csv"\n', write=False)
    if text == "EVERY":
        ids = pd.read_csv(folder / "areas.csv", dtype=str)["id"]
        text = "from_id,to_id,minutes\n" + "".join(f"{i},Z9,3\n{i},Z8,4\n" for i in ids)
    if text is not None:
        (folder / "theirs.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as told:
        travel_times(load_study(folder))
    assert said in str(told.value)


def test_a_fetched_timetable_is_used_without_being_told(tmp_path):
    folder = town(tmp_path / "town", bus="", write=False)
    assert load_study(folder).timetables == ()
    town_feed(folder / "timetable.zip")
    study = load_study(folder)
    assert [p.name for p in study.timetables] == ["timetable.zip"]
    assert "timetable.zip" not in [row["file"] for row in study.inputs]
    with released(study) as public:
        assert public.timetables == study.timetables
    found = travel_times(study)
    assert found.ledger.command["timetables"] == ["timetable.zip"]
    assert "timetable.zip" in [row["file"] for row in found.ledger.inputs]
    other = town(tmp_path / "other", bus='[bus]\nmatrix = "areas.csv"\n', write=False)
    town_feed(other / "timetable.zip")
    assert load_study(other).timetables == ()
    both = town(tmp_path / "both", bus=SETTINGS + 'matrix = "areas.csv"\n', write=False)
    with pytest.raises(StudyError, match="one of the two"):
        load_study(both)


def test_a_new_place_gets_minutes_by_bus(results):
    move = {"action": "open", "site": "new", "name": "New", "lon": -1.35, "lat": 53.44}
    more = Analysis(results).with_places_of([move])
    bus = more.results.matrix("bus", SERVICE)
    assert bus.site_ids[-1] == "new" and np.isfinite(bus.least(["new"])).all()
    changed = more.change(SERVICE, changes=[move])
    assert changed.impacts["typical"].summary["mean_minutes_change"] <= 0


@pytest.mark.parametrize("mode", ["bus", "typical"])
def test_how_firm_the_order_is_by_bus_follows_the_percentile_of_the_least(results, mode):
    analysis = Analysis(results)
    matrix, demand = results.matrix(mode, SERVICE), results.study.demand(SERVICE)
    asked = {"keep": 2, "demand": demand, "sites": ["C1", "C2", "C3"], "weights": "linear"}
    ranking = rank_closures(matrix, proposal=["C1", "C2"], **asked)
    still = Uncertainty(threshold_minutes=(20.0, 20.0))
    firm = robustness(matrix, proposal=["C1", "C2"], uncertainty=still, draws=2, **asked)
    for criterion in firm.criteria:
        ranks = ranking.table.set_index("kept")[criterion].rank(method="min")
        assert firm.draws[f"rank_{criterion}"].tolist() == [ranks[("C1", "C2")]] * 2
    drawn = analysis.robustness(SERVICE, after=["C1", "C2"], mode=mode, draws=12)
    names = set(drawn.draws["among"])
    assert {"Tuesday 6 June 2023, 9.00 to 10.00", "Wednesday 7 June 2023, 10.00 to 11.00"} <= {
        *results.bus.usual[SERVICE]}  # fmt: skip
    assert len(names) > 3 and names <= {*results.bus.usual[SERVICE]}
    assert any("Wednesday" in note and "8.00 to 9.00" in note for note in drawn.notes)
    again = analysis.robustness(SERVICE, after=["C1", "C2"], mode=mode, draws=12)
    pd.testing.assert_frame_equal(drawn.draws, again.draws)


def test_what_a_page_needs_of_buses(results):
    page = results.bus.for_page(results.study, SERVICE)
    bus, home = results.bus.there[SERVICE], results.bus.home[SERVICE]
    assert page.each.shape == (20, 60, 3) and page.marks == bus.marks
    exact = bus.nearest()["minutes"].to_numpy()
    np.testing.assert_array_equal(at_rank(page.each.min(axis=2), page.percentile), exact)
    np.testing.assert_allclose(page.home_minutes, home.percentile(50).total_minutes)
    np.testing.assert_allclose(page.home_without, (home.minutes >= 60).mean(axis=1))
    assert page.home_marks == home.marks and page.day == "2023-06-06"
    assert page.words == tuple(s for s in results.assumptions if s in page.words)
    assert page.words[0].startswith("By bus: every departure minute")


@pytest.mark.parametrize("mode", ["bus", "typical"])
def test_still_maps_are_of_the_least_minute_by_minute(results, proposal, mode):
    data = explorer_data(results)
    found = _situations(data, data.services[0], data.areas, mode)
    areas = proposal.impacts[mode].areas.set_index("id").loc[data.areas["id"].astype(str)]
    np.testing.assert_allclose(found["today"], areas["minutes_before"], rtol=1e-6)
    np.testing.assert_allclose(found["after"], areas["minutes_after"], rtol=1e-6)


def altered(path, change=lambda name, text: text, *, inside="", without=(), cut=None):
    """Write the town's feed again with its tables changed."""
    whole = town_feed(path.with_suffix(".whole"))
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name not in without:
                new.writestr(inside + name, change(name, old.read(name).decode()))
    if cut is not None:
        path.write_bytes(path.read_bytes()[:cut])
    return path


def elsewhere(name, text):
    return text.replace(",53.4", ",51.4").replace("-1.", "-3.") if name == "stops.txt" else text


def no_days(name, text):
    return text.split("\n")[0] + "\n" if name.startswith("calendar") else text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"without": ("stop_times.txt",)}, "holds no stop_times.txt"),
        ({"without": ("calendar.txt", "calendar_dates.txt")}, "neither calendar.txt nor"),
        ({"cut": 900}, "not a whole zip"),
        ({"change": elsewhere}, "Take the feed of the right county"),
        ({"change": no_days}, "calendar"),
    ],
)
def test_a_feed_that_will_not_do_stops_a_study_in_words(tmp_path, options, said):
    study = town(tmp_path / "town", bus="")
    feed = altered(tmp_path / "given.zip", **options)
    with pytest.raises(AccessError, match=r"given\.zip") as told:
        travel_times(study.with_timetables([feed]))
    assert said in str(told.value)


def test_feeds_written_in_odd_ways_give_the_same_minutes(tmp_path, results):
    study = town(tmp_path / "town")

    def odd(name, text):
        if name == "stops.txt":
            text = text.replace(",Stop 0,", ',"Stop 0, by the church",')
        return "\ufeff" + text.replace("\n", "\r\n")

    one = altered(tmp_path / "odd.zip", odd, inside="feed/")
    (tmp_path / "more").mkdir()
    same_ids = altered(tmp_path / "more" / "odd.zip")
    for feeds in ([one], [one, same_ids]):
        found = travel_times(study.with_timetables(feeds))
        ours, theirs = (r.matrices["bus"].total_minutes for r in (results, found))
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_board_report_may_be_about_the_bus(results):
    with one_picture(laid_out=True):
        said = repr(board_report(results, mode="bus", draws=5).blocks)
    assert "longer by bus" in said and "average bus trip" in said


def test_the_neighbours_centres_count_there_and_home_where_they_count_on_foot(tmp_path):
    folder = town(tmp_path / "town", write=False)
    (folder / "neighbours.csv").write_text(
        f"id,name,service,authority,lon,lat\nN1,Over the border,{SERVICE},Elsewhere,-1.3,53.42\n",
        encoding="utf-8",
    )
    analysis = Analysis(travel_times(load_study(folder)))
    own = analysis.by_bus(SERVICE, after=["C1"], neighbours=False)
    both = analysis.by_bus(SERVICE, after=["C1"], neighbours=True)
    there = analysis.results.bus.there[SERVICE]
    for found, sites in ((own, ["C1"]), (both, ["C1", "N1"])):
        expected = there.nearest(sites)
        np.testing.assert_array_equal(
            found.areas.set_index("id").loc[expected.index, "there_minutes_after"],
            expected["minutes"],
        )
    assert (both.areas["there_site_after"] == "N1").any()
    uses = both.areas["there_site_after"] == "N1"
    home = analysis.results.bus.home[SERVICE]
    for row in both.areas[uses].to_dict("records"):
        each = home.minutes[home.area_ids.index(row["id"]), :, home.site_ids.index("N1")]
        assert row["home_minutes_after"] == pytest.approx(np.sort(each)[29])
    for neighbours in (False, True):  # the change itself counts as the bus page does
        impact = analysis.compare(SERVICE, after=["C1"], mode="bus", neighbours=neighbours)
        bus = analysis.by_bus(SERVICE, after=["C1"], neighbours=neighbours)
        np.testing.assert_allclose(
            impact.areas["minutes_after"], bus.areas["there_minutes_after"], rtol=1e-6
        )


def test_each_centre_is_measured_in_the_window_of_its_own_service(tmp_path):
    folder = town(tmp_path / "town", write=False)
    path = folder / "study.toml"
    path.write_text(
        path.read_text(encoding="utf-8")
        + """
[services.youth]
title = "Youth Centres"
one = "Youth Centre"
demand = "residents"
noun = "residents"
bus_window = ["21:00", "21:20"]
""",
        encoding="utf-8",
    )
    centres = pd.read_csv(folder / "centres.csv", dtype=str)
    more = centres.iloc[:1].assign(id="Y1", name="Youth base", service="youth")
    pd.concat([centres, more]).to_csv(folder / "centres.csv", index=False)
    analysis = Analysis(travel_times(load_study(folder)))
    table = analysis.minutes_table(mode="bus").set_index(["area", "site"])["minutes"]
    for site, service in (("C1", SERVICE), ("Y1", "youth")):
        own = analysis.results.matrix("bus", service).to_frame()[site]
        np.testing.assert_allclose(table.xs(site, level="site").loc[own.index], own)
        within = analysis.within(site, minutes=30, mode="bus")
        assert set(within.areas) == set(own.index[own <= 30])
    one, two = (table.xs(i, level="site") for i in ("C1", "Y1"))
    assert not np.allclose(one, two)  # one building, two windows


@pytest.mark.parametrize(
    ("window", "other"),
    [('["00:00", "00:30"]', "1.00 to 1.30"), ('["27:00", "28:00"]', "2.00 the next day to 3.00")],
)  # fmt: skip
def test_a_window_at_an_end_of_the_day_is_moved_as_far_as_the_day_goes(tmp_path, window, other):
    study = town(tmp_path / "town", bus=SETTINGS.replace('["09:00", "10:00"]', window))
    found = travel_times(study)
    Analysis(found).robustness(SERVICE, after=["C1", "C2"], mode="bus", draws=2)
    names = [name for name in found.bus.usual[SERVICE] if name.startswith("Tuesday 6 June")]
    assert len(names) == 2 and other in names[1]


def test_a_stop_is_in_reach_as_far_as_the_study_walks_to_one(tmp_path):
    """Who is said to be able only to walk is not carried by a bus all the same."""
    told = []
    for minutes in (20, 40):
        study = town(tmp_path / f"town_{minutes}", bus=f"{SETTINGS}max_walk_minutes = {minutes}\n")
        found = travel_times(study)
        row = found.bus.audit(study).set_index("check").loc["areas with a stop in reach"]
        carried = int((found.bus.there[SERVICE].share_walked() < 1).sum())
        assert carried <= row["found"] and f"{80 * minutes:,} m" in row["words"]
        told.append((row["found"], carried))
    assert told[1][1] > told[0][0]  # more are carried than a stop within 1,600 m would allow


def test_where_there_is_no_way_there_is_no_journey_to_be_walked(results):
    notes = results.bus.there[SERVICE]._study.notes
    for boardings, said in (([0, -1, -1], "100%"), ([0, 1, -1], "50%"), ([-1, -1], "0%")):
        told = " ".join(notes(np.array([[boardings]], np.int8)))
        assert f"; {said} of all journeys, minute by minute, are quickest on foot" in told


def test_a_feed_that_is_the_folder_one_is_in_has_a_name(tmp_path, monkeypatch, results):
    with zipfile.ZipFile(results.study.folder / "buses.zip") as packed:
        packed.extractall(tmp_path / "our buses")
    monkeypatch.chdir(tmp_path / "our buses")
    found = travel_times(results.study.with_timetables([Path()]))
    assert found.ledger.command["timetables"] == ["our buses"]
    assert "--timetable 'our buses'" in repr(_replay(found, internal=False))
    assert "our buses" in [row["file"] for row in found.ledger.inputs]

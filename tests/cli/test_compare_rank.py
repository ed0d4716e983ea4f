"""`access compare` and `access rank`: questions of one's own, answered in words and tables."""

from __future__ import annotations

import json

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from access.analysis.analysis import Analysis
from access.analysis.job import travel_times
from access.cli.app import app
from access.errors import PARTLY_DONE, AccessError, ParameterError, ScenarioError, StudyError
from access.sources.folder import new_study
from access.study import load_study
from tests.small import spot, write_study

pytestmark = pytest.mark.usefixtures("quick_runs", "measured_once")

CC = "childrens_centres_12_to_9"
ONE = '[proposals.hall]\ntitle = "hall"\nservice = "hall"\nclose = ["H2"]\n'


def call(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    if isinstance(done.exception, AccessError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["compare", "--proposal", "none"], ParameterError, "no proposal 'none'"),
        (
            ["compare", "--service", "baths", "--close", "CC01"],
            ParameterError,
            "no service 'baths'",
        ),
        (["compare", "--close", "CC99"], ParameterError, r"\['CC99'\] are no centres of the study"),
        (
            ["compare", "--close", "Park Viw"],
            ParameterError,
            r"is one of these meant\? Park View Children's Centre \(CC04\)",
        ),
        (["compare", "--close", "CC01", "--close", "YC01"], ParameterError, "which service"),
        (
            ["compare", "--proposal", CC, "--close", "CC01"],
            ParameterError,
            "one question at a time",
        ),
        (["compare", "--scenario", "plan.toml"], ParameterError, "--scenario needs --service"),
        (["compare", "--scenario", "a.json", "--scenario", "b.json"], ParameterError, "one folder"),
        (
            ["compare", "--scenario", "no.toml", "--service", "youth_centre"],
            ScenarioError,
            "no.toml cannot be read",
        ),
        (["compare", "--proposal", CC, "--take-up", "half"], ParameterError, "take-up 'half'"),
        (
            ["compare", "--proposal", CC, "--attendance", "none.csv"],
            StudyError,
            "cannot be read as CSV",
        ),
        (["rank", "--service", "youth_centre", "--close", "CC01"], ScenarioError, "'CC01'"),
        *(
            ([command, *words], ParameterError, said)
            for command in ("compare", "rank")
            for words, said in (
                (["--service", "youth_centre", "--neighbours"], "no neighbouring .* youth_centre"),
                (
                    ["--proposal", CC, "--service", "youth_centre"],
                    f"'{CC}' is of childrens_centre, not of youth_centre",
                ),
                (["--proposal", CC, "--service", "nursery"], "no service 'nursery'"),
                (["--service", "nursery"], "no service 'nursery'"),
            )
        ),
    ],
)
def test_questions_that_cannot_be_answered_are_refused_before_the_work(words, error, said):
    with pytest.raises(error, match=said):
        call(*words, "-q")


def test_attendance_by_postcode_is_told_how_it_is_counted_by_area(tmp_path):
    (tmp_path / "seen.csv").write_text("postcode,site,attendances\nS60 1AE,CC03,10\n", "utf-8")
    with pytest.raises(StudyError, match=r"seen.csv has no column area.*--as attendance"):
        call("compare", "--proposal", CC, "--attendance", tmp_path / "seen.csv", "-q")


def test_help_teaches():
    for command in ("compare", "rank"):
        text = call(command, "--help")
        assert f"access {command} --close" in text
        assert "--neighbours" in text


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    out = tmp_path_factory.mktemp("compare")
    seen = tmp_path_factory.mktemp("given") / "attendance.csv"
    seen.write_text("area,site,attendances\nE00038789,CC03,10\nE00038790,CC12,30\n", "utf-8")
    text = call(
        "compare", "--proposal", CC, "--out", out, "--take-up", "0.8-0.95", "--attendance", seen
    )
    return out, text, seen


@pytest.mark.slow
def test_compare_says_it_and_writes_it(compared):
    out, text, _ = compared
    assert "Closing Park View Children's Centre, Broom Valley" in text
    assert "Modelled streets" in text
    assert "Assumption, not evidence" in text
    assert "25% of the attendances are at the site nearest to those who attend" in text
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    areas = pd.read_csv(out / "areas.csv")
    assert len(areas) == 854
    assert areas["count"].sum() == 15972 == summary["figures"]["families"]
    assert summary["use"]["take_up"]["change_low"] < summary["use"]["take_up"]["change_high"] < 0
    pd.testing.assert_frame_equal(
        pd.read_parquet(out / "areas.parquet")[["id", "minutes_after"]],
        areas[["id", "minutes_after"]],
        check_dtype=False,
    )
    layers = {str(name) for name, _ in pyogrio.list_layers(out / "tables.gpkg")}
    assert {"areas", "closed_sites", "by_imd_decile", "equality_groups"} <= layers
    on_map = gpd.read_file(out / "tables.gpkg", layer="areas")
    assert on_map.crs.to_epsg() == 27700
    assert on_map.geometry.notna().all()
    assert "ecological fallacy" in pd.read_csv(out / "equality_groups.csv")["warning"][0]
    assert (out / "change.png").read_bytes()[:4] == b"\x89PNG"
    assert "Bar chart" in (out / "change.txt").read_text("utf-8")


@pytest.mark.slow
def test_the_same_question_gives_the_same_bytes(compared, tmp_path):
    out, _, seen = compared
    call(
        "compare", "--proposal", CC, "--out", tmp_path, "--take-up", "0.8-0.95",
        "--attendance", seen, "-q",
    )  # fmt: skip
    for file in sorted(tmp_path.iterdir()):
        assert file.read_bytes() == (out / file.name).read_bytes(), file.name


@pytest.mark.slow
def test_a_mode_that_is_not_measured():
    with pytest.raises(ParameterError, match="no mode 'bus' is measured"):
        call("compare", "--proposal", CC, "--mode", "bus", "-q")


@pytest.mark.slow
def test_a_scenario_of_ones_own_with_an_opening(tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'name = "A library instead"\nbaseline = "childrens_centre"\n'
        '[[modification]]\naction = "close"\nsite = "CC12"\ncomment = "as proposed"\n'
        '[[modification]]\naction = "open"\nsite = "LIB01"\n',
        "utf-8",
    )
    words = ["compare", "--scenario", plan, "--service", "childrens_centre", "--json"]
    answer = json.loads(call(*words, "--neighbours"))["plan"]
    assert answer["title"] == "A library instead"
    assert [c["comment"] for c in answer["changes"]] == ["as proposed", ""]
    assert answer["figures"]["sites_after"] == 34
    assert answer["figures"]["nearest_is_neighbours_before"] > 0
    with pytest.raises(ScenarioError, match="does not only close sites"):
        _rank_scenario(plan)


def _rank_scenario(plan):
    from access.analysis.analysis import Analysis
    from access.analysis.job import travel_times
    from access.analysis.questions import Meant
    from access.study import load_study

    study = load_study("rotherham")
    asked = Meant(study).questions(scenario=plan, service="childrens_centre")
    analysis = Analysis(travel_times(study))
    analysis.rank(asked[0].service, before=asked[0].baseline, after=asked[0].scenario)


@pytest.mark.slow
def test_rank_says_it_and_writes_it(tmp_path):
    text = call("rank", "--proposal", CC, "--draws", "10", "--out", tmp_path)
    assert "Of 220 ways to keep 9 of 12" in text
    assert "has a shorter mean" in text
    assert "Over 10 settings" in text
    options = pd.read_csv(tmp_path / "options.csv")
    assert len(options) == 220
    assert options["rank_mean"].min() == 1
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    closed = " ".join(summary["proposal"]["closed"])
    assert closed == "CC04 CC11 CC12"
    row = options.set_index("closed").loc[closed]
    assert row["rank_mean"] == summary["proposal"]["rank_mean"]
    assert "options" in {str(name) for name, _ in pyogrio.list_layers(tmp_path / "tables.gpkg")}
    for name in ("rank", "pareto_p90", "often_best"):
        assert (tmp_path / f"{name}.png").exists()
        assert (tmp_path / f"{name}.txt").exists()


@pytest.mark.slow
def test_rank_keeps_the_rules():
    words = ["rank", "--close", "CC02", "--close", "CC06", "--json", "--never-close", "CC12"]
    answer = json.loads(call(*words, "--min-per-locality", "2", "--threshold", "30"))["asked"]
    assert answer["options"] < 55
    assert all("CC12" not in closed for closed in answer["best"].values())
    assert "robustness" not in answer


@pytest.mark.parametrize(
    ("more", "told"), [({}, None), ({"ward": ["A", "B"] * 10}, "by_ward")], ids=["none", "ward"]
)
def test_without_deprivation_a_change_is_told_all_the_same(tmp_path, more, told):
    """A study of which only people and places are known is asked as any other."""
    folder, out = tmp_path / "town", tmp_path / "out"
    new_study(folder)
    areas = pd.read_csv(folder / "areas.csv", dtype=str)
    bare = areas[[c for c in areas if not c.startswith("imd")]].assign(**more)
    bare.to_csv(folder / "areas.csv", index=False)
    text = (folder / "study.toml").read_text("utf-8")
    text = text.replace('scheme = "linear"', 'scheme = "none"')
    (folder / "study.toml").write_text(text, encoding="utf-8")
    call("compare", folder, "--measures", "--out", out)
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert [key for key in summary if key.startswith("by_")] == ([told] if told else [])
    assert (out / "change_by_ward.png").exists() == bool(told)
    with pytest.raises(ParameterError, match="no column 'imd_decile' to group by"):
        call("compare", folder, "--by", "imd_decile", "--quiet")


def of_two(folder):
    """Make the example study with a second proposal, which opens a site."""
    new_study(folder)
    rows = "id,name,kind,lon,lat\nL1,Old School,school,-1.35,53.44\n"
    (folder / "candidates.csv").write_text(rows, "utf-8")
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('[proposals.swap]\ntitle = "Swap"\nservice = "childrens_centre"\n'
                   'close = ["C3"]\nopen = ["L1"]\n')  # fmt: skip
    return folder


def test_of_several_proposals_one_that_has_no_rank_is_named_and_stops_no_other(tmp_path):
    study = of_two(tmp_path / "town")
    told = json.loads(call("rank", study, "--json", "--out", tmp_path / "out"))
    assert told["swap"]["not_ranked"] == "it opens a site, or closes none"
    assert "options" in told["three_to_two"] or "criteria" in told["three_to_two"]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"three_to_two"}
    assert "Swap\nNot ranked: it opens a site" in call("rank", study)
    with pytest.raises(ScenarioError, match="'Swap' does not only close"):
        call("rank", study, "--proposal", "swap")


@pytest.mark.filterwarnings("default::access.scenario.NothingChangesWarning")
def test_a_warning_is_words_and_no_line_of_the_program(access_command, tmp_path):
    new_study(tmp_path / "town")
    done = access_command("compare", tmp_path / "town", "--close", "C3", "--close", "C3", "--json")
    assert done.returncode == 0
    assert "close C3 changes nothing" in done.stderr
    assert "Warning" not in done.stderr and ".py" not in done.stderr
    json.loads(done.stdout)


def test_what_every_option_keeps_is_asked_of_its_own_service_alone(tmp_path):
    proposals = "".join(
        f'[proposals.{key}]\ntitle = "{key}"\nservice = "{key}"\nclose = ["{site}"]\n'
        for key, site in (("hall", "H2"), ("club", "C2"))
    )
    folder = write_study(tmp_path / "s", services={"hall": 4, "club": 3}, proposals=proposals)
    for kept in ("H1", "hall house 1"):  # by its name as by its id
        found = json.loads(call("rank", folder, "--never-close", kept, "--json"))
        assert {key: one["options"] for key, one in found.items()} == {"hall": 3, "club": 3}
    with pytest.raises(ParameterError, match=r"\['C1'\] are no centres of hall"):
        call("rank", folder, "--proposal", "hall", "--never-close", "C1")


def test_groups_that_are_asked_for_are_said_as_the_json_has_them(tmp_path):
    folder = write_study(tmp_path / "s", services={"hall": 4}, proposals=ONE)
    table = pd.read_csv(folder / "areas.csv")
    table["ward"] = ["North" if k % 3 else "South" for k in range(len(table))]
    table.to_csv(folder / "areas.csv", index=False)
    words = call("compare", folder, "--by", "ward")
    figures = json.loads(call("compare", folder, "--by", "ward", "--json"))["hall"]["by_ward"]
    assert [row["group"] for row in figures] == ["North", "South"]
    for row in figures:
        before, after = row["mean_minutes_before"], row["mean_minutes_after"]
        assert f"{row['group']}: goes from {before:.1f} to {after:.1f} minutes" in words
    assert "South" not in call("compare", folder)


def test_each_question_names_what_was_left_out_of_its_own_answer_alone(tmp_path, monkeypatch):
    """A chart that fails for one proposal is there for the next."""
    from access.run import findings

    real = findings.ImpactFindings.charts

    def broken(self):
        return real(self) if "C2" in self.impact.closed else {"change": lambda: 1 / 0}

    monkeypatch.setattr(findings.ImpactFindings, "charts", broken)
    more = ONE + ONE.replace("hall", "club").replace("H2", "C2")
    folder = write_study(tmp_path / "s", services={"hall": 4, "club": 3}, proposals=more)
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["compare", str(folder), "--out", str(out), "-q"])
    assert done.exit_code == PARTLY_DONE
    left = {key: json.loads((out / key / "ledger.json").read_text())["left_out"]
            for key in ("hall", "club")}  # fmt: skip
    assert [part["part"] for part in left["hall"]] == ["change.png"]
    assert left["club"] == []
    assert (out / "club" / "change.png").exists()


@pytest.mark.filterwarnings("always:neighbours")
def test_neighbours_that_only_another_service_has_are_said_to_change_nothing(
    tmp_path, access_command
):
    """Of one service alone it is refused; of several, each is told and asked as it can be."""
    two = "".join(
        f'[proposals.{s}]\ntitle = "{s}"\nservice = "{s}"\nclose = ["{s[0].upper()}2"]\n'
        for s in ("hall", "pool")
    )
    folder = write_study(tmp_path / "town", services={"hall": 3, "pool": 3}, proposals=two)
    lon, lat = spot(6, 3)
    (folder / "neighbours.csv").write_text(
        f"id,name,service,lon,lat,authority\nN1,Next door,hall,{lon},{lat},Next\n", "utf-8"
    )
    for command in ("compare", "rank"):
        done = access_command(command, folder, "--neighbours", "--out", f"out_{command}")
        assert done.returncode == 0, done.stderr
        said = "neighbours: no neighbouring authority's centre of pool is known"
        assert done.stderr.count(said) == 1
        for key, counted in (("hall", True), ("pool", False)):
            ledger = (tmp_path / f"out_{command}/{key}/ledger.json").read_text("utf-8")
            assert json.loads(ledger)["command"]["question"]["neighbours"] is counted
        assert said not in access_command(command, folder, "--proposal", "hall",
                                          "--neighbours").stderr  # fmt: skip
    analysis = Analysis(travel_times(load_study(folder)))
    with pytest.raises(ParameterError, match="no neighbouring authority's centre of pool"):
        analysis.compare("pool", after=["P1"], neighbours=True)
    with pytest.raises(ParameterError, match="no neighbouring authority's centre of pool"):
        analysis.change("pool", close=["P1"], neighbours=True)

"""The public copy of a study's tables says the same of every small count, whatever it is."""

from __future__ import annotations

import csv
import io
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import release
from access.errors import OutputError
from access.release import (
    _Counts,
    _open_counts,
    _Pair,
    _policy,
    _safe_sheet,
    check_publishable,
    released,
    safe_attendance,
)
from access.sources.folder import _template_files, new_study
from access.study import load_study
from access.study.manifest import bare_layer
from tests.conftest import call_here
from tests.small import write_study

pytestmark = pytest.mark.usefixtures("quick_runs")

PAIR = (_Pair("part", "whole"),)
NAMES = ("part", "whole")


def sheet(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({name: [str(v) for v in cells] for name, cells in columns.items()})


def safe(frame: pd.DataFrame, protected: tuple[str, ...] = NAMES) -> pd.DataFrame:
    known = frozenset(set(frame.columns) - set(protected) - {"secret"})
    return _safe_sheet(frame, _Counts(protected, PAIR, known))


# --- worked by hand -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "whole", "protected", "expected"),
    [
        (3, 40, NAMES, (2, 40)),  # a small part
        (0, 40, NAMES, (0, 40)),  # zeros are told
        (37, 40, NAMES, (38, 40)),  # a small rest
        (40, 40, NAMES, (40, 40)),  # no rest at all
        (20, 40, NAMES, (20, 40)),
        (8, 9, NAMES, (4, 9)),  # either is small, and would tell the other
        (5, 9, NAMES, (4, 9)),
        (4, 4, NAMES, (2, 2)),
        (37, 40, ("whole",), (37, 39)),  # the part is published: the whole gives way
        (4, 4, ("whole",), (4, 4)),
        (3, 40, ("whole",), (3, 40)),
        (37, 40, (), (37, 40)),  # both are published statistics
        (3, 4, (), (3, 4)),
    ],
)
def test_a_part_and_its_whole(part, whole, protected, expected):
    found = safe(sheet(part=[part], whole=[whole]), protected)
    assert (int(found["part"][0]), int(found["whole"][0])) == expected


@pytest.mark.parametrize("protected", [NAMES, ("part",), ("whole",), ()])
def test_a_cell_that_holds_no_count_stays_as_it_is(protected):
    found = safe(sheet(part=["", 20, ""], whole=[40, "", ""]), protected)
    assert found["part"].tolist() == ["", "20", ""]
    assert found["whole"].tolist() == ["40", "", ""]


@pytest.mark.parametrize("households", ["30", "3", ""])
def test_a_cell_that_holds_no_share_stays_as_it_is(households):
    frame = pd.DataFrame({"households": [households] * 3, "p_no_car": ["", "x", "0.5"]})
    found = _safe_sheet(frame, _Counts(("households",), (), frozenset({"p_no_car"})))
    assert found["p_no_car"].tolist()[:2] == ["", "x"]


def test_a_column_of_figures_that_nobody_spoke_of_is_left_out():
    found = safe(sheet(part=[9], whole=[90], secret=[3], ward=["3 Elms"]))
    assert list(found.columns) == ["part", "whole", "ward"]
    assert "secret" in safe(sheet(part=[9], whole=[90], secret=[30])).columns

    mixed = sheet(part=[9, 9], whole=[90, 90], secret=[3, "n/a"], ward=["3 Elms", "Ash 4"])
    assert list(safe(mixed).columns) == ["part", "whole", "ward"]


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("declared", [("households",), ("households", "residents")])
def test_a_share_tells_no_count_of_those_without_a_car(count, declared):
    """Whatever else is published: a share of a known whole is a count."""
    known = frozenset({"p_no_car", *declared})
    frame = sheet(households=[120], residents=[300], households_no_car=[count])
    frame["p_no_car"] = [f"{count / 120:.4f}"]
    protected = tuple({"households_no_car", "residents"} - set(declared))
    found = _safe_sheet(frame, _Counts(protected, (), known)).iloc[0].to_dict()
    assert (found["households_no_car"], found["p_no_car"]) == ("2", "0.0167")


# --- any table ----------------------------------------------------------------------------------


def _row_twins(whole: int) -> Iterator[tuple[int, int, int, int]]:
    """Give a part and its whole, twice, that differ only in which of 1 to 4 something is.

    Of each kind as many: every one there is, and again from the first.
    """
    kinds = {
        "few": range(1, min(5, whole)),
        "few others": range(max(whole - 4, 1), whole),
        "none": range(1),
        "all": range(whole, whole + 1),
    }
    if 5 <= whole < 10:  # few or few others: the release does not tell which
        kinds["few"] = kinds["few others"] = range(1, whole)
    for values in (v for v in kinds.values() if v):
        rows = [
            (one, other, whole, again)
            for one, other in itertools.product(values, values)
            for again in (range(max(other, 1), 5) if 0 < whole < 5 and other else [whole])
        ]
        assert len(rows) <= 64
        yield from itertools.islice(itertools.cycle(rows), 64)


ROWS = st.sampled_from([row for whole in range(61) for row in _row_twins(whole)])


def _tables(rows: list[tuple[int, int, int, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    one, other, whole, again = map(list, zip(*rows, strict=True))
    return sheet(part=one, whole=whole), sheet(part=other, whole=again)


#: Two tables that differ only in which of 1 to 4 a small part or a small rest is.
TWINS = st.lists(ROWS, min_size=1, max_size=12).map(_tables)


@given(TWINS)
def test_tables_that_differ_in_small_counts_alone_have_one_public_copy(pair):
    one, other = pair
    pd.testing.assert_frame_equal(safe(one), safe(other))


@given(TWINS)
def test_a_public_copy_is_a_table_that_the_study_may_hold(pair):
    found = safe(pair[0]).astype(int)
    assert (found["part"] <= found["whole"]).all()
    assert (found >= 0).all().all()
    true = pair[0].astype(int)
    assert ((true == 0) == (found == 0)).all().all()
    assert (abs(true - found) <= 4).all().all()
    assert not ((true == found) & (true > 0) & (true < 5) & ~found.isin([2, 3, 4])).any().any()


# --- a study's folder ---------------------------------------------------------------------------


def small_study(folder: Path, **more: str) -> Path:
    folder.mkdir()
    texts = _template_files("town")
    rows = list(csv.DictReader(io.StringIO(texts["areas.csv"])))
    for k, row in enumerate(rows):
        row |= {"children_0_4": k % 8, "referrals": k % 6}
    pd.DataFrame(rows).to_csv(folder / "areas.csv", index=False)
    (folder / "centres.csv").write_text(texts["centres.csv"], encoding="utf-8")
    settings = texts["study.toml"] + more.get("settings", "")
    (folder / "study.toml").write_text(settings, encoding="utf-8")
    return folder


def test_the_copy_holds_no_figure_of_the_table_that_is_not_told(tmp_path):
    study = load_study(small_study(tmp_path / "town"))
    assert set(_open_counts(study)) == {"areas.csv: children_0_4", "areas.csv: referrals"}
    with pytest.raises(OutputError, match=r"children_0_4.*public_estimates"):
        check_publishable(study)
    with released(study) as copy:
        assert _open_counts(copy) == {}
        check_publishable(copy)
        assert "referrals" not in copy.areas
        counts = copy.areas["children_0_4"].to_numpy()
        assert set(counts) == {0, 2, 3, 5, 6, 7}
        assert np.array_equal(counts >= 5, study.areas["children_0_4"].to_numpy() >= 5)
        hashes = {row["sha256"] for row in copy.inputs if row["file"] == "areas.csv"}
        assert not hashes & {row["sha256"] for row in study.inputs}
        assert any("stands as 2 or 3" in said for said in _policy(copy))
        assert _policy(copy)[-1].startswith("Every count of 1 to 4")  # no other stands as it is
        # a copy into which other counts are put is a copy no more
        text = (study.folder / "areas.csv").read_text(encoding="utf-8")
        (copy.folder / "areas.csv").write_text(text, encoding="utf-8")
        assert _open_counts(load_study(copy.folder))
    assert not copy.folder.exists()
    with released(study, internal=True) as own:
        assert own is study
    assert any(said.startswith("INTERNAL") for said in _policy(study))


@pytest.mark.parametrize("small", [1, 2, 3, 4])
@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("part", [False, True])
def test_that_a_count_is_what_stands_for_it_is_not_told(tmp_path, small, row, part):
    """A study that needs no copy would say that each small count in it is as it stands."""
    folder = small_study(tmp_path / "town")
    areas = pd.read_csv(folder / "areas.csv").drop(columns="referrals")
    areas["children_0_4"] = 20
    areas.loc[row, "children_0_4"] = areas["residents"][row] - small if part else small
    areas.to_csv(folder / "areas.csv", index=False)
    study = load_study(folder)
    assert _open_counts(study) == {"areas.csv: children_0_4": 1}
    with released(study) as copy:
        assert copy is not study and "2 or 3" in _policy(copy)[-1]
        shown = copy.areas["children_0_4"].tolist()
        assert (areas["residents"][row] - shown[row] if part else shown[row]) == 2 + row


def test_every_table_that_is_published_keeps_its_small_counts(tmp_path):
    folder = small_study(tmp_path / "town", settings='\n[tables]\nplaces = "names.csv"\n')
    place = "lon,lat,annual_visits,seen\n"
    for name, rows in {
        "candidates.csv": f"id,name,kind,{place}K1,A,library,-1.35,53.43,3,4\n",
        "neighbours.csv": f"id,name,{place}N1,B,-1.35,53.43,300,1\n",
        "postcodes.csv": "postcode,lon,lat,children\nS60 1AE,-1.35,53.43,2\n",
        "names.csv": "name,lon,lat,rank,babies\nUpton,-1.35,53.43,1,4\n",
    }.items():
        (folder / name).write_text(rows)
    study = load_study(folder)
    opened = {f"candidates.csv: {c}" for c in ("annual_visits", "seen")}
    opened |= {"neighbours.csv: seen", "postcodes.csv: children", "names.csv: babies"}
    assert opened <= set(_open_counts(study))
    with released(study) as copy:
        assert copy.candidates["annual_visits"].tolist() == ["2"]
        assert copy.places["rank"].tolist() == [1]
        for table in (copy.candidates, copy.neighbours, copy.postcodes, copy.places):
            assert not {"seen", "children", "babies"} & set(table.columns)
        # a copy into another table of which counts are put is a copy no more
        (copy.folder / "candidates.csv").write_text((folder / "candidates.csv").read_text())
        assert _open_counts(load_study(copy.folder))


def test_visits_that_are_published_statistics_stand_as_they_are(tmp_path):
    said = '\n[disclosure.public_estimates]\nannual_visits = "a published return"\n'
    folder = small_study(tmp_path / "town", settings=said)
    sites = pd.read_csv(folder / "centres.csv").assign(annual_visits=[3, 4, 500])
    sites.to_csv(folder / "centres.csv", index=False)
    with released(load_study(folder)) as copy:
        assert copy.centres["annual_visits"].tolist() == [3, 4, 500]


def test_the_copy_is_measured_on_the_streets_of_the_study(tmp_path):
    folder = small_study(tmp_path / "town")
    (folder / "streets.osm.pbf").write_bytes(b"streets")
    study = load_study(folder)
    with released(study) as copy:
        assert copy.folder != study.folder
        assert copy.streets is not None
        assert copy.streets.read_bytes() == b"streets"
    assert (study.folder / "streets.osm.pbf").read_bytes() == b"streets"


def test_published_statistics_stand_as_they_are_and_say_why(tmp_path):
    said = '\n[disclosure.public_estimates]\nchildren_0_4 = "ONS mid-year estimates"\n'
    said += 'referrals = "a published return"\n'
    study = load_study(small_study(tmp_path / "town", settings=said))
    assert _open_counts(study) == {}
    with released(study) as same:
        assert same is study
    assert "children_0_4: ONS mid-year estimates" in _policy(study)[0]


def test_counts_of_larger_areas_are_protected_before_they_are_shared(tmp_path):
    """Which area has a child and which has none would tell the count that was shared."""
    shown = []
    for count in (1, 4):
        folder = small_study(tmp_path / f"town{count}")
        areas = pd.read_csv(folder / "areas.csv", dtype=str).drop(columns=["children_0_4"])
        areas["parent"] = [f"P{k // 5}" for k in range(len(areas))]
        areas.drop(columns=["referrals"]).to_csv(folder / "areas.csv", index=False)
        parents = pd.DataFrame({"id": ["P0", "P1", "P2", "P3"], "age_0_4": [count, 40, 50, 60]})
        parents.to_csv(folder / "parents.csv", index=False)
        text = (folder / "study.toml").read_text(encoding="utf-8")
        text = text.replace('vintage = "made up"', 'vintage = "made up"\n'
                            'parent_table = "parents.csv"\nparent_key = "parent"\n'
                            'shared_counts = { children_0_4 = "age_0_4" }')  # fmt: skip
        (folder / "study.toml").write_text(text, encoding="utf-8")
        with released(load_study(folder)) as copy:
            shown.append(copy.areas["children_0_4"].tolist())
            assert copy.areas["children_0_4"][:5].sum() == 2
    assert shown[0] == shown[1]


def shaped_study(folder, name):
    import geopandas as gpd

    folder = small_study(folder)
    areas = pd.read_csv(folder / "areas.csv")
    points = gpd.points_from_xy(areas["lon"], areas["lat"], crs=4326)
    shapes = gpd.GeoSeries(points).to_crs(27700).buffer(200).to_crs(4326)
    frame = gpd.GeoDataFrame(
        {"id": areas["id"], "children": areas["children_0_4"]}, geometry=shapes
    )
    frame.to_file(folder / name)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text = text.replace("[areas]\n", f'[areas]\nshapes = "{name}"\n')
    text = text.replace("[study]\n", f'[study]\noutline = "{name}"\n')
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def test_outlines_bring_no_figures_of_their_own(tmp_path):
    folder = shaped_study(tmp_path / "town", "shapes.geojson")
    with released(load_study(folder)) as copy:
        assert "children" not in (copy.folder / "shapes.geojson").read_text(encoding="utf-8")
        assert copy.shapes is not None


@pytest.mark.parametrize("name", ["shapes.geojson", "shapes.gpkg"])
@pytest.mark.parametrize("columns", [("id", "geometry"), ("geometry",)])
def test_a_layer_is_written_anew_as_the_same_bytes_whenever_that_is(tmp_path, name, columns):
    own = shaped_study(tmp_path / "town", name) / name
    written = []
    for k in range(2):
        copy = tmp_path / str(k) / name
        copy.parent.mkdir()
        copy.write_bytes(own.read_bytes())
        bare_layer(copy, *columns)
        written.append(copy.read_bytes())
        time.sleep(0.02)  # a file that holds the clock holds thousandths of a second
    assert written[0] == written[1]


def test_a_copy_is_made_of_tables_that_lie_deeper(tmp_path):
    folder = small_study(tmp_path / "town")
    (folder / "from the council" / "2024").mkdir(parents=True)
    for name in ("areas.csv", "centres.csv"):
        (folder / name).rename(folder / "from the council" / "2024" / name)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text = text.replace("[areas]\n", '[areas]\ntable = "from the council/2024/areas.csv"\n')
    text += '\n[tables]\ncentres = "from the council/2024/centres.csv"\n'
    (folder / "study.toml").write_text(text, encoding="utf-8")
    with released(load_study(folder)) as copy:
        assert set(copy.areas["children_0_4"]) == {0, 2, 3, 5, 6, 7}
        assert (copy.folder / "from the council" / "2024" / "centres.csv").is_file()


def test_a_release_counts_what_is_open_once(monkeypatch):
    asked = []
    counted = release._counted
    monkeypatch.setattr(release, "_counted", lambda study: (asked.append(study), counted(study))[1])
    study = load_study("rotherham")
    with release.released(study) as own:
        release.check_publishable(release.with_policy(own))
    assert asked == [study]


def test_small_attendances_stand_as_two_or_three_and_no_other_is_touched():
    texts = ["1", "4", "5", "0", " 2 ", "many", "", "2.5", "-1"]
    given = pd.DataFrame({"area": "A", "site": "S", "attendances": texts})
    safe, small = safe_attendance(given)
    assert safe["attendances"].tolist() == ["2", "3", "5", "0", "2", "many", "", "3", "-1"]
    assert small.sum() == 4 and given["attendances"].tolist() == texts
    numbers = pd.DataFrame({"attendances": [3, 40]})
    assert safe_attendance(numbers)[0]["attendances"].astype(float).isin([2, 3, 40]).all()
    assert not safe_attendance(pd.DataFrame({"visits": [3]}))[1].any()


def test_no_output_of_compare_tells_a_small_attendance(tmp_path):
    """Whoever attended: of two tables that differ by who is 1 and who is 4, all is the same."""
    new_study(tmp_path / "town")
    written = []
    for one, other in ((1, 4), (4, 1)):
        seen = tmp_path / "seen.csv"
        seen.write_text(f"area,site,attendances\nA01,C1,{one}\nA02,C2,40\nA03,C3,{other}\n")
        done = call_here(
            tmp_path, "compare", tmp_path / "town", "--attendance", seen, "--json",
            "--out", tmp_path / str(one),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)["three_to_two"]["use"]["attendance"]
        table = pd.read_csv(tmp_path / str(one) / "attendance_by_site.csv")
        assert table["counts"].str.contains("2 or 3 stands").tolist() == [True, False, True]
        written.append((told, table.to_csv()))
    assert written[0] == written[1] and written[0][0]["rows_of_1_to_4"] == 2


def test_attendances_at_another_service_s_centre_are_in_no_figure_of_this_one(tmp_path):
    """One sheet of both services: nobody at a pool goes past a nearer hall."""
    both = "".join(
        f'[proposals.{s}]\ntitle = "{s}"\nservice = "{s}"\nclose = ["{s[0].upper()}2"]\n'
        for s in ("hall", "pool")
    )
    write_study(tmp_path / "town", services={"hall": 3, "pool": 3}, proposals=both)
    halls, pools = "A0000,H1,30\nA0009,H2,10\n", "A0063,P3,500\nA0000,K1,7\n"
    figures = []
    for rows in (halls + pools, halls):
        (tmp_path / "seen.csv").write_text(f"area,site,attendances\n{rows}")
        words = ("compare", tmp_path / "town", "--mode", "walk", "--attendance", "seen.csv")
        figures.append(json.loads(call_here(tmp_path, *words, "--json").stdout))
        said = call_here(tmp_path, *words).stdout
        left = "Left out: one row of attendances at another service's sites."
        assert said.split("\npool\n")[0].count(left) == (rows != halls)
    mixed, alone = (f["hall"]["use"]["attendance"] for f in figures)
    assert mixed.pop("attendances_at_other_services") == 500
    assert alone.pop("attendances_at_other_services") == 0
    assert (alone["attendances"], mixed["attendances"]) == (40, 47)  # a library is of no service
    mixed, alone = (f["pool"]["use"]["attendance"] for f in figures)
    assert (mixed["attendances"], mixed["mean_extra_minutes"] > 0) == (507, True)
    assert round(mixed["share_at_nearest"], 3) == round(500 / 507, 3)
    assert alone == {"attendances_at_other_services": 40}
    # of one service nobody was counted: what is known of the other is told as before
    (tmp_path / "seen.csv").write_text(f"area,site,attendances\n{halls}A0063,P3,0\n")
    none = call_here(tmp_path, *words)
    assert none.returncode == 0, none.stderr
    hall, pool = none.stdout.split("\npool\n")
    assert "No attendances are given" not in hall and "No attendances are given at" in pool
    assert json.loads(call_here(tmp_path, *words, "--json").stdout)["hall"]["use"] == (
        figures[1]["hall"]["use"] | {"attendance": {**figures[1]["hall"]["use"]["attendance"],
                                                    "attendances_at_other_services": 0}}
    )  # fmt: skip


def test_attendances_at_a_shut_centre_are_told_apart_and_in_no_share(tmp_path):
    new_study(tmp_path / "town")
    path = tmp_path / "town" / "centres.csv"
    centres = pd.read_csv(path, dtype=str)
    old = centres.iloc[[0]].assign(id="C9", name="Old Mill", status="closed")
    pd.concat([centres, old]).to_csv(path, index=False)
    figures = []
    for more in ("", "A01,C9,2\nA02,C9,700\nA03,C9,1\n"):
        seen = tmp_path / "seen.csv"
        seen.write_text(f"area,site,attendances\nA01,C1,3\nA02,C2,40\n{more}")
        done = call_here(tmp_path, "compare", tmp_path / "town", "--attendance", seen, "--json")
        assert done.returncode == 0, done.stderr
        figures.append(json.loads(done.stdout)["three_to_two"]["use"]["attendance"])
    without, with_shut = figures
    assert with_shut.pop("attendances_at_shut") > 700 and without.pop("attendances_at_shut") == 0
    assert with_shut == without and without["rows_of_1_to_4"] == 1
    seen.write_text("area,site,attendances\nA02,C9,700\n")
    done = call_here(tmp_path, "compare", tmp_path / "town", "--attendance", seen)
    assert done.returncode and "0 at every site that is not shut today" in done.stderr

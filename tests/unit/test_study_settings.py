"""Settings that cannot be meant are refused in plain words, with the file and the key named."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from access.analysis.job import run_job
from access.errors import StudyError
from access.sources.folder import new_study
from access.study import find_study, load_study
from access.study.config import StudyConfig
from access.study.settings import PATTERNS


@pytest.fixture
def town(tmp_path: Path) -> Path:
    new_study(tmp_path / "town")
    return tmp_path / "town"


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    (folder / "study.toml").write_text(text.replace(old, new), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(StudyError) as caught:
        load_study(folder)
    assert "study.toml" in str(caught.value) or folder.name in str(caught.value)
    return str(caught.value)


WALK, PARK = "walk_km_h = 4.8", "parking_minutes = 3.0"
LIMITS, LIMIT, LAM = ("thresholds_minutes = [10, 15, 20, 30]", "\nthreshold_minutes = 20",
                      "lam = 1.0")  # fmt: skip
CLOSE, SCHEME = 'close = ["C3"]', 'scheme = "linear"'
TITLE = 'title = "Children\'s Centres from 3 to 2"'
WRONG = [
    *((old, f"{old.split('=')[0]}= {bad}", key)
      for old, key in ((WALK, "walk_km_h"), (PARK, "parking_minutes"), (LAM, "lam"),
                       (LIMIT, "threshold_minutes"))
      for bad in ("inf", "-inf", "nan", "true", '"3.0"', "-1", "[3]")),
    *((LIMITS, f"thresholds_minutes = {bad}", "thresholds_minutes")
      for bad in ("[]", "[10, 10]", "[20, 10]", "[10, inf]", "[10, nan]", "[true]", '["10"]',
                  "10", "[0, 10]")),
    *(("[weights]", f"[hubs]\nshares = {bad}\n[weights]", "shares")
      for bad in ("{childrens_centre = 0.5}", "{childrens_centre = nan}",
                  "{childrens_centre = true}", '{childrens_centre = "1"}', "{nobody = 1.0}")),
    *(('as_of = "2025-01-01"', f"as_of = {bad}", "as_of")
      for bad in ('"2018-02-30"', '"2018-13-01"', '"last spring"', '""', "2018", '"20180312"',
                  "2018-03-12T09:00:00", '"２０１８-03-12"')),
    *((TITLE, f"title = {bad}", "title") for bad in ('""', '"  "', "3", "true", '["a"]')),
    *((CLOSE, bad, key) for bad, key in (
        ("close = []", "proposals.three_to_two"), ('open = ["C1"]', "open"),
        ('close = ["C3"]\nopen = ["C3"]', "C3"), ('close = ["C3", "C3"]', "close"),
        ('close = ["ZZ"]', "ZZ"), ('close = ["C3"]\nopen = ["ZZ"]', "ZZ"),
        ('close = "C3"', "close"),
        ('close = [""]', "close"), ("close = [3]", "close"))),
    *((SCHEME, f"scheme = {bad}", "scheme") for bad in (
        '"lineer"', '""', '"id"', '"green_book"', '"KeyError"', "1", '"lon"')),
    ("national_areas = 33755", "national_areas = 100", "national_areas"),
    ("national_areas = 33755", "national_areas = true", "national_areas"),
    ("national_areas = 33755", "national_areas = 33755.5", "national_areas"),
    *(("[proposals.three_to_two]", f'[proposals."{bad}"]', "proposals")
      for bad in ("x" * 300, "../up", "a/b", "a\\\\b", "", "A", "a\\nb")),
    *(('name = "town"', f'name = "{bad}"', "study.name")
      for bad in ("x" * 300, "../up", "a/b", "", "town\\n")),
    *(('unit = "made-up area"', f'unit = "a"\nparent_table = "p.csv"\n{group} = {{ {k} = "x" }}', k)
      for group, names in (("shared_counts", ("lon", "lat", "residents", "count", "id", "imd_rank",
                                              "geometry", "p_no_car")),
                           ("from_parent", ("lon", "residents", "count", "id", "geometry")))
      for k in names),
    ('unit = "made-up area"', 'unit = "a"\nshapes = "none.geojson"', "none.geojson"),
    ('demand = "children_0_4"', 'demand = "lon"', "demand"),
    *(('name = "town"', f'name = "town"\nnation = "{bad}"', "study.nation")
      for bad in ("", " ", "W", "9 lives", "Wales; England", "Wales\\n", "W" * 61)),
    ("[weights]", '[localities]\nnever_close = ["C1", "C1"]\n[weights]', "never_close"),
    ("[weights]", '[localities]\nnever_close = ["ZZ"]\n[weights]', "never_close"),
    (LIMIT, '\ndistances_m = { "2 miles" = inf }', "distances_m"),
    (LIMIT, '\ndistances_m = { "2 km" = 1, "2-km" = 2 }', "distances_m"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "named"), WRONG)
def test_a_setting_that_cannot_be_meant_is_refused(town, old, new, named):
    edit(town, old, new)
    assert named in refusal(town)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5000 + "]" * 5000, "a = " + "{b=" * 5000 + "1" + "}" * 5000,
     "a = " + "9" * 10_000, "a = 0x" + "f" * 10_000, "a = -" + "1" * 5000,
     "a = " + "9" * 5000 + ".0", "[" + ".".join("a" * 5000) + "]", "a = \x00", "[study",
     "a = 1979-13-01"],
    ids=["lists", "tables", "digits", "hex", "negative", "float", "dotted", "nul", "open", "date"],
)  # fmt: skip
def test_text_that_breaks_a_parser_is_told_without_a_traceback(town, text):
    path = town / "study.toml"
    path.write_text(text + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert len(refusal(town)) < 5000


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('never_close = ["C1", "C3"]', "Riverside Children's Centre (C3), which the study never"),
        ("minimum_open = 3", "were not applied: centres.csv says of no centre"),
        ('names = ["North", "South"]', "were not applied: centres.csv says of no centre"),
    ],
)
def test_a_rule_that_cannot_hold_is_told_and_ends_nothing(town, rules, said):
    edit(town, "[weights]", f"[localities]\n{rules}\n[weights]")
    found = [text for text in load_study(town).assumptions if said in text]
    assert len(found) == 1


def test_a_proposal_that_breaks_a_rule_stands_outside_the_list(town):
    edit(town, "[weights]", '[localities]\nnever_close = ["C1", "C3"]\n[weights]')
    ranking = run_job(load_study(town)).proposals["three_to_two"].rankings["walk"]
    assert ranking.table["closed"].tolist() == [("C2",)]
    assert ranking.proposal["closed"] == ("C3",)
    assert not ranking.proposal["allowed"]


def test_a_rule_names_localities_that_centres_have(town):
    centres = pd.read_csv(town / "centres.csv").assign(locality=["North", "North", "South"])
    centres.to_csv(town / "centres.csv", index=False)
    edit(town, "[weights]", '[localities]\nnames = ["Nroth"]\nminimum_open = 1\n[weights]')
    assert "localities.names: found 'Nroth'" in refusal(town)
    edit(town, '"Nroth"', '"North", "South"')
    told = [text for text in load_study(town).assumptions if "leaves 0 open in South" in text]
    assert len(told) == 1


@pytest.mark.parametrize("value", ["9" * 400, "0x" + "f" * 10_000])
def test_a_number_too_great_for_its_setting_is_told(town, value):
    edit(town, WALK, f"walk_km_h = {value}")
    assert "walk_km_h" in refusal(town)


def test_a_byte_order_mark_is_read_over(town):
    path = town / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_study(town).name == "town"


def test_a_date_as_toml_writes_it_is_the_same_date(town):
    edit(town, 'as_of = "2025-01-01"', "as_of = 2025-01-01")
    assert load_study(town).config.study.as_of == "2025-01-01"


def test_a_site_may_open_where_none_closes(town):
    pd.DataFrame({"id": ["K"], "name": ["Hall"], "lon": [-1.35], "lat": [53.42]}).to_csv(
        town / "candidates.csv", index=False
    )
    edit(town, CLOSE, 'open = ["K"]')
    assert load_study(town).config.proposals["three_to_two"].open == ("K",)


def test_a_column_of_numbers_is_a_weight_that_runs(town):
    areas = pd.read_csv(town / "areas.csv").assign(need=range(1, 21), words="much")
    areas.to_csv(town / "areas.csv", index=False)
    edit(town, SCHEME, 'scheme = "words"')
    assert "scheme" in refusal(town)
    edit(town, 'scheme = "words"', 'scheme = "need"')
    found = run_job(load_study(town))
    assert found.proposals["three_to_two"].impacts["walk"].summary["weights"] == "need"


def test_a_proposal_closes_centres_of_its_own_service(tmp_path):
    folder = Path(shutil.copytree(find_study("rotherham"), tmp_path / "rotherham"))
    edit(folder, 'close = ["YC01", "YC02", "YC03", "YC04", "YC05"]', 'close = ["CC04"]')
    assert "CC04" in refusal(folder)


def test_a_parents_column_does_not_replace_one_of_the_areas(tmp_path):
    folder = Path(shutil.copytree(find_study("rotherham"), tmp_path / "rotherham"))
    areas = pd.read_csv(folder / "areas.csv", dtype=str).assign(disabled="1")
    areas.to_csv(folder / "areas.csv", index=False)
    assert "overwrite" in refusal(folder)


def test_outlines_are_one_valid_polygon_an_area(town):
    edit(town, 'unit = "made-up area"', 'unit = "a"\nshapes = "s.geojson"')
    (town / "s.geojson").write_text("{", encoding="utf-8")
    assert "s.geojson" in refusal(town)
    (town / "s.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"A01"},'
        '"geometry":{"type":"Point","coordinates":[-1.4,53.4]}}]}',
        encoding="utf-8",
    )
    told = refusal(town)
    assert "19 areas without a shape" in told
    assert "a valid polygon" in told


def test_a_share_that_is_given_stands_beside_counts_of_larger_areas(town):
    """Counted households make the share where none is given, of the areas' own or the parents'."""
    areas = pd.read_csv(town / "areas.csv").drop(columns=["p_no_car"], errors="ignore")
    areas = areas.drop(columns=["households", "households_no_car"], errors="ignore")
    areas["lsoa"] = "P"
    areas.to_csv(town / "areas.csv", index=False)
    (town / "parents.csv").write_text("id,homes,without,share\nP,100,40,0.9\n", encoding="utf-8")
    edit(town, 'unit = "made-up area"', 'unit = "a"\nparent_table = "parents.csv"\n'
         'parent_key = "lsoa"\nshare_by = "residents"\n'
         'shared_counts = { households = "homes", households_no_car = "without" }')  # fmt: skip
    assert set(load_study(town).areas["p_no_car"]) == {0.4}
    areas.assign(p_no_car=0.25).to_csv(town / "areas.csv", index=False)
    assert set(load_study(town).areas["p_no_car"]) == {0.25}
    areas.to_csv(town / "areas.csv", index=False)
    edit(town, "shared_counts =", 'from_parent = { p_no_car = "share" }\nshared_counts =')
    assert set(load_study(town).areas["p_no_car"]) == {0.9}


@pytest.mark.parametrize(
    "named", ["", '[hubs]\nmust = ["K2"]\n', '[hubs]\ncouncil_choice = ["K2"]\n']
)
def test_a_candidate_that_opens_later_is_one_where_the_study_names_it(town, named):
    (town / "candidates.csv").write_text(
        "id,name,lon,lat,open_from\nK1,Hall,-1.37,53.43,\nK2,New Library,-1.34,53.42,2099\n",
        encoding="utf-8",
    )
    edit(town, "[weights]", f"{named}[weights]")
    study = load_study(town)
    assert study.candidates["id"].tolist() == (["K1", "K2"] if named else ["K1"])
    assert len(study.later) == (0 if named else 1)
    said = [text for text in study.assumptions if "New Library (from 2099)" in text]
    assert len(said) == (1 if named else 0), "what takes part and is not there yet is told"


def test_every_pattern_of_a_setting_has_words():
    patterns = re.findall(
        r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(StudyConfig.model_json_schema())
    )
    assert {json.loads(f'"{pattern}"') for pattern in patterns} < {*PATTERNS}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ('[consultation]\nemail = "no address"', "an e-mail address"),
        (f'[consultation]\nemail = "{"a" * 250}@x.uk"', "at most 200 characters"),
        ('[consultation]\nlink = "ftp://x"', "the address of a page"),
        (f'[consultation]\nlink = "https://{"a" * 600}"', "at most 500 characters"),
        ("[consultation]\nreplies = -1", "a number of 0 or more"),
        ("[hubs]\nmost = 0", "a number of 1 or more"),
        ("[hubs]\nsizes = [2000]", "a number of at most 1000"),
        ("[hubs]\nreach_minutes = []", "a list of at least 1"),
        ("[hubs]\nreach_minutes = [0]", "a number above 0"),
        ("[bus]\npercentile = 200", "a number of at most 100"),
        ('[bus]\nA = "b"', "no such setting"),
        ('[proposals.Capital]\ntitle = "x"', "small letters, digits and underscores"),
        (f'[proposals.{"a" * 65}]\ntitle = "x"', "at most 64 characters"),
        ('[bus]\ntimetable = 3', "a text in quotes"),
        ('[[groups]]\nlabel = "x"\ncharacteristic = "ages"', "one of 'age', 'disability'"),
    ],
)  # fmt: skip
def test_what_is_expected_of_a_setting_is_said_in_its_own_words(town, setting, expected):
    path = town / "study.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{setting}\n", encoding="utf-8")
    told = refusal(town)
    assert f"expected {expected}" in told
    assert "should" not in told and "Input" not in told


@pytest.mark.parametrize(
    ("file", "site", "kind"),
    [("candidates", "C1", "centre"), ("neighbours", "C1", "centre"),
     ("neighbours", "K1", "candidate"), ("neighbours", "N1", "new site")],
)  # fmt: skip
def test_no_two_sites_of_a_study_have_one_id(town, file, site, kind):
    rows = {"candidates": "K1,Hall,-1.37,53.43", "neighbours": "E1,Far,-1.45,53.45"}
    for name, row in rows.items():
        more = f"{site},Same,-1.40,53.42\n" if name == file else ""
        text = f"id,name,lon,lat\n{row}\n{more}"
        (town / f"{name}.csv").write_text(text, encoding="utf-8")
    edit(town, "[travel]", '[[proposals.three_to_two.change]]\naction = "open"\nsite = "N1"\n'
         "lon = -1.39\nlat = 53.41\n[travel]")  # fmt: skip
    assert f"{file}.csv, {site}, id: found '{site}'; expected an id no {kind} has" in refusal(town)

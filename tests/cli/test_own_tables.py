"""`access new`, `access import` and `access fetch`, as a planner types them."""

from __future__ import annotations

import json
import tomllib
import zipfile
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from access.sources import http
from access.sources.columns import _of_people
from access.study import load_study
from tests import made_up_council as made_up

pytestmark = pytest.mark.usefixtures("quick_runs")

SECRET = ("LE15 1AB", "Ashleigh Quickwater", "LE15 2AB")


@pytest.fixture(scope="module", autouse=True)
def each_file_once():
    """Read what the council's studies are made of once."""
    with made_up.each_file_once():
        yield


@pytest.fixture
def raw(tmp_path):
    return made_up.put_into(tmp_path / "raw")


def test_a_council_from_a_folder(access_command, tmp_path, raw):
    words = ("new", "E06000017", "--from", raw, "--offline", "--study", tmp_path / "s")
    done = access_command(*words)
    assert done.returncode == 0, done.stderr
    assert "ok      boundaries: of all 12 areas" in done.stdout
    assert access_command("check", tmp_path / "s").returncode == 0
    again = json.loads(access_command(*words, "--json").stdout)
    assert again["council"] == {"code": "E06000017", "name": "Rutland"}
    assert {p["mark"] for p in again["parts"]} == {"ok", "MISSING"}
    other = access_command("new", "Derby", "--from", raw, "--offline", "--study", tmp_path / "s")
    assert other.returncode != 0 and "holds the study of E06000017" in other.stderr


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("E08000099", "near codes"),
        ("Rothrham", "Rotherham (E08000018)"),
        ("W06000022", "is a code of Wales"),
    ],
)
def test_what_is_no_council_is_told_near_ones(access_command, tmp_path, asked, words):
    done = access_command("new", asked, "--offline", cwd=tmp_path)
    assert done.returncode != 0 and words in done.stderr
    assert not list(tmp_path.iterdir())


def test_what_is_written_is_said_where_the_study_cannot_be_made_yet(access_command, tmp_path):
    rows = "E01000001,90,1200,-1.36,53.43\nE01000002,80,22000,-1.35,53.44\n"
    (tmp_path / "a.csv").write_text(f"LSOA code,0-4,IMD 2019 Rank,Lon,Lat\n{rows}")
    (tmp_path / "c.csv").write_text("Setting,Type,Lon,Lat\nA,Children's Centre,-1.36,53.43\n")
    assert access_command("import", "a.csv", "--as", "areas", "--study", "s").returncode == 0
    done = access_command("import", "c.csv", "--as", "centres", "--study", "s")
    assert done.returncode == 2
    assert "--national-areas" in done.stderr
    assert "centres.csv, import.toml written, study.toml not" in done.stderr
    again = ("import", "c.csv", "--as", "centres", "--study", "s", "--national-areas", 32844)
    assert access_command(*again).returncode == 0
    assert (tmp_path / "s" / "study.toml").exists()


def test_parts_fetched_one_by_one_then_made_offline(access_command, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "Patience", partial(http.Patience, sleep=lambda seconds: None))
    server = made_up.Server()
    try:
        how = [w for k, v in server.addresses.items() for w in ("--address", f"{k}={v}")]
        folder = tmp_path / "s"
        for part in ("areas", "boundaries", "census", "deprivation"):
            done = access_command("fetch", part, folder, "--council", "Rutland", *how)
            assert done.returncode == 0, done.stderr
        asked = len(server.asked)
        done = access_command("fetch", "census", folder, "--council", "Rutland", *how)
        assert "is in" in done.stdout and len(server.asked) == asked
        server.faults["family_hub"] = ["403"] * 9
        down = access_command("fetch", "hubs", folder, "--council", "Rutland", "--tries", "1", *how)
        assert down.returncode != 0 and "HTTP 403" in down.stderr
    finally:
        server.stop()
    made = access_command("new", "Rutland", "--offline", "--study", folder)
    assert made.returncode == 0, made.stderr
    listed = tomllib.loads((folder / "manifest.toml").read_text())["table"]
    assert listed["areas.csv"]["urls"] and listed["areas.csv"]["fetched"]
    assert listed["study.toml"]["council"] == "E06000017"
    rewritten = access_command("check", folder, "--write-manifest")
    assert rewritten.returncode == 0
    again = tomllib.loads((folder / "manifest.toml").read_text())["table"]
    assert {n: e.get("urls") for n, e in again.items()} == {
        n: e.get("urls") for n, e in listed.items()
    }
    assert "proxy" not in (folder / "manifest.toml").read_text()


def areas_and_centres(folder: Path) -> tuple[Path, Path]:
    lon, lat = made_up.lonlat(486_500, 308_500)
    areas = folder / "Our areas.csv"
    areas.write_text(
        "Title row\n\nOutput Area;Population;No car households;All households;Eastings;Northings\n"
        "A1;1,234;12;400;486500;308500\nA2;n/a;10;200;487500;308500\n", encoding="utf-16"
    )  # fmt: skip
    centres = folder / "centres.csv"
    centres.write_text(f"Centre name,lat,lng\nOne,{lat},{lon}\nTwo,{lat},{lon + 0.01}\n")
    return areas, centres


def test_a_study_by_import_alone_and_next_years_file_the_same_way(access_command, tmp_path):
    areas, centres = areas_and_centres(tmp_path)
    study = tmp_path / "town"
    words = ("--as", "areas", "--study", study, "--read", "residents:n/a=0")
    done = access_command("import", areas, *words)
    assert done.returncode == 0, done.stderr
    assert "thousands separators taken out, 1 cells" in done.stdout
    assert "Still to import before it is a study: centres" in done.stdout
    dry = access_command("import", centres, "--as", "centres", "--set", "service=library",
                         "--study", study, "--dry-run")  # fmt: skip
    assert dry.returncode == 0 and not (study / "centres.csv").exists()
    done = access_command("import", centres, "--as", "centres", "--set", "service=library",
                          "--study", study, "--json")  # fmt: skip
    assert "study.toml" in json.loads(done.stdout)["written"]
    loaded = load_study(study)
    assert loaded.areas["p_no_car"].tolist() == [0.03, 0.05]
    assert loaded.areas["residents"].tolist() == [1234, 0]
    assert any("'n/a' of the source was read as '0'" in said for said in loaded.assumptions)
    again = access_command("import", areas, "--as", "areas", "--study", study)
    assert again.returncode == 0 and "Read as import.toml says." in again.stdout


def test_a_wrong_sheet_writes_nothing(access_command, tmp_path):
    file = tmp_path / "s.csv"
    file.write_text("name,service,lon,lat\nA,library,north,53\n")
    done = access_command("import", file, "--as", "centres", "--study", tmp_path / "t")
    assert done.returncode != 0 and "row 2, lon: found 'north'" in done.stderr
    assert not (tmp_path / "t").exists()
    done = access_command("import", file, "--as", "banana", "--study", tmp_path / "t")
    assert done.returncode != 0 and "expected one of" in done.stderr


# --- service users ---------------------------------------------------------------------------


@pytest.fixture
def town_with_users(access_command, tmp_path):
    areas, centres = areas_and_centres(tmp_path)
    study = tmp_path / "town"
    access_command("import", areas, "--as", "areas", "--study", study, "--read", "residents:n/a=0")
    access_command("import", centres, "--as", "centres", "--study", study,
                   "--set", "service=library")  # fmt: skip
    codes = tmp_path / "codes.csv"
    codes.write_text("postcode,easting,northing\nLE15 1AB,486600,308500\nLE15 2AB,487400,308500\n")
    users = tmp_path / "attendance 2025.csv"
    users.write_text(
        "Child name,Post code,Centre,Visits\n"
        "Ashleigh Quickwater,LE15 1AB,One,3\nA Nother,le151ab,one,2\nB Nother,LE15 2AB,Two,1\n"
    )
    return study, users, codes


def everything_in(*folders: Path) -> str:
    """All text in all files, those inside archives too."""
    found = []
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.is_file()):
        found.append(path.read_bytes())
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(found).decode("utf-8", "replace")


def test_attendance_is_counted_by_area_and_nothing_else_of_it_is_written(
    access_command, tmp_path, town_with_users, monkeypatch
):
    study, users, codes = town_with_users
    monkeypatch.setenv("ACCESS_CACHE", str(tmp_path / "cache"))
    done = access_command("import", users, "--as", "attendance", "--study", study,
                          "--postcodes", codes)  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(study / "attendance.csv")
    assert table.to_dict("list") == {
        "area": ["A1", "A2"], "site": ["CE01", "CE02"], "attendances": [5, 1]
    }  # fmt: skip
    run = access_command("run", study, "--out", tmp_path / "out", "--quiet")
    assert run.returncode == 0, run.stderr
    told = everything_in(study, tmp_path / "out", tmp_path / "cache")
    for text in (*SECRET, "le151ab", "LE151AB"):
        assert text not in told + done.stdout + done.stderr


def test_attendance_that_is_counted_already_is_told_where_it_goes(access_command, tmp_path):
    (tmp_path / "seen.csv").write_text("area,site,attendances\nA1,CE01,5\n")
    done = access_command("import", "seen.csv", "--as", "attendance", "--study", "s", cwd=tmp_path)
    assert done.returncode == 3
    assert "access compare STUDY --attendance seen.csv" in done.stderr


def test_faults_in_attendance_name_rows_and_never_what_stands_in_them(
    access_command, town_with_users
):
    study, users, codes = town_with_users
    users.write_text(
        "Child name,Post code,Centre\nAshleigh Quickwater,ZE9 9ZZ,One\nB,LE15 1AB,Q7\n"
    )
    done = access_command("import", users, "--as", "attendance", "--study", study,
                          "--postcodes", codes)  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "row 2, postcode: found '(not shown)'" in said
    assert "row 3, site" in said and not (study / "attendance.csv").exists()
    for text in ("ZE9", "Quickwater", "Q7"):
        assert text not in said


@pytest.mark.parametrize(
    ("sheet", "said", "counted"),
    [
        ("Postcode,Room\nLE15 1AB,1\n", ("--set", "site=CE02"), [1]),
        ("Postcode,Centre\nLE15 1AB,Twoo\n", ("--read", "site:Twoo=CE02"), [1]),
        ("Postcode,Centre,Visits\nLE15 1AB,Two,<5\n", ("--suppressed", "2"), [2]),
        ("Postcode,Centre,Visits\nLE15 1AB,Two,<5\n", (), "--suppressed"),
        ("Postcode,Centre\nLE15 1AB,\n", (), "row 2, site"),
    ],
)
def test_what_is_told_of_attendance_has_an_effect(
    access_command, town_with_users, sheet, said, counted
):
    study, users, codes = town_with_users
    users.write_text(sheet)
    done = access_command("import", users, "--as", "attendance", "--study", study,
                          "--postcodes", codes, *said)  # fmt: skip
    if isinstance(counted, str):
        assert done.returncode == 3 and counted in done.stderr
        return
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(study / "attendance.csv")
    assert table["site"].tolist() == ["CE02"] and table["attendances"].tolist() == counted


def test_visits_to_a_name_that_several_centres_have_are_given_to_none(
    access_command, town_with_users
):
    study, users, codes = town_with_users
    centres = (study / "centres.csv").read_text().replace("Two", "One")
    (study / "centres.csv").write_text(centres)
    users.write_text("Postcode,Centre\nLE15 1AB,One\nLE15 1AB,CE01\n")
    done = access_command("import", users, "--as", "attendance", "--study", study,
                          "--postcodes", codes)  # fmt: skip
    assert done.returncode == 3 and not (study / "attendance.csv").exists()
    assert "row 2, site" in done.stderr and "several of the study have this name" in done.stderr


def test_what_is_told_with_the_first_sheet_holds_when_the_second_makes_the_study(
    access_command, tmp_path
):
    areas, centres = areas_and_centres(tmp_path)
    areas.write_text(areas.read_text(encoding="utf-16").replace("n/a", "900"), encoding="utf-16")
    about = ("--place", "Upton", "--unit", "street", "--as-of", "2024-05-06", "--source", "Census")
    done = access_command("import", areas, "--as", "areas", "--study", tmp_path / "s", *about)
    assert done.returncode == 0, done.stderr
    more = ("--as", "centres", "--study", tmp_path / "s", "--set", "service=library")
    assert access_command("import", centres, *more).returncode == 0
    study = load_study(tmp_path / "s")
    assert study.config.study.place == "Upton" and str(study.config.study.as_of) == "2024-05-06"
    assert (study.config.areas.unit, study.config.areas.vintage) == ("street", "Census")
    text = (tmp_path / "s/study.toml").read_text()
    assert "# [proposals.libraries_2_to_1]" in text
    before = {p.name: p.read_bytes() for p in (tmp_path / "s").iterdir()}
    late = access_command("import", centres, *more, "--unit", "zone")
    assert late.returncode != 0 and "--unit is for a new one" in late.stderr
    assert {p.name: p.read_bytes() for p in (tmp_path / "s").iterdir()} == before


def test_a_day_that_is_none_is_refused_before_anything_is_written(access_command, tmp_path):
    areas, _ = areas_and_centres(tmp_path)
    done = access_command(
        "import", areas, "--as", "areas", "--study", tmp_path / "s", "--as-of", "2024-13-01"
    )
    assert done.returncode != 0 and "--as-of is '2024-13-01'" in done.stderr
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("table", ["centres", "candidates", "neighbours", "places", "areas"])
def test_a_sheet_of_single_people_becomes_no_other_table(access_command, town_with_users, table):
    study, users, codes = town_with_users
    before = {p: p.read_bytes() for p in study.iterdir()}
    done = access_command("import", users, "--as", table, "--study", study, "--postcodes", codes,
                          "--set", "service=library", "--column", "name=Child name",
                          "--column", "id=Centre")  # fmt: skip
    assert done.returncode != 0 and "about single people" in done.stderr
    assert {p: p.read_bytes() for p in study.iterdir()} == before
    assert not any(text in done.stdout + done.stderr for text in SECRET)


def test_a_sheet_of_single_people_among_downloads_is_left_alone(access_command, tmp_path, raw):
    text = "Name,Postcode,Date of birth\nAshleigh Quickwater,LE15 1AB,2024-02-01\n"
    (raw / "our centres.csv").write_text(text)
    done = access_command("new", "Rutland", "--from", raw, "--offline", "--study", tmp_path / "s")
    assert done.returncode == 0, done.stderr
    assert "Quickwater" not in everything_in(tmp_path / "s") + done.stdout + done.stderr


@pytest.mark.parametrize(
    ("header", "private"),
    [
        ("Child's name", True), ("Surname", True), ("Parent postcode", True), ("DOB", True),
        ("NHS number", True), ("date_of_birth", True), ("Home Post Code", True),
        ("Children's Centre name", False), ("Family_Hub", False), ("HeadFirstName", False),
        ("Centre name", False), ("Postcode", False), ("lone_parent_households", False),
        ("children_0_4", False), ("Family Hub name", False), ("name", False),
    ],
)  # fmt: skip
def test_headers_of_single_people(header, private):
    assert bool(_of_people([header])) is private


def a_study(access_command, folder: Path, areas: str, centres: str, *said: str):
    folder.mkdir(exist_ok=True)
    (folder / "a.csv").write_text(areas)
    (folder / "c.csv").write_text(centres)
    study = folder / "s"
    first = access_command("import", folder / "a.csv", "--as", "areas", "--study", study, *said)
    assert first.returncode == 0, first.stderr
    return access_command("import", folder / "c.csv", "--as", "centres", "--study", study)


AREAS = "id,lon,lat,residents,children_0_4\nA,-1.35,53.43,300,{}\nB,-1.36,53.43,300,20\n"
CENTRES = "id,name,service,lon,lat\nC1,One,childrens_centre,-1.35,53.43\nC2,Two,childrens_centre,"


@pytest.mark.parametrize(
    ("count", "said", "told"),
    [
        ("<5", ("--suppressed", "2"), "were taken for 2"),
        ("n/a", (), "children_0_4 (children under five) is not known for 1 of 2 areas"),
        ("7", (), ""),
    ],
)
def test_what_was_made_of_counts_is_told_with_the_study(
    access_command, tmp_path, count, said, told
):
    done = a_study(access_command, tmp_path, AREAS.format(count), f"{CENTRES}-1.36,53.44\n", *said)
    assert done.returncode == 0, done.stderr
    notes = load_study(tmp_path / "s").config.study.notes
    assert told in " ".join(notes) and bool(notes) == bool(told)


@pytest.mark.parametrize("place", ["1.36,53.44", "-1.36,35.44", "-13.6,53.44"])
def test_a_place_far_from_every_area_makes_no_study(access_command, tmp_path, place):
    done = a_study(access_command, tmp_path, AREAS.format(7), f"{CENTRES}{place}\n")
    assert done.returncode == 3 and not (tmp_path / "s/study.toml").exists()
    assert "centres.csv, C2, lon, lat" in done.stderr and "the nearest is" in done.stderr


def test_attributions_name_every_table_that_is_imported(access_command, tmp_path):
    a_study(access_command, tmp_path, AREAS.format(7), f"{CENTRES}-1.36,53.44\n")
    (tmp_path / "k.csv").write_text("name,lon,lat\nLibrary,-1.35,53.44\n")
    for licence in ("CC BY", "OGL"):
        about = ("--source", "The Council", "--licence", licence)
        done = access_command("import", tmp_path / "k.csv", "--as", "candidates",
                              "--study", tmp_path / "s", *about)  # fmt: skip
        assert done.returncode == 0 and "ATTRIBUTION.md" in done.stdout
    lines = (tmp_path / "s/ATTRIBUTION.md").read_text().splitlines()
    assert [line for line in lines if "candidates" in line] == [
        "- candidates.csv: The Council. OGL."
    ]
    assert "- areas.csv, centres.csv: not stated. not stated." in lines
    access_command("import", tmp_path / "c.csv", "--as", "centres", "--study", tmp_path / "s",
                   "--source", "The Council", "--licence", "OGL")  # fmt: skip
    lines = (tmp_path / "s/ATTRIBUTION.md").read_text().splitlines()
    assert "- areas.csv: not stated. not stated." in lines
    assert [line for line in lines if "centres" in line] == ["- centres.csv: The Council. OGL."]


def test_a_sheet_of_other_headings_is_told_that_the_former_are_kept(access_command, tmp_path):
    a_study(access_command, tmp_path, AREAS.format(7), f"{CENTRES}-1.36,53.44\n")
    (tmp_path / "c.csv").write_text("id,Asset,service,X,Y\nC1,One,childrens_centre,-1.3,53.4\n")
    words = ("import", tmp_path / "c.csv", "--as", "centres", "--study", tmp_path / "s")
    done = access_command(*words)
    assert done.returncode == 3 and "import.toml keeps" in done.stderr
    assert "'name' for name" in done.stderr and "--column name=HEADER" in done.stderr
    more = ("--column", "name=Asset", "--column", "lon=X", "--column", "lat=Y")
    assert access_command(*words, *more).returncode == 0

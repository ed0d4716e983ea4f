"""A study of any council: from files, from servers that fail, and both together."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from access.errors import OutputError, ParameterError, StudyError
from access.sources import registers
from access.sources.council import fetch_parts, make_study_folder
from access.sources.council_areas import _edition
from access.sources.figures import _parse_deprivation
from access.sources.folder import first_settings, put_table
from access.sources.http import Internet, Patience
from access.sources.importing import Imported, _import_table
from access.sources.points import _read_postcodes
from access.sources.registers import _District, _districts, find_district
from access.sources.shelf import _table_figures
from access.sources.tables import _read_source
from access.study import load_study
from tests import made_up_council as made_up


@pytest.fixture(scope="module", autouse=True)
def each_file_once():
    """Read what all these studies are made of once."""
    with made_up.each_file_once():
        yield


@pytest.fixture
def serve():
    servers = []

    def start(**faults) -> made_up.Server:
        servers.append(made_up.Server(**faults))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def internet(server: made_up.Server, folder: Path, waits: list | None = None) -> Internet:
    patience = Patience(
        tries=3,
        first_wait_s=2,
        timeout_s=20,
        connect_s=2,
        pause_s=0,
        sleep=(waits if waits is not None else []).append,
    )
    return Internet(folder, server.addresses, patience, today="2026-01-05")


def parts(made) -> dict:
    return {part.name: part for part in made.parts}


# --- districts -------------------------------------------------------------------------------


def test_every_code_and_name_finds_its_district():
    every = _districts()
    assert len(every) == len({d.code for d in every}) == len({d.name for d in every}) == 296
    assert [sum(d.code.startswith(p) for d in every) for p in ("E06", "E07", "E08", "E09")] == [
        63,
        164,
        36,
        33,
    ]
    for district in every:
        assert find_district(district.code) == find_district(district.name) == district
        assert district.short.isidentifier()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("Rothrham", r"Rotherham \(E08000018\)"),
        ("W06000022", "is a code of Wales"),
        ("E10000001", "no district, unitary authority or borough"),
        ("E07000163", "abolished"),
        ("", "expected a name or a code"),
        ("Hull", "Kingston upon Hull"),
    ],
)
def test_unknown_councils_are_told_near_names(asked, words):
    with pytest.raises(ParameterError, match=words):
        find_district(asked)


def test_a_district_made_of_several_has_their_codes_and_nobody_else_s():
    """Tables of the census of 2021 are by the districts of 2022, four of which were many then."""
    every = _districts()
    made_of = {d.name: d.codes[1:] for d in every if any(len(era) > 1 for era in d.eras)}
    assert {n: len(c) for n, c in made_of.items()}.items() >= {
        "Cumberland": 3, "Westmorland and Furness": 3, "North Yorkshire": 7, "Somerset": 6,
    }.items()  # fmt: skip
    codes = [code for d in every for code in d.codes]
    assert len(codes) == len(set(codes)) and all(re.fullmatch(r"E0[6789]\d{6}", c) for c in codes)
    for name, parts_of_it in made_of.items():
        for code in parts_of_it:
            with pytest.raises(ParameterError, match=f"a part of {name}"):
                find_district(code)


# --- from a folder ---------------------------------------------------------------------------


def test_a_whole_study_from_a_folder_of_downloads(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads")
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    found = parts(made)
    missing = {name for name, part in found.items() if not part.whole}
    assert missing == {"centres to place"}
    assert "Gone Children's Centre (LE15 7ZZ)" in found["centres to place"].state
    study = load_study(tmp_path / "s")
    assert len(study.areas) == 12 and study.areas["ward"].nunique() == 2
    assert 'Ward "B"' in set(study.areas["ward"])
    assert study.centres["id"].tolist() == ["CC20001", "CC20002"]
    assert study.neighbours["id"].tolist() == ["NB20004"]  # 2.5 km beyond; Aberdeen is not near
    assert study.candidates["id"].tolist() == ["SC1001", "FHH0002"]
    assert study.config.hubs.council_choice == ("CC20001", "FHH0002")
    assert len(study.postcodes) == 12
    assert study.config.weights.national_areas == 33755
    first = study.areas.set_index("id").loc[made_up.OAS[3]]
    assert first["residents"] == made_up.figure(3, 0)
    assert first["children_0_4"] == made_up.figure(3, 1)
    assert first["white_british"] == first["lone_parent_households"] == made_up.figure(3, 2)
    assert first["young_11_18"] == round(0.8 * (made_up.figure(3, 3) + made_up.figure(3, 4)))
    assert first["imd_rank"] == 1003 and first["idaci_rank"] == 903
    assert first["p_no_car"] == round(made_up.figure(3, 1) / made_up.figure(3, 0), 4)
    shapes = json.loads((tmp_path / "s" / "areas.geojson").read_text())
    assert [f["properties"]["id"] for f in shapes["features"]] == made_up.OAS
    assert study.config.areas.shapes == "areas.geojson"
    assert all(row["changed"] == "no" and row["source"] for row in study.inputs)
    assert "Crown copyright" in (tmp_path / "s" / "ATTRIBUTION.md").read_text()
    assert '# close = ["CC20002"]' in (tmp_path / "s" / "study.toml").read_text()


def test_same_files_same_bytes(tmp_path, complete):
    downloads = made_up.put_into(tmp_path / "downloads")
    make_study_folder("E06000017", tmp_path / "s", from_folder=downloads, offline=True)
    assert len(list(complete.iterdir())) == len(list((tmp_path / "s").iterdir())) > 9
    for path in complete.iterdir():
        assert path.read_bytes() == (tmp_path / "s" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    "lacking",
    [
        {"codepo": ("postcodes", "MISSING"), "NM_2063": ("census", "in part")},
        {"edubaseallchild": ("centres", "MISSING"), "wards": ("wards", "MISSING")},
        {"File_7": ("deprivation", "MISSING"), "boundaries": ("boundaries", "MISSING")},
        {"family_hub": ("hubs", "MISSING"), "NM_2041": ("census", "in part")},
    ],
    ids=" and ".join,
)
def test_without_some_files_the_study_still_loads_and_a_second_call_fills_them_in(
    tmp_path, lacking, complete
):
    downloads = made_up.put_into(tmp_path / "downloads", without=tuple(lacking))
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    for part, mark in lacking.values():
        assert parts(made)[part].mark == mark
        assert str(downloads) in parts(made)[part].by_hand
    assert len(load_study(tmp_path / "s").areas) == 12
    made_up.put_into(downloads)
    again = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    assert all(parts(again)[part].whole for part, _ in lacking.values())
    for path in complete.iterdir():
        assert path.read_bytes() == (tmp_path / "s" / path.name).read_bytes(), path.name


@pytest.fixture(scope="module")
def complete(tmp_path_factory) -> Path:
    """Give the study that all downloads at once make."""
    downloads = made_up.put_into(tmp_path_factory.mktemp("all") / "downloads")
    folder = tmp_path_factory.mktemp("complete") / "s"
    make_study_folder("Rutland", folder, from_folder=downloads, offline=True)
    return folder


@pytest.fixture
def made_before(tmp_path, complete) -> Path:
    """Give all downloads, and beside them in ``s`` a study of one's own that they made."""
    shutil.copytree(complete, tmp_path / "s")
    return made_up.put_into(tmp_path / "downloads")


def test_stand_ins_say_what_they_are(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads", without=("edubase", "hub"))
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    study = load_study(tmp_path / "s")
    assert study.centres["assumed"].all() and len(study.centres) == 2
    assert any("made-up stand-ins" in said for said in study.assumptions)


def test_what_somebody_changed_is_theirs(tmp_path, made_before):
    settings = tmp_path / "s" / "study.toml"
    text = settings.read_text().replace("buffer_m = 5000", "buffer_m = 4000")
    settings.write_text(text)
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=made_before, offline=True)
    assert settings.read_text() == text
    assert parts(made)["study.toml"].state == "kept as you changed it"
    make_study_folder("Rutland", tmp_path / "s", from_folder=made_before, offline=True)
    assert settings.read_text() == text


def test_a_study_of_ones_own_is_not_written_over(tmp_path):
    (tmp_path / "study.toml").write_text("[study]\nname = 'mine'\n")
    with pytest.raises(OutputError, match="nothing was written"):
        make_study_folder("Rutland", tmp_path, offline=True)


@pytest.mark.parametrize(
    ("council", "areas", "words"),
    [
        ("Derby", "oa21", r"of Rutland \(E06000017\), none of Derby"),
        ("Rutland", "oa11", "centroids of Output Areas 2011"),
        ("Rutland", "lsoa31", "expected one of oa21"),
    ],
)
def test_files_of_another_place_or_year_are_named_for_what_they_are(
    tmp_path, council, areas, words
):
    downloads = made_up.put_into(tmp_path / "downloads")
    with pytest.raises((StudyError, ParameterError), match=words):
        make_study_folder(council, tmp_path / "s", areas=areas, from_folder=downloads, offline=True)
    assert not (tmp_path / "s").exists()


def test_the_councils_own_sheet_comes_before_the_register(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads")
    sheet = (
        "Council sheet\n\nCentre name;Type;Post code;Running cost\n"
        'Mine;Children\'s Centre;LE15 1AA;"£12,500"\nYouth;Youth Club;LE15 2AA;n/a\n'
    )
    (downloads / "our centres.csv").write_text(sheet)
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    study = load_study(tmp_path / "s")
    assert study.centres["name"].tolist() == ["Mine", "Youth"]
    assert study.centres["service"].tolist() == ["childrens_centre", "youth_centre"]
    assert study.centres["annual_cost_gbp"].tolist()[0] == 12500
    assert any("currency sign taken out" in note for note in made.notes)


# --- from servers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def from_servers(tmp_path_factory):
    """Give a server without faults, and a folder with the study ``s`` that was made of it."""
    server, folder = made_up.Server(), tmp_path_factory.mktemp("servers")
    net = internet(server, folder / "kept")
    yield server, folder, make_study_folder("Rutland", folder / "s", net=net)
    server.stop()


@pytest.fixture
def asked_before(tmp_path, from_servers):
    """Give that server as if nobody else had asked it, and beside ``s`` what it gave before."""
    server, folder, made = from_servers
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    yield server, internet(server, tmp_path / "kept"), made
    server.faults.clear()


def test_a_whole_study_from_the_internet_and_then_offline(tmp_path, complete, asked_before):
    server, net, made = asked_before
    assert {n for n, p in parts(made).items() if not p.whole} == {"centres to place"}
    assert len(load_study(tmp_path / "s").areas) == 12
    entry = tomllib.loads((tmp_path / "s" / "manifest.toml").read_text())["table"]
    assert entry["areas.csv"]["fetched"] == "2026-01-05"
    assert server.url in entry["postcodes.csv"]["urls"]
    for path in (tmp_path / "s").glob("*.csv"):
        assert "2026-01-05" not in path.read_text(), "a date of fetching is no result"
    before = len(server.asked)
    areas = (tmp_path / "s" / "areas.csv").read_bytes()
    again = make_study_folder("Rutland", tmp_path / "s", net=net)
    assert len(server.asked) == before, "what is at hand is not asked for again"
    assert again.whole == made.whole and (tmp_path / "s" / "areas.csv").read_bytes() == areas
    for name in ("areas.csv", "parents.csv", "centres.csv", "areas.geojson", "postcodes.csv"):
        assert (complete / name).read_bytes() == (tmp_path / "s" / name).read_bytes(), name


@pytest.fixture
def of_two(monkeypatch):
    """Rutland as if it had been two districts when the look-up and the census were made."""
    two = ["E07099991", "E07099992"]
    monkeypatch.setitem(registers._FORMER, made_up.CODE, ("E07099990 E07099991", " ".join(two)))
    own = made_up.features

    def features(kind):
        rows = own(kind)
        for n, row in enumerate(rows):
            if "LAD22CD" in row["properties"]:
                row["properties"] |= {"LAD22CD": two[n % 2], "LAD22NM": "A part"}
        return rows

    monkeypatch.setattr(made_up, "features", features)
    return two


def test_a_district_that_was_several_is_made_whole_from_theirs(tmp_path, serve, of_two):
    server = serve()

    def nomis(path, query):
        code = query["geography"][:9]
        own = made_up.OAS[of_two.index(code) :: 2] if code in of_two else []
        everything = made_up.nomis_rows(path.split("/")[-1].split(".")[0])
        rows = [row for row in everything[1:] if row[3] in own]
        rows = [[*row[:-1], str(len(rows))] for row in rows]
        start = int(query["RecordOffset"])
        return made_up.as_csv([everything[0], *rows[start : start + 20]]), "text/csv", 200

    server.nomis = nomis
    made = make_study_folder("Rutland", tmp_path / "s", net=internet(server, tmp_path / "kept"))
    assert {n for n, p in parts(made).items() if not p.whole} == {"centres to place"}
    downloads = made_up.put_into(tmp_path / "downloads")
    make_study_folder("Rutland", tmp_path / "t", from_folder=downloads, offline=True)
    for folder in ("s", "t"):
        areas = load_study(tmp_path / folder).areas.set_index("id")
        assert len(areas) == 12
        for n, area in enumerate(made_up.OAS):
            assert areas.loc[area, "residents"] == made_up.figure(n, 0)


def test_faults_that_pass_are_waited_for(tmp_path, serve):
    waits: list[float] = []
    server = serve(
        File_7=["500", "hidden login"],
        CodePoint=["cut", "refused"],
        PWC=["429"],
        edubaseallchildren=["empty"],
        NM_2020=["login"],
        NM_2063=["cut"],
        BGC_V2=["error inside"],
    )
    made = make_study_folder("Rutland", tmp_path / "s", net=internet(server, tmp_path / "k", waits))
    assert {n for n, p in parts(made).items() if not p.whole} == {"centres to place"}
    assert max(waits) >= 7 and len([w for w in waits if w]) >= 9


@pytest.mark.parametrize(
    "down",
    [
        [
            ("File_7", "deprivation", "renamed"),
            ("BGC_V2", "boundaries", "renamed"),
            ("NM_2063", "census", "renamed"),
            ("edubasealldata", "candidates", "403"),
        ],
        [
            ("CodePoint", "postcodes", "login"),
            ("WD_MAY", "wards", "wrong type"),
            ("edubaseallchildren", "centres", "renamed"),
            ("family_hub", "hubs", "404"),
        ],
    ],
)
def test_sources_that_are_down_leave_their_parts_out_and_a_second_call_fills_them_in(
    tmp_path, serve, down
):
    server = serve(**{source: [fault] * 60 for source, _, fault in down})
    net = internet(server, tmp_path / "kept")
    made = make_study_folder("Rutland", tmp_path / "s", net=net)
    study = load_study(tmp_path / "s")
    assert len(study.areas) == 12
    for _, part, _ in down:
        if part == "candidates":  # the new hub is one
            assert len(study.candidates) == 1
        else:
            assert not parts(made)[part].whole
            assert parts(made)[part].by_hand and "sources" in parts(made)[part].by_hand
    server.faults.clear()
    again = make_study_folder("Rutland", tmp_path / "s", net=net)
    for _, part, _ in down:
        assert parts(again)[part].whole, again.to_text()
    assert len(load_study(tmp_path / "s").areas) == 12


def test_without_areas_or_people_there_is_no_study_and_nothing_is_written(tmp_path, serve):
    server = serve(PWC=["500"] * 90, **{"ons?f": ["500"] * 90})
    with pytest.raises(StudyError, match=r"3 x HTTP 500.*by hand"):
        make_study_folder("Rutland", tmp_path / "s", net=internet(server, tmp_path / "k"))
    assert not (tmp_path / "s" / "study.toml").exists()
    server = serve(nomis=["403"] * 90)
    with pytest.raises(StudyError, match=r"HTTP 403.*TS007A"):
        make_study_folder("Rutland", tmp_path / "t", net=internet(server, tmp_path / "k2"))
    assert not (tmp_path / "t" / "study.toml").exists()


def test_hostile_names_stay_text(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads")
    name = 'A"; [x]\\n\x07 = "=cmd()'
    frame = pd.DataFrame({"name": [name, "B"], "service": "cc", "lon": -0.7, "lat": 52.67})
    frame.to_csv(downloads / "centres.csv", index=False)
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    study = load_study(tmp_path / "s")
    assert study.centres["service"].tolist() == ["cc", "cc"]


# --- postcodes -------------------------------------------------------------------------------


def test_every_file_of_code_point_open_is_read_and_not_the_first_alone(tmp_path, complete):
    downloads = made_up.put_into(tmp_path / "downloads", without=("codepo",))
    first, *rows = made_up.code_point()["le.csv"].splitlines(keepends=True)
    (downloads / "aa.csv").write_bytes(first)
    (downloads / "le.csv").write_bytes(b"".join(rows))
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    made = (tmp_path / "s" / "postcodes.csv").read_bytes()
    assert made == (complete / "postcodes.csv").read_bytes()


@pytest.mark.parametrize("column", ["lad19cd", "LAD26CD", "oslaua", "something else"])
def test_postcodes_of_other_districts_are_none_of_the_study(tmp_path, column):
    downloads = made_up.put_into(tmp_path / "downloads", without=("codepo",))
    x, y = made_up.square(0)
    (lon, lat), (far, _) = made_up.lonlat(x + 500, y + 500), made_up.lonlat(x - 2500, y + 500)
    (downloads / "directory.csv").write_text(
        f"pcds,lat,long,{column}\nLE15 0AA,{lat},{lon},{made_up.CODE}\n"
        f"LE15 9ZZ,{lat},{far},E07000130\nLE15 8ZZ,99.999999,0.000000,{made_up.CODE}\n"
    )
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    assert load_study(tmp_path / "s").postcodes["postcode"].tolist() == ["LE15 0AA"]
    assert parts(made)["postcodes"].state == "1 of the district"


def test_a_postcode_that_the_directory_cannot_place_is_nowhere(tmp_path):
    path = tmp_path / "onspd.csv"
    path.write_text("pcds,lat,long,osgrdind\nA1 1AA,52.6,-0.7,1\nA1 1AB,99.999999,0.000000,9\n")
    read = _read_postcodes(path)
    assert read.frame.index.tolist() == ["A1 1AA"]
    assert "1 postcodes have no position" in read.notes[0]


# --- what larger areas, indices and counties tell --------------------------------------------


@pytest.mark.parametrize("known", ["none", "all but one"])
def test_areas_whose_larger_areas_are_not_known_make_a_study_that_loads(tmp_path, known):
    downloads = made_up.put_into(tmp_path / "downloads", without=("lookup",))
    if known != "none":
        rows = [dict(r["properties"]) for r in made_up.features("lookup")]
        rows[3]["LSOA21CD"] = ""
        pd.DataFrame(rows).to_csv(downloads / "lookup.csv", index=False)
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    study = load_study(tmp_path / "s")
    assert study.config.weights.scheme == "none" and "lsoa" not in study.areas
    part = parts(made)["deprivation"]
    assert part.mark == "MISSING" and "look-up of Output Areas 2021" in part.by_hand
    told = [note for note in made.notes if made_up.OAS[3] in note and "no LSOA21CD" in note]
    assert bool(told) == (known != "none")


def test_a_table_of_centroids_may_have_a_column_called_id(tmp_path, complete):
    downloads = made_up.put_into(tmp_path / "downloads", without=("pwc",))
    rows = [(n, f["properties"]["OA21CD"], *f["geometry"]["coordinates"])
            for n, f in enumerate(made_up.features("pwc"))]  # fmt: skip
    pd.DataFrame(rows, columns=["id", "OA21CD", "x", "y"]).to_csv(
        downloads / "pwc.csv", index=False
    )
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    assert (tmp_path / "s/areas.csv").read_bytes() == (complete / "areas.csv").read_bytes()


@pytest.mark.parametrize(
    ("file", "year", "census", "edition"),
    [
        ("File_7_IoD2025_All.csv", 2021, 2021, 2025),
        ("indices got 20260115.csv", 2021, 2021, 2025),
        ("File_7_IoD2019 of 2024-05-01.csv", 2011, 2011, 2019),
        ("File_7_ID_2015_2025-01-01.csv", 2011, 2021, 2015),
        ("imd2019.csv", 0, 2021, 2019),
        ("imd.csv", 2021, 2021, 2025),
        ("imd.csv", 2011, 2011, 0),
    ],
)
def test_the_year_of_indices_is_that_of_an_edition(file, year, census, edition):
    assert _edition(file, year, census) == edition


def test_indices_whose_year_nothing_tells_are_of_no_year(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads", without=("File_7",))
    (downloads / "Indices 2026.csv").write_bytes(made_up.file7())
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    assert parts(made)["deprivation"].state.startswith("Indices of 2025: ")


def test_hubs_of_a_county_are_told_by_the_district_they_lie_in(tmp_path, monkeypatch):
    monkeypatch.setattr(made_up, "CODE", "E07000155")  # a district of Northamptonshire, then
    district = _District("E07000155", "Old Town", "")
    monkeypatch.setattr("access.sources.council.find_district", lambda asked: district)
    downloads = made_up.put_into(tmp_path / "downloads", without=("hub",))
    rows = [("In", "County", "LE15 3AA"), ("Out", "County", "LE15 9ZZ"), ("?", "County", "Z1 1ZZ")]
    hubs = pd.DataFrame(rows, columns=["Family_Hub", "Local_Authority", "Postcode"])
    hubs.to_csv(downloads / "hubs.csv", index=False)
    made = make_study_folder("Old Town", tmp_path / "s", from_folder=downloads, offline=True)
    assert parts(made)["hubs"].state.startswith("1 family hubs, 0 of them")
    assert load_study(tmp_path / "s").config.hubs.council_choice == ("FHH0001",)


def test_figures_of_larger_areas_do_not_keep_those_of_the_areas_from_being_asked_for(
    tmp_path, serve, complete
):
    downloads = made_up.put_into(tmp_path / "downloads", without=("NM_2020",))
    larger = made_up.as_csv(made_up.nomis_rows("NM_2020_1", made_up.LSOAS))
    (downloads / "ages of lsoas.csv").write_bytes(larger)
    server = serve()
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads,
                      net=internet(server, tmp_path / "k"))  # fmt: skip
    assert {a.split("?")[0] for a in server.asked} == {"/nomis/dataset/NM_2020_1.data.csv"}
    assert (tmp_path / "s/areas.csv").read_bytes() == (complete / "areas.csv").read_bytes()


@pytest.mark.parametrize("part", ["areas", "boundaries", "census", "all of it"])
def test_what_is_to_be_refreshed_is_asked_for_again(tmp_path, asked_before, part):
    server, net, _ = asked_before
    before = (tmp_path / "s/manifest.toml").read_bytes()
    again = replace(net, refresh=True, today="2026-02-01")
    server.asked.clear()
    if part == "all of it":
        server.faults["File_7"] = ["500"] * 9
        made = make_study_folder("Rutland", tmp_path / "s", net=again)
        assert parts(made)["deprivation"].whole, "what could not be had again is still good"
        assert len(made_up.CATEGORIES) == len({a for a in server.asked if "Offset=0" in a
                                               and "nomis" in a})  # fmt: skip
    else:
        assert fetch_parts("Rutland", tmp_path / "s", [part], net=again).origin
    assert any(("nomis" if part == "census" else "ons") in a for a in server.asked)
    assert (tmp_path / "s/manifest.toml").read_bytes() != before
    assert len(load_study(tmp_path / "s").areas) == 12


def test_a_part_that_protection_set_above_its_whole_does_not_stop_the_study(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads")
    for table, row, value in (("NM_2063_1", 5, made_up.figure(1, 0) + 1), ("NM_2041_1", 3, 103)):
        rows = made_up.nomis_rows(table)
        rows[row][8] = str(value)
        (downloads / f"{table}.csv").write_bytes(made_up.as_csv(rows))
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    areas = load_study(tmp_path / "s").areas
    assert areas["households_no_car"][1] == areas["households"][1] and areas["p_no_car"][1] == 1
    assert areas["white_british"][0] == areas["people"][0]
    told = [note for note in made.notes if "to protect people" in note]
    assert len(told) == 2 and "white_british is above people by up to 3 in 1 areas" in told[0]


def test_what_a_table_does_not_know_of_an_area_is_told(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads")
    rows = made_up.nomis_rows("NM_2063_1")
    rows[2][8] = ""
    (downloads / "NM_2063_1.csv").write_bytes(made_up.as_csv(rows))
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    told = f"does not know households_no_car of 1 areas ({made_up.OAS[0]})"
    assert any(told in note for note in made.notes)


def test_wards_of_another_place_do_not_hide_those_of_the_place(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads")
    far = made_up.ward_features()[:1]
    far[0]["properties"] = {"WD26CD": "S13000001", "WD26NM": "Far"}
    far[0]["geometry"]["coordinates"] = [[[-3, 56], [-2, 56], [-2, 57], [-3, 56]]]
    (downloads / "more.geojson").write_bytes(made_up.collection(far))
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    assert parts(made)["wards"].state.startswith("2 wards of 2025")


@pytest.mark.parametrize(
    ("without", "words"),
    [("NM_2056", "Counts by equality group are known"), ("NM_2063", "Counts by car ownership are")],
)
def test_only_what_is_shared_is_told_as_shared(tmp_path, without, words):
    downloads = made_up.put_into(tmp_path / "downloads", without=(without,))
    table = f"{without}_1"
    larger = made_up.as_csv(made_up.nomis_rows(table, made_up.LSOAS))
    (downloads / "larger.csv").write_bytes(larger)
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    said = " ".join(load_study(tmp_path / "s").assumptions)
    assert words in said and "by age" not in said


# --- the council's own sheets ----------------------------------------------------------------


def test_sites_that_sheets_number_alike_are_told_apart(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads")
    head = "id,name,service,postcode\n"
    (downloads / "centres a.csv").write_text(f"{head}1,A,cc,LE15 1AA\n1-2,B,cc,LE15 2AA\n")
    (downloads / "centres b.csv").write_text(f"{head}1,C,cc,LE15 3AA\n")
    (downloads / "candidates.csv").write_text("id,name,kind,postcode\n1,D,library,LE15 4AA\n")
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    study = load_study(tmp_path / "s")
    assert study.centres["id"].tolist() == ["1", "1-2", "1-3"]
    assert study.candidates.set_index("name")["id"]["D"] == "1-4"
    assert any("candidates: 1 ids are those of other sites" in note for note in made.notes)


def own_study(tmp_path: Path, sheets: dict[str, str], without: tuple[str, ...] = ()):
    downloads = made_up.put_into(tmp_path / "downloads", without=without)
    for name, text in sheets.items():
        (downloads / name).write_text(text)
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    return parts(made), load_study(tmp_path / "s")


@pytest.mark.parametrize("without", [("codepo",), ("codepo", "edubase")])
def test_a_councils_own_centres_that_cannot_be_placed_are_kept_and_told(tmp_path, without):
    sheet = "name,service,postcode\nMine,Children's Centre,LE15 1AA\nB,Library,LE15 2AA\n"
    found, study = own_study(tmp_path, {"our centres.csv": sheet}, without)
    assert found["centres"].state.startswith("of the 2 centres at hand none can be placed")
    assert "Code-Point Open" in found["centres"].by_hand
    assert pd.read_csv(tmp_path / "s/centres_to_place.csv")["name"].tolist() == ["Mine", "B"]
    said = " ".join(study.assumptions)
    assert "No register" not in said and "none can be placed: the centres are made-up" in said
    assert study.centres["assumed"].all()
    listed = tomllib.loads((tmp_path / "s/manifest.toml").read_text())["table"]
    assert listed["centres_to_place.csv"]["source"].startswith("The council's own sheet")
    assert listed["centres.csv"]["source"] == "Made-up stand-ins"


def test_centres_that_somebody_placed_by_hand_are_told_as_placed(tmp_path):
    sheet = "name,service,postcode\nMine,Children's Centre,LE15 1AA\nB,Library,ZE1 1AA\n"
    sheet += "C,Library,ZE1 1AB\n"
    own_study(tmp_path, {"our centres.csv": sheet})
    folder = tmp_path / "s"
    lost = pd.read_csv(folder / "centres_to_place.csv", dtype=str)
    assert lost["name"].tolist() == ["B", "C"]
    placed = pd.concat([pd.read_csv(folder / "centres.csv", dtype=str), lost[:1]])
    placed.fillna({"lon": "-0.7", "lat": "52.65"}).to_csv(folder / "centres.csv", index=False)
    made = make_study_folder("Rutland", folder, from_folder=tmp_path / "downloads", offline=True)
    study = load_study(folder)
    assert study.centres["name"].tolist() == ["Mine", "B"]
    assert list(study.config.services) == ["childrens_centre", "library"]
    assert pd.read_csv(folder / "centres_to_place.csv")["name"].tolist() == ["C"]
    told = parts(made)["centres to place"].state + " ".join(study.assumptions)
    assert "C (ZE1 1AB)" in told and "B (ZE1 1AA)" not in told


def test_stand_ins_that_somebody_replaced_are_told_no_more(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads", without=("edubase", "codepo"))
    folder = tmp_path / "s"
    make_study_folder("Rutland", folder, from_folder=downloads, offline=True)
    rows = "id,name,service,lon,lat\nM,Mine,library,-0.7,52.65\nN,Other,library,-0.71,52.65\n"
    (folder / "centres.csv").write_text(rows)
    make_study_folder("Rutland", folder, from_folder=downloads, offline=True)
    study = load_study(folder)
    assert (folder / "centres.csv").read_text() == rows
    assert "stand-in" not in " ".join(study.assumptions)
    assert list(study.config.services) == ["library"]


@pytest.mark.parametrize(("lost", "what"), [(",Library", "name"), ("Lost,", "service")])
def test_a_row_without_a_name_or_a_service_is_set_aside_and_told(tmp_path, lost, what):
    sheet = f"name,service,postcode\nMine,Children's Centre,LE15 1AA\n{lost},LE15 2AA\n"
    found, study = own_study(tmp_path, {"our centres.csv": sheet})
    assert f"1 have no {what} and are not measured" in found["centres to place"].state
    assert study.centres["name"].tolist() == ["Mine"]
    assert list(study.config.services) == ["childrens_centre"]
    assert found["centres"].state == "1 centre of childrens_centre"


def test_services_in_other_than_latin_letters_stay_apart(tmp_path):
    sheet = "name,service,postcode\nA,子ども,LE15 1AA\nB,青年,LE15 2AA\n"
    _, study = own_study(tmp_path, {"our centres.csv": sheet})
    assert len(study.config.services) == 2


def test_a_hub_is_never_another_site_of_the_same_id(tmp_path):
    sheet = "id,name,kind,postcode\nFHH0002,Our library,library,LE15 4AA\n"
    _, study = own_study(tmp_path, {"our candidates.csv": sheet})
    names = study.candidates.set_index("id")["name"]
    assert [names.get(i, i) for i in study.config.hubs.council_choice] == ["CC20001", "New Hub"]


@pytest.mark.parametrize(
    ("services", "counted"),
    [
        (["Children's Centre", "Youth club"], {"childrens_centre": 1, "youth_centre": 0}),
        (["Youth club", "Youth club"], {"youth_centre": 0}),
        (["Our kind", "Youth club"], {"our_kind": 1, "youth_centre": 1}),
    ],
)
def test_childrens_centres_next_door_are_no_youth_centres(tmp_path, services, counted):
    downloads = made_up.put_into(tmp_path / "downloads")
    rows = [("A", services[0], "LE15 1AA"), ("B", services[1], "LE15 2AA")]
    sheet = pd.DataFrame(rows, columns=["name", "service", "postcode"])
    sheet.to_csv(downloads / "our centres.csv", index=False)
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    hand = parts(made)["neighbours"].by_hand
    assert "edubase" not in hand, "the register is at hand"
    assert ("your own sheet" in hand) == (set(counted) == {"youth_centre"})
    study = load_study(tmp_path / "s")
    assert {key: len(study.neighbours_of(key)) for key in study.config.services} == counted


def test_no_licence_is_claimed_that_nobody_gave(tmp_path):
    downloads = made_up.put_into(tmp_path / "downloads", without=("codepo", "edubasealldata"))
    sheet = "name,service,postcode\nA,Youth club,LE15 1AA\nB,Youth club,LE15 2AA\n"
    (downloads / "our centres.csv").write_text(sheet)
    (downloads / "our candidates.csv").write_text("name,kind,postcode\nD,library,LE15 4AA\n")
    (x, y), lines = made_up.square(0), ["pcd,lat,long,ladcd"]
    lon, lat = made_up.lonlat(x + 500, y + 500)
    lines += [f"LE15 {n}AA,{lat + n / 500:.6f},{lon},{made_up.CODE}" for n in range(9)]
    (downloads / "table.csv").write_text("\n".join(lines))
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    said = tomllib.loads((tmp_path / "s/manifest.toml").read_text())["table"]
    assert said["postcodes.csv"]["source"] == "A table of postcodes (table.csv)"
    assert said["centres.csv"]["source"] == "The council's own sheet (our centres.csv)"
    assert said["postcodes.csv"]["licence"] == said["centres.csv"]["licence"] == "not stated"
    both = said["candidates.csv"]
    assert "family hub sites (List_of_family_hub_sites.csv); The council's own" in both["source"]
    assert both["licence"].endswith("v3.0; of the council's own sheet not stated")


@pytest.mark.parametrize("status", ["Closed", "Proposed to open", "Open, but proposed to close"])
def test_what_the_register_says_is_closed_is_no_centre_of_today(tmp_path, status):
    downloads = made_up.put_into(tmp_path / "downloads")
    register = next(downloads.glob("edubaseallchildrencentre*"))
    rows = list(csv.reader(io.StringIO(register.read_bytes().decode("cp1252"))))
    for row in rows:
        if row[0] in ("20002", "20004"):  # one of ours, one next door
            row[4] = status
    register.write_bytes(made_up.as_csv(rows, "cp1252"))
    make_study_folder("Rutland", tmp_path / "s", from_folder=downloads, offline=True)
    study = load_study(tmp_path / "s")
    is_open = status.startswith("Open")
    assert study.centres["id"].tolist() == ["CC20001", "CC20002"][: 2 if is_open else 1]
    assert len(study.neighbours) == is_open
    said = " ".join(study.assumptions)
    assert ("says that they are not open: Uppingham Children's Centre" in said) != is_open


@pytest.mark.parametrize("years", [(2011, 2021), (2021, 2011)])
def test_of_columns_of_two_years_the_later_is_taken_and_told(tmp_path, years):
    one, other = years
    text = f"oa21cd,residents_{one},residents_mid{other}\nE00000001,{one},{other}\n"
    (tmp_path / "a.csv").write_text(text)
    frame, notes = _table_figures(_read_source(tmp_path / "a.csv"), "oa21")
    assert frame["residents"].tolist() == [2021] and "the latest of" in notes[0]
    one, other = (2015, 2019) if one < other else (2019, 2015)
    head = f"LSOA code,imd{one}_rank,imd{other}_rank,idaci{one}_rank,idaci{other}_rank"
    (tmp_path / "d.csv").write_text(f"{head}\nE01000001,{one},{other},{one},{other}\n")
    ranks, _, told = _parse_deprivation(tmp_path / "d.csv")
    assert ranks[["imd_rank", "idaci_rank"]].to_numpy().tolist() == [[2019, 2019]]
    assert any("imd_rank is taken from imd2019_rank" in note for note in told)


def test_tables_that_others_brought_keep_their_attribution(tmp_path, made_before):
    (tmp_path / "halls.csv").write_text("name,lon,lat\nHall,-0.7,52.6\n")
    halls = _import_table(tmp_path / "halls.csv", "places")
    put_table(tmp_path / "s", halls, ("The parish", "CC BY"), {})
    for _ in range(2):
        assert "places.csv: The parish. CC BY." in (tmp_path / "s/ATTRIBUTION.md").read_text()
        make_study_folder("Rutland", tmp_path / "s", from_folder=made_before, offline=True)


def test_a_table_that_was_imported_is_not_made_anew(tmp_path, made_before):
    """Their sheet took the place of the register's centres, and stays there."""
    (tmp_path / "own.csv").write_text(
        "id,name,service,lon,lat\nX1,Ours,childrens_centre,-0.7,52.6\n"
        "X2,Theirs,childrens_centre,-0.71,52.61\n"
    )
    own = _import_table(tmp_path / "own.csv", "centres")
    put_table(tmp_path / "s", own, ("The Council", "OGL"), {})
    before = (tmp_path / "s/centres.csv").read_bytes()
    make_study_folder("Rutland", tmp_path / "s", from_folder=made_before, offline=True)
    assert (tmp_path / "s/centres.csv").read_bytes() == before
    said = (tmp_path / "s/ATTRIBUTION.md").read_text().splitlines()
    assert [x for x in said if "centres.csv" in x] == ["- centres.csv: The Council. OGL."]
    assert set(load_study(tmp_path / "s").centres["id"]) == {"X1", "X2"}


@pytest.mark.parametrize("rows", [slice(0, None), slice(0, 1)])
def test_hubs_among_candidates_that_somebody_changed_are_themselves(tmp_path, made_before, rows):
    """The council's choice names a row of the table as it is, and no other."""
    chosen = load_study(tmp_path / "s").config.hubs.council_choice
    path = tmp_path / "s/candidates.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert (table["kind"].iloc[1:] == "family_hub").all() and table["id"].iloc[1] in chosen
    table.assign(name=[f"Our {n}" for n in table["name"]])[rows].to_csv(path, index=False)
    made = make_study_folder("Rutland", tmp_path / "s", from_folder=made_before, offline=True)
    whole = rows.stop is None
    again = load_study(tmp_path / "s").config.hubs.council_choice
    assert again == (chosen if whole else tuple(i for i in chosen if i != table["id"].iloc[1]))
    assert any("has not these family hubs: New Hub" in n for n in made.notes) is not whole


# --- the manifest ----------------------------------------------------------------------------


def own_tables(folder: Path, manifest: str) -> Imported:
    folder.mkdir()
    (folder / "manifest.toml").write_text(manifest)
    (folder / "centres.csv").write_text("id,name,service,lon,lat\nC,One,cc,-0.7,52.6\n")
    (folder / "a.csv").write_text("id,lon,lat,residents\nA,-0.7,52.6,10\nB,-0.71,52.61,10\n")
    return _import_table(folder / "a.csv", "areas")


def test_a_manifest_that_cannot_be_read_is_not_written_over(tmp_path):
    text = '[table."centres.csv"]\nsource = "the council"\nlicence = oops\n'
    done = own_tables(tmp_path / "s", text)
    with pytest.raises(StudyError, match=r"manifest\.toml cannot be read as TOML"):
        put_table(tmp_path / "s", done, ("s", "l"), {})
    assert (tmp_path / "s/manifest.toml").read_text() == text
    assert not (tmp_path / "s/areas.csv").exists()


def test_what_a_manifest_says_stays_as_it_was_said(tmp_path):
    done = own_tables(tmp_path / "s", '[table."centres.csv"]\nsha256 = "x"\nlocal = true\n')
    put_table(tmp_path / "s", done, ("s", "l"), {})
    assert "study.toml" in first_settings(tmp_path / "s")
    assert "not stated" in (tmp_path / "s/ATTRIBUTION.md").read_text()
    done = own_tables(tmp_path / "t", '[table."centres.csv"]\nsha256 = "x"\nlocal = true\n')
    put_table(tmp_path / "t", done, ("s", "l"), {})
    said = tomllib.loads((tmp_path / "t/manifest.toml").read_text())["table"]
    assert said["centres.csv"] == {"sha256": "x", "local": True}

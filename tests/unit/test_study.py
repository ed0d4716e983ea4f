"""Study folders: every fault told at once, and figures that keep their totals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from access.errors import ParameterError, StudyError
from access.sources.folder import new_study
from access.study import find_study, load_study

ROTHERHAM = find_study("rotherham")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of the embedded study to spoil."""
    return Path(shutil.copytree(ROTHERHAM, tmp_path / "rotherham"))


def spoil(folder: Path, table: str, change) -> None:
    frame = pd.read_csv(folder / table, dtype=str, keep_default_na=False)
    change(frame).to_csv(folder / table, index=False)


def edit_settings(folder: Path, old: str, new: str) -> None:
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(StudyError) as caught:
        load_study(folder)
    return [str(f) for f in caught.value.faults] or [caught.value.message]


# --- wrong inputs -------------------------------------------------------------------------------


def test_no_such_study_names_those_there_are():
    with pytest.raises(StudyError, match=r"no study 'roterham'.*Is 'rotherham' meant"):
        load_study("roterham")


def test_folder_without_settings(tmp_path):
    with pytest.raises(StudyError, match=r"no study\.toml in"):
        load_study(tmp_path)


def test_settings_that_are_not_toml(folder):
    (folder / "study.toml").write_text("[study\n", encoding="utf-8")
    with pytest.raises(StudyError, match="cannot be read as TOML"):
        load_study(folder)


def test_every_wrong_setting_is_told_at_once(folder):
    edit_settings(folder, "walk_km_h = 4.8", "walk_kmh = 4.8")
    edit_settings(folder, "parking_minutes = 3.0", "parking_minutes = -3.0")
    faults = faults_of(folder)
    assert any("walk_kmh" in f and "no such setting" in f for f in faults)
    assert any("parking_minutes" in f and "-3.0" in f for f in faults)


def test_missing_table(folder):
    (folder / "centres.csv").unlink()
    assert any("centres.csv" in f and "this file in" in f for f in faults_of(folder))


def test_misspelt_column_names_what_was_meant(folder):
    spoil(folder, "centres.csv", lambda f: f.rename(columns={"service": "servise"}))
    faults = faults_of(folder)
    assert any("a column named 'service'" in f and "'servise' meant" in f for f in faults)


def test_duplicate_id_names_both_rows(folder):
    def change(frame):
        frame.loc[3, "id"] = frame.loc[1, "id"]
        return frame

    spoil(folder, "centres.csv", change)
    faults = faults_of(folder)
    assert any("row 3" in f and "CC02" in f and "used once" in f for f in faults)
    assert any("row 5" in f and "CC02" in f for f in faults)


def test_swapped_lon_and_lat(folder):
    spoil(folder, "centres.csv", lambda f: f.rename(columns={"lon": "lat", "lat": "lon"}))
    faults = faults_of(folder)
    assert len(faults) == 23
    assert all("look swapped" in f for f in faults)


def test_point_outside_the_box(folder):
    def change(frame):
        frame.loc[0, ["lon", "lat"]] = ["-0.1276", "51.5072"]
        return frame

    spoil(folder, "areas.csv", change)
    (fault,) = faults_of(folder)
    assert "areas.csv, row 2" in fault
    assert "inside the study's box" in fault


def test_projected_coordinates_given_as_degrees(folder):
    def change(frame):
        frame.loc[0, ["lon", "lat"]] = ["442600", "392800"]
        return frame

    spoil(folder, "candidates.csv", change)
    (fault,) = faults_of(folder)
    assert "metres of a projected grid" in fault
    assert "to_crs('EPSG:4326')" in fault


def test_proposal_naming_unknown_centre_and_closing_too_many(folder):
    edit_settings(folder, 'site = "CC11"', 'site = "CC99"')
    edit_settings(folder, 'site = "CC12"', 'site = "YC01"')
    faults = faults_of(folder)
    assert any("CC99" in f for f in faults)
    assert any("YC01" in f for f in faults), "a youth centre is not a children's centre"


def test_proposal_that_closes_everything(folder):
    rest = ", ".join(f'"CC{i:02d}"' for i in range(1, 13) if i not in (4, 11, 12))
    service = 'service = "childrens_centre"\n'
    edit_settings(folder, service, f"{service}close = [{rest}]\n")
    (fault,) = faults_of(folder)
    assert "12 of 12" in fault
    assert "at least one centre to stay open" in fault


@pytest.mark.parametrize(
    ("value", "expected"),
    [("-1", "a count of 0 or more"), ("", "this cell is empty"), ("many", "expected a number")],
)
def test_counts_that_are_no_counts(folder, value, expected):
    def change(frame):
        frame.loc[5, "residents"] = value
        return frame

    spoil(folder, "areas.csv", change)
    (fault,) = faults_of(folder)
    assert "areas.csv, row 7, residents" in fault
    assert expected in fault


def test_zero_demand(folder):
    spoil(folder, "lsoas.csv", lambda f: f.assign(age_0_4_mid2017="0"))
    (fault,) = faults_of(folder)
    assert "children_0_4" in fault
    assert "somebody to serve" in fault


def test_all_faults_of_all_tables_come_together(folder):
    spoil(folder, "centres.csv", lambda f: f.assign(lon="west"))
    spoil(folder, "candidates.csv", lambda f: f.drop(columns="name"))
    spoil(folder, "areas.csv", lambda f: f.assign(residents="-5"))
    faults = faults_of(folder)
    for file in ("centres.csv", "candidates.csv", "areas.csv"):
        assert any(f.startswith(file) for f in faults)


def test_area_of_an_unknown_parent(folder):
    def change(frame):
        frame.loc[0, "lsoa"] = "E00000000"
        return frame

    spoil(folder, "areas.csv", change)
    assert any("E00000000" in f and "an id of lsoas.csv" in f for f in faults_of(folder))


# --- the embedded study -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rotherham():
    return load_study("rotherham")


def test_children_of_output_areas_add_up_to_their_lsoa(rotherham):
    lsoas = pd.read_csv(ROTHERHAM / "lsoas.csv").set_index("id")
    pairs = {"children_0_4": "age_0_4_mid2017", "young_11_18": "age_11_18_mid2017"}
    for ours, theirs in pairs.items():
        assert rotherham.areas.groupby("lsoa")[ours].sum().eq(lsoas[theirs]).all()


@pytest.mark.parametrize(
    ("column", "published"),
    [
        ("residents", 257_280),
        ("children_0_4", 15_972),
        ("children_5_10", 19_906),
        ("young_11_18", 24_192),
        ("households", 108_293),
        ("households_no_car", 28_756),
        ("families_youngest_0_4", 12_400),
        ("lone_parent_households", 7_908),
        ("disabled", 56_588),
        ("white_british", 236_438),
    ],
)
def test_totals_are_the_published_ones(rotherham, column, published):
    assert int(rotherham.areas[column].sum()) == published


def test_share_of_most_deprived_lsoas_is_the_published_one(rotherham):
    lsoas = rotherham.areas.drop_duplicates("lsoa")
    assert len(lsoas) == 167
    assert int((lsoas["imd_decile"] == 1).sum()) == 32


def test_no_car_share_is_the_parents_own_ratio(rotherham):
    areas = rotherham.areas
    overall = (areas["p_no_car"] * areas["households"]).sum() / areas["households"].sum()
    assert overall == pytest.approx(28_756 / 108_293, abs=2e-3)


def test_unknown_register_columns_stay_unknown(rotherham):
    for column in ("annual_cost_gbp", "annual_visits", "condition", "capacity"):
        values = rotherham.centres[column]
        assert (values.isna() | (values == "")).all()


def test_stand_ins_and_proxies_are_named_in_the_assumptions(rotherham):
    text = " ".join(rotherham.assumptions)
    for id_ in rotherham.centres.loc[rotherham.centres["assumed"], "id"]:
        assert id_ in text
    assert int(rotherham.centres["assumed"].sum()) == 6
    assert int(rotherham.centres["proxy"].sum()) == 5


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        (["", ""], "2 of 3 sites stand at a proxy position, how wrong is not said: "),
        (["", "250"], "at a proxy position, wrong by up to 250 m where that is said: "),
        (["100", "250"], "at a proxy position, wrong by up to 250 m: "),
    ],
)
def test_how_wrong_a_proxy_is_may_not_be_known(tmp_path, errors, told):
    new_study(tmp_path / "town")
    sites = pd.read_csv(tmp_path / "town/centres.csv", dtype=str)
    sites["position_basis"] = ["proxy: village hall", "proxy", ""]
    sites["position_error_m"] = [*errors, ""]
    sites.to_csv(tmp_path / "town/centres.csv", index=False)
    assert told in " ".join(load_study(tmp_path / "town").assumptions)


def test_every_table_is_as_the_manifest_says(rotherham):
    assert {row["changed"] for row in rotherham.inputs} == {"no"}
    assert all(row["source"] != "not stated" for row in rotherham.inputs)


@pytest.mark.parametrize("table", ["centres", "candidates", "neighbours", "places"])
def test_names_hold_no_typing_artefact(table):
    names = pd.read_csv(ROTHERHAM / f"{table}.csv", dtype=str)["name"]
    # a capital after an apostrophe, a word all in capitals (RNN and NI are abbreviations), blanks
    wrong = names[names.str.contains(r"['\u2019]S\b|\b[A-Z]{4,}\b|\s\s|^\s|\s$|\bCsc\b|,,")]
    assert wrong.tolist() == []


def test_a_changed_table_is_told(folder):
    before = len(load_study(folder).candidates)
    spoil(folder, "candidates.csv", lambda f: f.iloc[:-1])
    study = load_study(folder)
    assert len(study.candidates) == before - 1
    assert any("Changed since the manifest" in a and "candidates.csv" in a
               for a in study.assumptions)  # fmt: skip


def test_a_study_without_candidates_or_neighbours_can_be_asked_everything(tmp_path):
    from access.analysis.analysis import Analysis
    from access.analysis.job import travel_times
    from access.analysis.questions import Meant

    new_study(tmp_path / "town")
    study = load_study(tmp_path / "town")
    assert not any(map(len, (study.candidates, study.neighbours, study.places, study.postcodes)))
    assert list(study.candidates["name"]) == []
    analysis = Analysis(travel_times(study))
    for question in Meant(study).questions():
        sides = {"before": question.baseline, "after": question.scenario}
        asked = (question.service,), {**sides, "mode": "walk"}
        assert analysis.compare(*asked[0], **asked[1]).summary["families"] > 0
        assert len(analysis.rank(*asked[0], **asked[1]).table) > 1
        with pytest.raises(ParameterError, match=r"no neighbouring.*neighbours\.csv"):
            analysis.compare(*asked[0], **asked[1], neighbours=True)


def test_locality_of_an_area_is_that_of_its_nearest_centre(rotherham):
    own = rotherham.centres_of("childrens_centre")
    for i in (0, 100, 400, 853):
        area = rotherham.areas.iloc[i]
        nearest = own.loc[own.distance(area.geometry).idxmin()]
        assert area["locality"] == nearest["locality"]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("p_no_car", "45", "a share from 0 to 1"),
        ("imd_decile", "11", "a tenth from 1"),
        ("imd_rank", "0", "a rank of 1"),
        ("imd_rank", "low", "expected a number"),
    ],
)
def test_figures_of_areas_are_checked_where_they_stand(tmp_path, column, value, expected):
    new_study(tmp_path / "my_town")

    def change(frame):
        frame.loc[2, column] = value
        return frame

    spoil(tmp_path / "my_town", "areas.csv", change)
    (fault,) = faults_of(tmp_path / "my_town")
    assert f"areas.csv, row 4, {column}" in fault
    assert expected in fault


def test_figures_of_areas_are_numbers(tmp_path):
    new_study(tmp_path / "my_town")
    areas = load_study(tmp_path / "my_town").areas
    for column in ("residents", "children_0_4", "imd_rank", "imd_decile", "p_no_car"):
        assert areas[column].dtype == float

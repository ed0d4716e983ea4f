"""The parsers on real tables: a Rotherham of 2021 from a folder, a Newport by import alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from access.run import run_job
from access.sources.columns import _Mapping
from access.sources.council import make_study_folder
from access.sources.folder import _study_of_tables
from access.sources.importing import _import_table
from access.sources.points import _convert_counts, _parse_stops, _read_postcodes
from access.study import load_study
from tests.conftest import SHARED, few_draws

ROTHERHAM = SHARED / "rotherham"
EMBEDDED = Path(__file__).resolve().parents[2] / "data" / "rotherham"


@pytest.fixture(scope="module", autouse=True)
def real(shared_data):
    """Every test here reads real tables."""
    return shared_data("rotherham")


@pytest.fixture(scope="module")
def rotherham(tmp_path_factory):
    """Made of the real tables and the register of the embedded study."""
    downloads = tmp_path_factory.mktemp("downloads")
    for path in ROTHERHAM.iterdir():
        shutil.copy(path, downloads)
    for name in ("centres", "candidates", "neighbours"):
        shutil.copy(EMBEDDED / f"{name}.csv", downloads)
    folder = tmp_path_factory.mktemp("studies") / "rotherham21"
    made = make_study_folder("Rotherham", folder, from_folder=downloads, offline=True)
    return made, load_study(folder)


def test_a_full_rotherham_of_2021(rotherham):
    made, study = rotherham
    areas = study.areas
    assert len(areas) == 878 and areas["ward"].nunique() == 25
    assert areas["residents"].sum() == 265_821
    assert len(study.postcodes) == 6_587  # 1,042 of the file's 7,629 lie in other districts
    assert any("1,042 of them lie in other districts" in note for note in made.notes)
    assert study.config.weights.national_areas == 33_755
    imd = pd.read_csv(ROTHERHAM / "rotherham_imd2025_lsoa21.csv").set_index("lsoa21_code")
    joined = imd["IMD_rank"].reindex(areas["lsoa"]).to_numpy()
    assert (areas["imd_rank"].to_numpy() == joined).all()
    lsoas = pd.read_csv(ROTHERHAM / "rotherham_census2021_lsoa21.csv")
    young = 5 / 11 * lsoas["aged_5_15_derived"] + 3 / 9 * lsoas["age_aged_16_to_24_years"]
    assert areas["young_11_18"].sum() == young.round().sum()
    assert (len(study.centres), len(study.candidates), len(study.neighbours)) == (23, 74, 22)


def test_boundaries_are_real_and_cover_the_borough_once(rotherham):
    _, study = rotherham
    shapes = gpd.read_file(study.folder / "areas.geojson").set_index("id").to_crs(27700)
    assert list(shapes.index) == list(study.areas["id"]) and shapes.is_valid.all()
    borough = gpd.read_file(ROTHERHAM / "rotherham_lsoa21_bgc.geojson").to_crs(27700)
    assert shapes.area.sum() == pytest.approx(borough.area.sum(), rel=1e-3)
    assert shapes.union_all().area == pytest.approx(borough.union_all().area, rel=1e-3)
    former = (
        gpd.read_file(ROTHERHAM / "rotherham_oa11_bgc.geojson").to_crs(27700).set_index("OA11CD")
    )
    same = shapes.index.intersection(former.index)
    assert len(same) == 839
    assert (shapes.loc[same].area / former.loc[same].area).between(0.99, 1.01).all()
    inside = shapes.contains(
        gpd.GeoSeries(study.areas.geometry.to_numpy(), shapes.index, crs=27700)
    )
    assert inside.mean() > 0.97


def test_what_is_missing_is_named(rotherham):
    made, _ = rotherham
    marks = {part.name: part.mark for part in made.parts}
    assert marks["census"] == marks["boundaries"] == marks["deprivation"] == "in part"
    assert marks["hubs"] == "MISSING" and marks["postcodes"] == marks["wards"] == "ok"
    text = made.to_text()
    assert "TS021" in text and "has no idaci_rank" in text and "39 that are new" in text


@pytest.mark.slow
def test_it_runs(rotherham):
    _, study = rotherham
    with few_draws():
        results = run_job(study, keep=False)
    assert len(results.study.areas) == 878


def test_lsoas_of_2011_for_2021_keep_their_totals():
    pairs = pd.read_csv(ROTHERHAM / "rotherham_lsoa11_lsoa21_lookup.csv")
    old = pd.read_csv(EMBEDDED / "lsoas.csv").set_index("id")[["age_0_4_mid2017", "people_2011"]]
    people = pd.read_csv(ROTHERHAM / "rotherham_lsoa21_lookup_pwc.csv").set_index("lsoa21cd")
    done = _convert_counts(old, pairs[["lsoa11_code", "lsoa21_code"]], people["pop_census2021"])
    assert len(done.frame) == 170 and (done.frame.sum() == old.sum()).all()
    assert done.estimated.sum() == 7  # three areas split into two, three and two
    assert (
        done.frame.loc["E01034253", "people_2011"]
        == old.loc[["E01007813", "E01007814"], "people_2011"].sum()
    )


def test_real_stops_and_postcodes():
    stops, notes = _parse_stops(ROTHERHAM / "naptan_rotherham_borough_stops.csv")
    raw = pd.read_csv(ROTHERHAM / "naptan_rotherham_borough_stops.csv")
    assert len(stops) == (raw["status"] != "inactive").sum() > 1000 and notes
    every = _read_postcodes(ROTHERHAM / "rotherham_postcodes_codepoint_nov2025.csv")
    raw = pd.read_csv(ROTHERHAM / "rotherham_postcodes_codepoint_nov2025.csv").set_index("postcode")
    both = raw[["lng"]].join(every.frame, how="inner")
    assert len(both) == 7_629
    assert (both["lon"] - both["lng"]).abs().max() < 1e-5


def test_a_newport_by_import_alone(tmp_path):
    """Wales: no index of England, no English register; residents of -1 are not known."""
    own = _Mapping({"id": "oa21cd", "lsoa": "lsoa21cd", "lon": "lon", "lat": "lat",
                   "residents": "residents"}, meanings={"residents": {"-1": "0"}})  # fmt: skip
    source = SHARED / "newport"
    refused = _import_table(source / "output_areas_2021.csv", "areas")
    assert all(f.column == "residents" and f.expected == "0 or more" for f in refused.faults)
    areas = _import_table(source / "output_areas_2021.csv", "areas", mapping=own).check()
    centres = _import_table(source / "places.csv", "centres", fixed={"service": "library"}).check()
    _study_of_tables(
        tmp_path / "newport", {"areas": areas, "centres": centres}, name="newport",
        place="Newport", as_of="2023-06-13", unit="Output Area 2021", vintage="Census 2021",
        notes=["Residents of areas where the source has -1 are not known and count 0."],
    )  # fmt: skip
    study = load_study(tmp_path / "newport")
    assert (len(study.areas), len(study.centres)) == (342, 18) and study.crs == "EPSG:27700"
    assert study.config.weights.scheme == "none"
    assert study.areas["residents"].min() >= 0

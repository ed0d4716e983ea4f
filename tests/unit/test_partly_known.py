"""What is known of some areas and not of others: left out, and said; nothing falls over it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from access.analysis.job import run_job, travel_times
from access.maps.explorer_data import explorer_data
from access.release import released
from access.report.findings import _most_deprived, findings_of
from access.report.summary import _deprivation
from access.sources.folder import new_study
from access.study import load_study

pytestmark = pytest.mark.usefixtures("quick_runs")


def town(folder, change):
    """Make the example study with other areas, weights none."""
    new_study(folder)
    areas = change(pd.read_csv(folder / "areas.csv", dtype=str, keep_default_na=False))
    areas.to_csv(folder / "areas.csv", index=False)
    text = (folder / "study.toml").read_text("utf-8").replace('"linear"', '"none"')
    (folder / "study.toml").write_text(text, "utf-8")
    return load_study(folder)


def empty(column, rows=(2, 5)):
    def change(areas):
        areas.loc[list(rows), column] = ""
        return areas

    return change


@pytest.mark.parametrize("column", ["p_no_car", "imd_rank", "imd_decile"])
def test_an_empty_cell_stops_no_release(tmp_path, column):
    study = town(tmp_path / "s", empty(column))
    with released(study) as public:
        assert public.areas[column].isna().sum() == 2
        assert len(public.areas) == len(study.areas)


def test_a_share_without_cars_known_in_part_is_said_and_leaves_out_the_family_trip(tmp_path):
    study = town(tmp_path / "s", empty("p_no_car"))
    assert not study.knows_cars
    said = "share of households without a car is not known for 2 of 20 areas"
    assert any(said in line for line in study.assumptions)
    results = travel_times(study)
    assert "typical" not in results.matrices
    assert "p_no_car" not in explorer_data(results).areas


@pytest.mark.parametrize("given", [True, False])
def test_where_no_household_lives_the_share_of_all_stands_and_the_family_trip_is_there(
    tmp_path, given
):
    def change(areas):
        areas["households"], areas["households_no_car"] = "40", "10"
        areas.loc[[2, 5], ["households", "households_no_car"]] = "0"
        areas.loc[7, "households_no_car"] = "40"
        areas["p_no_car"] = "0.25"
        areas.loc[7, "p_no_car"] = "1"
        areas.loc[[2, 5], "p_no_car"] = ""
        return areas if given else areas.drop(columns="p_no_car")

    study = town(tmp_path / "s", change)
    assert study.knows_cars
    of_all = (17 * 10 + 40) / (18 * 40)
    assert study.areas["p_no_car"].to_numpy()[[2, 5]] == pytest.approx(of_all)
    assert any("No household lives in 2 of 20 areas" in line for line in study.assumptions)
    assert not any("not known for" in line for line in study.assumptions)
    assert "typical" in travel_times(study).matrices
    with released(study) as public:
        assert public.knows_cars
    if given:  # a share that is not known where households live stays unknown
        lost = town(tmp_path / "lost", lambda areas: empty("p_no_car", (3,))(change(areas)))
        assert not lost.knows_cars


def test_deprivation_known_in_part_is_said(tmp_path):
    def change(areas):
        return empty("imd_decile")(empty("imd_rank")(areas))

    study = town(tmp_path / "s", change)
    assert any("Deprivation is not known for 2 of 20 areas" in a for a in study.assumptions)
    whole = town(tmp_path / "whole", lambda areas: areas)
    assert not any("not known for" in line for line in whole.assumptions)


def test_from_ranks_alone_the_tenths_are_those_of_the_ranking(tmp_path):
    study = town(tmp_path / "s", lambda areas: areas.drop(columns="imd_decile"))
    rank = study.areas["imd_rank"].to_numpy(float)
    assert np.array_equal(study.areas["imd_decile"], np.ceil(rank * 10 / 33755))


@pytest.mark.parametrize("kept", ["imd_rank", "imd_decile", "imd_fifth"])
def test_the_report_speaks_of_deprivation_by_whichever_column_the_ranking_uses(tmp_path, kept):
    def change(areas):
        areas["imd_fifth"] = (areas["imd_decile"].astype(int) + 1) // 2
        return areas.drop(columns={"imd_rank", "imd_decile", "imd_fifth"} - {kept})

    results = run_job(town(tmp_path / "s", change))
    (found,) = findings_of(results)
    assert "deprived_mean" in found.ranking.criteria
    assert _most_deprived(found.impact.demand).sum() > 0
    assert "was not given" not in str(_deprivation(found))

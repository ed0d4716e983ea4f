"""The modelled streets' stated error, measured again on real streets and on official distances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import access
from access.errors import NetworkError
from access.network.modelled import _CALIBRATION, MODELLED_STREETS, modelled_networks
from access.study import find_study, load_study
from access.units import great_circle_m


def test_no_point_is_no_network():
    with pytest.raises(NetworkError, match="no points"):
        modelled_networks(pd.DataFrame({"lon": [], "lat": []}), ["walk"])["walk"]


def test_one_point_is_a_network_without_length():
    net = modelled_networks(pd.DataFrame({"lon": [1.0, 1.0], "lat": [50.0, 50.0]}), ["walk"])[
        "walk"
    ]
    assert net.n_nodes == 1


def test_points_on_one_line_make_a_chain():
    points = pd.DataFrame({"lon": [-1.30, -1.32, -1.31], "lat": [53.4, 53.4, 53.4]})
    net = modelled_networks(points, ["walk"])["walk"]
    assert net.n_nodes == 3
    assert net.n_edges >= 2


def test_order_of_points_changes_nothing():
    study = load_study("rotherham")
    points = pd.DataFrame(study.areas[["id", "lon", "lat"]])
    one = modelled_networks(points, ["walk"])["walk"]
    other = modelled_networks(points.sample(frac=1, random_state=3), ["walk"])["walk"]
    assert one.digest == other.digest


@pytest.fixture(scope="module")
def newport(shared_data):
    """Matrices of 342 areas x 18 places on real and on modelled streets."""
    areas = pd.read_csv(shared_data("newport/output_areas_2021.csv")).rename(
        columns={"oa21cd": "id"}
    )
    places = pd.read_csv(shared_data("newport/places.csv"))
    pbf = shared_data("newport/newport-2023-06-13.osm.pbf")
    points = pd.concat([areas[["id", "lon", "lat"]], places[["id", "lon", "lat"]]])
    straight = great_circle_m(
        areas["lon"].to_numpy()[:, None], areas["lat"].to_numpy()[:, None],
        places["lon"].to_numpy()[None, :], places["lat"].to_numpy()[None, :],
    )  # fmt: skip
    out = {"straight_m": straight, "residents": areas["residents"].to_numpy(float)}
    for mode in ("walk", "drive"):
        for kind, net in (
            ("real", access.build_network(pbf, mode=mode)),
            ("model", modelled_networks(points, [mode])[mode]),
        ):
            out[mode, kind] = access.travel_matrix(net, areas, places).total_minutes
    return out


def errors(model, real, near):
    use = near & np.isfinite(real) & (real > 1)
    return np.abs(model[use] / real[use] - 1)


def test_walking_error_is_the_stated_one(newport):
    real, model = newport["walk", "real"], newport["walk", "model"]
    near = real * 80 < 5000
    found = errors(model, real, near)
    assert found.mean() == pytest.approx(_CALIBRATION.walk_error_mean, abs=0.006)
    assert np.quantile(found, 0.9) == pytest.approx(_CALIBRATION.walk_error_p90, abs=0.011)
    bias = np.median((model / real)[near & np.isfinite(real) & (real > 1)])
    assert bias == pytest.approx(1.0, abs=0.03), "the model is neither long nor short"


def test_the_model_is_no_worse_than_a_straight_line_with_a_factor(newport):
    real = newport["walk", "real"]
    near = real * 80 < 5000
    crow = newport["straight_m"] * 1.29 / 80
    assert (
        errors(newport["walk", "model"], real, near).mean() < errors(crow, real, near).mean() + 0.01
    )


def test_driving_error_is_the_stated_one(newport):
    real, model = newport["drive", "real"], newport["drive", "model"]
    near = newport["straight_m"] < 10_000
    found = errors(model, real, near)
    assert found.mean() == pytest.approx(_CALIBRATION.drive_error_mean, abs=0.006)
    assert np.quantile(found, 0.9) == pytest.approx(_CALIBRATION.drive_error_p90, abs=0.011)


def test_share_with_the_right_nearest_place_is_the_stated_one(newport):
    right = newport["walk", "real"].argmin(axis=1) == newport["walk", "model"].argmin(axis=1)
    assert right.mean() == pytest.approx(_CALIBRATION.right_nearest, abs=0.011)


def test_the_sentence_holds_the_figures():
    assert f"{_CALIBRATION.walk_error_mean:.0%}" in MODELLED_STREETS
    assert "not a survey" in MODELLED_STREETS


def test_official_distances_to_a_primary_school_agree_better_than_straight_lines():
    """Official average road distance per LSOA against the nearest of today's schools.

    The official figure averages over households with schools of an earlier date, so the two
    cannot be equal; the modelled streets must correlate and be less short than straight lines.
    """
    study = load_study("rotherham")
    schools = pd.read_csv(find_study("rotherham") / "primary_schools.csv")
    points = pd.concat([study.areas[["id", "lon", "lat"]], schools[["id", "lon", "lat"]]])
    net = modelled_networks(points, ["walk"])["walk"]
    matrix = access.travel_matrix(net, study.areas, schools)
    nearest_km = matrix.total_minutes.min(axis=1) * 80 / 1000
    areas = study.areas.assign(nearest_km=nearest_km)
    weighted = areas["nearest_km"] * areas["residents"]
    by_lsoa = weighted.groupby(areas["lsoa"]).sum() / areas.groupby("lsoa")["residents"].sum()
    official = pd.read_csv(find_study("rotherham") / "lsoas.csv").set_index("id")[
        "road_km_primary_school_imd2019"
    ]
    both = pd.concat([by_lsoa.rename("ours"), official.rename("official")], axis=1)
    assert len(both) == 167
    assert both.corr().iloc[0, 1] > 0.75
    assert (both["official"] / both["ours"]).median() == pytest.approx(1.22, abs=0.1)

"""Metres and degrees do not mix, and a ledger is the same text every time."""

from __future__ import annotations

import json
import math

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import AccessError, Fault, ParameterError, StudyError
from access.files import RunLedger, sha256_of, to_json
from access.units import great_circle_m, metric_crs, project, unproject

# --- wrong inputs -------------------------------------------------------------------------------


@pytest.mark.parametrize(("lon", "lat"), [(442600, 392800), (-1.3, 92), (181, 0)])
def test_metres_are_no_degrees(lon, lat):
    with pytest.raises(ParameterError, match="not degrees"):
        metric_crs(lon, lat)


def test_errors_carry_every_fault_and_an_exit_code():
    error = StudyError(
        "2 faults", [Fault("a.csv", "row 2", "id", "x", "y"), Fault("b", "", "", "", "z")]
    )
    assert str(error).count("\n") == 2
    assert isinstance(error, AccessError)
    assert isinstance(ParameterError("p"), ValueError)
    codes = {cls.exit_code for cls in AccessError.__subclasses__()}
    assert len(codes) == len(AccessError.__subclasses__()), "one exit code a class"


# --- units --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (-1.36, 53.43, "EPSG:27700"),
        (-3.0, 51.6, "EPSG:27700"),
        (-6.26, 53.35, "EPSG:32629"),
        (-5.93, 54.6, "EPSG:32630"),
        (7.42, 43.73, "EPSG:32632"),
        (1.52, 42.51, "EPSG:32631"),
        (151.2, -33.9, "EPSG:32756"),
    ],
)
def test_working_crs_is_the_british_grid_only_in_great_britain(lon, lat, crs):
    assert metric_crs(lon, lat) == crs


@given(lon=st.floats(-5, 1.5), lat=st.floats(50.2, 58))
def test_projecting_there_and_back(lon, lat):
    back = unproject(project([lon], [lat], "EPSG:27700"), "EPSG:27700")
    assert back[0] == pytest.approx([lon, lat], abs=1e-7)


@given(lon=st.floats(-5, 1.5), lat=st.floats(50.2, 58), dx=st.floats(-0.2, 0.2),
       dy=st.floats(-0.2, 0.2))  # fmt: skip
def test_great_circle_agrees_with_the_ellipsoid(lon, lat, dx, dy):
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(lon, lat, lon + dx, lat + dy)
    assert float(great_circle_m(lon, lat, lon + dx, lat + dy)) == pytest.approx(metres, rel=0.004)


def test_grid_metres_are_not_ground_metres():
    ends = project([-1.36, -1.36], [53.43, 53.53], "EPSG:27700")
    grid = math.dist(*ends)
    _, _, ground = pyproj.Geod(ellps="WGS84").inv(-1.36, 53.43, -1.36, 53.53)
    assert grid != pytest.approx(ground, rel=1e-5)
    assert grid == pytest.approx(ground, rel=5e-4)


# --- ledger -------------------------------------------------------------------------------------


def test_json_is_plain_sorted_and_has_no_infinity():
    text = to_json(
        {"b": np.float64(1.5), "a": np.array([1, 2]), "c": [np.inf, np.nan], "d": (True,)}
    )
    assert json.loads(text) == {"a": [1, 2], "b": 1.5, "c": [None, None], "d": [True]}
    assert text.index('"a"') < text.index('"b"')


def test_ledger_is_the_same_text_whatever_the_order_of_settings():
    one = RunLedger(command={"a": 1, "b": 2}, parameters={"x": 1, "y": 2})
    other = RunLedger(command={"b": 2, "a": 1}, parameters={"y": 2, "x": 1})
    assert one.to_json() == other.to_json()
    assert "python" in json.loads(one.to_json())["versions"]


def test_sha256_of_a_known_text(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")

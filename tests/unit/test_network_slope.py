"""Up hill is slower than down, by Tobler's function; and squares may be crossed when asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import access
from access.errors import NetworkError, ParameterError
from access.network import Profile
from access.network.access_rules import _Heights, _read_heights, _tobler
from access.units import great_circle_m, project
from tests.streets import at, places, write_osm

STREET = {"highway": "residential"}
ASC = """ncols 3
nrows 2
xllcorner 1000
yllcorner 2000
cellsize 50
NODATA_value -9999
10 20 30
0 -9999 4
"""


@pytest.mark.parametrize(
    "text", ["", "no grid", ASC.replace("nrows 2", "nrows 5"), ASC.replace("cellsize 50", ""),
             ASC + "1 2\n"]
)  # fmt: skip
def test_a_broken_grid(tmp_path, text):
    path = tmp_path / "t.asc"
    path.write_text(text)
    with pytest.raises(NetworkError, match="cannot be read as a terrain grid"):
        _read_heights(path)


def test_a_grid_of_nothing():
    with pytest.raises(ParameterError, match="at least 2 x 2"):
        _Heights("flat", "EPSG:27700", 0, 0, 50, [[1.0]])


def slope_of(percent, rows=40):
    """Ground that rises to the east, under the little town."""
    west, south = project([at(-1, -1)[0]], [at(-1, -1)[1]], "EPSG:27700")[0]
    metres = np.tile(np.arange(rows) * 50 * percent / 100, (rows, 1))
    return _Heights(f"{percent} %", "EPSG:27700", west, south, 50.0, metres)


def town(tmp_path, highway="residential"):
    nodes = {1: at(0, 0), 2: at(5, 0), 3: at(5, 5)}
    tags = {"highway": highway}
    return write_osm(tmp_path / "t.osm", nodes, [(1, [1, 2], tags), (2, [2, 3], tags)])


def test_heights_of_another_place_are_refused(tmp_path):
    far = _Heights("far", "EPSG:27700", 100_000, 100_000, 50, np.zeros((4, 4)))
    with pytest.raises(ParameterError, match="cover none of the streets"):
        access.build_network(town(tmp_path), heights=far)


def test_heights_do_not_change_driving(tmp_path):
    with pytest.raises(ParameterError, match="profile 'drive' drives"):
        access.build_network(town(tmp_path), mode="drive", heights=slope_of(5))


def test_a_slope_profile_needs_heights(tmp_path):
    profile = replace(Profile.preset("walk"), slope="tobler")
    with pytest.raises(ParameterError, match="no heights are given"):
        access.build_network(town(tmp_path), profile=profile)


def test_an_ascii_grid_is_read_from_the_south_up(tmp_path):
    path = tmp_path / "t.asc"
    path.write_text(ASC)
    grid = _read_heights(path)
    assert grid.at([[1025, 2025], [1025, 2075], [1025, 2050], [1050, 2075]]).tolist() == [
        0, 10, 5, 15,
    ]  # fmt: skip
    assert np.isnan(grid.at([[1050, 2040], [0, 0], [1125, 2080]])).all()


@pytest.mark.parametrize("indent", [" ", "\t", "\n "])
def test_an_ascii_grid_may_have_white_space_before_its_lines(tmp_path, indent):
    path = tmp_path / "t.asc"
    head, rows = ASC.split("-9999\n", 1)
    path.write_text(f"{head}-9999\n" + "".join(f"{indent}{row}\n" for row in rows.splitlines()))
    assert _read_heights(path).at([[1025, 2025], [1025, 2075]]).tolist() == [0, 10]
    path.write_text(ASC.replace("\ncellsize", f"\n{indent}cellsize"))
    assert _read_heights(path).at([[1025, 2025], [1025, 2075]]).tolist() == [0, 10]


def test_tobler_by_hand():
    assert _tobler(0) == 1
    assert _tobler(0.1) == pytest.approx(np.exp(-0.35))
    assert _tobler(-0.05) == pytest.approx(np.exp(0.175))
    assert _tobler(-0.1) == pytest.approx(1)


@pytest.mark.parametrize("percent", [0, 5, 10])
def test_up_hill_and_down_by_hand(tmp_path, percent):
    net = access.build_network(town(tmp_path), heights=slope_of(percent))
    flat = great_circle_m(*at(0, 0), *at(5, 0)).item() / 80
    low, high = places(o=at(0, 0)), places(t=at(5, 0))
    up = access.travel_matrix(net, low, high).network_minutes.item()
    down = access.travel_matrix(net, low, high, direction="from_site").network_minutes.item()
    # The street runs a little across the grid, and grid metres differ by 0.3 %.
    assert up == pytest.approx(flat / _tobler(percent / 100), rel=0.01)
    assert down == pytest.approx(flat / _tobler(-percent / 100), rel=0.01)
    assert net.profile.slope == "tobler"
    assert net.counts["share_with_heights"] == 1
    across = access.travel_matrix(net, places(o=at(5, 1)), places(t=at(5, 4)))
    assert across.network_minutes.item() == pytest.approx(
        great_circle_m(*at(5, 1), *at(5, 4)).item() / 80, rel=0.02
    )


def test_steps_keep_their_own_speed(tmp_path):
    steep = access.build_network(town(tmp_path, "steps"), heights=slope_of(10))
    level = access.build_network(town(tmp_path, "steps"))
    assert steep.edge_minutes_forward == pytest.approx(level.edge_minutes_forward)


def test_streets_beyond_the_grid_are_taken_as_level(tmp_path):
    net = access.build_network(town(tmp_path), heights=slope_of(10, rows=12))
    assert 0 < net.counts["share_with_heights"] < 1
    assert np.isfinite(net.edge_minutes_forward).all()


# --- squares -------------------------------------------------------------------------------

SQUARE = {"highway": "pedestrian", "area": "yes"}


def crossing(tmp_path, ring, nodes, doors, **settings):
    ways = [(1, ring, SQUARE)] + [(10 + i, [100 + i, door], STREET) for i, door in enumerate(doors)]
    profile = replace(Profile.preset("walk"), **settings)
    net = access.build_network(write_osm(tmp_path / "t.osm", nodes, ways), profile=profile)
    first, last = nodes[100][:2], nodes[100 + len(doors) - 1][:2]
    m = access.travel_matrix(net, places(o=first), places(t=last), minimise="metres")
    return m.network_metres.item()


def line(*corners):
    return sum(great_circle_m(*corners[i], *corners[i + 1]).item() for i in range(len(corners) - 1))


def test_a_square_is_crossed_only_by_those_who_ask(tmp_path):
    nodes = {1: at(0, 0), 2: at(2, 0), 3: at(2, 2), 4: at(0, 2), 100: at(-1, 0), 101: at(3, 2)}
    ring, doors = [1, 2, 3, 4, 1], [1, 3]
    straight = line(at(-1, 0), at(0, 0), at(2, 2), at(3, 2))
    edge = line(at(-1, 0), at(0, 0), at(2, 0), at(2, 2), at(3, 2))
    assert crossing(tmp_path, ring, nodes, doors) == pytest.approx(edge, abs=0.01)
    assert crossing(tmp_path, ring, nodes, doors, cross_squares=True) == pytest.approx(
        straight, abs=0.01
    )


def test_nobody_walks_through_the_building_in_the_corner(tmp_path):
    """An L-shaped square: its far corners do not see each other."""
    nodes = {
        1: at(0, 0), 2: at(4, 0), 3: at(4, 1), 4: at(1, 1), 5: at(1, 4), 6: at(0, 4),
        100: at(5, 1), 101: at(1, 5),
    }  # fmt: skip
    ring, doors = [1, 2, 3, 4, 5, 6, 1], [3, 5]
    found = crossing(tmp_path, ring, nodes, doors, cross_squares=True)
    assert found == pytest.approx(line(at(5, 1), at(4, 1), at(1, 1), at(1, 4), at(1, 5)), abs=0.01)

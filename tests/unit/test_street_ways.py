"""Ways along the streets: as long as the minutes that were measured, and on the streets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from access.network import Network, travel_matrix
from access.network.reach import street_ways
from access.network.snapping import read_points, snap

SIDE, STEP = 4, 0.004


def town(rng, one_way: bool) -> Network:
    """Make a grid of streets, some left out, some bent, some slower one way or closed."""
    node = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    edges = [(a, b) for a, b in zip(node[:, :-1].ravel(), node[:, 1:].ravel(), strict=True)]
    edges += [(a, b) for a, b in zip(node[:-1].ravel(), node[1:].ravel(), strict=True)]
    edges = [e for e in edges if rng.random() < 0.8] or edges
    edges += edges[:2]  # two streets between the same ends
    lon, lat = -1.4 + STEP * (node.ravel() % SIDE), 53.4 + STEP * (node.ravel() // SIDE)
    bend = rng.normal(0, STEP / 5, (len(edges), 2))
    lines = [
        np.array([[lon[a], lat[a]], [(lon[a] + lon[b]) / 2 + x, (lat[a] + lat[b]) / 2 + y],
                  [lon[b], lat[b]]])
        for (a, b), (x, y) in zip(edges, bend, strict=True)
    ]  # fmt: skip
    for ring in rng.choice(SIDE * SIDE, 3, replace=False).tolist():  # a street back to its start
        edges.append((ring, ring))
        round_it = np.array([[0, 0], [0.6, 0], [0.6, 0.8], [0, 0]]) * STEP
        lines.append(round_it + np.array([lon[ring], lat[ring]]))
    there = rng.uniform(1, 9, len(edges))
    back = np.where(rng.random(len(edges)) < 0.3, np.inf, there + 1) if one_way else there
    return Network.from_edges(
        lon, lat, *np.array(edges).T, geometry=lines, minutes_forward=there,
        minutes_backward=back, node_delay_minutes=rng.uniform(0, 1, SIDE * SIDE),
    )  # fmt: skip


def places(rng, letter: str, many: int) -> pd.DataFrame:
    spots = rng.uniform(0, (SIDE - 1) * STEP, (many, 2))
    ids = [f"{letter}{k}" for k in range(many)]
    return pd.DataFrame({"id": ids, "lon": -1.4 + spots[:, 0], "lat": 53.4 + spots[:, 1]})


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.booleans())
def test_a_way_takes_the_minutes_that_were_measured(seed, one_way):
    rng = np.random.default_rng(seed)
    network, areas, sites = town(rng, one_way), places(rng, "A", 6), places(rng, "S", 3)
    pairs = [(a, s) for a in areas["id"] for s in sites["id"]]
    matrix = travel_matrix(network, areas, sites, snap_limit_m=5000)
    ways = street_ways(network, areas, sites, pairs, snap_limit_m=5000)
    found = {(a, s): (m, g) for a, s, m, g in ways.itertuples(index=False, name=None)}
    lines = network.edges_frame(crs="EPSG:4326").geometry.to_numpy()
    streets = shapely.union_all(lines).buffer(1e-5)
    shapely.prepare(streets)
    measured = matrix.to_frame()
    per_m = 60 / (1000 * network.profile.off_network_kmh)
    legs = {
        i: metres * per_m
        for side, table in enumerate((areas, sites))
        for i, metres in zip(
            table["id"],
            snap(network, read_points(table, "x"), limit_m=5000, as_origin=not side).metres,
            strict=True,
        )
    }
    for a, s in pairs:
        total = measured.loc[a, s]
        assert np.isfinite(total) == ((a, s) in found)
        if np.isfinite(total):
            minutes, line = found[a, s]
            assert legs[a] + minutes + legs[s] == pytest.approx(total, abs=1e-6)
            assert streets.contains(line)


def test_no_pairs_and_places_that_join_no_street_have_no_way():
    rng = np.random.default_rng(1)
    network, areas, sites = town(rng, False), places(rng, "A", 2), places(rng, "S", 1)
    assert street_ways(network, areas, sites, []).empty
    far = areas.assign(lat=54.5)
    assert street_ways(network, far, sites, [("A0", "S0")]).empty


def test_all_ways_are_turned_into_degrees_at_once(monkeypatch):
    from access.network import reach

    turned = []
    unproject = reach.unproject
    monkeypatch.setattr(reach, "unproject", lambda *a: (turned.append(a), unproject(*a))[1])
    rng = np.random.default_rng(2)
    network, areas, sites = town(rng, False), places(rng, "A", 6), places(rng, "S", 3)
    pairs = [(a, s) for a in areas["id"] for s in sites["id"]]
    ways = street_ways(network, areas, sites, pairs, snap_limit_m=5000)
    assert len(ways) > 3
    assert len(turned) == 1

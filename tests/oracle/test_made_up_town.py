"""Every path that real streets take, on a town of our own: nothing beside this checkout is needed.

Distances are held to a plain walk through our own drawing with networkx, by rules that are
written out here a second time and by hand.
"""

from __future__ import annotations

import json
import logging
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

import access
from access.analysis.job import measure_study
from access.cli.app import app
from access.errors import NetworkError
from access.network import Profile, Status
from access.network.stocktake import take_stock
from access.study import load_study
from access.units import great_circle_m
from tests.streets import places
from tests.town import (
    BOLLARD,
    DRIVE,
    ISLAND,
    MOOR,
    ONE_WAY_ROW,
    RIVER,
    areas,
    at,
    town,
    write_study,
    write_town,
)

pytestmark = pytest.mark.usefixtures("quick_runs")

WALKED = {
    "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "service",
    "footway", "path", "bridleway", "cycleway", "steps",
}  # fmt: skip
DRIVEN = WALKED - {"footway", "path", "bridleway", "cycleway", "steps"}


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    return write_town(tmp_path_factory.mktemp("trefelin") / "trefelin.osm")


@pytest.fixture(scope="module")
def networks(streets):
    return {mode: access.build_network(streets, mode=mode) for mode in ("walk", "drive")}


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "trefelin")


def drawn(mode: str) -> tuple[nx.DiGraph, dict[tuple[float, float], int]]:
    """Give our own drawing as a graph of metres, with the rules of the mode by hand."""
    nodes, ways = town()
    graph = nx.DiGraph()
    for _, refs, tags in ways:
        ferry = tags.get("route") == "ferry" and mode == "drive"
        kind = tags.get("highway")
        if tags.get("access") == "private" or not (
            ferry or kind in (WALKED if mode == "walk" else DRIVEN)
        ):
            continue
        for a, b in pairwise(refs):
            if mode == "drive" and "bollard" in str(nodes[a][2:]) + str(nodes[b][2:]):
                continue
            metres = great_circle_m(*nodes[a][:2], *nodes[b][:2]).item()
            graph.add_edge(a, b, metres=metres)
            if mode == "walk" or tags.get("oneway") != "yes":
                graph.add_edge(b, a, metres=metres)
    return graph, {spot[:2]: key for key, spot in nodes.items()}


def one_trip(network, start, end) -> float:
    m = access.travel_matrix(network, places(o=start), places(s=end), minimise="metres")
    return m.network_metres.item()


# ---- wrong inputs


def test_a_street_file_that_is_cut_short_is_refused(streets, tmp_path):
    whole = streets.read_bytes()
    (tmp_path / "cut.osm").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NetworkError, match=r"cut\.osm"):
        access.build_network(tmp_path / "cut.osm")


def test_streets_of_another_place_are_refused(streets):
    with pytest.raises(NetworkError, match="misses the study"):
        measure_study(load_study("rotherham"), network=streets)


def test_a_centre_that_joins_no_street_is_named(streets, study):
    centres = pd.read_csv(study / "centres.csv")
    centres.loc[0, ["lon", "lat"]] = at(5, 60)
    centres.to_csv(study / "centres.csv", index=False)
    with pytest.raises(NetworkError, match=r"T1.*snap_limit_m"):
        measure_study(load_study(study), network=streets)


# ---- build and travel


def test_the_town_is_drawn_as_it_is_told():
    _, ways = town()
    kinds = {tags.get("highway", tags.get("route")) for _, _, tags in ways}
    assert len(ways) >= 150
    assert kinds >= WALKED | {"motorway", "ferry", "construction"}
    assert {"Lôn Tŷ Gwyn", "Maes Môr & Mynydd"} <= {tags["name"] for _, _, tags in ways}


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_every_distance_is_that_of_our_own_drawing(networks, mode):
    graph, key_of = drawn(mode)
    sides = [(x, y) for x in range(12) for y in range(12)]
    spots = {f"x{x}y{y}": at(x, y) for x, y in sides if key_of.get(at(x, y)) in graph}
    chosen = np.random.default_rng(7).choice(list(spots), 12, replace=False)
    m = access.travel_matrix(
        networks[mode],
        places(**spots),
        places(**{f"to_{k}": spots[k] for k in chosen}),
        minimise="metres",
    )
    back = graph.reverse()
    for j, name in enumerate(chosen):
        found = nx.single_source_dijkstra_path_length(back, key_of[spots[name]], weight="metres")
        expected = [found[key_of[spot]] for spot in spots.values()]
        assert m.network_metres[:, j] == pytest.approx(expected, rel=2e-3, abs=0.5)


def test_a_packed_file_gives_the_same_streets(networks, tmp_path):
    for ending in ("osm.gz", "osm.bz2"):
        packed = access.build_network(write_town(tmp_path / f"trefelin.{ending}"))
        assert packed.digest == networks["walk"].digest


def test_the_river_is_crossed_where_the_bridges_are(networks):
    """From the ninth column a walker goes three links west to the bridge, over, and back."""
    link_east = great_circle_m(*at(0, 7), *at(1, 7)).item()
    over = great_circle_m(*at(5, 7), *at(5, 8)).item()
    for mode in ("walk", "drive"):
        metres = one_trip(networks[mode], at(8, RIVER), at(8, RIVER + 1))
        assert metres == pytest.approx(6 * link_east + over, rel=2e-3)
    west = [one_trip(networks[mode], at(2, RIVER), at(2, RIVER + 1)) for mode in ("walk", "drive")]
    assert west[0] == pytest.approx(over, rel=2e-3)
    assert west[1] == pytest.approx(6 * link_east + over, rel=2e-3)


def test_a_one_way_street_is_driven_one_way_and_walked_both(networks):
    here, there = at(1, ONE_WAY_ROW), at(2, ONE_WAY_ROW)
    for mode in ("walk", "drive"):
        assert one_trip(networks[mode], here, there) == pytest.approx(99.5, rel=5e-3)
    assert one_trip(networks["walk"], there, here) == pytest.approx(99.5, rel=5e-3)
    assert one_trip(networks["drive"], there, here) == pytest.approx(99.5 + 200, rel=5e-3)


def test_a_bollard_stops_cars_and_no_one_else(networks):
    column, row = BOLLARD
    ends = at(column, row - 0.5), at(column, row + 0.5)
    assert one_trip(networks["walk"], *ends) == pytest.approx(100, rel=5e-3)
    assert one_trip(networks["drive"], *ends) == pytest.approx(299, rel=5e-3)


def test_steps_are_slow_and_no_way_for_wheels(streets, networks):
    """Steps run from crossing (0, 0) to (1, 1); a wheelchair goes round the block."""
    chair = access.build_network(streets, mode="wheelchair")
    places_ = places(o=at(0, 0)), places(s=at(1, 1))
    flight = great_circle_m(*at(0, 0), *at(1, 1)).item()
    assert one_trip(networks["walk"], at(0, 0), at(1, 1)) == pytest.approx(flight, rel=2e-3)
    assert one_trip(chair, at(0, 0), at(1, 1)) == pytest.approx(199.5, rel=5e-3)
    for network, quickest in (
        (networks["walk"], min(199.5 / 4800, flight / 2400) * 60),
        (chair, 199.5 / 3200 * 60),
    ):
        minutes = access.travel_matrix(network, *places_).network_minutes.item()
        assert minutes == pytest.approx(quickest, rel=5e-3)


def test_the_ferry_takes_cars_to_the_island_and_the_moor_is_reached_by_none(networks):
    centre = places(T1=at(5.4, 6))
    table = areas()
    there = {
        mode: access.travel_matrix(network, table, centre).to_frame()["T1"]
        for mode, network in networks.items()
    }
    assert np.isinf(there["walk"][[ISLAND, MOOR]]).all()
    assert 10 < there["drive"][ISLAND] < 30
    assert np.isinf(there["drive"][MOOR])
    assert np.isfinite(there["walk"].drop([ISLAND, MOOR])).all()


# ---- snap and audit


def test_stock_is_taken_of_streets_and_of_who_stands_where(streets, study):
    loaded = load_study(study)
    stock = take_stock(
        streets, [Profile.preset("walk"), Profile.preset("drive")], areas=loaded.areas,
        sites=loaded.centres, sensitivity=True,
    )  # fmt: skip
    text = stock.to_text()
    assert "stands on a private road" in text
    assert ISLAND in text
    assert MOOR in text
    snaps = stock.tables()["snaps_walk"].set_index("id")
    assert len(snaps) == 26 + 4
    assert (~snaps["joined"]).sum() == 2
    assert snaps.loc[DRIVE, "nearer_reason"] == "private"
    assert snaps.loc[ISLAND, "nearer_reason"] == "cut off from the main part"
    assert not snaps.loc[ISLAND, "joined"]


def test_the_command_takes_stock(streets, study, tmp_path):
    words = ["network", streets, "--study", study, "--sensitivity", "--out", tmp_path / "out"]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.exception
    assert "What a smaller extract would change" in done.stdout
    layers = {str(name) for name, _ in pyogrio.list_layers(tmp_path / "out" / "network.gpkg")}
    assert {"streets_walk", "streets_drive", "snap_lines_walk", "snap_lines_drive"} <= layers
    walked = gpd.read_file(tmp_path / "out" / "network.gpkg", layer="streets_walk")
    graph, _ = drawn("walk")
    town_alone = max(nx.weakly_connected_components(graph), key=len)
    metres = graph.subgraph(town_alone).size(weight="metres") / 2
    assert walked["metres"].sum() == pytest.approx(metres, rel=2e-3)
    assert "Lôn Tŷ Gwyn" in set(walked["name"])


# ---- run, kept networks, buffer


def test_a_kept_network_gives_the_same_answers(streets, study, tmp_path, monkeypatch):
    monkeypatch.setenv("ACCESS_CACHE", str(tmp_path / "kept"))
    told: list[str] = []
    found = [
        measure_study(load_study(study), network=streets, keep=keep, progress=told.append)
        for keep in (False, True, True)
    ]
    assert told.count("reading trefelin.osm") == 2
    assert "taking the walk network kept from an earlier run on trefelin.osm" in told
    for results in found[1:]:
        for mode in ("walk", "drive"):
            one, two = (r.matrices[mode] for r in (found[0], results))
            assert one.total_minutes.tobytes() == two.total_minutes.tobytes()
            assert one.status.tobytes() == two.status.tobytes()


def test_streets_that_end_too_near_are_told(streets, study, caplog):
    with caplog.at_level(logging.WARNING):
        results = measure_study(load_study(study), network=streets)
    assert "travel.buffer_m" in " ".join(results.assumptions) + caplog.text


def test_the_whole_job_runs_on_the_town(access_command, streets, study, tmp_path):
    out = tmp_path / "out"
    done = access_command("run", study, "--network", streets, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "OpenStreetMap contributors" in done.stdout
    assert "Modelled" not in done.stdout
    assert "Traceback" not in done.stderr
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    walk = summary["proposals"]["four_to_three"]["modes"]["walk"]["figures"]
    assert (walk["sites_before"], walk["sites_after"]) == (4, 3)
    table = pd.read_csv(out / "areas.csv").set_index("id")
    assert len(table) == 26
    assert table["children_0_4"].sum() == areas()["children_0_4"].sum() == walk["families"]
    change = table["four_to_three__walk__change_minutes"]
    north = areas().set_index("id")["lat"] > at(0, RIVER + 0.5)[1]
    assert (change.dropna() >= 0).all()
    assert change[north & (change.index != MOOR)].max() > 1
    places_by_name = gpd.read_file(out / "study.gpkg", layer="centres")
    assert "Canolfan Tŷ Gwyn" in set(places_by_name["name"])
    ledger = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    assert any(row["file"] == "trefelin.osm" for row in ledger["inputs"])


def test_statuses_are_told_with_the_minutes(streets, study):
    results = measure_study(load_study(study), network=streets)
    matrix = results.matrices["walk"].areas([ISLAND, DRIVE])
    assert (matrix.status[0] == Status.UNSNAPPED).all()
    assert (matrix.status[1] == Status.OK).all()

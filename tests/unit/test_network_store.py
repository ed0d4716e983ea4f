"""Kept networks and matrices: found again for the same inputs only, and never when damaged."""

from __future__ import annotations

import errno
import logging
import re
import shutil
from dataclasses import replace

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import access
from access.errors import NetworkError, OutputError
from access.network import Network, Profile, TravelMatrix, cache
from access.network.cache import _load_network, _read_matrix, _save_network, _write_matrix
from tests.streets import at, places, write_osm

STREET = {"highway": "residential", "maxspeed": "30 mph", "name": "Höhe & Süd"}
NODES = {
    1: at(0, 0), 2: at(4, 0), 3: at(4, 3), 4: at(8, 8), 5: at(9, 8), 6: (*at(2, 0), {
        "highway": "traffic_signals"}),
}  # fmt: skip
WAYS = [(10, [1, 6, 2], STREET), (11, [2, 3], {**STREET, "access": "private"}),
        (12, [2, 3], STREET), (13, [4, 5], STREET)]  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return write_osm(tmp_path / "town.osm", NODES, WAYS)


@pytest.fixture
def building(monkeypatch):
    """Count how often a network is really built from its file."""
    calls = []
    build = access.network.build._from_file
    monkeypatch.setattr(
        access.network.build, "_from_file", lambda *a: calls.append(a[0].name) or build(*a)
    )
    return calls


HOMES, CENTRE = places(a=at(1, 0), b=at(4, 2)), places(s=at(3, 0))


# --- wrong inputs --------------------------------------------------------------------------


def test_nothing_there(tmp_path):
    with pytest.raises(NetworkError, match="cannot be used"):
        _load_network(tmp_path / "gone.npz")
    with pytest.raises(NetworkError, match="cannot be used"):
        _read_matrix(tmp_path / "gone.parquet")


def test_files_of_another_kind(tmp_path):
    np.savez(tmp_path / "other.npz", numbers=np.arange(3))
    pq.write_table(pa.table({"area_id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(NetworkError, match="delete it and build it again"):
        _load_network(tmp_path / "other.npz")
    with pytest.raises(NetworkError, match="delete it and measure it again"):
        _read_matrix(tmp_path / "other.parquet")


def test_a_folder_that_cannot_be_written(tmp_path, file):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    with pytest.raises(OutputError, match="cannot write"):
        access.build_network(file, cache=blocked)


def test_a_full_disk_keeps_nothing_and_stops_nothing(tmp_path, file, monkeypatch, caplog):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    plain = access.build_network(file)
    monkeypatch.setattr("access.files.os.fsync", full)
    assert access.build_network(file, cache=tmp_path / "kept").digest == plain.digest
    homes = places(a=at(0, 0))
    again = access.travel_matrix(plain, homes, homes, cache=tmp_path / "kept")
    assert again.total_minutes.item() == 0
    assert len(re.findall("could not be kept.*No space left", caplog.text)) == 2
    assert not list((tmp_path / "kept").iterdir())


# --- there and back ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["walk", "drive", "wheelchair"])
def test_a_network_comes_back_whole(tmp_path, file, mode):
    net = access.build_network(file, mode=mode)
    _save_network(net, tmp_path / "net.npz")
    back = _load_network(tmp_path / "net.npz")
    assert back.digest == net.digest
    assert back.profile == net.profile
    assert back.to_dict() == net.to_dict()
    assert back.left_out.reason == net.left_out.reason
    assert np.array_equal(back.left_out.metres, net.left_out.metres)
    assert back.edges_frame().equals(net.edges_frame())
    one, two = (access.travel_matrix(n, HOMES, CENTRE) for n in (net, back))
    assert one.total_minutes.tobytes() == two.total_minutes.tobytes()
    assert one.provenance == two.provenance
    with pytest.raises(ValueError, match="read-only"):
        back.edge_metres[0] = 1


def test_a_matrix_comes_back_whole(tmp_path, file):
    net = access.build_network(file, mode="drive")
    net = replace(net, assumptions=("made up",))
    m = access.travel_matrix(net, places(a=at(1, 0), far=at(8, 8)), CENTRE, max_minutes=30)
    _write_matrix(m, tmp_path / "m.parquet")
    back = _read_matrix(tmp_path / "m.parquet")
    for name in cache._MATRICES:
        assert getattr(back, name).tobytes() == getattr(m, name).tobytes()
    assert (back.area_ids, back.site_ids, back.mode, back.direction) == (
        m.area_ids, m.site_ids, m.mode, m.direction,
    )  # fmt: skip
    assert back.assumptions == ("made up",)
    assert back.provenance == m.provenance
    table = pq.read_table(tmp_path / "m.parquet").to_pandas()
    assert table["area_id"].tolist() == ["a", "far"]


def test_a_matrix_of_minutes_alone_comes_back_too(tmp_path):
    m = TravelMatrix.from_minutes([[1, np.inf]], area_ids=["a"], site_ids=["s", "t"])
    _write_matrix(m, tmp_path / "m.parquet")
    assert np.array_equal(
        _read_matrix(tmp_path / "m.parquet").network_metres, m.network_metres, equal_nan=True
    )


# --- found again, or not -------------------------------------------------------------------


def test_the_same_call_is_built_once(tmp_path, file, building):
    first, second = (access.build_network(file, cache=tmp_path / "kept") for _ in range(2))
    assert building == ["town.osm"]
    assert first.digest == second.digest
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_any_change_of_input_builds_again(tmp_path, file, building):
    kept = tmp_path / "kept"
    walk = Profile.preset("walk")
    access.build_network(file, cache=kept)
    access.build_network(file, cache=kept, keep="all")
    access.build_network(file, cache=kept, mode="drive")
    access.build_network(file, cache=kept, profile=replace(walk, kmh=4.7))
    access.build_network(file, cache=kept, profile=walk.with_speeds(steps=1.0))
    write_osm(file, NODES, WAYS[:3])
    access.build_network(file, cache=kept)
    assert len(building) == 6
    assert len(list(kept.iterdir())) == 6


@pytest.mark.parametrize("what", ["version", "code", "format", "library"])
def test_another_version_of_the_code_builds_again(tmp_path, file, building, monkeypatch, what):
    folder = tmp_path / "kept"
    access.build_network(file, cache=folder)
    if what == "version":
        monkeypatch.setattr(access, "__version__", "99.0")
    elif what == "code":
        monkeypatch.setattr(cache, "code_fingerprint", lambda *rooms: "other")
    elif what == "library":
        monkeypatch.setattr(cache, "versions", lambda: dict.fromkeys(cache._LIBRARIES, "99.0"))
    else:
        monkeypatch.setattr(cache, "_FORMAT", cache._FORMAT + 1)
    access.build_network(file, cache=folder)
    assert len(building) == 2


def test_a_file_of_another_format_is_refused(tmp_path, file, monkeypatch):
    _save_network(access.build_network(file), tmp_path / "net.npz")
    monkeypatch.setattr(cache, "_FORMAT", cache._FORMAT + 1)
    with pytest.raises(NetworkError, match="fingerprint"):
        _load_network(tmp_path / "net.npz")


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "empty":
        data = bytearray()
    elif how == "cut":
        data = data[: len(data) // 2]
    elif how == "text":
        data = bytearray(b"<html>502 Bad Gateway</html>")
    else:  # one bit of what is kept (not of the zip's own book-keeping, which nobody reads)
        data[data.index(b'"sha256"') + 12] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["empty", "cut", "text", "bit"])
def test_damaged_networks_are_noticed_and_built_again(tmp_path, file, building, caplog, how):
    kept = tmp_path / "kept"
    good = access.build_network(file, cache=kept)
    path = next(kept.iterdir())
    damage(path, how)
    with caplog.at_level(logging.WARNING):
        again = access.build_network(file, cache=kept)
    assert "cannot be used" in caplog.text
    assert again.digest == good.digest
    assert len(building) == 2
    assert _load_network(path).digest == good.digest


@pytest.mark.parametrize("how", ["empty", "cut", "text"])
def test_damaged_matrices_are_noticed_and_measured_again(tmp_path, file, caplog, how):
    kept = tmp_path / "kept"
    net = access.build_network(file)
    good = access.travel_matrix(net, HOMES, CENTRE, cache=kept)
    path = next(kept.iterdir())
    damage(path, how)
    with caplog.at_level(logging.WARNING):
        again = access.travel_matrix(net, HOMES, CENTRE, cache=kept)
    assert "cannot be used" in caplog.text
    assert again.total_minutes.tobytes() == good.total_minutes.tobytes()
    _read_matrix(path)


def test_every_bit_of_a_kept_network_counts(tmp_path, file):
    path = tmp_path / "net.npz"
    _save_network(access.build_network(file), path)
    whole = path.read_bytes()
    digest = _load_network(path).digest
    rng = np.random.default_rng(3)
    for at_byte in rng.integers(0, len(whole), 60):
        data = bytearray(whole)
        data[at_byte] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            found = _load_network(path)
        except NetworkError:
            continue
        assert found.digest == digest  # a bit of the zip's own book-keeping, not of the network


def test_every_bit_of_a_kept_matrix_counts(tmp_path, file):
    path = tmp_path / "m.parquet"
    good = access.travel_matrix(access.build_network(file), HOMES, CENTRE)
    _write_matrix(good, path)
    whole = path.read_bytes()
    rng, refused = np.random.default_rng(3), 0
    for at_byte in rng.integers(0, len(whole), 150):
        data = bytearray(whole)
        data[at_byte] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            found = _read_matrix(path)
        except NetworkError:
            refused += 1
            continue
        assert found.total_minutes.tobytes() == good.total_minutes.tobytes()
        assert found.provenance == good.provenance
    assert refused > 10


def test_matrices_are_kept_by_network_places_and_options(tmp_path, file):
    kept = tmp_path / "kept"
    net = access.build_network(file)
    one = access.travel_matrix(net, HOMES, CENTRE, cache=kept)
    two = access.travel_matrix(net, HOMES, CENTRE, cache=kept)
    assert one.total_minutes.tobytes() == two.total_minutes.tobytes()
    assert len(list(kept.iterdir())) == 1
    access.travel_matrix(net, HOMES, CENTRE, cache=kept, snap_limit_m=400)
    access.travel_matrix(net, HOMES, CENTRE, cache=kept, minimise="metres")
    access.travel_matrix(net, HOMES, CENTRE, cache=kept, direction="from_site")
    access.travel_matrix(net, HOMES, CENTRE, cache=kept, max_minutes=3)
    access.travel_matrix(net, HOMES.iloc[::-1], CENTRE, cache=kept)
    moved = HOMES.assign(lon=HOMES["lon"] + 1e-5)
    access.travel_matrix(net, moved, CENTRE, cache=kept)
    access.travel_matrix(replace(net, assumptions=("x",)), HOMES, CENTRE, cache=kept)
    other = access.build_network(file, profile="pram_toddler")
    access.travel_matrix(other, HOMES, CENTRE, cache=kept)
    assert len(list(kept.iterdir())) == 9


def test_a_street_that_can_no_longer_be_joined_is_another_question(tmp_path):
    def town(**tags):
        graph = nx.Graph()
        for i, spot in enumerate([at(0, 0), at(2, 0), at(0, 2), at(2, 2)]):
            graph.add_node(i, x=spot[0], y=spot[1])
        graph.add_edges_from([(0, 2), (2, 3), (3, 1)], highway="residential")
        graph.add_edge(0, 1, highway="residential", **tags)
        return access.build_network(graph)

    kept, ends = tmp_path / "kept", (places(o=at(1, -0.1)), places(t=at(2, 2)))
    for net in (town(), town(tunnel="yes")):
        fresh = access.travel_matrix(net, *ends)
        found = access.travel_matrix(net, *ends, cache=kept)
        assert found.total_minutes.tobytes() == fresh.total_minutes.tobytes()
    assert len(list(kept.iterdir())) == 2


def test_a_stopped_write_leaves_nothing_behind(tmp_path, file, monkeypatch):
    net = access.build_network(file)
    path = tmp_path / "kept" / "net.npz"
    _save_network(net, path)
    before = path.read_bytes()

    def stop(handle, **arrays):
        handle.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.np, "savez", stop)
    with pytest.raises(KeyboardInterrupt):
        _save_network(net, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["net.npz"]


def test_graphml_is_kept_and_graphs_in_memory_are_not(tmp_path):
    graph = nx.Graph()
    graph.add_node("a", x=-1.36, y=53.43)
    graph.add_node("b", x=-1.35, y=53.43)
    graph.add_edge("a", "b", length=700.0)
    nx.write_graphml(graph, tmp_path / "g.graphml")
    kept = tmp_path / "kept"
    one = access.build_network(tmp_path / "g.graphml", cache=kept)
    assert access.build_network(tmp_path / "g.graphml", cache=kept).digest == one.digest
    access.build_network(graph, cache=kept)
    assert len(list(kept.iterdir())) == 1


def test_networks_from_edges_can_be_kept_by_hand(tmp_path):
    net = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1], assumptions=["modelled"])
    _save_network(net, tmp_path / "net.npz")
    assert _load_network(tmp_path / "net.npz").assumptions == ("modelled",)
    shutil.copy(tmp_path / "net.npz", tmp_path / "copy.npz")
    _save_network(net, tmp_path / "net.npz")
    assert (tmp_path / "net.npz").read_bytes() == (tmp_path / "copy.npz").read_bytes()

"""Speed and memory of networks and matrices against what a planner could use instead.

    python tests/benchmarks/bench_network.py [--extract FILE.osm.pbf] [--no-osmnx] [--no-county]

Prints ratios; processor seconds of one process, best of several, because machines are shared.
Peers run in the same process on the same graph. Nothing here is a test: no time is asserted.

Where the time goes, and the floor (Newport, 49,000 street nodes, one 2-core machine, 2026)
-------------------------------------------------------------------------------------------
File to both networks: 0.35 s. A third is libosmium unpacking every block of the file, which no
reader of PBF escapes; a third is reading the streets' numbers and tags out of its text; a quarter
is rules, cutting and measuring for two modes. The floor is the first third: 0.10 s.
osmnx takes about 8 s for one graph of the same ways.

Matrix of 23 x 854: 0.035 s on foot, 0.020 s by car, snapping and both weights included. The floor
is the search itself over the core: 0.017 s and 0.005 s. The core has 6,256 of 13,897 and 2,523 of
9,547 nodes, because dead ends and nodes between two edges are out of it. The rest is snapping
(0.006 s), summing the second weight (0.005 s) and the table.

County of 580,000 nodes: 4 s and 0.27 s; peak 400 MB, of which 110 MB are imports, 60 MB are
libosmium's blocks and index of positions, and the rest the network, its index and its core.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NEWPORT = SHARED / "newport" / "newport-2023-06-13.osm.pbf"
AREAS, SITES = 854, 23


def best(work: Callable[[], object], times: int = 5) -> float:
    seconds = []
    for _ in range(times):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def row(name: str, seconds: float, ours: float) -> None:
    print(f"  {name:<46} {seconds * 1000:10,.1f} ms   {seconds / ours:8.2f} x ours")


def places(network, n: int, prefix: str, seed: int) -> pd.DataFrame:
    """Points near streets, all over the network."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, network.n_nodes, n)
    lon, lat = (network.node_lonlat[at] + rng.normal(0, 2e-4, (n, 2))).T
    return pd.DataFrame({"id": [f"{prefix}{i}" for i in range(n)], "lon": lon, "lat": lat})


def streets_as_xml(extract: Path, folder: Path) -> Path:
    """The same ways as XML, which is what osmnx reads; also how many nodes they have."""
    import osmium

    ids: set[int] = set()
    ways = osmium.FileProcessor(str(extract), osmium.osm.WAY)
    for way in ways.with_filter(osmium.filter.KeyFilter("highway")):
        ids.update(n.ref for n in way.nodes)
    path = folder / "streets.osm"
    writer = osmium.SimpleWriter(str(path))
    for thing in osmium.FileProcessor(str(extract)):
        if isinstance(thing, osmium.osm.Node) and thing.id in ids:
            writer.add_node(thing)
        elif isinstance(thing, osmium.osm.Way) and "highway" in thing.tags:
            writer.add_way(thing)
    writer.close()
    print(f"  {len(ids):,} nodes on streets")
    return path


def file_to_network(extract: Path, folder: Path, *, with_osmnx: bool) -> None:
    import osmium

    from access.network import build_network
    from access.network.osm import _read_streets

    print(f"\n(a) File to routable network, both modes: {extract.name}")

    def both() -> None:
        streets = _read_streets(extract)
        for mode in ("walk", "drive"):
            build_network(streets, mode=mode)

    ours = best(both, 3)
    row("ours, both modes", ours, ours)
    streets = _read_streets(extract)
    row("  of this: reading the file", best(lambda: _read_streets(extract), 3), ours)

    def decoded() -> None:
        for _ in (
            osmium.FileProcessor(str(extract))
            .with_locations()
            .with_filter(osmium.filter.EmptyTagFilter())
            .with_filter(osmium.filter.KeyFilter("highway"))
        ):
            pass

    row("  floor: libosmium decodes, nothing is done", best(decoded, 3), ours)
    for mode in ("walk", "drive"):
        row(f"  of this: {mode} rules, cutting, measuring",
            best(lambda mode=mode: build_network(streets, mode=mode), 3), ours)  # fmt: skip
    with tempfile.TemporaryDirectory() as kept:
        build_network(extract, cache=kept)
        row("again, from the cache, one mode",
            best(lambda: build_network(extract, cache=kept), 5), ours)  # fmt: skip
    if with_osmnx:
        import osmnx

        xml = streets_as_xml(extract, folder)
        for name, options in (
            ("osmnx.graph_from_xml, as it comes", {}),
            ("osmnx.graph_from_xml, nothing drawn together", {"simplify": False}),
        ):
            row(name, best(lambda options=options: osmnx.graph_from_xml(xml, **options), 1), ours)


def matrix(network) -> None:
    from scipy import sparse
    from scipy.sparse import csgraph

    from access.network import travel_matrix
    from access.network.snapping import read_points, snap

    areas, sites = places(network, AREAS, "a", 1), places(network, SITES, "s", 2)
    print(f"\n(b) {SITES} sites x {AREAS} areas on {network!r}")
    first = best(lambda: travel_matrix(network, areas, sites), 1)
    ours = best(lambda: travel_matrix(network, areas, sites), 15)
    row("ours: snapping, search, both weights, statuses", ours, ours)
    row("  the first time (index and search graph made)", first, ours)
    read = read_points(areas, "areas")
    row("  of this: snapping the areas", best(lambda: snap(network, read), 15), ours)
    arcs = network.search("minutes", backwards=True)
    n = network.chains.n_junctions
    core = sparse.csr_array((arcs.first, arcs.head, arcs.indptr), shape=(n, n))
    some = np.arange(SITES) * (n // SITES)
    row(f"  floor: scipy on the core alone ({n:,} junctions)",
        best(lambda: csgraph.dijkstra(core, indices=some), 15), ours)  # fmt: skip

    csr = network.csr
    whole = sparse.csr_array(
        (csr.minutes, csr.indices, csr.indptr), shape=(network.n_nodes,) * 2
    ).T.tocsr()
    sources = np.arange(SITES) * (network.n_nodes // SITES)
    targets = np.arange(AREAS) * (network.n_nodes // AREAS)
    row(f"scipy csgraph.dijkstra, bare ({network.n_nodes:,} nodes)",
        best(lambda: csgraph.dijkstra(whole, indices=sources), 15), ours)  # fmt: skip
    tail, head = whole.nonzero()
    weights = np.asarray(whole[tail, head]).ravel().tolist()
    pairs = np.column_stack([tail, head])
    for name, peer, times in (("igraph distances, bare", _igraph, 3),
                              ("rustworkx dijkstra, bare", _rustworkx, 3),
                              ("networkx single_source_dijkstra, bare", _networkx, 1)):  # fmt: skip
        try:
            call = peer(network.n_nodes, pairs, weights, sources.tolist(), targets.tolist())
        except ImportError as error:
            print(f"  {name}: not measured, {error.name} is not installed")
            continue
        row(name, best(call, times), ours)


def _igraph(n: int, pairs, weights, sources, targets) -> Callable[[], object]:
    import igraph

    graph = igraph.Graph(n=n, edges=pairs, directed=True)
    return lambda: graph.distances(sources, targets, weights=weights)


def _rustworkx(n: int, pairs, weights, sources, targets) -> Callable[[], object]:
    import rustworkx

    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from([(t, h, w) for (t, h), w in zip(pairs.tolist(), weights, strict=True)])
    return lambda: [rustworkx.dijkstra_shortest_path_lengths(graph, s, float) for s in sources]


def _networkx(n: int, pairs, weights, sources, targets) -> Callable[[], object]:
    import networkx as nx

    graph = nx.DiGraph()
    edges = ((t, h, w) for (t, h), w in zip(pairs.tolist(), weights, strict=True))
    graph.add_weighted_edges_from(edges)
    return lambda: [nx.single_source_dijkstra_path_length(graph, s) for s in sources]


def make_county(path: Path, side: int = 400) -> None:
    """A county of about half a million nodes: a jittered grid with bends and culs-de-sac."""
    import osmium
    from osmium.osm import mutable

    rng = np.random.default_rng(0)
    n = side * side
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    lon = -1.9 + (x + rng.uniform(-0.3, 0.3, x.shape)).ravel() * 0.0012
    lat = 53.0 + (y + rng.uniform(-0.3, 0.3, y.shape)).ravel() * 0.0008
    kinds = [*["residential"] * 6, "tertiary", "footway", "service", "primary"]
    beside = ((i, j) for i in range(n) for j in (i + 1, i + side))
    ends = [
        (i, j) for i, j in beside
        if j < n and not (j == i + 1 and j % side == 0) and rng.random() < 0.66
    ]  # fmt: skip
    nodes, ways = list(zip(lon.tolist(), lat.tolist(), strict=True)), []
    for i, j in ends:
        bend = []
        for share in (0.33, 0.67):
            wobble = rng.normal(0, 5e-5, 2)
            nodes.append((lon[i] + share * (lon[j] - lon[i]) + wobble[0],
                          lat[i] + share * (lat[j] - lat[i]) + wobble[1]))  # fmt: skip
            bend.append(len(nodes))
        ways.append(([i + 1, *bend, j + 1], kinds[int(rng.integers(10))]))
    writer = osmium.SimpleWriter(str(path))
    for number, spot in enumerate(nodes, 1):
        writer.add_node(mutable.Node(id=number, location=(float(spot[0]), float(spot[1]))))
    for number, (refs, kind) in enumerate(ways, 1):
        tags = {"highway": kind, "name": f"Street {number % 5000}", "maxspeed": "30 mph",
                "lit": "yes", "surface": "asphalt"}  # fmt: skip
        writer.add_way(mutable.Way(id=number, nodes=refs, tags=tags))
    writer.close()
    print(f"\n(c) A made-up county: {len(nodes):,} nodes, {len(ways):,} ways")


_COUNTY = """
import re, sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from bench_network import AREAS, SITES, places
import access
# The peak of this process alone: getrusage would start from its parent's.
status = Path("/proc/self/status")
used = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1024
start = time.process_time()
network = access.build_network({path!r}, mode={mode!r})
print(f"  {{network!r}}: {{time.process_time() - start:.1f}} s, peak {{used():.0f}} MB")
areas, sites = places(network, AREAS, "a", 1), places(network, SITES, "s", 2)
for _ in range(2):
    start = time.process_time()
    matrix = access.travel_matrix(network, areas, sites)
    print(f"  {{matrix!r}}: {{time.process_time() - start:.2f}} s, peak {{used():.0f}} MB")
"""


def county(folder: Path) -> None:
    from access.network import build_network

    path = folder / "county.osm.pbf"
    make_county(path)
    for mode in ("walk", "drive"):
        code = _COUNTY.format(here=str(Path(__file__).parent), path=str(path), mode=mode)
        subprocess.run([sys.executable, "-c", code], check=True)
    matrix(build_network(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extract", type=Path, default=NEWPORT)
    parser.add_argument("--no-osmnx", action="store_true")
    parser.add_argument("--no-county", action="store_true")
    options = parser.parse_args()
    from access.network import build_network

    with tempfile.TemporaryDirectory() as name:
        file_to_network(options.extract, Path(name), with_osmnx=not options.no_osmnx)
        for mode in ("walk", "drive"):
            matrix(build_network(options.extract, mode=mode))
        if not options.no_county:
            county(Path(name))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak of this process, peers included: {peak:.0f} MB")


if __name__ == "__main__":
    main()

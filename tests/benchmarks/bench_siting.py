"""How fast the siting optimiser is, beside the models and tools a planner could use instead.

    python tests/benchmarks/bench_siting.py [pmed] [borough] [large] [county] [room] [peers] ...

Times are CPU seconds of this process (other work on the machine does not count) and wall
seconds; every answer is proven, or its gap is shown. Peers run on the same instances in the same
run: the textbook model in HiGHS always, spopt (with PuLP's HiGHS) and kmedoids (FasterPAM) where
they are installed. OR-Library instances are read from ../shared/data and never kept here.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import highspy
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist

from access.siting import capacitated_p_median, p_centre, p_median
from access.siting.heuristics import _greedy, _Interchange, _Near
from access.siting.search import _Model

BENCH = Path(__file__).resolve().parents[3] / "shared" / "data" / "bench"
PEER_LIMIT_S = 300.0


# -- instances -------------------------------------------------------------------------------
def pmed(k: int) -> tuple[np.ndarray, int]:
    numbers = (BENCH / "pmed" / f"pmed{k}.txt").read_text(encoding="utf-8").split()
    n, edges, p = (int(x) for x in numbers[:3])
    weight = np.zeros((n, n))
    for i, j, w in np.array(numbers[3 : 3 + 3 * edges], float).reshape(-1, 3):
        weight[int(i) - 1, int(j) - 1] = weight[int(j) - 1, int(i) - 1] = w
    return shortest_path(weight, method="D", directed=False), p


def optima(problem: str) -> dict[str, float]:
    with (BENCH / "OPTIMA.csv").open(encoding="utf-8") as file:
        return {
            row["file"].split("/")[1].removesuffix(".txt"): float(row["optimum"])
            for row in csv.DictReader(file)
            if row["problem"] == problem
        }


def clustered(rng: np.random.Generator, count: int, side: float, towns: int, spread: float):
    """Points around towns, a third of them scattered."""
    centre = rng.uniform(0, side, (towns, 2))
    near = count * 2 // 3
    town = centre[rng.integers(0, towns, near)] + rng.normal(0, spread, (near, 2))
    return np.vstack([town, rng.uniform(0, side, (count - near, 2))])


def walk(areas: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Minutes on foot over a straight line x 1.29 at 80 m a minute."""
    minutes = cdist(areas, sites)
    minutes *= 1.29 / 80
    return np.round(minutes, 2, out=minutes)


# -- measuring -------------------------------------------------------------------------------
def timed(call: Callable[[], object]) -> tuple[object, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = call()
    return answer, time.perf_counter() - wall, time.process_time() - cpu


def show(name: str, answer, wall: float, cpu: float) -> None:
    print(
        f"{name:<34} {answer.objective:>16,.2f} {answer.status:<15} gap {answer.gap:8.4%} "
        f"nodes {answer.nodes:>4} wall {wall:7.2f} s cpu {cpu:7.2f} s "
        f"peak {answer.peak_memory_mb:6.0f} MB  {answer.method}",
        flush=True,
    )


def bench_pmed() -> None:
    known, walls, cpus = optima("p-median"), 0.0, 0.0
    for k in range(1, 21):
        minutes, p = pmed(k)
        answer, wall, cpu = timed(lambda m=minutes, p=p: p_median(m, p))
        assert answer.status == "proven_optimal" and answer.objective == known[f"pmed{k}"]
        show(f"pmed{k} {minutes.shape[0]} p={p}", answer, wall, cpu)
        walls, cpus = walls + wall, cpus + cpu
    print(f"pmed1-20 all proven: wall {walls:.2f} s, cpu {cpus:.2f} s (target 4 s)")


def bench_centre() -> None:
    known, cpus = optima("p-centre"), 0.0
    for k in range(1, 21):
        minutes, p = pmed(k)
        answer, _, cpu = timed(lambda m=minutes, p=p: p_centre(m, p))
        assert answer.status == "proven_optimal" and answer.objective == known[f"pmed{k}"]
        cpus += cpu
    print(f"pmed1-20 p-centre all proven: cpu {cpus:.2f} s")


def bench_borough() -> None:
    rng = np.random.default_rng(2)
    areas = clustered(rng, 7_000, 16_000, 25, 1_200)
    minutes = walk(areas, clustered(rng, 300, 16_000, 25, 1_200))
    weights = rng.integers(0, 40, 7_000)
    for p in range(3, 13):
        show(f"7,000 x 300 p={p}", *timed(lambda p=p: p_median(minutes, p, weights=weights)))


def bench_large() -> None:
    towns = clustered(np.random.default_rng(1), 3_038, 4_000, 60, 180).round()
    anywhere = np.random.default_rng(7).integers(0, 4_000, (3_038, 2)).astype(float)
    for name, points in (("towns", towns), ("anywhere", anywhere)):
        minutes = np.floor(cdist(points, points))
        show(
            f"3,038 x 3,038 p=100 {name}",
            *timed(lambda m=minutes: p_median(m, 100, time_limit_s=600)),
        )


def bench_county() -> None:
    rng = np.random.default_rng(3)
    areas = clustered(rng, 100_000, 60_000, 80, 2_500)
    minutes = walk(areas, clustered(rng, 1_000, 60_000, 80, 2_500))
    weights = rng.integers(0, 40, 100_000)
    for gap in (0.01, 0.0):
        show(
            f"100,000 x 1,000 p=20 gap<={gap:.0%}",
            *timed(lambda g=gap: p_median(minutes, 20, weights=weights, gap=g, time_limit_s=120)),
        )


def bench_room() -> None:
    """Sites with limited room: OR-Library's ten, tight ones of our own, and hubs."""
    cpus = 0.0
    for k in range(1, 11):
        numbers = (BENCH / "pmedcap" / f"pmedcap1_{k}.txt").read_text(encoding="utf-8").split()
        best, n, p, room = (int(x) for x in numbers[1:5])
        table = np.array(numbers[5 : 5 + 4 * n], float).reshape(n, 4)
        minutes = np.floor(cdist(table[:, 1:3], table[:, 1:3]) + 1e-9)
        answer, _, cpu = timed(partial(capacitated_p_median, minutes, p, room, demands=table[:, 3]))
        assert answer.status == "proven_optimal" and answer.objective == best
        cpus += cpu
    print(f"pmedcap1_1-10 all proven: cpu {cpus:.2f} s (target 60 s)")
    minute = {"time_limit_s": 60}
    for n, p in ((300, 25), (400, 40)):
        rng = np.random.default_rng(1)
        xy, uses = rng.integers(1, 101, (n, 2)), rng.integers(1, 21, n)
        minutes, room = np.floor(cdist(xy, xy) + 1e-9), float(np.ceil(uses.sum() / p / 0.9))
        call = partial(capacitated_p_median, minutes, p, room, demands=uses, **minute)
        show(f"{n} x {n} p={p} filled to 90 %", *timed(call))
    rng = np.random.default_rng(2)
    areas = clustered(rng, 7_000, 16_000, 25, 1_200)
    minutes = walk(areas, clustered(rng, 300, 16_000, 25, 1_200))
    uses = rng.integers(0, 40, 7_000).astype(float)
    rooms = np.round(uses.sum() / 9 / 0.9 * rng.uniform(0.7, 1.3, 300))
    call = partial(capacitated_p_median, minutes, 9, rooms, demands=uses, weights=uses, **minute)
    show("7,000 x 300 p=9 filled to 90 %", *timed(call))


# -- peers -----------------------------------------------------------------------------------
def textbook(minutes: np.ndarray, p: int) -> tuple[float, float]:
    """The model of the textbooks: x_ij and y_j, x_ij <= y_j, in HiGHS; value and CPU seconds."""
    n, m = minutes.shape
    engine = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("time_limit", PEER_LIMIT_S)):
        engine.setOptionValue(option, value)
    engine.setOptionValue("mip_rel_gap", 0.0)
    width = n * m + m
    nothing = np.zeros(0)
    engine.addCols(
        width, np.concatenate([minutes.ravel(), np.zeros(m)]), np.zeros(width), np.ones(width), 0,
        np.zeros(width, np.int32), nothing.astype(np.int32), nothing,
    )  # fmt: skip
    engine.changeColsIntegrality(m, np.arange(n * m, width, dtype=np.int32), np.ones(m, np.uint8))
    pair, area, site = np.arange(n * m), np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
    once = sp.csr_matrix((np.ones(n * m), (area, pair)), shape=(n, width))
    link = sp.csr_matrix((np.ones(n * m), (pair, pair)), shape=(n * m, width)) - sp.csr_matrix(
        (np.ones(n * m), (pair, n * m + site)), shape=(n * m, width)
    )
    count = sp.csr_matrix(np.concatenate([np.zeros(n * m), np.ones(m)])[None, :])
    for rows, low, high in (
        (once, 1.0, 1.0),
        (link.tocsr(), -highspy.kHighsInf, 0.0),
        (count, float(p), float(p)),
    ):
        k = rows.shape[0]
        engine.addRows(
            k, np.full(k, low), np.full(k, high), rows.nnz, rows.indptr[:-1].astype(np.int32),
            rows.indices.astype(np.int32), rows.data,
        )  # fmt: skip
    start = time.process_time()
    engine.run()
    return engine.getInfo().objective_function_value, time.process_time() - start


def bench_peers() -> None:
    for k in (1, 2, 6, 7, 11):
        minutes, p = pmed(k)
        answer, _, cpu = timed(lambda m=minutes, p=p: p_median(m, p))
        value, theirs = textbook(minutes, p)
        print(
            f"pmed{k}: ours {answer.objective:g} {cpu:.3f} s; textbook model in HiGHS {value:g} "
            f"{theirs:.2f} s, x {theirs / cpu:.0f}",
            flush=True,
        )
        _spopt(k, minutes, p, answer.objective, cpu)
    for k in (16, 20):
        _fasterpam(k, *pmed(k))
    points = clustered(np.random.default_rng(1), 3_038, 4_000, 60, 180).round()
    _fasterpam(0, np.floor(cdist(points, points)), 100)


def _spopt(k: int, minutes: np.ndarray, p: int, ours: float, cpu: float) -> None:
    try:
        import pulp
        from spopt.locate import PMedian
    except ImportError:
        print("  spopt and PuLP are not installed: not compared")
        return
    start = time.process_time()
    model = PMedian.from_cost_matrix(minutes, np.ones(len(minutes)), p_facilities=p)
    model = model.solve(pulp.HiGHS(msg=False, timeLimit=PEER_LIMIT_S))
    theirs = time.process_time() - start
    value = pulp.value(model.problem.objective)
    print(f"  spopt + HiGHS {value:g} (ours {ours:g}) {theirs:.2f} s, x {theirs / cpu:.0f}")


def _fasterpam(k: int, minutes: np.ndarray, p: int) -> None:
    """The heuristic part alone: one greedy start and swaps until none helps."""

    def heuristic() -> float:
        model = _Model.plain(minutes, np.ones(len(minutes)), p)
        sites = minutes.shape[1]
        near = _Near.of(minutes, np.arange(sites), max(40, 6 * sites // p))
        return _Interchange(model, near).improve(_greedy(model, near))[1]

    value, _, cpu = timed(heuristic)
    name = f"pmed{k}" if k else "3,038 points"
    text = f"{name}: greedy and swaps {value:,.0f} in {cpu:.3f} s"
    try:
        import kmedoids
    except ImportError:
        print(f"{text}; kmedoids is not installed: not compared")
        return
    found, _, theirs = timed(
        lambda: kmedoids.fasterpam(minutes, p, random_state=0, init="random", n_cpu=1)
    )
    print(f"{text}; FasterPAM {found.loss:,.0f} in {theirs:.3f} s, x {theirs / cpu:.1f}")


BENCHES = {
    "pmed": bench_pmed, "centre": bench_centre, "borough": bench_borough, "large": bench_large,
    "county": bench_county, "room": bench_room, "peers": bench_peers,
}  # fmt: skip

if __name__ == "__main__":
    for name in sys.argv[1:] or list(BENCHES):
        BENCHES[name]()

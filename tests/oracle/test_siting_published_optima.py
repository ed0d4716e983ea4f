"""Instances whose optimum others have proven: OR-Library p-median, p-centre, capacitated."""

from __future__ import annotations

import csv
from functools import cache

import numpy as np
import pytest
from scipy.sparse.csgraph import shortest_path

from access.siting import capacitated_p_median, p_centre, p_median, verify

PMED = [f"pmed{k}" for k in range(1, 21)]
#: Of the two hard ones, 8 and 10, the quicker: 8 alone takes as long as all the rest.
PMEDCAP = [f"pmedcap1_{k}" for k in range(1, 11) if k != 8]


@pytest.fixture(scope="module")
def optimum(shared_data):
    with shared_data("bench/OPTIMA.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return lambda name, problem: next(
        (int(r["p"]), float(r["optimum"]))
        for r in rows
        if f"/{name}.txt" in r["file"] and r["problem"].startswith(problem)
    )


@cache
def read_pmed(path) -> np.ndarray:
    """Edges in order, a later duplicate replaces the earlier; then all shortest paths."""
    numbers = path.read_text(encoding="utf-8").split()
    n, edges = int(numbers[0]), int(numbers[1])
    weight = np.zeros((n, n))
    for i, j, w in np.array(numbers[3 : 3 + 3 * edges], float).reshape(-1, 3):
        weight[int(i) - 1, int(j) - 1] = weight[int(j) - 1, int(i) - 1] = w
    return shortest_path(weight, method="D", directed=False)


def read_pmedcap(path):
    numbers = path.read_text(encoding="utf-8").split()
    n, p, room = int(numbers[2]), int(numbers[3]), float(numbers[4])
    table = np.array(numbers[5 : 5 + 4 * n], float).reshape(n, 4)
    xy = table[:, 1:3]
    distance = np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(axis=2))
    return np.floor(distance + 1e-9), p, room, table[:, 3]


@pytest.mark.slow
@pytest.mark.parametrize("name", PMED)
def test_p_median_is_proven(name, shared_data, optimum) -> None:
    p, value = optimum(name, "p-median")
    best = p_median(read_pmed(shared_data(f"bench/pmed/{name}.txt")), p)
    assert (best.status, best.objective, best.bound) == ("proven_optimal", value, value)
    assert len(best.chosen) == p
    assert verify(best.problem, best).ok


@pytest.mark.slow
@pytest.mark.parametrize("name", PMED)
def test_p_centre_is_proven(name, shared_data, optimum) -> None:
    p, value = optimum(name, "p-centre")
    best = p_centre(read_pmed(shared_data(f"bench/pmed/{name}.txt")), p)
    assert (best.status, best.objective, best.bound) == ("proven_optimal", value, value)
    assert verify(best.problem, best).ok


@pytest.mark.slow
@pytest.mark.parametrize("name", PMEDCAP)
def test_capacitated_p_median_is_proven(name, shared_data, optimum) -> None:
    _, value = optimum(name, "capacitated")
    minutes, p, room, demand = read_pmedcap(shared_data(f"bench/pmedcap/{name}.txt"))
    best = capacitated_p_median(minutes, p, room, demands=demand)
    assert (best.status, best.objective) == ("proven_optimal", value)
    load = best.shares.groupby(level="site_id").apply(
        lambda part: sum(demand[int(area)] for area in part.index.get_level_values("area_id"))
    )
    assert load.max() <= room


@pytest.mark.slow
def test_splitting_areas_can_only_help(shared_data, optimum) -> None:
    _, whole = optimum("pmedcap1_1", "capacitated")  # which is proven above
    minutes, p, room, demand = read_pmedcap(shared_data("bench/pmedcap/pmedcap1_1.txt"))
    split = capacitated_p_median(minutes, p, room, demands=demand, split=True)
    assert split.status == "proven_optimal"
    assert split.objective <= whole + 1e-6

"""How quick the ranking is, against its marks and against a plain loop that gives the same.

Run alone, on a quiet machine::

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/bench_ranking.py

Times are the best of several, by the wall and by the processor (which other work on the
machine disturbs less).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd

from access.network.matrix import TravelMatrix
from access.scenario import ServiceChoice, Uncertainty, rank_closures, robustness


def borough(areas: int, sites: int, seed: int) -> tuple[TravelMatrix, pd.DataFrame]:
    """A made-up borough: towns, centres in them, walking at 80 metres a minute."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform(0, 20_000, (8, 2))
    homes = towns[rng.integers(0, 8, areas)] + rng.normal(0, 1_500, (areas, 2))
    centres = towns[rng.integers(0, 8, sites)] + rng.normal(0, 1_200, (sites, 2))
    metres = np.hypot(*(homes[:, None, k] - centres[None, :, k] for k in (0, 1))) * 1.29
    ids = [f"a{i:05d}" for i in range(areas)]
    demand = pd.DataFrame({"id": ids, "count": rng.integers(0, 60, areas)})
    demand["imd_rank"] = rng.integers(1, 32_845, areas)
    demand["imd_decile"] = (demand["imd_rank"] - 1) * 10 // 32_844 + 1
    names = [f"s{j:02d}" for j in range(sites)]
    return TravelMatrix.from_minutes(metres / 80, area_ids=ids, site_ids=names), demand


def best_of(call: Callable[[], object], times: int) -> tuple[float, float]:
    """Least wall and processor milliseconds of several calls."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return 1000 * min(walls), 1000 * min(cpus)


def plain_loop(matrix: TravelMatrix, demand: pd.DataFrame, keep: int) -> list[list[float]]:
    """The same criteria, one option after another, in plain numpy."""
    count = demand["count"].to_numpy(float)
    weight = count * (1 + (32_844 - demand["imd_rank"].to_numpy(float)) / 32_843)
    decile = demand["imd_decile"].to_numpy()
    most, least = decile <= 2, decile >= 9
    rows = []
    for kept in combinations(range(matrix.shape[1]), keep):
        near = matrix.total_minutes[:, kept].min(axis=1)
        order = np.argsort(near, kind="stable")
        p90 = near[order][np.searchsorted(np.cumsum(count[order]), 0.9 * count.sum())]
        rows.append(
            [
                np.average(near, weights=count),
                np.average(near, weights=weight),
                p90,
                near[count > 0].max(),
                count[near > 20].sum() / count.sum(),
                np.average(near[most], weights=count[most])
                - np.average(near[least], weights=count[least]),
            ]
        )
    return rows


def main() -> int:
    """Print each time beside its mark; 1 if a mark is missed by the processor's time."""
    children, under_fives = borough(854, 12, 1)
    youth, young = borough(854, 11, 2)
    wide_children, wide_fives = borough(7_000, 12, 3)
    wide_youth, wide_young = borough(7_000, 11, 4)

    def both() -> None:
        rank_closures(children, keep=9, demand=under_fives, proposal=children.site_ids[:9])
        rank_closures(youth, keep=6, demand=young, proposal=youth.site_ids[:6])

    def joint() -> None:
        second = ServiceChoice(youth, 6, young, youth.site_ids[:6])
        rank_closures(
            children,
            keep=9,
            demand=under_fives,
            proposal=children.site_ids[:9],
            joint=second,
        )

    def wide() -> None:
        rank_closures(wide_children, keep=9, demand=wide_fives)
        rank_closures(wide_youth, keep=6, demand=wide_young)

    def draws() -> None:
        u = Uncertainty(
            walk_kmh=(3.6, 5.4), lam=(0, 2), threshold_minutes=(15, 30), count_error="poisson"
        )
        for m, d, keep in ((children, under_fives, 9), (youth, young, 6)):
            robustness(
                m,
                keep=keep,
                demand=d,
                uncertainty=u,
                proposal=m.site_ids[:keep],
                draws=1000,
                workers=1,
            )

    def loop() -> None:
        plain_loop(children, under_fives, 9)
        plain_loop(youth, young, 6)

    rows = [
        ("220 + 462 options, 854 areas, every criterion", both, 9, 50.0),
        ("the same by a plain numpy loop (values only)", loop, 5, None),
        ("101,640 joint options", joint, 3, 1_000.0),
        ("220 + 462 options, 7,000 areas", wide, 3, 1_000.0),
        ("1,000 draws over the 682 options", draws, 1, 30_000.0),
    ]
    missed = 0
    print(f"{'':50} {'wall ms':>9} {'cpu ms':>9} {'mark ms':>9}")
    for words, call, times, mark in rows:
        wall, cpu = best_of(call, times)
        missed += mark is not None and cpu > mark
        print(f"{words:50} {wall:9.1f} {cpu:9.1f} {mark or '':>9}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())

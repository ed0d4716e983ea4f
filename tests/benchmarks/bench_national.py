"""Measure a rule in a made-up England of the true size, on modelled streets.

    python tests/benchmarks/bench_national.py [AUTHORITIES AREAS SITES [WORKERS ...]]

Without numbers: 309 authorities, 171,000 areas and 3,000 centres, once with one worker and once
with two. Each authority is a scatter of areas about a town; places, counts and ranks are drawn from
one seed. Printed for each number of workers: minutes, seconds of the processor, and the most memory
that one process held.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from access.national.authority import Ask
from access.national.dataset import run_national

ENGLAND = (309, 171_000, 3_000)


def made_up_england(folder: Path, authorities: int, areas: int, sites: int) -> Path:
    """Write the two national tables: every authority has the same number of areas."""
    draw = np.random.default_rng(1)
    each, centres = (
        areas // authorities,
        np.diff(np.linspace(0, sites, authorities + 1).astype(int)),
    )
    rows, places = [], []
    for k, many in enumerate(centres.tolist()):
        code = f"E{7_000_000 + k:08d}"
        lon, lat = draw.uniform(-5, 1), draw.uniform(50.5, 55)
        at = draw.normal(0, 0.06, (each, 2))
        rows.append(pd.DataFrame({
            "authority": code, "authority_name": f"Place {k}",
            "id": [f"{code}_{i}" for i in range(each)], "lon": lon + 1.6 * at[:, 0],
            "lat": lat + at[:, 1], "families": draw.integers(0, 60, each),
            "imd_rank": draw.integers(1, 33_756, each)}))  # fmt: skip
        near = at[draw.integers(0, each, max(many, 1))]
        places.append(pd.DataFrame({
            "authority": code, "id": [f"S{code}_{i}" for i in range(len(near))],
            "name": [f"Centre {i}" for i in range(len(near))], "service": "centres",
            "lon": lon + 1.6 * near[:, 0] + draw.normal(0, 0.003, len(near)),
            "lat": lat + near[:, 1],
            "annual_visits": draw.integers(100, 9_000, len(near))}))  # fmt: skip
    folder.mkdir()
    pd.concat(rows).to_csv(folder / "areas.csv", index=False)
    pd.concat(places).to_csv(folder / "centres.csv", index=False)
    return folder


def main(words: list[str]) -> None:
    """Make the tables, run both rules, and print what it took."""
    size = tuple(map(int, words[:3])) or ENGLAND
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        source = made_up_england(Path(place, "england"), *size)
        print(f"{size} made in {time.perf_counter() - began:.0f} s", flush=True)
        for workers in map(int, words[3:] or ("1", "2")):
            before, began = os.times(), time.perf_counter()
            ask = Ask(("best", "fewest-visits"))
            found = run_national(source, Path(place, f"out{workers}"), ask, workers=workers)
            after, minutes = os.times(), (time.perf_counter() - began) / 60
            cpu = sum(after[:4]) - sum(before[:4])
            most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(
                f"{workers} worker(s): {minutes:.1f} minutes, {cpu:.0f} s of the processor, at "
                f"most {most:.2f} GB a worker and {own:.2f} GB in the command; "
                f"{len(found.options):,} options, {len(found.failures)} failures",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])

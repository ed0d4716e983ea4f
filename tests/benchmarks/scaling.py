"""How work grows with its size: each kind at four sizes, each size in a process of its own.

    python -m tests.benchmarks scaling

Seconds are the processor's. A fixed piece of work is measured beside each, so that figures of a
slow or busy machine can be set beside others. Memory is the peak of the process, imports included.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from access.network import TravelMatrix, travel_matrix
from access.network.modelled import modelled_networks
from access.scenario import Uncertainty, rank_closures, robustness
from access.siting import p_median
from tests.benchmarks.bench_ranking import borough

_Work = Callable[[], object]


def _areas(size: int) -> _Work:
    matrix, demand = borough(size, 12, 1)
    return lambda: rank_closures(matrix, keep=9, demand=demand)


def _options(size: int) -> _Work:
    sites, keep = {220: (12, 9), 12_870: (16, 8), 184_756: (20, 10), 735_471: (24, 8)}[size]
    matrix, demand = borough(854, sites, 1)
    return lambda: rank_closures(matrix, keep=keep, demand=demand, proposal=matrix.site_ids[:keep])


def _settings(size: int) -> _Work:
    matrix, demand = borough(854, 12, 1)
    spread = Uncertainty(walk_kmh=(3.6, 5.4), lam=(0, 2), count_error="poisson")
    return lambda: robustness(
        matrix, keep=9, demand=demand, uncertainty=spread, proposal=matrix.site_ids[:9], draws=size
    )


def _sites(size: int) -> _Work:
    matrix, demand = borough(1_000, size, 1)
    weights = demand["count"].to_numpy(float)
    return lambda: p_median(matrix.total_minutes, 10, weights=weights)


def _streets(size: int) -> _Work:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(-1.5, -1.1, size), rng.uniform(53.3, 53.5, size)
    points = pd.DataFrame({"id": [f"p{k}" for k in range(size)], "lon": lon, "lat": lat})

    def work() -> object:
        return travel_matrix(
            modelled_networks(points, ["walk"])["walk"], points[:854], points[-23:]
        )

    return work


def _minutes(size: int) -> _Work:
    matrix, demand = borough(854, 12, 1)
    waits = np.random.default_rng(2).uniform(0, 15, (854, size, 12)).astype(np.float32)
    each = matrix.total_minutes[:, None, :].astype(np.float32) + waits
    by_the_minute = replace(
        TravelMatrix.from_minutes(
            np.quantile(each, 0.5, axis=1, method="inverted_cdf"),
            area_ids=matrix.area_ids, site_ids=matrix.site_ids, mode="bus",
        ),
        minute_by_minute=each,
    )  # fmt: skip
    return lambda: rank_closures(by_the_minute, keep=9, demand=demand)


#: By name: what its size counts, what is done, and the sizes.
CASES: dict[str, tuple[str, Callable[[int], _Work], tuple[int, ...]]] = {
    "areas": ("areas; 220 options ranked by every measure", _areas,
              (1_000, 4_000, 16_000, 64_000)),
    "options": ("options; 854 areas, every measure", _options, (220, 12_870, 184_756, 735_471)),
    "settings": ("settings; 220 options, 854 areas", _settings, (250, 500, 1_000, 2_000)),
    "sites": ("sites to choose ten from, proven best; 1,000 areas", _sites, (25, 50, 100, 200)),
    "streets": ("corners of modelled streets, built, and 854 x 23 walks", _streets,
                (2_000, 8_000, 32_000, 128_000)),
    "minutes": ("minutes of setting out; 220 options, 854 areas, the percentile after the nearest",
                _minutes, (15, 30, 60, 120)),
}  # fmt: skip


def fixed_work() -> float:
    """Seconds that a fixed piece of work takes: a sort, sums and a loop."""
    values = np.random.default_rng(0).random(2_000_000)
    start = time.process_time()
    np.sort(values)
    total = 0
    for k in range(2_000_000):
        total += k & 3
    return time.process_time() - start


def measure(name: str, size: int) -> dict[str, Any]:
    """Do one piece of work in this process."""
    work = CASES[name][1](size)
    fixed = fixed_work()
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    status = Path("/proc/self/status")
    peak = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return {
        "name": name, "size": size, "cpu_s": round(seconds, 4), "fixed_work_s": round(fixed, 4),
        "times_fixed": round(seconds / fixed, 3),
        "peak_mb": round(int(peak[1]) / 1024) if peak else None,
    }  # fmt: skip


def quick() -> Iterator[dict[str, Any]]:
    """Measure each kind at its least size, all in this process: seconds in all."""
    for name, (_, _, sizes) in CASES.items():
        measure(name, sizes[0])  # what is done once, such as imports, is not of the size
        yield measure(name, sizes[0])


def apart(name: str, size: int) -> dict[str, Any]:
    """Do one piece of work in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scaling", name, str(size)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def exponent(sizes: list[float], costs: list[float]) -> float:
    """Give the power of the size that costs grow with: a straight line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(costs, 1e-9)), 1)[0])


def scaling(names: list[str]) -> Iterator[dict[str, Any]]:
    """Measure cases at every size, and say each as it is known."""
    for name in names or list(CASES):
        words, _, sizes = CASES[name]
        print(f"\n{name}: {words}\n{'size':>12} {'cpu s':>9} {'x fixed':>9} {'peak MB':>9}")
        rows = []
        for size in sizes:
            row = apart(name, size)
            rows.append(row)
            print(
                f"{size:12,} {row['cpu_s']:9.3f} {row['times_fixed']:9.2f} {row['peak_mb']!s:>9}",
                flush=True,
            )
            yield row
        power = exponent([r["size"] for r in rows[1:]], [r["times_fixed"] for r in rows[1:]])
        print(f"grows with the size to the power {power:.2f} (the three larger)")


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))

"""Speed and memory of minutes by bus, against walking alone on the same streets.

    python tests/benchmarks/bench_bus.py

Porto Alegre: 1,000 areas x 25 sites x 120 departure minutes x 4 boardings. Prints ratios; nothing
here is a test. Where the time goes (one 2-core machine, 2026): of 4.1 processor seconds 2.4 are
walks between stops, areas and sites (snapping and Dijkstra's algorithm), 0.8 the backward pass over
the rides, and 0.7 door to door; the way home takes 4.2.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from access.network import build_network, travel_matrix
from access.network.bus import bus_matrix
from access.network.timetable import read_timetable

HERE = Path(__file__).resolve().parents[3] / "shared" / "data" / "porto_alegre"


def best(work: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def main() -> None:
    feeds = [HERE / "poa_eptc.zip", HERE / "poa_trensurb.zip"]
    streets = build_network(HERE / "poa_osm.pbf", mode="walk")
    table = read_timetable(feeds, day="2019-05-13")
    areas = pd.read_csv(HERE / "poa_hexgrid.csv")
    sites, areas = areas.iloc[::49], areas.iloc[:1000]
    walked = best(lambda: travel_matrix(streets, areas, sites))
    print(f"{len(areas)} areas x {len(sites)} sites x 120 minutes x 4 boardings, {table!r}")
    reading = best(lambda: read_timetable(feeds, day="2019-05-13"))
    print(f"  reading both feeds     {reading:6.2f} s   {reading / walked:7.1f} x walking alone")
    for direction in ("to_site", "from_site"):
        for arrive_by in (False, True):
            seconds = best(
                lambda d=direction, a=arrive_by: bus_matrix(
                    streets, table, areas, sites, window=("14:00", "16:00"), boardings=4,
                    direction=d, arrive_by=a,
                )
            )  # fmt: skip
            name = f"{direction}, {'arrive by' if arrive_by else 'set out'}"
            print(f"  {name:<22} {seconds:6.2f} s   {seconds / walked:7.1f} x walking alone")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"  peak memory            {peak:6.2f} GB, imports included")


if __name__ == "__main__":
    main()

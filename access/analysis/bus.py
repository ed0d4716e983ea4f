"""A study's minutes by bus: there in each service's window, and home after its sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from access.network import Network, Timetable, TravelMatrix, bus_matrix, read_timetable
from access.network.bus import BusTravel
from access.network.matrix import at_rank
from access.network.windowed import clock, family_trip
from access.study import Study

#: The one sentence of every output of a study without a timetable.
BUS_NOT_KNOWN = "By bus: not known, for no timetable was given."


@dataclass(frozen=True, eq=False)
class BusTimes:
    """Minutes by bus of one day, service by service.

    Parameters
    ----------
    timetable : Timetable
    there : dict of str to BusTravel
        By service: setting out in its window.
    home : dict of str to BusTravel
        By service with a `session_ends`: from the sites, setting out after it.
    matrices : dict of str to dict of str to TravelMatrix
        By service, then mode: ``bus`` and, where car ownership is known, ``typical``.
    """

    timetable: Timetable
    there: Mapping[str, BusTravel]
    home: Mapping[str, BusTravel]
    matrices: Mapping[str, Mapping[str, TravelMatrix]]


def read_day(study: Study, network: Network) -> Timetable:
    """Read the study's day from its feeds, as far as its streets for walking reach."""
    return read_timetable(
        list(study.timetables), day=study.config.bus.day, box=network.bounds_lonlat
    )


def bus_times(
    study: Study,
    timetable: Timetable,
    network: Network,
    sites: pd.DataFrame,
    walk: TravelMatrix,
    drive: TravelMatrix,
    progress: Callable[[str], None] = lambda step: None,
) -> BusTimes:
    """Measure there and home, each window once, and blend the family trip minute by minute."""
    own = study.config.bus
    made: dict[tuple[str, tuple[str | int, str | int]], BusTravel] = {}

    def measured(direction: str, window: tuple[str | int, str | int]) -> BusTravel:
        if (direction, window) not in made:
            progress(f"travel times, bus, {'there' if direction == 'to_site' else 'home'}")
            made[direction, window] = bus_matrix(
                network, timetable, study.areas, sites, window=window, direction=direction,
                max_walk_minutes=own.max_walk_minutes, max_change_minutes=own.max_change_minutes,
                boardings=own.boardings, slack_seconds=own.slack_seconds,
                snap_limit_m=study.config.travel.snap_limit_m,
            )  # fmt: skip
        return made[direction, window]

    there, home = {}, {}
    blends: dict[int, dict[str, TravelMatrix]] = {}
    for key, service in study.config.services.items():
        there[key] = measured("to_site", service.bus_window or own.window)
        if service.session_ends is not None:
            hour, minute = map(int, service.session_ends.split(":"))
            ends = hour * 60 + minute
            home[key] = measured("from_site", (ends, min(ends + own.home_minutes, 28 * 60)))
        if id(there[key]) not in blends:
            blends[id(there[key])] = _matrices(study, there[key], walk, drive)
    return BusTimes(timetable, there, home, {k: blends[id(t)] for k, t in there.items()})


def _matrices(
    study: Study, bus: BusTravel, walk: TravelMatrix, drive: TravelMatrix
) -> dict[str, TravelMatrix]:
    out = {"bus": bus.percentile(study.config.bus.percentile)}
    if "p_no_car" in study.areas and study.areas["p_no_car"].notna().all():
        no_car = study.areas.set_index("id")["p_no_car"]
        blend = family_trip(
            bus, drive, no_car, walk=walk, parking_minutes=study.config.travel.parking_minutes
        )
        out["typical"] = blend.percentile(study.config.bus.percentile)
    return out


def bus_sentences(study: Study, times: BusTimes | None) -> tuple[str, ...]:
    """Say which day, which minutes and which rules minutes by bus are made with, or that none."""
    if times is None:
        return (BUS_NOT_KNOWN,)
    own, services = study.config.bus, study.config.services
    said = []
    for key, bus in times.there.items():
        words = f"setting out {clock(bus.marks[0])} to {clock(bus.marks[-1] + 1)}"
        if key in times.home:
            home = times.home[key].marks
            words += f", home {clock(home[0])} to {clock(home[-1] + 1)}"
        said.append(f"{services[key].title}, {words}")
    walked = next(iter(times.there.values())).assumptions
    rules = [a for a in walked if a.startswith("At most ")]
    return (
        f"By bus: every departure minute of the window ({'; '.join(said)}), waiting included; "
        "the least over the open centres at each minute, or walking all the way where that is "
        f"quicker; of these the {own.percentile:g}th percentile by nearest rank.",
        *times.timetable.notes,
        *rules,
    )


def way_home(
    times: BusTimes,
    service: str,
    areas: pd.DataFrame,
    when: str,
    limit_minutes: float,
    percentile: float,
) -> pd.DataFrame:
    """Minutes home, area by area, from the centre that is nearest by bus on the way there.

    Parameters
    ----------
    areas : DataFrame
        Of an impact by bus: ``id count nearest_before nearest_after``.
    when : str
        ``"before"`` or ``"after"``.

    Returns
    -------
    DataFrame
        ``id count site minutes share_without``: minutes at the percentile (``inf`` where there is
        no way) and the share of the minutes after the session without a journey under the limit.
    """
    home = times.home[service]
    rows = pd.Index(home.area_ids).get_indexer(areas["id"].astype(str))
    site = areas[f"nearest_{when}"].astype(str)
    columns = pd.Index(home.site_ids).get_indexer(site)
    known = columns >= 0
    each = np.full((len(areas), len(home.marks)), np.inf)
    each[known] = home.minutes[rows[known], :, columns[known]]
    return pd.DataFrame(
        {
            "id": areas["id"].to_numpy(),
            "count": areas["count"].to_numpy(float),
            "site": site.to_numpy(),
            "minutes": at_rank(each, percentile),
            "share_without": (each >= limit_minutes).mean(axis=1),
        }
    )

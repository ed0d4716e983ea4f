"""The main job: networks, travel times, and every question that a study asks of itself."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.analysis.analysis import Analysis
from access.analysis.anew import _check_joined, _sites, _speeds_sentence
from access.analysis.bus import _made_of_both, _read_day
from access.analysis.results import HubResult, HubTerms, LeftOut, Parts, StudyResults, _WhenAsked
from access.errors import AccessError
from access.files import RunLedger, sha256_of
from access.network import Network, Profile, TravelMatrix, travel_matrix
from access.network.gtfs import feed_sha256
from access.network.modelled import MODELLED_STREETS, REAL_STREETS, modelled_networks
from access.network.snapping import Points, check_joins, snap
from access.release import with_policy
from access.study import Study
from access.units import project

if TYPE_CHECKING:
    from access.network.surroundings import StreetGround


# A part of the work done beside the rest, in a second process, where that costs nothing.

_T = TypeVar("_T")
_INTERRUPTED = 130
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_KEPT_BYTES = 31 << 20
"""A block of this size, once freed, tells the C library to keep what is freed later: else every
passing table's memory is handed back and cleared anew."""


#: With fewer areas than this, work is done here before a second process has begun.
_MANY_AREAS = 100


class Beside(Generic[_T]):
    """Something made in a second process while this one goes on; entered to begin, left to end.

    The process is a copy of this one, so that nothing is read or handed over to begin with; only
    Linux makes such copies safely and at once. Elsewhere, and where there is one core, it is made
    in this process when it is asked for. The answer is the same.

    Parameters
    ----------
    make : callable
        Writes into a folder of its own at most, and shows nothing; what it gives can be pickled.
        It uses nothing that works in threads of its own which this process may have begun, for a
        copy has none of them and would wait for ever: the layout of pages (typst) and OpenMP.
    what : str
        In words, for the error where the process comes to an end of its own.
    alone : bool
        Whether it needs nothing that this process will have worked out meanwhile.
    """

    def __init__(self, make: Callable[[], _T], what: str, *, alone: bool = True) -> None:
        self._make, self._what, self._alone = make, what, alone
        self._process: int | None = None
        self._pipe = -1

    @staticmethod
    def pays(areas: int) -> bool:
        """Tell whether work on so many areas is done sooner beside the rest than after it."""
        return areas >= _MANY_AREAS

    @property
    def apart(self) -> bool:
        """Whether a second process makes it."""
        return self._process is not None

    def __enter__(self) -> Beside[_T]:
        if self._alone and _a_core_is_free():
            self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """End the process if it still runs: whoever ends this one ends both."""
        if self._pipe >= 0:
            self._pipe = _closed(self._pipe)
            if self._process is not None:
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)

    def result(self) -> _T:
        """Wait for what is made; what was raised there is raised here.

        Raises
        ------
        AccessError
            If the process came to an end of its own.
        """
        if self._process is None:
            return self._make()
        with os.fdopen(self._pipe, "rb", closefd=False) as pipe:
            told = pipe.read()
        self._pipe = _closed(self._pipe)
        _, status = os.waitpid(self._process, 0)
        if not told or status:
            signalled = os.WIFSIGNALED(status)
            how = f"by signal {os.WTERMSIG(status)}" if signalled else "before it was done"
            raise AccessError(
                f"the second process, which worked out {self._what}, was ended {how}; perhaps "
                "the memory of this machine did not do. Expected it to go on: run again"
            )
        made: tuple[_T, None] | tuple[None, Exception] = pickle.loads(told)
        if made[1] is not None:
            raise made[1]
        return made[0]

    def _begin(self) -> None:
        """Copy this process; the copy makes, tells, and is gone without tidying up after us."""
        self._pipe, into = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other threads only show or wait
            self._process = os.fork()
        if self._process:
            os.close(into)
            return
        code = 1
        try:
            with suppress(OSError, AttributeError):  # be gone with who waits, however it ends
                ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
            _without_threads_of_others()
            gc.freeze()  # what is there stays: looking through it would copy its pages
            _free_a_large_block()
            told = self._told()
            with os.fdopen(into, "wb") as pipe:
                pipe.write(told)
            code = 0
        except KeyboardInterrupt:
            code = _INTERRUPTED
        finally:
            os._exit(code)

    def _told(self) -> bytes:
        """Make it, and write it down, or what was raised."""
        try:
            return pickle.dumps((self._make(), None), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # told where it is asked for
            return pickle.dumps((None, error))


def _without_threads_of_others() -> None:
    """Refuse in a copy what would wait there for ever for threads that only this process has."""

    def refused(*args: object, **options: object) -> None:
        raise AccessError("pages cannot be laid out in a copy of a process that laid some out")

    if "typst" in sys.modules:
        sys.modules["typst"].Compiler = refused  # type: ignore[attr-defined]


def _a_core_is_free() -> bool:
    """Tell whether a second process is made at once and has a core of its own."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _free_a_large_block() -> None:
    np.empty(_KEPT_BYTES, np.uint8)


def _closed(pipe: int) -> int:
    os.close(pipe)
    return -1


# ------------------------------------------------------------------------------
# The main job: networks, travel times, and every question that a study asks of itself.

Progress = Callable[[str], None]

#: How far past the areas' points a map's water, railways and names go.
_AROUND_DEGREES = 0.08


def run_job(
    study: Study,
    *,
    network: Path | None = None,
    keep: bool = True,
    progress: Progress = lambda step: None,
    meanwhile: Callable[[StudyResults], object] = lambda found: None,
) -> StudyResults:
    """Do the main job: everything of `measure_study`, and where Family Hubs would best stand.

    Parameters
    ----------
    study : Study
    network : Path, optional
        An OpenStreetMap extract or GraphML; when not given, the study's own streets
        (`Study.streets`), and modelled ones where it has none.
    keep : bool
        Keep what is made of the extract in `access.sources.http.user_cache`, and take it from
        there. The results are the same either way.
    progress : callable
        Called with a few words before each step.
    meanwhile : callable
        Called with everything but the hubs where a second process still looks for these, and
        not at all elsewhere: for what will be asked next in any case.

    Returns
    -------
    StudyResults

    Raises
    ------
    NetworkError
        As in `measure_study`.
    """
    times = travel_times(study, network=network, keep=keep, progress=progress)
    # minutes by bus of other days are worked out once and kept, for rankings and for hubs
    alone = times.bus is None and Beside.pays(len(study.areas))
    if alone:  # read once, before there are two processes
        import_module("access.analysis.hubs")
        import_module("scipy.sparse")
        import_module("scipy.special")
    with Beside(partial(_hubs_alone, times), "where hubs would stand", alone=alone) as hubs:
        found = _answered(times, progress)
        parts = Parts(found.left_out)
        if not hubs.apart:
            return Analysis(found).with_hubs(progress=progress, parts=parts)
        meanwhile(found)
        progress("where hubs would best stand")
        made, left_out = parts.make(HubTerms.of(times.study).title, hubs.result) or (None, ())
        parts.take(left_out)
        if made is None and parts.left_out == found.left_out:
            return found
        return Analysis(found).holding(made, parts)


def _hubs_alone(times: StudyResults) -> tuple[HubResult | None, tuple[LeftOut, ...]]:
    """Find where hubs would stand, and say what of it was left out."""
    parts = Parts()
    return Analysis(times).with_hubs(parts=parts).hubs, parts.left_out


def measure_study(
    study: Study,
    *,
    network: Path | None = None,
    keep: bool = True,
    progress: Progress = lambda step: None,
) -> StudyResults:
    """Make networks and travel matrices, and measure every proposal before and after.

    Parameters
    ----------
    study : Study
    network : Path, optional
        An OpenStreetMap extract or GraphML; when not given, the study's own streets
        (`Study.streets`), and modelled ones where it has none.
    keep : bool
        Keep what is made of the extract in `access.sources.http.user_cache`, and take it from
        there. The results are the same either way.
    progress : callable
        Called with a few words before each step.

    Returns
    -------
    StudyResults

    Raises
    ------
    NetworkError
        If the network cannot be read, misses the study, or too many places do not join it.
    """
    return _answered(travel_times(study, network=network, keep=keep, progress=progress), progress)


def _answered(results: StudyResults, progress: Progress) -> StudyResults:
    """Measure every proposal, and rank the two of two services together."""
    analysis, parts = Analysis(results), Parts()
    proposals = analysis.proposals(progress, parts)
    if len(proposals) > 1:
        progress("every pair of alternatives")
    joint = {}
    for mode in results.matrices:
        rank = partial(analysis.rank_jointly, proposals, mode=mode)
        found = parts.make(f"both services' alternatives together ({mode})", rank)
        if found is not None:
            joint[mode] = found
    return replace(results, proposals=proposals, joint=joint, left_out=parts.left_out)


def travel_times(
    study: Study,
    *,
    network: Path | None = None,
    keep: bool = True,
    progress: Progress = lambda step: None,
) -> StudyResults:
    """Make a study's networks and travel matrices, and no more: `measure_study` without answers."""
    network = network or study.streets
    if study.timetables:
        from access.network.timetable import check_feeds

        check_feeds(study.timetables)
    sites = _sites(study)
    cache = None
    if keep and network is not None:
        from access.sources.http import user_cache

        cache = user_cache()
    networks = _networks(study, network, sites, progress, cache)
    day = None
    if study.timetables:  # first: what is wrong with it is said before the longer work
        progress("reading the timetable")
        day = _read_day(study, networks["walk"])
    matrices = {}
    limit_m = study.config.travel.snap_limit_m
    for mode, built in networks.items():
        progress(f"travel times, {mode}")
        matrices[mode] = travel_matrix(built, study.areas, sites, snap_limit_m=limit_m, cache=cache)
        _check_snapping(study, matrices[mode], sites)
        new = sites[sites["kind"] == "new"]
        if len(new):
            _check_joined(matrices[mode].sites(list(new["id"])), new, limit_m)
    bus, more = _made_of_both(
        study, networks["walk"], sites, matrices["walk"], matrices["drive"], day, progress
    )
    matrices |= more
    if network is not None:
        study = _with_what_streets_say(study, networks)
    study = with_policy(study)
    streets = MODELLED_STREETS if network is None else REAL_STREETS.format(name=network.name)
    speeds = _speeds_sentence(study, modelled=network is None)
    made = StudyResults(
        study=study,
        networks=networks,
        matrices=matrices,
        sites=sites,
        proposals={},
        streets=streets,
        speeds=speeds,
        modelled=network is None,
        ledger=RunLedger({}),
        bus=bus,
        snaps=_WhenAsked(networks, partial(_snap_lines, networks, study, sites)),
        ground=None if network is None else _ground(study, network, networks, cache),
    )
    return replace(made, ledger=_ledger(made, network))


def _ground(
    study: Study, source: Path, networks: Mapping[str, Network], cache: Path | None
) -> StreetGround:
    """Say where maps find what lies beside the streets, a little past the areas."""
    from access.network.surroundings import StreetGround

    lon, lat = study.areas["lon"], study.areas["lat"]
    ends = lon.min(), lat.min(), lon.max(), lat.max()
    more = np.array([-1, -1, 1, 1]) * _AROUND_DEGREES
    west, south, east, north = (np.array(ends, float) + more).tolist()
    return StreetGround(source, _sha256(networks, source), (west, south, east, north), cache)


def _sha256(networks: Mapping[str, Network], source: Path) -> str:
    """Give the hash of the street file, as it was read."""
    return networks["walk"].source.sha256 or sha256_of(source)


def _networks(
    study: Study,
    source: Path | None,
    sites: pd.DataFrame,
    progress: Progress,
    cache: Path | None,
) -> dict[str, Network]:
    if source is None:
        progress("modelling streets")
        points = pd.concat([study.areas[["id", "lon", "lat"]], sites[["id", "lon", "lat"]]])
        walk_km_h = study.config.travel.walk_km_h
        return modelled_networks(points, ("walk", "drive"), walk_km_h=walk_km_h)
    from access.network.build import build_networks

    walk_km_h = study.config.travel.walk_km_h
    profiles = {mode: Profile.at_walking_speed(mode, walk_km_h) for mode in ("walk", "drive")}
    return build_networks(source, profiles, cache=cache, progress=progress)


def _snap_lines(
    networks: Mapping[str, Network], study: Study, sites: pd.DataFrame, mode: str
) -> gpd.GeoDataFrame:
    """Draw the leg from every area and site to the street that it joins in a mode."""
    network = networks[mode]
    places = pd.concat([study.areas[["id", "lon", "lat"]], sites[["id", "lon", "lat"]]])
    limit_m = study.config.travel.snap_limit_m
    # an area and a site may have one id
    points = Points(tuple(map(str, range(len(places)))), places[["lon", "lat"]].to_numpy(float))
    found = snap(network, points, limit_m=limit_m)
    start = project(places["lon"], places["lat"], network.crs)
    end = np.where(found.found[:, None], found.xy, start)
    frame = pd.DataFrame(
        {
            "id": places["id"].to_numpy(),
            "mode": mode,
            "joined": found.found,
            "metres": np.where(found.found, found.metres, np.nan),
        }
    )
    lines = shapely.linestrings(np.stack([start, end], axis=1))
    return gpd.GeoDataFrame(frame, geometry=lines, crs=network.crs)


def _with_what_streets_say(study: Study, networks: Mapping[str, Network]) -> Study:
    """Say what streets do not hold: turns that are not modelled, and where they end too near."""
    asked = study.config.travel.buffer_m
    told: list[str] = []
    for mode, network in networks.items():
        told += [note for note in network.assumptions if note not in told]
        reach = network.metres_past(study.areas["lon"], study.areas["lat"])
        if reach < asked:
            told.append(
                f"The {mode} network reaches {reach:,.0f} m past the areas on its shortest side, "
                f"less than the {asked:,.0f} m asked for (travel.buffer_m): trips by way of "
                "streets further out are not seen."
            )
    return replace(study, assumptions=(*study.assumptions, *told)) if told else study


def _check_snapping(study: Study, matrix: TravelMatrix, sites: pd.DataFrame) -> None:
    """Refuse a network that today's centres or too many families do not join."""
    travel = study.config.travel
    check_joins(
        matrix,
        sites[sites["kind"] == "centre"],
        [(s.noun, study.areas[s.demand].to_numpy(float)) for s in study.config.services.values()],
        place=study.config.study.place,
        limit_m=travel.snap_limit_m,
        most_share=travel.max_unsnapped_share,
    )


def _ledger(results: StudyResults, source: Path | None) -> RunLedger:
    study, networks = results.study, results.networks
    inputs: list[Mapping[str, str]] = [dict(row) for row in study.inputs]
    if source is not None:
        inputs.append(
            {
                "file": source.name,
                "sha256": _sha256(networks, source),
                "source": "OpenStreetMap extract given by the user",
                "vintage": "as the file",
                "licence": "ODbL, (c) OpenStreetMap contributors",
            }
        )
    own = {study.folder / row["file"] for row in study.inputs}
    feeds = [feed for feed in study.timetables if feed not in own]
    inputs += [
        {
            "file": feed.name,
            "sha256": feed_sha256(feed),
            "source": "GTFS timetable given by the user",
            "vintage": "as the file",
            "licence": "as the file; Open Government Licence v3 for the Bus Open Data Service",
        }
        for feed in feeds
    ]
    parameters: dict[str, Any] = {"study": study.settings()}
    parameters["profiles"] = {mode: n.profile.to_dict() for mode, n in networks.items()}
    counts: dict[str, Any] = {
        "areas": len(study.areas),
        "families": {
            key: float(np.sum(study.areas[s.demand])) for key, s in study.config.services.items()
        },
        "pairs_by_status": {mode: m.status_counts() for mode, m in results.matrices.items()},
    }
    return RunLedger(
        command={"command": "run", "study": study.name,
                 "network": None if source is None else source.name,
                 # of several each is to be given again, the study's own among them
                 **({"timetables": [f.name for f in study.timetables]} if feeds else {})},
        inputs=tuple(inputs),
        parameters=parameters,
        counts=counts,
        assumptions=results.assumptions,
    )  # fmt: skip

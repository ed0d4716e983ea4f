"""The main job: networks, travel times, and every question that a study asks of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.analysis.analysis import Analysis
from access.analysis.beside import Beside, worth_a_process
from access.analysis.bus import _made_of_both, _read_day, bus_sentences
from access.analysis.new_places import _check_joined, _proposed_places, _site_rows
from access.analysis.results import (
    HubResult,
    LeftOut,
    Parts,
    StudyResults,
    _WhenAsked,
    hub_terms,
)
from access.analysis.walking import _speeds_sentence
from access.ledger import RunLedger, sha256_of
from access.network import Network, Profile, TravelMatrix, travel_matrix
from access.network.modelled import MODELLED_STREETS, REAL_STREETS, modelled_networks
from access.network.snapping import check_joins, read_points, snap
from access.release import with_policy
from access.study import Study
from access.units import project

if TYPE_CHECKING:
    from access.network.surroundings import StreetGround

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
    alone = times.bus is None and worth_a_process(len(study.areas))
    if alone:  # read once, before there are two processes
        import_module("access.analysis.hubs")
        import_module("scipy.sparse")
    with Beside(partial(_hubs_alone, times), "where hubs would stand", alone=alone) as hubs:
        found = _answered(times, progress)
        parts = Parts(found.left_out)
        if not hubs.apart:
            return Analysis(found).with_hubs(progress=progress, parts=parts)
        meanwhile(found)
        progress("where hubs would best stand")
        made, left_out = parts.make(hub_terms(times.study).title, hubs.result) or (None, ())
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
    sites = _sites(study)
    cache = None
    if keep and network is not None:
        from access.sources.http import user_cache

        cache = user_cache()
    networks = _networks(study, network, sites, progress, cache)
    matrices = {}
    limit_m = study.config.travel.snap_limit_m
    for mode, built in networks.items():
        progress(f"travel times, {mode}")
        matrices[mode] = travel_matrix(built, study.areas, sites, snap_limit_m=limit_m, cache=cache)
        _check_snapping(study, matrices[mode], sites)
        new = sites[sites["kind"] == "new"]
        if len(new):
            _check_joined(matrices[mode].sites(list(new["id"])), new, limit_m)
    day = None
    if study.timetables:
        progress("reading the timetable")
        day = _read_day(study, networks["walk"])
    bus, more = _made_of_both(
        study, networks["walk"], sites, matrices["walk"], matrices["drive"], day, progress
    )
    matrices |= more
    if network is not None:
        study = _with_what_streets_say(study, networks)
    study = with_policy(study)
    streets = MODELLED_STREETS if network is None else REAL_STREETS.format(name=network.name)
    speeds = _speeds_sentence(study, modelled=network is None)
    return StudyResults(
        study=study,
        networks=networks,
        matrices=matrices,
        sites=sites,
        proposals={},
        streets=streets,
        speeds=speeds,
        modelled=network is None,
        ledger=_ledger(
            study, network, networks, matrices, (streets, speeds, *bus_sentences(study, bus))
        ),
        bus=bus,
        snaps=_WhenAsked(networks, partial(_snap_lines, networks, study, sites)),
        ground=None if network is None else _ground(study, network, networks, cache),
    )


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


def _sites(study: Study) -> pd.DataFrame:
    """Stack centres, candidates, neighbours' centres and new positions, in this order."""
    parts = [
        _site_rows(pd.DataFrame(frame), kind)
        for kind, frame in (
            ("centre", study.centres),
            ("candidate", study.candidates),
            ("neighbour", study.neighbours),
            ("new", _proposed_places(study)),
        )
        if len(frame)
    ]
    return pd.concat(parts, ignore_index=True)


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
    found = snap(network, read_points(places, "areas and sites"), limit_m=limit_m)
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
    from access.network.stocktake import reach_past

    asked = study.config.travel.buffer_m
    told: list[str] = []
    for mode, network in networks.items():
        told += [note for note in network.assumptions if note not in told]
        reach = reach_past(network, study.areas)
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
        {s.noun: study.areas[s.demand].to_numpy(float) for s in study.config.services.values()},
        place=study.config.study.place,
        limit_m=travel.snap_limit_m,
        most_share=travel.max_unsnapped_share,
    )


def _ledger(
    study: Study,
    source: Path | None,
    networks: Mapping[str, Network],
    matrices: Mapping[str, TravelMatrix],
    told: tuple[str, ...],
) -> RunLedger:
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
            "sha256": sha256_of(feed),
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
        "pairs_by_status": {mode: m.status_counts() for mode, m in matrices.items()},
    }
    return RunLedger(
        command={"command": "run", "study": study.name,
                 "network": None if source is None else source.name,
                 **({"timetables": [feed.name for feed in feeds]} if feeds else {})},
        inputs=tuple(inputs),
        parameters=parameters,
        counts=counts,
        assumptions=(*told, *study.assumptions),
    )  # fmt: skip

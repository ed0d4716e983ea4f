"""What a run measured, at another walking speed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from access.analysis.bus import _made_of_both
from access.analysis.results import StudyResults
from access.errors import ParameterError
from access.labels import trip
from access.network import Network, TravelMatrix, travel_matrix
from access.network.modelled import MODELLED_DRIVING
from access.study import Study

_LEAST_KM_H, _MOST_KM_H = 0.5, 12.0
_FERRY = "ferry"


def _speeds_sentence(study: Study, *, modelled: bool) -> str:
    """Say in one sentence how fast everybody is taken to be, and where they go."""
    travel = study.config.travel
    driving = MODELLED_DRIVING if modelled else "driving at the speeds of the drive profile"
    park = ""
    if "p_no_car" in study.areas and study.areas["p_no_car"].notna().all():
        park = f"{travel.parking_minutes:g} minutes to park in the {trip('typical')}; "
    return (
        f"Walking at {travel.walk_km_h:g} km/h; {driving}; {park}everybody uses "
        "the site nearest in time, whatever they use today."
    )


def _at_walking_speed(results: StudyResults, walk_km_h: float) -> StudyResults:
    """Give what was measured as if everybody walked at another speed; proposals are left out."""
    made_at = results.study.config.travel.walk_km_h
    if isinstance(walk_km_h, bool) or not _LEAST_KM_H <= walk_km_h <= _MOST_KM_H:
        raise ParameterError(
            f"walk_km_h={walk_km_h!r}; expected a walking speed of {_LEAST_KM_H:g} to "
            f"{_MOST_KM_H:g} km/h"
        )
    study = _study_at(results.study, walk_km_h)
    networks = {m: _network_at(n, made_at, walk_km_h) for m, n in results.networks.items()}
    matrices = {
        mode: _matrix_at(matrix, networks.get(mode), results, made_at / walk_km_h)
        for mode, matrix in results.matrices.items()
        if mode not in ("bus", "typical")
    }
    # whoever walks at another speed catches other buses
    bus, more = _made_of_both(
        study, networks.get("walk"), results.sites, matrices["walk"], matrices["drive"],
        None if results.bus is None else results.bus.timetable,
    )  # fmt: skip
    matrices |= more
    speeds = _speeds_sentence(study, modelled=results.modelled)
    told = tuple(speeds if t == results.speeds else t for t in results.ledger.assumptions)
    parameters = {**results.ledger.parameters, "study": study.settings()}
    if networks:
        parameters["profiles"] = {mode: n.profile.to_dict() for mode, n in networks.items()}
    return replace(
        results,
        study=study,
        networks=networks,
        matrices=matrices,
        speeds=speeds,
        proposals={},
        joint={},
        hubs=None,
        bus=bus,
        ledger=replace(results.ledger, parameters=parameters, assumptions=told),
    )


def _study_at(study: Study, walk_km_h: float) -> Study:
    travel = study.config.travel.model_copy(update={"walk_km_h": float(walk_km_h)})
    return replace(study, config=study.config.model_copy(update={"travel": travel}))


def _network_at(network: Network, made_at: float, walk_km_h: float) -> Network:
    """Change the pace of walkers on every street; a ferry keeps its own."""
    profile = replace(network.profile, off_network_kmh=walk_km_h)
    if network.mode != "walk":
        return replace(network, profile=profile)
    faster = walk_km_h / made_at

    def pace(km_h: float) -> float:
        return walk_km_h if km_h == made_at else km_h * faster

    speeds = tuple((c, v if c == _FERRY else pace(v)) for c, v in profile.class_kmh)
    walks = ~_on_ferry(network)
    ways = (network.edge_minutes_forward, network.edge_minutes_backward)
    forward, backward = (np.where(walks, minutes / faster, minutes) for minutes in ways)
    return replace(
        network,
        profile=replace(profile, kmh=pace(profile.kmh), class_kmh=speeds),
        edge_minutes_forward=forward,
        edge_minutes_backward=backward,
    )


def _on_ferry(network: Network) -> np.ndarray:
    ferries = [k for k, name in enumerate(network.class_names) if name == _FERRY]
    return np.isin(network.edge_class, ferries)


def _matrix_at(
    matrix: TravelMatrix, network: Network | None, results: StudyResults, slower: float
) -> TravelMatrix:
    """Re-scale the walked legs, which is exact; where a ferry keeps its pace, measure anew."""
    # of a car's trip, the ways to and from the streets are walked
    if network is not None and matrix.mode == "walk" and _other_paces(network):
        limit_m = results.study.config.travel.snap_limit_m
        return travel_matrix(network, results.study.areas, results.sites, snap_limit_m=limit_m)
    along = slower if matrix.mode == "walk" else 1.0
    entry, exit_ = matrix.entry_minutes * slower, matrix.exit_minutes * slower
    network_minutes = matrix.network_minutes * along
    return replace(
        matrix,
        entry_minutes=entry,
        network_minutes=network_minutes,
        exit_minutes=exit_,
        total_minutes=entry + network_minutes + exit_,
    )


def _other_paces(network: Network) -> bool:
    return bool(_on_ferry(network).any() or network.node_delay_minutes.any())

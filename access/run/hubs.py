"""The Family Hub question put to a study: whose families, which candidates, whose choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError, StudyError
from access.measure import typical_matrix
from access.measure.weights import deprivation_weights
from access.network import Network, TravelMatrix, travel_matrix
from access.network.places import read_places
from access.network.snap import snap
from access.results import StudyResults
from access.run.ask import travel_times
from access.run.proposals import weighting
from access.siting import Demand, NoWorse, Rule, greenfield, per_locality
from access.siting.hubs import HubStudy, hub_study
from access.study import Study
from access.units import metric_crs, project, unproject

Progress = Callable[[str], None]
_DEPRIVED_DECILES = 2


@dataclass(frozen=True, eq=False)
class HubAnswer:
    """The question put to a study, families counted as they are and weighted by deprivation.

    Parameters
    ----------
    plain : HubStudy
        Every child and young person counts the same.
    weighted : HubStudy or None
        Counted by deprivation; None where the study has no ranks.
    weighting_note : str
        The weights in words.
    mode : str
    candidates : DataFrame
        The sites that were looked at: ``id name kind locality lon lat assumed``.
    """

    plain: HubStudy
    weighted: HubStudy | None
    weighting_note: str
    mode: str
    candidates: pd.DataFrame


@dataclass(frozen=True)
class HubQuestion:
    """What a user may ask beyond what the study says.

    Parameters
    ----------
    mode : str
    most : int, optional
        The study's `hubs.most` unless told otherwise.
    size : int, optional
        Hubs for the alternatives and the front; as many as the council's, or 3.
    min_per_locality : int
    protect_minutes : float, optional
        Nobody in deprivation deciles 1 and 2 may be further than today by more than this.
    locked_open, locked_closed : tuple of str
    greenfield : int
        Candidates to propose at the centres of demand.
    near_best : int
    within : float
    costs : Path, optional
        A CSV of ``id,cost``, one row a candidate.
    time_limit_s : float, optional
        For each search.
    """

    mode: str = "walk"
    most: int | None = None
    size: int | None = None
    min_per_locality: int = 0
    protect_minutes: float | None = None
    locked_open: tuple[str, ...] = ()
    locked_closed: tuple[str, ...] = ()
    greenfield: int = 0
    near_best: int = 10
    within: float = 0.02
    costs: Path | None = None
    time_limit_s: float | None = None


def hub_answer(
    study: Study,
    question: HubQuestion = HubQuestion(),
    *,
    network: Path | None = None,
    results: StudyResults | None = None,
    progress: Progress = lambda step: None,
) -> HubAnswer:
    """Find where a study's Family Hubs would best stand.

    Parameters
    ----------
    study : Study
    question : HubQuestion
    network : Path, optional
        Real streets; modelled where not given.
    results : StudyResults, optional
        Travel times that were made before; made here when None.
    progress : callable
        Called with a few words before each step.

    Returns
    -------
    HubAnswer

    Raises
    ------
    ParameterError
        If the question is faulty, or no set of hubs keeps its rules.
    StudyError
        If the file of costs is wrong.
    """
    results = results or travel_times(study, network=network, progress=progress)
    if question.mode not in results.matrices:
        raise ParameterError(
            f"mode {question.mode!r} is not measured; expected one of {[*results.matrices]}"
        )
    candidates = hub_candidates(study, results.sites)
    matrix = results.matrices[question.mode]
    minutes = matrix.sites(candidates["id"].tolist()).to_frame()
    if question.greenfield:
        progress("candidates at the centres of demand")
        made = _greenfield(study, results, question)
        minutes = pd.concat([minutes, made[1].to_frame()], axis=1)
        candidates = pd.concat([candidates, made[0]], ignore_index=True)
    settings = _settings(study, question, candidates, matrix)
    progress("hubs, every family counted the same")
    plain = hub_study(_demands(study, minutes, None), **settings)
    weights, note = _weights(study)
    weighted = None
    if weights is not None:
        progress("hubs, families weighted by deprivation")
        weighted = hub_study(_demands(study, minutes, weights), **settings)
    return HubAnswer(plain, weighted, note, question.mode, candidates)


def hub_candidates(study: Study, sites: pd.DataFrame) -> pd.DataFrame:
    """List where a hub could go: centres that every proposal keeps, and the candidates.

    Parameters
    ----------
    study : Study
    sites : DataFrame
        As `StudyResults.sites`.

    Returns
    -------
    DataFrame
    """
    closed = {i for proposal in study.config.proposals.values() for i in proposal.close}
    keep = (sites["kind"] == "candidate") | (
        (sites["kind"] == "centre") & ~sites["id"].isin(closed)
    )
    columns = ["id", "name", "kind", "locality", "lon", "lat", "assumed"]
    return sites.loc[keep, columns].reset_index(drop=True)


def _demands(study: Study, minutes: pd.DataFrame, weights: pd.Series | None) -> list[Demand]:
    services = study.config.services
    given = study.config.hubs.shares
    out = []
    for key, service in services.items():
        counts = study.demand(key).set_index("id")["count"]
        if weights is not None:
            counts = counts * weights
        share = given.get(key, 0.0) if given else 1.0
        out.append(Demand(minutes, counts, share, service.title))
    return out


def _weights(study: Study) -> tuple[pd.Series | None, str]:
    """Give the study's deprivation weights by area; None where it has none."""
    chosen = weighting(study)
    if chosen["weights"] == "none":
        return None, ""
    areas = pd.DataFrame(study.areas.drop(columns="geometry"))
    found = deprivation_weights(
        areas, chosen["weights"], lam=chosen["lam"], national_areas=chosen["national_areas"]
    )
    return pd.Series(found.per_family, index=areas["id"]), found.note


def _settings(
    study: Study, question: HubQuestion, candidates: pd.DataFrame, matrix: TravelMatrix
) -> dict[str, Any]:
    hubs = study.config.hubs
    known = set(candidates["id"])
    council = tuple(i for i in hubs.council_choice if i in known)
    if len(council) < len(hubs.council_choice):
        lost = sorted(set(hubs.council_choice) - known)
        raise ParameterError(
            f"hubs.council_choice names {lost}, which a proposal closes or the study does not "
            "have; expected ids of kept centres or candidate sites"
        )
    rules: list[Rule] = []
    if question.min_per_locality:
        placed = candidates[candidates["locality"].fillna("") != ""]
        rules += per_locality(
            dict(zip(placed["id"], placed["locality"], strict=True)), question.min_per_locality
        )
    if question.protect_minutes is not None:
        rules += _protect(study, question.protect_minutes, matrix)
    assumed = candidates.loc[candidates["assumed"].eq(True), "name"].tolist()
    assumptions = [f"Assumed sites among the candidates: {'; '.join(assumed)}."] if assumed else []
    if question.greenfield:
        assumptions.append(
            f"{question.greenfield} candidates are new sites at centres of demand: nothing is "
            "known to stand there."
        )
    return {
        "most": question.most or hubs.most,
        "size": question.size,
        "council": council,
        "rules": tuple(rules),
        "locked_open": question.locked_open,
        "locked_closed": question.locked_closed,
        "site_costs": _costs(question.costs, candidates),
        "near_best": question.near_best,
        "within": question.within,
        "names": dict(zip(candidates["id"], candidates["name"], strict=True)),
        "kinds": dict(zip(candidates["id"], candidates["kind"], strict=True)),
        "assumptions": tuple(assumptions),
        "time_limit_s": question.time_limit_s,
    }


def _protect(study: Study, minutes: float, matrix: TravelMatrix) -> list[NoWorse]:
    """Hold the most deprived fifth to no more than so many minutes beyond today's centres."""
    areas = study.areas
    if "imd_decile" not in areas:
        raise ParameterError("the study's areas have no imd_decile to tell who is most deprived")
    deprived = areas.loc[areas["imd_decile"] <= _DEPRIVED_DECILES, "id"].tolist()
    rules = []
    for key, service in study.config.services.items():
        now = matrix.sites(study.centres_of(key)["id"].tolist()).total_minutes.min(axis=1)
        today = dict(zip(matrix.area_ids, now.tolist(), strict=True))
        rules.append(
            NoWorse(
                minutes, deprived, today,
                service.title, f"areas in deprivation deciles 1 to {_DEPRIVED_DECILES}",
            )
        )  # fmt: skip
    return rules


def _costs(path: Path | None, candidates: pd.DataFrame) -> Mapping[str, float] | None:
    if path is None:
        return None
    try:
        table = pd.read_csv(path, dtype={"id": str})
        costs = dict(zip(table["id"], table["cost"].astype(float), strict=True))
    except (OSError, KeyError, ValueError) as error:
        raise StudyError(
            f"{path} cannot be read as a table of costs: {error}. Expected a CSV with the columns "
            "id and cost, one row a candidate site"
        ) from error
    wanted = set(candidates["id"])
    return {key: value for key, value in costs.items() if key in wanted}


def _greenfield(
    study: Study, results: StudyResults, question: HubQuestion
) -> tuple[pd.DataFrame, TravelMatrix]:
    """Propose candidates at the centres of demand, on a street, and measure the way to them."""
    areas = study.areas
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    xy = project(areas["lon"], areas["lat"], crs)
    counts = sum(study.demand(key)["count"].to_numpy(float) for key in study.config.services)
    walk = results.networks["walk"]
    limit_m = study.config.travel.snap_limit_m

    def to_street(points: np.ndarray) -> np.ndarray:
        lonlat = unproject(points, crs)
        frame = pd.DataFrame({"id": [str(k) for k in range(len(lonlat))],
                              "lon": lonlat[:, 0], "lat": lonlat[:, 1]})  # fmt: skip
        # A centre of demand may lie in a field: look further than for a home.
        joined = snap(walk, read_places(frame, "centres of demand"), limit_m=10 * limit_m)
        onto = project(joined.lonlat[:, 0], joined.lonlat[:, 1], crs)
        return np.where(joined.found[:, None], onto, points)

    found = greenfield(
        pd.DataFrame(xy, index=areas["id"]), question.greenfield,
        weights=pd.Series(counts, index=areas["id"]), snap=to_street,
    )  # fmt: skip
    lonlat = unproject(found[["x", "y"]].to_numpy(), crs)
    frame = pd.DataFrame(
        {
            "id": found["id"],
            "name": [f"New site {i} at a centre of demand" for i in found["id"]],
            "kind": "greenfield",
            "locality": "",
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
            "assumed": False,
        }
    )
    return frame, _measured(study, results.networks, frame, question.mode)


def _measured(
    study: Study, networks: Mapping[str, Network], sites: pd.DataFrame, mode: str
) -> TravelMatrix:
    limit_m = study.config.travel.snap_limit_m
    wanted = ["walk", "drive"] if mode == "typical" else [mode]
    made = {m: travel_matrix(networks[m], study.areas, sites, snap_limit_m=limit_m) for m in wanted}
    if mode != "typical":
        return made[mode]
    no_car = study.areas.set_index("id")["p_no_car"]
    return typical_matrix(made["walk"], made["drive"], no_car, study.config.travel.parking_minutes)

"""Where a Family Hub could stand: centres that stay, the study's candidates, and new sites."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.measure import typical_matrix
from access.network import TravelMatrix, travel_matrix
from access.network.matrix import positions
from access.network.places import read_places
from access.network.snap import snap
from access.results import StudyResults
from access.siting import greenfield
from access.units import metric_crs, project, unproject

_COLUMNS = ["id", "name", "kind", "locality", "lon", "lat", "assumed"]
_FURTHER_THAN_A_HOME = 10
"""A centre of demand may lie in a field: so many times a home's limit to look for a street."""


def hub_candidates(results: StudyResults, among: Sequence[str] | None = None) -> pd.DataFrame:
    """List where a hub could go: centres that every proposal keeps, and the candidates.

    Parameters
    ----------
    results : StudyResults
    among : sequence of str, optional
        Only these sites of the study.

    Returns
    -------
    DataFrame
        ``id name kind locality lon lat assumed``.

    Raises
    ------
    ParameterError
        If a site of `among` is not in the study.
    """
    sites = results.sites
    if among is not None:
        positions(sites["id"].tolist(), [str(i) for i in among], "site")
        keep = sites["id"].isin([str(i) for i in among])
    else:
        closed = {i for p in results.study.config.proposals.values() for i in p.close}
        stays = (sites["kind"] == "centre") & ~sites["id"].isin(closed)
        keep = (sites["kind"] == "candidate") | stays
    return sites.loc[keep, _COLUMNS].reset_index(drop=True)


def new_sites(results: StudyResults, count: int) -> pd.DataFrame:
    """Propose sites at the centres of demand, on a street.

    Parameters
    ----------
    results : StudyResults
    count : int

    Returns
    -------
    DataFrame
        As `hub_candidates`; kind is ``greenfield``.
    """
    study = results.study
    areas = study.areas
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    families = [study.demand(key).set_index("id")["count"] for key in study.config.services]
    limit_m = _FURTHER_THAN_A_HOME * study.config.travel.snap_limit_m

    def to_street(points: np.ndarray) -> np.ndarray:
        lonlat = unproject(points, crs)
        frame = pd.DataFrame(lonlat, columns=["lon", "lat"])
        frame.insert(0, "id", [str(k) for k in range(len(lonlat))])
        joined = snap(
            results.networks["walk"], read_places(frame, "centres of demand"), limit_m=limit_m
        )
        onto = project(joined.lonlat[:, 0], joined.lonlat[:, 1], crs)
        return np.where(joined.found[:, None], onto, points)

    found = greenfield(
        pd.DataFrame(project(areas["lon"], areas["lat"], crs), index=areas["id"]),
        count,
        weights=pd.concat(families, axis=1).sum(axis=1).loc[areas["id"]],
        snap=to_street,
    )
    lonlat = unproject(found[["x", "y"]].to_numpy(), crs)
    return pd.DataFrame(
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


def minutes_to(results: StudyResults, sites: pd.DataFrame, mode: str) -> TravelMatrix:
    """Measure the way from every area to sites that the study's matrices do not hold.

    Parameters
    ----------
    results : StudyResults
    sites : DataFrame
        ``id lon lat``.
    mode : str

    Returns
    -------
    TravelMatrix

    Raises
    ------
    ParameterError
        If the mode is not walk, drive or typical.
    """
    if mode not in (*results.networks, "typical"):
        raise ParameterError(f"no way to measure mode {mode!r} to new sites")
    study = results.study
    limit_m = study.config.travel.snap_limit_m
    made = {
        m: travel_matrix(results.networks[m], study.areas, sites, snap_limit_m=limit_m)
        for m in (["walk", "drive"] if mode == "typical" else [mode])
    }
    if mode != "typical":
        return made[mode]
    no_car = study.areas.set_index("id")["p_no_car"]
    return typical_matrix(made["walk"], made["drive"], no_car, study.config.travel.parking_minutes)

"""Sites at a position of their own: a mobile stop, a new building. They get minutes as any site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.bus import _made_of_both
from access.analysis.results import StudyResults
from access.errors import Fault, NetworkError, ScenarioError
from access.network import Status, TravelMatrix, travel_matrix
from access.study import Study
from access.text import listed

_SITE_COLUMNS = (
    "id", "name", "kind", "service", "address", "postcode", "lon", "lat", "locality",
    "assumed", "proxy", "position_error_m", "position_basis",
)  # fmt: skip
_BY_PAIR = (
    "entry_minutes", "network_minutes", "exit_minutes", "total_minutes", "network_metres", "status",
)  # fmt: skip


def _site_rows(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Give a table of places the columns of a run's sites."""
    part = frame.assign(kind=kind).reindex(columns=list(_SITE_COLUMNS))
    for column in ("assumed", "proxy"):
        part[column] = part[column].eq(True)
    part["position_error_m"] = part["position_error_m"].astype(float)
    texts = {c: "" for c in _SITE_COLUMNS if part[c].dtype == object or
             pd.api.types.is_string_dtype(part[c])}  # fmt: skip
    return part.fillna(texts)


def _proposed_places(study: Study) -> pd.DataFrame:
    """List the new positions of a study's proposals: ``id name lon lat``, each once."""
    rows = {
        str(change.opens): {
            "id": str(change.opens),
            "name": change.name or str(change.opens),
            "lon": change.lon,
            "lat": change.lat,
        }
        for proposal in study.config.proposals.values()
        for change in proposal.change
        if change.lon is not None
    }
    return pd.DataFrame(list(rows.values()), columns=["id", "name", "lon", "lat"])


def _with_places(results: StudyResults, sites: pd.DataFrame) -> StudyResults:
    """Give what was measured with minutes to places that it does not hold.

    `sites` has ``id name lon lat``; a site that the run holds already is left as it is, and must
    not be given another place.
    """
    known = results.sites.set_index("id")
    new = sites[~sites["id"].isin(known.index)]
    faults = _place_faults(sites, new, known, results.study)
    if faults:
        raise ScenarioError("the change names sites whose place cannot be used", faults)
    if new.empty:
        return results
    names = new["name"].where(new["name"].astype(str) != "", new["id"])
    rows = _site_rows(new.assign(name=names).reset_index(drop=True), "new")
    return _measured_to(results, rows, must_join=True)


def _measured_to(results: StudyResults, rows: pd.DataFrame, *, must_join: bool) -> StudyResults:
    """Give what was measured with minutes to further sites, by every way of travel."""
    matrices = dict(results.matrices)
    limit_m = results.study.config.travel.snap_limit_m
    for mode, network in results.networks.items():
        added = travel_matrix(network, results.study.areas, rows, snap_limit_m=limit_m)
        if must_join:
            _check_joined(added, rows, limit_m)
        matrices[mode] = _beside(results.matrices[mode], added)
    whole = pd.concat([results.sites, rows], ignore_index=True)
    bus, more = _made_of_both(
        results.study, results.networks.get("walk"), whole, matrices["walk"], matrices["drive"],
        None if results.bus is None else results.bus.timetable,
    )  # fmt: skip
    return replace(results, matrices=matrices | more, sites=whole, bus=bus)


def _check_joined(matrix: TravelMatrix, sites: pd.DataFrame, limit_m: float) -> None:
    """Refuse new places that no street is near."""
    apart = (matrix.status == Status.UNSNAPPED).all(axis=0)
    faults = [
        Fault("change", str(sites["id"].iloc[i]), "lon, lat",
              f"{sites['lon'].iloc[i]}, {sites['lat'].iloc[i]}",
              f"a point within {limit_m:g} m of a usable street (travel.snap_limit_m)")
        for i in np.flatnonzero(apart).tolist()
    ]  # fmt: skip
    if faults:
        raise NetworkError(f"{len(faults)} new site(s) do not join the {matrix.mode} network",
                           faults)  # fmt: skip


def _place_faults(
    sites: pd.DataFrame, new: pd.DataFrame, known: pd.DataFrame, study: Study
) -> list[Fault]:
    faults = [
        Fault("change", str(row["id"]), "lon, lat", "",
              "the id of a site of the study, or a lon and a lat for a new one")
        for row in new.to_dict("records")
        if pd.isna(row["lon"]) or pd.isna(row["lat"])
    ]  # fmt: skip
    west, south, east, north = study.config.study.box
    faults += [
        Fault("change", str(row["id"]), "lon, lat", f"{row['lon']:g}, {row['lat']:g}",
              f"a point inside the study's box {[west, south, east, north]}")
        for row in new.to_dict("records")
        if not pd.isna(row["lon"])
        and not (west <= row["lon"] <= east and south <= row["lat"] <= north)
    ]  # fmt: skip
    for row in sites[sites["id"].isin(known.index)].to_dict("records"):
        spot = known.loc[row["id"], ["lon", "lat"]].astype(float)
        if not pd.isna(row["lon"]) and (row["lon"], row["lat"]) != (spot["lon"], spot["lat"]):
            faults.append(
                Fault("change", str(row["id"]), "lon, lat", f"{row['lon']:g}, {row['lat']:g}",
                      "an id of its own for a new position: a site of this id has its place")
            )  # fmt: skip
    return faults


def _beside(matrix: TravelMatrix, added: TravelMatrix) -> TravelMatrix:
    """Set further columns beside those of a matrix."""
    held = {f.name for f in fields(matrix)}
    joined: dict[str, Any] = {
        name: np.hstack([getattr(matrix, name), getattr(added, name)])
        for name in _BY_PAIR
        if name in held
    }
    return replace(matrix, site_ids=(*matrix.site_ids, *added.site_ids), **joined)


def _shared(study: Study, site: str) -> pd.DataFrame:
    """List the other centres of the building that a site is in."""
    centres = pd.DataFrame(study.centres)
    if "building" not in centres:
        return centres.iloc[:0]
    held = centres["building"].fillna("").astype(str).str.strip()
    own = held[centres["id"] == site]
    if own.empty or not own.iloc[0]:
        return centres.iloc[:0]
    return centres[(held == own.iloc[0]) & (centres["id"] != site)]


def also_there(study: Study, site: str) -> list[str]:
    """Name the other services of a site's building: "Park View Youth Centre (Youth Centre)"."""
    return _with_services(study, _shared(study, site))


def _with_services(study: Study, rows: pd.DataFrame) -> list[str]:
    services = study.config.services
    return [
        f"{name} ({services[service].one})"
        for name, service in zip(rows["name"], rows["service"], strict=True)
    ]


def knock_on(study: Study, closed: Sequence[str]) -> list[str]:
    """Say what else the buildings of closing sites host, and what of it closes as well."""
    names = dict(zip(study.centres["id"], study.centres["name"], strict=True))
    elsewhere = {i for p in study.config.proposals.values() for i in p.closes}
    said = []
    for site in closed:
        others = _shared(study, site)
        if others.empty:
            continue
        text = f"the building of {names.get(site, site)} also hosts "
        text += listed(_with_services(study, others))
        here = others["id"].isin(set(closed))
        other = others["id"].isin(elsewhere) & ~here
        if not here.all():
            text += ": closing the one does not close the other"
        if not (here | other).all():
            text += ", and the building stays in use"
        for rows, who in ((here, "this proposal"), (other, "another proposal")):
            if rows.any():
                text += f"; {who} closes {listed(_with_services(study, others[rows]))}"
        said.append(text)
    return said

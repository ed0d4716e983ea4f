"""A study measured anew: new sites, another walking speed, and what may be wrong of its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.bus import _made_of_both, _modes_of, _usual_minutes
from access.analysis.results import StudyResults
from access.errors import Fault, NetworkError, ParameterError, ScenarioError
from access.files import RunLedger
from access.labels import trip
from access.network import Network, Status, TravelMatrix, travel_matrix
from access.network.modelled import MODELLED_DRIVING, MODELLED_ERROR
from access.scenario import Uncertainty, plausible_sites
from access.study import Study
from access.study.settings import LEAST_KM_H, MOST_KM_H
from access.text import limit_words, listed

# Sites at a position of their own: a mobile stop, a new building. They get minutes as any site.

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


def _unmeasured(study: Study) -> StudyResults:
    """Give a study as if it were measured, every trip of no minutes: to read a question by."""
    sites = _sites(study)
    ids = sites["id"].astype(str).tolist()
    none = TravelMatrix.from_minutes(np.zeros((1, len(ids))), area_ids=["any"], site_ids=ids)
    matrices = {mode: replace(none, mode=mode) for mode in _modes_of(study)}
    return StudyResults(
        study=study, networks={}, matrices=matrices, sites=sites, proposals={}, streets="",
        speeds="", modelled=True, ledger=RunLedger({}),
    )  # fmt: skip


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


@dataclass(frozen=True, eq=False)
class Buildings:
    """Which centres of a study share a building, and what follows where one closes.

    Parameters
    ----------
    study : Study
    """

    study: Study

    def also_there(self, site: str) -> list[str]:
        """Name the other services of a site's building: "Park View Youth Centre (Youth Centre)"."""
        return self._with_services(self._shared(site))

    def knock_on(self, closed: Sequence[str]) -> list[str]:
        """Say what else the buildings of closing sites host, and what of it closes as well."""
        names = dict(zip(self.study.centres["id"], self.study.centres["name"], strict=True))
        elsewhere = {i for p in self.study.config.proposals.values() for i in p.closes}
        said = []
        for site in closed:
            others = self._shared(site)
            if others.empty:
                continue
            text = f"the building of {names.get(site, site)} also hosts "
            text += listed(self._with_services(others))
            here = others["id"].isin(set(closed))
            other = others["id"].isin(elsewhere) & ~here
            if not here.all():
                text += ": closing the one does not close the other"
            if not (here | other).all():
                text += ", and the building stays in use"
            for rows, who in ((here, "this proposal"), (other, "another proposal")):
                if rows.any():
                    text += f"; {who} closes {listed(self._with_services(others[rows]))}"
            said.append(text)
        return said

    def _shared(self, site: str) -> pd.DataFrame:
        """List the other centres of the building that a site is in."""
        centres = pd.DataFrame(self.study.centres)
        if "building" not in centres:
            return centres.iloc[:0]
        held = centres["building"].fillna("").astype(str).str.strip()
        own = held[centres["id"] == site]
        if own.empty or not own.iloc[0]:
            return centres.iloc[:0]
        return centres[(held == own.iloc[0]) & (centres["id"] != site)]

    def _with_services(self, rows: pd.DataFrame) -> list[str]:
        services = self.study.config.services
        return [
            f"{name} ({services[service].one})"
            for name, service in zip(rows["name"], rows["service"], strict=True)
        ]


# ------------------------------------------------------------------------------
# What a run measured, at another walking speed.

_FERRY = "ferry"


def _speeds_sentence(study: Study, *, modelled: bool) -> str:
    """Say in one sentence how fast everybody is taken to be, and where they go."""
    travel = study.config.travel
    driving = MODELLED_DRIVING if modelled else "driving at the speeds of the drive profile"
    park = ""
    if study.knows_cars:
        park = f"{limit_words(travel.parking_minutes)} to park in the {trip('typical')}; "
    return (
        f"Walking at {travel.walk_km_h:g} km/h; {driving}; {park}everybody uses "
        "the site nearest in time, whatever they use today."
    )


def _check_walking_speed(walk_km_h: float) -> None:
    """Refuse a speed that nobody walks at."""
    if isinstance(walk_km_h, bool) or not LEAST_KM_H <= walk_km_h <= MOST_KM_H:
        raise ParameterError(
            f"walk_km_h={walk_km_h!r}; expected a walking speed of {LEAST_KM_H:g} to "
            f"{MOST_KM_H:g} km/h"
        )


def _at_walking_speed(results: StudyResults, walk_km_h: float) -> StudyResults:
    """Give what was measured as if everybody walked at another speed; proposals are left out."""
    _check_walking_speed(walk_km_h)
    made_at = results.study.config.travel.walk_km_h
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


# ------------------------------------------------------------------------------
# What may be wrong of a study: gathered in one place, for closures and for hubs alike.

_WALK_KM_H = (3.6, 5.4)
"""From a pram to a brisk walk: the range over which the walking speed is drawn."""
_DECLARED_ERROR = 0.05
"""Real streets: a trip is off by this share on average, a declared assumption."""


def _what_may_be_wrong(
    results: StudyResults,
    mode: str,
    sites: Sequence[str],
    *,
    by_the_minute: bool,
    service: str | None = None,
    **asked: Any,
) -> Uncertainty:
    """Gather what may be otherwise of a mode's way to some sites, and of who goes there.

    Parameters
    ----------
    results : StudyResults
    mode : str
    sites : sequence of str
    by_the_minute : bool
        Whether minutes depend on when one sets out: the day and the time of it are drawn then, in
        place of speeds, positions and streets.
    service : str, optional
        Whose window that is.
    **asked
        What of the question itself may be otherwise: ``lam threshold_minutes``.
    """
    asked["count_error"] = "poisson"
    if by_the_minute:
        usual = {} if service is None else _usual_minutes_of(results, service, mode)
        return Uncertainty(**asked, among=usual or None)
    study, places = results.study, results.sites
    own = places.set_index("id").loc[list(sites)].reset_index()
    errors = {
        str(i): float(e) for i, e in zip(own["id"], own["position_error_m"], strict=True) if e > 0
    }
    stand_ins = plausible_sites(own[own["assumed"].eq(True)], places[places["kind"] == "candidate"])
    blended = _blended(results) if results.blends(mode) else {}
    wrong, by_car = _street_errors(mode, modelled=results.modelled, blended=bool(blended))
    return Uncertainty(
        **asked,
        **blended,
        walk_kmh=_WALK_KM_H if mode == "walk" or blended else None,
        made_at_kmh=study.config.travel.walk_km_h,
        position_error_m=errors or None,
        site_points=places[["id", "lon", "lat"]] if errors else None,
        area_points=study.areas[["id", "lon", "lat"]] if errors or wrong else None,
        stand_ins=stand_ins or None,
        street_error=wrong,
        error_declared=not results.modelled,
        drive_error=by_car,
    )


def _blended(results: StudyResults) -> dict[str, Any]:
    areas, parking = results.study.areas, results.study.config.travel.parking_minutes
    return {
        "drive": results.matrices["drive"],
        "p_no_car": dict(zip(areas["id"].astype(str), areas["p_no_car"], strict=True)),
        "parking_minutes": (0.5 * parking, 1.5 * parking),
    }


def _street_errors(
    mode: str, *, modelled: bool, blended: bool
) -> tuple[float | None, float | None]:
    """Give the mean error of trips along the streets, and of the drives blended into them.

    Minutes by bus that others made are not along our streets, nor is a trip that holds them.
    """
    if mode == "bus" or (mode == "typical" and not blended):
        return None, None
    if not modelled:
        return _DECLARED_ERROR, None
    of = MODELLED_ERROR
    return of["walk" if blended else mode], of["drive"] if blended else None


def _usual_minutes_of(results: StudyResults, service: str, mode: str) -> Mapping[str, TravelMatrix]:
    """Give a mode's minutes on other usual days and at other times; none without buses."""
    times = results.bus
    if times is None or "walk" not in results.networks:
        return {}
    every = _usual_minutes(
        results.study, times, results.networks["walk"], results.sites,
        results.matrices["walk"], results.matrices["drive"], service,
    )  # fmt: skip
    return {name: by_mode[mode] for name, by_mode in every.items() if mode in by_mode}

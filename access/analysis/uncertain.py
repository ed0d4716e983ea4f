"""What may be wrong of a study: gathered in one place, for closures and for hubs alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from access.analysis.bus import _usual_minutes
from access.analysis.results import StudyResults
from access.network import TravelMatrix
from access.network.modelled import modelled_error
from access.scenario import Uncertainty, plausible_sites

_WALK_KM_H = (3.6, 5.4)
"""From a pram to a brisk walk: the range over which the walking speed is drawn."""
_DECLARED_ERROR = 0.05
"""Real streets: a trip is off by this share on average, a declared assumption."""


def what_may_be_wrong(
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
    blended = _blended(results) if blends(results, mode) else {}
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


def blends(results: StudyResults, mode: str) -> bool:
    """Whether a mode's trip is made of walks and drives alone, which draws blend anew."""
    return mode == "typical" and set(results.matrices) == {"walk", "drive", "typical"}


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
    return modelled_error("walk" if blended else mode), modelled_error("drive") if blended else None


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

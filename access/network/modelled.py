"""Modelled streets, for a study that may ship no street map: a fallback with a name on it.

Points are joined to their natural neighbours (Delaunay triangulation) and every link is made
longer by one factor, so that trips are about as long as on British streets. The factor and the
driving speed are calibrated once on Newport's real streets (OpenStreetMap, 13 June 2023), where
the model's error is measured too; the tests measure all of it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely

from access.errors import NetworkError
from access.network import Network, Profile
from access.text import share_figure
from access.units import great_circle_m, metric_crs, project


@dataclass(frozen=True)
class _Calibration:
    """What was measured on real streets, and where.

    Parameters
    ----------
    link_factor : float
        Street metres per straight metre of a link.
    drive_km_h : float
        Door-to-door driving speed along the modelled streets, junctions included.
    walk_error_mean, walk_error_p90 : float
        Mean and ninth decile of the absolute error of a trip's length, as a share of the real
        one, over trips under 5 km.
    drive_error_mean, drive_error_p90 : float
        The same for driving minutes, over trips under 10 km.
    right_nearest : float
        Share of areas for which the model names the same nearest place on foot.
    where : str
        Place and vintage of the real streets.
    """

    link_factor: float
    drive_km_h: float
    walk_error_mean: float
    walk_error_p90: float
    drive_error_mean: float
    drive_error_p90: float
    right_nearest: float
    where: str


_CALIBRATION = _Calibration(
    link_factor=1.21,
    drive_km_h=22.0,
    walk_error_mean=0.09,
    walk_error_p90=0.21,
    drive_error_mean=0.20,
    drive_error_p90=0.40,
    right_nearest=0.85,
    where="Newport, OpenStreetMap of 13 June 2023: 342 Output Areas, 18 places",
)
#: Day of the map that the model's errors were measured on.
MEASURED_ON = "2023-06-13"
REAL_STREETS = "Streets: {name} (© OpenStreetMap contributors, ODbL), as they are drawn there."
MODELLED_STREETS = (
    "Modelled streets: not a survey. Where the same model was held against real streets "
    f"({_CALIBRATION.where}), a walk's length was wrong by "
    f"{share_figure(_CALIBRATION.walk_error_mean)} on average and one in ten by more than "
    f"{share_figure(_CALIBRATION.walk_error_p90)}, a drive's minutes by "
    f"{share_figure(_CALIBRATION.drive_error_mean)} on average, and the nearest place on foot was "
    f"the right one for {share_figure(_CALIBRATION.right_nearest)} of areas. Rivers, railways and "
    "motorways that make people go round are not in it."
)


MODELLED_DRIVING = (
    f"driving at {_CALIBRATION.drive_km_h:g} km/h on every modelled street, whatever its class, so "
    "that a drive along the streets is the walk divided by a constant"
)


#: Mean absolute error of a walk or a drive along modelled streets, as a share of it. The family
#: trip is blended of both, and each leg has its own.
MODELLED_ERROR = {"walk": _CALIBRATION.walk_error_mean, "drive": _CALIBRATION.drive_error_mean}


def modelled_networks(
    points: pd.DataFrame,
    modes: Sequence[str],
    *,
    walk_km_h: float = 4.8,
    calibration: _Calibration = _CALIBRATION,
) -> dict[str, Network]:
    """Make streets from a study's own points, the same ones for every mode.

    Notes
    -----
    Delaunay triangulation in the metric CRS (Shapely / GEOS); metres are great-circle lengths
    times the link factor.
    """
    places = points[["lon", "lat"]].astype(float).drop_duplicates().sort_values(["lon", "lat"])
    if places.empty:
        raise NetworkError("cannot model streets from no points; expected one or more")
    lon, lat = places["lon"].to_numpy(), places["lat"].to_numpy()
    crs = metric_crs(float(lon.mean()), float(lat.mean()))
    tail, head = _links(project(lon, lat, crs))
    metres = great_circle_m(lon[tail], lat[tail], lon[head], lat[head]) * calibration.link_factor
    made = {}
    for mode in modes:
        km_h = walk_km_h if mode == "walk" else calibration.drive_km_h
        made[mode] = Network.from_edges(
            lon,
            lat,
            tail,
            head,
            mode=mode,
            metres=metres,
            minutes_forward=metres / (km_h * 1000 / 60),
            edge_class="modelled",
            profile=_profile(mode, km_h, walk_km_h),
            crs=crs,
            source="modelled streets",
            assumptions=[MODELLED_STREETS],
        )
    return made


def _profile(mode: str, km_h: float, walk_km_h: float) -> Profile:
    """Say how fast one goes along modelled streets, whatever their class."""
    return replace(
        Profile.preset(mode),
        name=f"{mode}_modelled",
        kmh=km_h,
        class_kmh=(("modelled", km_h),),
        cap_kmh=(),
        classes=("modelled",),
        off_network_kmh=walk_km_h,
        urban_factor=1.0,
        rural_factor=1.0,
        junction_seconds=0.0,
        signal_seconds=0.0,
    )


def _links(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Delaunay neighbours of points, each pair once; a plain chain where all lie on one line.

    A single point is linked to itself: streets of no length, so that those who are there arrive.
    """
    if len(xy) == 1:
        return np.zeros(1, np.intp), np.zeros(1, np.intp)
    triangles = shapely.delaunay_triangles(shapely.multipoints(xy), only_edges=True)
    ends = shapely.get_coordinates(shapely.get_parts(triangles)).reshape(-1, 2, 2)
    tree = shapely.STRtree(shapely.points(xy))
    at = tree.nearest(shapely.points(ends.reshape(-1, 2))).reshape(-1, 2)
    pairs = np.unique(np.sort(at, axis=1), axis=0)
    if len(pairs) == 0:
        order = np.lexsort((xy[:, 1], xy[:, 0]))
        pairs = np.column_stack([order[:-1], order[1:]])
    return pairs[:, 0], pairs[:, 1]

"""Places joined to the nearest street; points that callers give, checked on the way in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import Fault, NetworkError, ParameterError
from access.network.data import WAY_IN, WAY_OUT
from access.network.matrix import Status, TravelMatrix
from access.network.network import Network, _nearest_piece
from access.text import share_figure
from access.units import WGS84, great_circle_m, project, unproject


@dataclass(frozen=True, eq=False)
class Points:
    """Named points.

    Parameters
    ----------
    lonlat : ndarray, shape (n, 2)
        WGS84 degrees.
    """

    ids: tuple[str, ...]
    lonlat: NDArray[np.float64]


def read_points(frame: pd.DataFrame | gpd.GeoDataFrame | Points, what: str) -> Points:
    """Check a table of places and take its ids and degrees."""
    if isinstance(frame, Points):
        return frame
    if not isinstance(frame, pd.DataFrame):
        raise ParameterError(
            f"{what} is a {type(frame).__name__}; expected a table with columns id, lon, lat"
        )
    if frame.empty:
        raise ParameterError(f"{what} has no rows; expected one row a place")
    twice = [str(c) for c in frame.columns[frame.columns.duplicated()].unique()]
    if twice:
        raise ParameterError(
            f"{what} has columns of one name: {', '.join(twice)[:200]}; expected each once"
        )
    ids, faults = _ids(frame, what)
    lonlat, more = _lonlat(frame, what)
    faults += more
    if lonlat is not None:
        faults += _coordinate_faults(ids, lonlat, what)
    if faults or lonlat is None:
        raise ParameterError(f"{what} cannot be used", faults)
    return Points(tuple(ids), lonlat)


def _ids(frame: pd.DataFrame, what: str) -> tuple[list[str], list[Fault]]:
    if "id" in frame.columns:
        column = frame["id"]
    elif frame.index.name == "id":
        column = frame.index.to_series()
    else:
        found = ", ".join(map(str, frame.columns))
        return [str(i) for i in range(len(frame))], [
            Fault(what, "", "id", found, "a column id with a unique name for each place")
        ]
    missing = column.isna().to_numpy()
    ids = list(map(str, column.tolist()))
    faults = [Fault(what, f"row {i + 2}", "id", "", "an id") for i in np.flatnonzero(missing)[:20]]
    known = Counter(name for name, absent in zip(ids, missing, strict=True) if not absent)
    twice = [name for name, times in known.items() if times > 1]
    faults += [Fault(what, f"id {name}", "id", name, "each id once") for name in twice[:20]]
    return ids, faults


def _lonlat(frame: pd.DataFrame, what: str) -> tuple[NDArray[np.float64] | None, list[Fault]]:
    if {"lon", "lat"} <= set(frame.columns):
        numbers = [pd.to_numeric(frame[c], errors="coerce").to_numpy(float) for c in ("lon", "lat")]
        return np.column_stack(numbers), []
    if not isinstance(frame, gpd.GeoDataFrame):
        absent = [c for c in ("lon", "lat") if c not in frame.columns]
        found = ", ".join(map(str, frame.columns))
        return None, [
            Fault(what, "", c, found, f"a column {c} in WGS84 degrees, or a geometry")
            for c in absent
        ]
    if frame.crs is None:
        mend = "a CRS: frame.set_crs('EPSG:27700') for British National Grid"
        return None, [Fault(what, "", "geometry", "no CRS", mend)]
    shapes = frame.geometry
    if not (shapes.dropna().geom_type == "Point").all():
        shapes = shapes.representative_point()
    points = shapes.to_crs(WGS84)
    return np.column_stack([points.x.to_numpy(float), points.y.to_numpy(float)]), []


def _coordinate_faults(ids: list[str], lonlat: NDArray[np.float64], what: str) -> list[Fault]:
    faults = []
    missing = np.logical_or.reduce(~np.isfinite(lonlat), axis=1)
    off_earth = np.logical_or.reduce(np.abs(lonlat) > (180, 90), axis=1)
    for i in np.flatnonzero(missing | off_earth):
        expected = (
            "a longitude and a latitude in degrees"
            if missing[i]
            else "WGS84 degrees; these look like metres of a map grid: reproject them first, for "
            "example frame.set_crs('EPSG:27700').to_crs('EPSG:4326')"
        )
        lon, lat = lonlat[i].tolist()
        faults.append(Fault(what, f"id {ids[i]}", "lon, lat", f"{lon}, {lat}", expected))
    return faults


def _check_over(
    places: Points,
    what: str,
    box: tuple[float, float, float, float],
    *,
    margin_degrees: float = 0.05,
) -> NDArray[np.bool_]:
    """Find which places lie over a network, and refuse swapped coordinates."""
    low = np.array(box[:2]) - margin_degrees
    high = np.array(box[2:]) + margin_degrees

    def over(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = np.logical_and.reduce(
            (points >= low) & (points <= high), axis=1
        )
        return inside

    inside = over(places.lonlat)
    swapped = ~inside & over(places.lonlat[:, ::-1])
    if swapped.any():
        raise ParameterError(
            f"{int(swapped.sum())} of {len(places.ids)} {what} have longitude and latitude "
            "swapped: they fall on the network only when exchanged",
            [
                Fault(what, f"id {places.ids[i]}", "lon, lat",
                      f"{places.lonlat[i, 0]}, {places.lonlat[i, 1]}", "lon first, then lat")
                for i in np.flatnonzero(swapped)[:20]
            ],
        )  # fmt: skip
    return inside


_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Snaps:
    """Where places join a network.

    Parameters
    ----------
    edge : ndarray of int32, shape (n,)
        Edge joined; -1 where none lies within the limit.
    along : ndarray, shape (n,)
        Share of the edge's length before the joint, 0 to 1.
    metres : ndarray, shape (n,)
        Straight leg on the ground between place and street; ``inf`` where unsnapped.
    xy : ndarray, shape (n, 2)
        The joint, in the network's CRS; ``nan`` where unsnapped.
    """

    edge: NDArray[np.int32]
    along: _Floats
    metres: _Floats
    xy: _Floats

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which places joined a street."""
        return self.edge >= 0

    def joints_lonlat(self, network: Network) -> _Floats:
        """Give the joints in degrees, shape (n, 2); ``nan`` where unsnapped."""
        lonlat = np.full((len(self.edge), 2), np.nan)
        if self.found.any():
            lonlat[self.found] = unproject(self.xy[self.found], network.crs)
        return lonlat


def snap(
    network: Network, places: Points, *, limit_m: float = 500.0, as_origin: bool = True
) -> _Snaps:
    """Join each place to the nearest point on any edge, within a limit.

    Parameters
    ----------
    network : Network
        Every edge of a network is usable by its profile and lies in a kept part.
    places : Points
    limit_m : float
        Longest leg, metres.
    as_origin : bool
        Whether trips start here (else they end here); it matters on one-way streets at the
        edge of the network only.

    Returns
    -------
    Snaps
        Ties (a place as near to two edges) go to the edge that comes first.

    Raises
    ------
    ParameterError
        If the limit is not above 0.
    """
    if not 0 < limit_m < np.inf:
        raise ParameterError(f"snap_limit_m is {limit_m!r}; expected metres above 0")
    n = len(places.ids)
    xy = project(places.lonlat[:, 0], places.lonlat[:, 1], network.crs)
    finder = network.finder(WAY_OUT if as_origin else WAY_IN)
    # A little over, so that the limit is judged on the ground and not on the grid.
    piece, part, on_grid = _nearest_piece(finder, network.geometry_xy, xy, limit_m=limit_m * 1.001)
    edge = np.full(n, -1, np.int32)
    along, metres = np.full(n, np.nan), np.full(n, np.inf)
    joint = np.full((n, 2), np.nan)
    who = np.flatnonzero(piece >= 0)
    if len(who):
        corner, street = finder.corner[piece[who]], finder.edge[piece[who]]
        a, b = network.geometry_xy[corner], network.geometry_xy[corner + 1]
        point = a + part[who, None] * (b - a)
        # There and back between CRSs costs a millimetre: of the shortest legs, grid metres.
        leg = on_grid[who]
        off = leg >= 1.0
        if off.any():
            joints = unproject(point[off], network.crs)
            leg[off] = great_circle_m(*places.lonlat[who[off]].T, *joints.T)
        near = leg <= limit_m
        at = who[near]
        edge[at], metres[at] = street[near], leg[near]
        along[at] = _share(network, corner, street, part[who])[near]
        joint[at] = point[near]
    return _Snaps(edge, along, metres, joint)


def _share(
    network: Network, corner: NDArray[np.int32], edge: NDArray[np.int32], part: _Floats
) -> _Floats:
    """Share of an edge's length on the ground that lies before a point of one of its stretches."""
    ground = network.geometry_metres
    whole = ground[network.geometry_offsets[edge + 1] - 1]
    done = ground[corner] + part * (ground[corner + 1] - ground[corner])
    share = np.divide(done, whole, out=np.zeros_like(done), where=whole > 0)
    # Within a micrometre of a node, it is the node.
    return np.where(done <= 1e-6, 0.0, np.where(whole - done <= 1e-6, 1.0, share))


def check_joins(
    matrix: TravelMatrix,
    centres: pd.DataFrame,
    families: Sequence[tuple[str, NDArray[np.float64]]],
    *,
    place: str,
    limit_m: float,
    most_share: float,
) -> None:
    """Refuse a network that some centres, or too many families, do not join.

    `centres` are those that must join it, ``id lon lat``; `families` are counts by area, after what
    they are called, which two services may share.
    """
    apart = matrix.status == Status.UNSNAPPED
    lost = apart.all(axis=1)
    if lost.all():
        raise NetworkError(
            f"the {matrix.mode} network misses the study: none of the {len(lost)} areas of "
            f"{place} is within {limit_m:g} m of a usable street. Is the extract of another place?"
        )
    no_area = dict(zip(matrix.site_ids, apart[~lost].all(axis=0).tolist(), strict=True))
    off = centres[[no_area[i] for i in centres["id"]]]
    if len(off):
        raise NetworkError(
            f"{len(off)} centre(s) do not join the {matrix.mode} network",
            [
                Fault("centres.csv", str(row["id"]), "lon, lat", f"{row['lon']}, {row['lat']}",
                      f"a point within {limit_m:g} m of a usable street; mend the position, or "
                      "raise travel.snap_limit_m in study.toml")
                for row in off.to_dict("records")
            ],
        )  # fmt: skip
    for noun, counts in families:
        share = counts[lost].sum() / max(counts.sum(), 1e-300)
        if share > most_share:
            ids = [i for i, gone in zip(matrix.area_ids, lost, strict=True) if gone]
            raise NetworkError(
                f"{int(lost.sum())} areas with {share_figure(share, 1)} of the {noun} do "
                f"not join the {matrix.mode} network (limit {share_figure(most_share, 1)}, "
                f"travel.max_unsnapped_share in study.toml): {ids[:10]}"
            )

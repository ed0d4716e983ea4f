"""Join places to the nearest point on a usable street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.errors import ParameterError
from access.network.finder import nearest
from access.network.graph import Network
from access.network.pieces import WAY_IN, WAY_OUT
from access.network.places import Places
from access.units import great_circle_m, project, unproject

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Snaps:
    """Where places join a network.

    Parameters
    ----------
    edge : ndarray of int32, shape (n,)
        Edge joined; -1 where none lies within the limit.
    along : ndarray, shape (n,)
        Share of the edge's length before the joint, 0 to 1.
    metres : ndarray, shape (n,)
        Straight leg on the ground between place and street; ``inf`` where unsnapped.
    xy, lonlat : ndarray, shape (n, 2)
        The joint, in the network's CRS and in degrees; ``nan`` where unsnapped.
    """

    edge: NDArray[np.int32]
    along: Floats
    metres: Floats
    xy: Floats
    lonlat: Floats

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which places joined a street."""
        return self.edge >= 0


def snap(
    network: Network, places: Places, *, limit_m: float = 500.0, as_origin: bool = True
) -> Snaps:
    """Join each place to the nearest point on any edge, within a limit.

    Parameters
    ----------
    network : Network
        Every edge of a network is usable by its profile and lies in a kept part.
    places : Places
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
    piece, part, on_grid = nearest(finder, network.geometry_xy, xy, limit_m=limit_m * 1.001)
    edge = np.full(n, -1, np.int32)
    along, metres = np.full(n, np.nan), np.full(n, np.inf)
    joint, joint_lonlat = np.full((n, 2), np.nan), np.full((n, 2), np.nan)
    who = np.flatnonzero(piece >= 0)
    if len(who):
        corner, street = finder.corner[piece[who]], finder.edge[piece[who]]
        a, b = network.geometry_xy[corner], network.geometry_xy[corner + 1]
        point = a + part[who, None] * (b - a)
        point_lonlat = unproject(point, network.crs)
        leg = great_circle_m(*places.lonlat[who].T, *point_lonlat.T)
        # There and back between CRSs costs a millimetre: of the shortest legs, grid metres.
        leg = np.where(on_grid[who] < 1.0, on_grid[who], leg)
        near = leg <= limit_m
        at = who[near]
        edge[at], metres[at] = street[near], leg[near]
        along[at] = _share(network, corner, street, part[who])[near]
        joint[at], joint_lonlat[at] = point[near], point_lonlat[near]
    return Snaps(edge, along, metres, joint, joint_lonlat)


def _share(
    network: Network, corner: NDArray[np.int32], edge: NDArray[np.int32], part: Floats
) -> Floats:
    """Share of an edge's length on the ground that lies before a point of one of its stretches."""
    ground = network.geometry_metres
    whole = ground[network.geometry_offsets[edge + 1] - 1]
    done = ground[corner] + part * (ground[corner + 1] - ground[corner])
    share = np.divide(done, whole, out=np.zeros_like(done), where=whole > 0)
    # Within a micrometre of a node, it is the node.
    return np.where(done <= 1e-6, 0.0, np.where(whole - done <= 1e-6, 1.0, share))

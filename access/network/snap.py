"""Join places to the nearest point on a usable street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from access.errors import ParameterError
from access.network.graph import WAY_IN, WAY_OUT, Network
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
    points = shapely.points(xy)
    tree, edges = network.tree(WAY_OUT if as_origin else WAY_IN)
    # A little over, so that the limit is judged on the ground and not on the grid.
    who, which = tree.query_nearest(points, max_distance=limit_m * 1.001)
    which = edges[which]
    order = np.lexsort((which, who))
    who, which = who[order], which[order]
    first = np.concatenate([[True], who[1:] != who[:-1]]) if len(who) else np.zeros(0, bool)
    who, which = who[first], which[first]

    edge = np.full(n, -1, np.int32)
    along, metres = np.full(n, np.nan), np.full(n, np.inf)
    joint, joint_lonlat = np.full((n, 2), np.nan), np.full((n, 2), np.nan)
    if len(who):
        joint[who], share = _nearest_on(network, which, xy[who])
        joint_lonlat[who] = unproject(joint[who], network.crs)
        leg = great_circle_m(*places.lonlat[who].T, *joint_lonlat[who].T)
        # There and back between CRSs costs a millimetre: of the shortest legs, grid metres.
        on_grid = np.hypot(*(xy[who] - joint[who]).T)
        leg = np.where(on_grid < 1.0, on_grid, leg)
        near = leg <= limit_m
        edge[who[near]] = which[near]
        along[who[near]] = share[near]
        metres[who[near]] = leg[near]
        joint[who[~near]] = joint_lonlat[who[~near]] = np.nan
    return Snaps(edge, along, metres, joint, joint_lonlat)


def _nearest_on(network: Network, edges: NDArray[np.intp], xy: Floats) -> tuple[Floats, Floats]:
    """Nearest point of one edge to each place, and the share of its ground length before it.

    Each place is worked out by itself, so that its result does not depend on its neighbours
    in the table, to the last bit.
    """
    start = network.geometry_offsets[edges]
    sizes = network.geometry_offsets[edges + 1] - start - 1
    first = np.cumsum(sizes) - sizes
    owner = np.repeat(np.arange(len(edges)), sizes)
    corner = np.arange(len(owner)) + np.repeat(start - first, sizes)
    a, b = network.geometry_xy[corner], network.geometry_xy[corner + 1]
    step = b - a
    square = (step**2).sum(axis=1)
    along = ((xy[owner] - a) * step).sum(axis=1)
    along = np.divide(along, square, out=np.zeros_like(along), where=square > 0)
    along = np.clip(along, 0.0, 1.0)
    point = a + along[:, None] * step
    off = ((xy[owner] - point) ** 2).sum(axis=1)
    best = np.flatnonzero(off == np.minimum.reduceat(off, first)[owner])
    _, once = np.unique(owner[best], return_index=True)
    best = best[once]

    lonlat = unproject(np.vstack([a, b]), network.crs)
    ground = great_circle_m(*lonlat[: len(a)].T, *lonlat[len(a) :].T)
    whole = np.add.reduceat(ground, first)
    until = np.add.reduceat(ground, np.column_stack([first, best]).ravel())[::2]
    done = np.where(best > first, until, 0.0) + along[best] * ground[best]
    # Within a micrometre of a node, it is the node.
    share = np.divide(done, whole, out=np.zeros_like(done), where=whole > 0)
    share = np.where(done <= 1e-6, 0.0, np.where(whole - done <= 1e-6, 1.0, share))
    return point[best], np.where(whole > 0, share, 0.0)

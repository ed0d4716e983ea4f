"""Find the nearest street to many places at once.

Streets are cut into pieces of at most `_PIECE_M` metres; a k-d tree of the pieces' middles gives
a few pieces that can hold the nearest point, and exact geometry decides among them. This takes
a fraction of the time and memory of a tree of line objects, which serves where streets are few,
as modelled ones are, and takes less time to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.spatial import KDTree

_Floats = NDArray[np.float64]

#: Longest piece, metres.
_PIECE_M = 25.0
#: Straight stretches up to which they make a tree as they are.
_FEW = 10_000
#: A tree of lines measures as exactly as this, metres.
_SLACK_M = 1e-6


@dataclass(frozen=True, eq=False)
class _SegmentIndex:
    """Pieces of streets, ready to be searched.

    Parameters
    ----------
    tree : KDTree or STRtree
        Of the middles of pieces; of few streets of whole stretches, each its own piece.
    corner : ndarray of int32, shape (pieces,)
        Corner point at the start of the straight stretch that each piece is cut from.
    edge : ndarray of int32, shape (pieces,)
        Its edge.
    reach : float
        Most metres from a piece's middle to its end.
    """

    tree: KDTree | shapely.STRtree
    corner: NDArray[np.int32]
    edge: NDArray[np.int32]
    reach: float


def _segment_index(
    xy: _Floats, offsets: NDArray[np.int64], use: NDArray[np.bool_]
) -> _SegmentIndex:
    """Cut streets into pieces and index them."""
    edge = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))[:-1]
    inside = use[edge]
    inside[offsets[1:-1] - 1] = False
    corner = np.flatnonzero(inside).astype(np.int32)
    edge = edge[corner]
    if len(corner) <= _FEW:
        ends = np.stack([xy[corner], xy[corner + 1]], axis=1)
        return _SegmentIndex(shapely.STRtree(shapely.linestrings(ends)), corner, edge, 0.0)
    from scipy.spatial import KDTree

    length = np.hypot(*(xy[corner + 1] - xy[corner]).T)
    cuts = np.maximum(1, np.ceil(length / _PIECE_M)).astype(np.int32)
    reach = float((length / cuts).max() / 2)
    which = np.repeat(np.arange(len(corner), dtype=np.int32), cuts)
    nth = np.arange(len(which), dtype=np.int32) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    share = (nth + 0.5) / cuts[which]
    corner, edge = corner[which], edge[which]
    del which, nth, cuts, length
    middle = xy[corner + 1] - xy[corner]
    middle *= share[:, None]
    middle += xy[corner]
    return _SegmentIndex(
        KDTree(middle, balanced_tree=False, compact_nodes=False), corner, edge, reach
    )


def nearest(
    finder: _SegmentIndex, xy: _Floats, places: _Floats, *, limit_m: float
) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    """Nearest point on any street to each place.

    Parameters
    ----------
    finder : SegmentIndex
    xy : ndarray, shape (points, 2)
        Corner points, as the finder was made from.
    places : ndarray, shape (n, 2)
        Metres, in the same CRS.
    limit_m : float
        Look no further.

    Returns
    -------
    piece : ndarray of int64, shape (n,)
        Nearest piece; -1 where none lies within the limit.
    along : ndarray, shape (n,)
        Share of the straight stretch that lies before the nearest point.
    metres : ndarray, shape (n,)
        Straight distance; ``inf`` where none.
    """
    if isinstance(finder.tree, shapely.STRtree):
        return _nearest_of_few(finder, finder.tree, xy, places, limit_m)
    piece = np.full(len(places), -1, np.int64)
    along, metres = np.zeros(len(places)), np.full(len(places), np.inf)
    todo = np.arange(len(places))
    k = min(8, finder.tree.n)
    while len(todo):
        far, found = finder.tree.query(places[todo], k=[*range(1, k + 1)],
                                       distance_upper_bound=limit_m + finder.reach)  # fmt: skip
        there = found < finder.tree.n
        found = np.where(there, found, 0)
        share, off = _to_stretches(xy, finder.corner[found], places[todo])
        off = np.where(there, off, np.inf)
        best = off.min(axis=1)
        # Among equally near pieces the first of the network, whatever order they came in.
        pick = np.where(off == best[:, None], found, finder.tree.n)
        pick_at = pick.argmin(axis=1)
        rows = np.arange(len(todo))
        # No unseen piece can be nearer: its middle is at least as far as the last one seen.
        sure = (far[:, -1] - finder.reach > best) | ~there[:, -1] | (k == finder.tree.n)
        hit = sure & (best <= limit_m)
        piece[todo[hit]] = pick[rows, pick_at][hit]
        along[todo[hit]] = share[rows, pick_at][hit]
        metres[todo[hit]] = best[hit]
        todo = todo[~sure]
        k = min(4 * k, finder.tree.n)
    return piece, along, metres


def _nearest_of_few(
    finder: _SegmentIndex, tree: shapely.STRtree, xy: _Floats, places: _Floats, limit_m: float
) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    """Find the nearest stretches in a tree of them; among equally near ones the first."""
    piece = np.full(len(places), -1, np.int64)
    along, metres = np.zeros(len(places)), np.full(len(places), np.inf)
    points = shapely.points(places)
    (near, _), far = tree.query_nearest(
        points, max_distance=limit_m + _SLACK_M, return_distance=True, all_matches=False
    )
    which, found = tree.query(points[near], predicate="dwithin", distance=far + _SLACK_M)
    share, off = _to_stretches(xy, finder.corner[found][:, None], places[near[which]])
    order = np.lexsort((found, off[:, 0], which))
    which, first = np.unique(which[order], return_index=True)
    best = order[first]
    hit = off[best, 0] <= limit_m
    at, best = near[which[hit]], best[hit]
    piece[at], along[at], metres[at] = found[best], share[best, 0], off[best, 0]
    return piece, along, metres


def _to_stretches(
    xy: _Floats, corner: NDArray[np.int32], places: _Floats
) -> tuple[_Floats, _Floats]:
    """Share along each straight stretch of its point nearest to the place, and how far off."""
    start = xy[corner]
    step = xy[corner + 1] - start
    gap = places[:, None, :] - start
    square = (step**2).sum(axis=2)
    share = np.divide((gap * step).sum(axis=2), square, out=np.zeros_like(square),
                      where=square > 0)  # fmt: skip
    share = np.clip(share, 0.0, 1.0)
    rest = gap - share[:, :, None] * step
    return share, np.hypot(rest[:, :, 0], rest[:, :, 1])

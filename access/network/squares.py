"""Squares mapped as areas: straight ways over them, between their entries.

OpenStreetMap draws a pedestrian square by its edge. Walking round the edge is always possible in
a network; a profile with ``cross_squares`` may also cross, wherever the straight line between
two entries stays on the square.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from access.sources.osm import Streets

#: More entries than this on one square are thinned out, to keep the number of pairs in bounds.
_MOST_ENTRIES = 40


def with_crossings(
    streets: Streets, is_open: NDArray[np.bool_], xy: NDArray[np.float64]
) -> Streets:
    """Add a way for every two entries of a square that see each other over it.

    Parameters
    ----------
    streets : Streets
    is_open : ndarray of bool, shape (ways,)
        Ways that this traveller may use; squares among them are those tagged ``area=yes``.
    xy : ndarray, shape (nodes, 2)
        Positions in metres.

    Returns
    -------
    Streets
        With further ways at the end, of the square's tags without ``area``.
    """
    used = np.bincount(
        streets.refs[np.repeat(is_open, np.diff(streets.offsets))], minlength=len(xy)
    )
    tag_sets, added = list(streets.tag_sets), []
    for way in np.flatnonzero(is_open):
        tags = streets.tag_sets[streets.way_tags[way]]
        ring = streets.refs[streets.offsets[way] : streets.offsets[way + 1]]
        if tags.get("area") != "yes" or ring[0] != ring[-1] or len(ring) < 4:
            continue
        # The first node of a ring is also its last: it is an entry if used a third time.
        doors = np.unique(ring[used[ring] > np.where(ring == ring[0], 2, 1)])
        pairs = _seen(xy, ring, doors)
        if pairs:
            tag_sets.append({k: v for k, v in tags.items() if k != "area"})
            added += [(way, len(tag_sets) - 1, a, b) for a, b in pairs]
    if not added:
        return streets
    of, tag_set, a, b = np.array(added).T
    ends = streets.offsets[-1] + 2 * np.arange(1, len(of) + 1)
    return replace(
        streets,
        way_ids=np.concatenate([streets.way_ids, streets.way_ids[of]]),
        way_tags=np.concatenate([streets.way_tags, tag_set]).astype(np.int32),
        way_names=np.concatenate([streets.way_names, streets.way_names[of]]),
        refs=np.concatenate([streets.refs, np.column_stack([a, b]).ravel()]).astype(np.int32),
        offsets=np.concatenate([streets.offsets, ends]),
        tag_sets=tuple(tag_sets),
    )


def _seen(
    xy: NDArray[np.float64], ring: NDArray[np.int32], doors: NDArray[np.int32]
) -> list[tuple[int, int]]:
    square = shapely.Polygon(xy[ring])
    if len(doors) < 2 or not square.is_valid:
        return []
    doors = doors[:: -(-len(doors) // _MOST_ENTRIES)]
    pairs = np.array(list(combinations(doors.tolist(), 2)))
    # A hair wider, so that a line along the edge counts as on the square.
    inside = shapely.covers(square.buffer(0.01), shapely.linestrings(xy[pairs]))
    beside = {frozenset(side) for side in pairwise(ring.tolist())}
    return [(a, b) for a, b in pairs[inside].tolist() if frozenset((a, b)) not in beside]

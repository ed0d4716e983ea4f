"""From tagged ways to a network: judge, cut at junctions, measure, weigh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.errors import NetworkError
from access.network.graph import Network
from access.network.parts import Draft, finish
from access.network.pieces import LeftOut
from access.network.profile import Profile
from access.network.rules import Verdict, barrier_closed, judge
from access.network.slope import Heights, add_slope
from access.network.squares import with_crossings
from access.sources.osm import Streets
from access.units import great_circle_m, metric_crs, project

Floats = NDArray[np.float64]

#: Steps measured at a time, so that a county needs no more memory than a town.
_BLOCK = 100_000
#: Reasons that an audit names when people live there.
_TOLD = ("private", "foot=no", "access=no", "closed to cars")
#: Streets whose mouths do not slow a car on the street they join.
_QUIET = ("service", "track", "living_street", "road")


def assemble(
    streets: Streets, profile: Profile, *, keep: str = "main", heights: Heights | None = None
) -> Network:
    """Build a profile's network from ways that were read from a file.

    Parameters
    ----------
    streets : Streets
    profile : Profile
    keep : str
        ``"main"`` or ``"all"`` connected parts.
    heights : Heights, optional
        Terrain, for walking speeds by slope.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If no street is open to the profile.
    """
    verdicts = [judge(tags, profile) for tags in streets.tag_sets]
    is_open = np.array([not v.reason for v in verdicts])[streets.way_tags]
    if not is_open.any():
        raise NetworkError(
            f"{streets.info.name} holds no street that the profile {profile.name!r} may use"
        )
    crs = metric_crs(*np.median(streets.lonlat, axis=0))
    xy = project(streets.lonlat[:, 0], streets.lonlat[:, 1], crs)
    if profile.cross_squares:
        streets = with_crossings(streets, is_open, xy)
        verdicts = [judge(tags, profile) for tags in streets.tag_sets]
        is_open = np.array([not v.reason for v in verdicts])[streets.way_tags]
    closed = [row for row, tags in streets.node_tags.items() if barrier_closed(tags, profile)]
    cut = _cut(streets, is_open, np.array(sorted(closed), np.int64))
    draft = _weigh(streets, profile, verdicts, cut, xy)
    if heights is not None:
        add_slope(draft, profile, heights, crs)
    if profile.junction_seconds or profile.signal_seconds:
        draft.node_delay_minutes = _delays(streets, profile, draft)
    draft.refused = _refused(streets, verdicts, xy)
    draft.counts |= {
        "ways_read": len(streets.way_ids),
        "ways_open": int(is_open.sum()),
        "nodes_read": len(streets.node_ids),
        "nodes_outside_file": streets.missing_nodes,
        "barriers_closed": len(closed),
    }
    return finish(draft, profile, crs=crs, source=streets.info, keep=keep)


@dataclass
class _Pieces:
    """Ways cut into edges: node rows of ends, way rows, and positions of their corner points."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    way: NDArray[np.int64]
    metres: Floats
    corners: NDArray[np.int32]
    corner_metres: Floats
    offsets: NDArray[np.int64]
    node_row: NDArray[np.int64]


def _cut(streets: Streets, is_open: NDArray[np.bool_], closed: NDArray[np.int64]) -> _Pieces:
    """Cut open ways at their ends, at nodes they share, at signals and at barriers."""
    sizes = np.diff(streets.offsets)
    refs = streets.refs[np.repeat(is_open, sizes)]
    sizes = sizes[is_open]
    start = np.cumsum(sizes) - sizes
    n = len(streets.node_ids)
    joint = np.bincount(refs, minlength=n) > 1
    joint[refs[start]] = joint[refs[start + sizes - 1]] = True
    joint[list(streets.node_tags)] = True
    at = np.flatnonzero(joint[refs])
    way = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)[at]
    piece = np.flatnonzero(way[:-1] == way[1:])
    first, final, way = at[piece], at[piece + 1], way[piece]

    so_far = _ground(streets.lonlat, refs)
    metres = so_far[final] - so_far[first]
    counts = final - first + 1
    # A street drawn from a node to itself without length is a slip of the pen.
    real = (refs[first] != refs[final]) | (metres > 0)
    first, final, way = first[real], final[real], way[real]
    metres, counts = metres[real], counts[real]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    position = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], counts)
    corners = refs[position]
    corner_metres = so_far[position] - np.repeat(so_far[first], counts)

    ends = np.concatenate([refs[first], refs[final]]).astype(np.int64)
    node_row = np.arange(n)
    if len(closed):
        # Each street keeps its own copy of a closed barrier: it leads up to it, not through.
        stopped = np.isin(ends, closed)
        node_row = np.concatenate([node_row, ends[stopped]])
        ends[stopped] = n + np.arange(int(stopped.sum()))
    tail, head = np.split(ends, 2)
    which = np.flatnonzero(is_open)[way]
    return _Pieces(tail, head, which, metres, corners, corner_metres, offsets, node_row)


def _ground(lonlat: Floats, refs: NDArray[np.int32]) -> Floats:
    """Metres on the ground from the first of a row of nodes to each, block by block."""
    step = np.zeros(len(refs))
    for start in range(0, len(refs) - 1, _BLOCK):
        stop = min(start + _BLOCK, len(refs) - 1)
        a, b = lonlat[refs[start:stop]], lonlat[refs[start + 1 : stop + 1]]
        step[start + 1 : stop + 1] = great_circle_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    return np.cumsum(step, out=step)


def _weigh(
    streets: Streets, profile: Profile, verdicts: list[Verdict], cut: _Pieces, xy: Floats
) -> Draft:
    tag_set = streets.way_tags[cut.way]
    classes = sorted({v.street_class for v in verdicts if not v.reason})
    code = np.array([classes.index(v.street_class) if not v.reason else -1 for v in verdicts])

    def minutes(kmh: list[float], is_open: list[bool]) -> Floats:
        pace = np.array([0.06 / k if o else np.inf for k, o in zip(kmh, is_open, strict=True)])
        with np.errstate(invalid="ignore"):
            out = cut.metres * pace[tag_set] + wait
        return np.where(np.isnan(out), np.inf, out)

    # A ferry's wait is shared among the pieces of its way, so that it is paid once.
    whole = np.bincount(cut.way, weights=cut.metres)[cut.way]
    wait = np.array([v.wait_minutes for v in verdicts])[tag_set]
    wait = wait * np.divide(cut.metres, whole, out=np.zeros_like(whole), where=whole > 0)
    ends, rows = np.unique(np.concatenate([cut.tail, cut.head]), return_inverse=True)
    at = cut.node_row[ends]
    tail, head = np.split(rows.astype(np.int32), 2)
    good = [not v.reason for v in verdicts]
    forward = [g and v.forward for g, v in zip(good, verdicts, strict=True)]
    backward = [g and v.backward for g, v in zip(good, verdicts, strict=True)]
    return Draft(
        node_lonlat=streets.lonlat[at],
        node_xy=xy[at],
        node_ids=streets.node_ids[at],
        edge_from=tail,
        edge_to=head,
        edge_metres=cut.metres,
        edge_minutes_forward=minutes([v.kmh_forward for v in verdicts], forward),
        edge_minutes_backward=minutes([v.kmh_backward for v in verdicts], backward),
        edge_class=code[tag_set].astype(np.int16),
        class_names=tuple(classes),
        geometry_xy=xy[cut.corners],
        geometry_metres=cut.corner_metres,
        geometry_offsets=cut.offsets,
        edge_way=streets.way_ids[cut.way],
        edge_name=streets.way_names[cut.way],
        street_names=streets.names,
        edge_speed_tagged=np.array([v.speed_tagged for v in verdicts])[tag_set],
    )


def _delays(streets: Streets, profile: Profile, draft: Draft) -> Floats:
    quiet = np.array([name in _QUIET for name in draft.class_names])[draft.edge_class]
    ends = np.concatenate([draft.edge_from[~quiet], draft.edge_to[~quiet]])
    arms = np.bincount(ends, minlength=len(draft.node_xy))
    delay = np.where(arms >= 3, profile.junction_seconds / 60, 0.0)
    lights = [
        streets.node_ids[row]
        for row, tags in streets.node_tags.items()
        if tags.get("highway") == "traffic_signals"
    ]
    delay[np.isin(draft.node_ids, lights)] = profile.signal_seconds / 60
    return delay


def _refused(streets: Streets, verdicts: list[Verdict], xy: Floats) -> LeftOut:
    """Private and closed streets, kept so that the audit can say who lives on them."""
    told = np.array([_TOLD.index(v.reason) if v.reason in _TOLD else 255 for v in verdicts])
    code = told[streets.way_tags]
    keep = code < 255
    sizes = np.diff(streets.offsets)
    refs = streets.refs[np.repeat(keep, sizes)]
    offsets = np.concatenate([[0], np.cumsum(sizes[keep])]).astype(np.int64)
    so_far = _ground(streets.lonlat, refs)
    metres = so_far[offsets[1:] - 1] - so_far[offsets[:-1]] if len(refs) else np.zeros(0)
    return LeftOut(
        _TOLD, code[keep].astype(np.uint8), np.zeros(int(keep.sum()), np.int32), metres,
        xy[refs], offsets,
    )  # fmt: skip

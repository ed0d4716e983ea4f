"""What a street network holds, its main part, and what was cut off from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from access.errors import Fault, NetworkError
from access.network.contraction import _FEW, _parts_of_few
from access.network.profiles import Profile
from access.units import great_circle_m, metric_crs, project

if TYPE_CHECKING:
    from scipy import sparse


# What a street network holds: nodes, edges, minutes, metres, geometry, and where it came from.

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int32]

#: Values of `Network.edge_sides`.
BOTH, WAY_OUT, WAY_IN, NEITHER = 0, 1, 2, 3


class _Csr(NamedTuple):
    """Open directed edges in compressed rows: `indices[indptr[n]:indptr[n + 1]]` leave node n."""

    indptr: _Ints
    indices: _Ints
    metres: _Floats
    minutes: _Floats
    edge: _Ints


@dataclass(frozen=True)
class _SourceInfo:
    """Where streets came from, for the ledger.

    Parameters
    ----------
    name : str
        File name or a plain description.
    sha256 : str
        Of the file's bytes; empty where there is no file.
    data_date : str
        The date of the data as the file's header gives it; empty where it gives none.
    licence : str
        Attribution that every output showing these streets must carry.
    """

    name: str
    sha256: str = ""
    data_date: str = ""
    licence: str = ""


@dataclass(frozen=True, eq=False)
class _LeftOut:
    """Streets that are not in a network, kept to say whom that concerns.

    Parameters
    ----------
    reason : tuple of str
        Words that `reason_code` points to.
    part : ndarray of int32, shape (k,)
        Number of the cut-off part, from 1; 0 where the street itself is refused.
    xy, offsets : ndarray
        Geometry in the network's CRS, as in `Network`.
    """

    reason: tuple[str, ...] = ()
    reason_code: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    part: _Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    metres: _Floats = field(default_factory=lambda: np.zeros(0))
    xy: _Floats = field(default_factory=lambda: np.zeros((0, 2)))
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))


@dataclass(frozen=True, eq=False)
class _NetworkData:
    """What a network is made of; see `Network` for what can be asked of it.

    Parameters
    ----------
    mode : str
        ``"walk"`` or ``"drive"``.
    crs : str
        Metric CRS of `node_xy` and `geometry_xy`.
    profile : Profile
    node_lonlat, node_xy : ndarray, shape (nodes, 2)
        WGS84 degrees; metres of `crs`.
    node_ids : ndarray of int64, shape (nodes,)
        OpenStreetMap ids, or row numbers. Not unique where a barrier cuts a street.
    node_delay_minutes : ndarray, shape (nodes,)
        Lost on entering the node: junctions and lights when driving.
    edge_from, edge_to : ndarray of int32, shape (edges,)
    edge_metres : ndarray, shape (edges,)
        On the ground, never grid metres.
    edge_minutes_forward, edge_minutes_backward : ndarray, shape (edges,)
        As drawn and against it; ``inf`` where it may not be travelled.
    edge_class : ndarray of int16, shape (edges,)
        Position in `class_names`.
    class_names : tuple of str
    edge_way : ndarray of int64, shape (edges,)
        OpenStreetMap way id; -1 where there is none.
    edge_name : ndarray of int32, shape (edges,)
        Position in `street_names`.
    street_names : tuple of str
    edge_speed_tagged : ndarray of bool, shape (edges,)
        Whether a tagged speed limit gave the minutes.
    geometry_xy : ndarray, shape (points, 2)
        Corner points of all edges, metres of `crs`.
    geometry_metres : ndarray, shape (points,)
        Metres on the ground from the start of its edge to each corner point.
    geometry_offsets : ndarray of int64, shape (edges + 1,)
        Where each edge begins in `geometry_xy`.
    source : SourceInfo
    counts : dict
        What was read, kept, refused and cut off.
    left_out : LeftOut
        Cut-off parts and private streets, for the audit.
    assumptions : tuple of str
        What readers of any number made with this network must be told.
    edge_sides : ndarray of uint8, shape (edges,)
        `BOTH`; `WAY_OUT` where one can leave for the rest of the network but not come back;
        `WAY_IN` where one can only be reached from it. Origins never join a `WAY_IN` street,
        destinations never a `WAY_OUT` street; none joins a tunnel, a motorway or a ferry
        (`NEITHER`).
    edge_local : ndarray of bool, shape (edges,)
        Streets that only trips which begin or end on them (or beyond) may use.
    banned_turns : ndarray of int32, shape (turns, 2)
        Half-edges (`Network.half_edges`) that may not follow each other.
    """

    mode: str
    crs: str
    profile: Profile
    node_lonlat: _Floats
    node_xy: _Floats
    node_ids: NDArray[np.int64]
    node_delay_minutes: _Floats
    edge_from: _Ints
    edge_to: _Ints
    edge_metres: _Floats
    edge_minutes_forward: _Floats
    edge_minutes_backward: _Floats
    edge_class: NDArray[np.int16]
    class_names: tuple[str, ...]
    edge_way: NDArray[np.int64]
    edge_name: _Ints
    street_names: tuple[str, ...]
    edge_speed_tagged: NDArray[np.bool_]
    geometry_xy: _Floats
    geometry_metres: _Floats
    geometry_offsets: NDArray[np.int64]
    source: _SourceInfo
    counts: dict[str, Any]
    left_out: _LeftOut = field(default_factory=_LeftOut)
    assumptions: tuple[str, ...] = ()
    edge_sides: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    edge_local: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    banned_turns: _Ints = field(default_factory=lambda: np.zeros((0, 2), np.int32))

    def __post_init__(self) -> None:
        for value in (*vars(self).values(), *vars(self.left_out).values()):
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


# ------------------------------------------------------------------------------
# Keep a network's main part, and know what was cut off.
#
# The core of a network is its largest strongly connected part: inside it every street can reach
# every other. On foot that is the largest connected part. Streets on which a car can only leave
# towards the core serve as origins, and streets that can only be reached from it as destinations;
# they are kept and marked, for a home on them is not cut off. Everything else (islands of streets,
# one-way traps, car parks behind barriers) is counted, listed and kept for the audit.

_N = TypeVar("_N", bound=_NetworkData)


@dataclass
class _Draft:
    """A network before its main part is chosen. Fields are as in `Network`."""

    node_lonlat: _Floats
    node_xy: _Floats
    node_ids: NDArray[np.int64]
    edge_from: NDArray[np.int32]
    edge_to: NDArray[np.int32]
    edge_metres: _Floats
    edge_minutes_forward: _Floats
    edge_minutes_backward: _Floats
    edge_class: NDArray[np.int16]
    class_names: tuple[str, ...]
    geometry_xy: _Floats
    geometry_metres: _Floats
    geometry_offsets: NDArray[np.int64]
    edge_way: NDArray[np.int64] | None = None
    edge_name: NDArray[np.int32] | None = None
    street_names: tuple[str, ...] = ("",)
    edge_speed_tagged: NDArray[np.bool_] | None = None
    node_delay_minutes: _Floats | None = None
    edge_joinable: NDArray[np.bool_] | None = None
    edge_local: NDArray[np.bool_] | None = None
    banned_turns: NDArray[np.int32] | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    refused: _LeftOut = field(default_factory=_LeftOut)


#: Streets whose mouths do not slow a car on the street they join.
_QUIET = ("service", "track", "living_street", "road")


def _add_delays(draft: _Draft, profile: Profile, lights: NDArray[np.bool_]) -> None:
    """Minutes lost at junctions of three streets or more, and at lights."""
    if not (profile.junction_seconds or profile.signal_seconds):
        return
    quiet = np.array([name in _QUIET for name in draft.class_names])[draft.edge_class]
    ends = np.concatenate([draft.edge_from[~quiet], draft.edge_to[~quiet]])
    arms = np.bincount(ends, minlength=len(draft.node_xy))
    delay = np.where(arms >= 3, profile.junction_seconds / 60, 0.0)
    delay[lights] = profile.signal_seconds / 60
    draft.node_delay_minutes = delay


def _finish(
    cls: type[_N],
    draft: _Draft,
    profile: Profile,
    *,
    crs: str,
    source: _SourceInfo,
    keep: str = "main",
    assumptions: Sequence[str] = (),
) -> _N:
    """Choose the main part of a draft and freeze it."""
    if keep not in ("main", "all"):
        raise NetworkError(f"keep is {keep!r}; expected 'main' or 'all'")
    usable = np.isfinite(draft.edge_minutes_forward) | np.isfinite(draft.edge_minutes_backward)
    if not usable.any():
        raise NetworkError(
            f"{source.name} holds no street that the profile {profile.name!r} may use; "
            "check that the extract has streets (highway=*) and that the profile's classes are "
            "those of the file"
        )
    graph = cache(partial(_open_ways, draft))
    label = _strong_parts(draft, graph)
    core = label == _longest_part(draft, label, usable)
    sides = np.zeros(len(usable), np.uint8)
    if keep == "main":
        kept, sides = _around_core(draft, core, graph)
    else:
        kept = usable
    cut = _cut_off(draft, usable & ~kept, graph)
    if draft.edge_joinable is not None:
        sides = np.where(draft.edge_joinable, sides, NEITHER).astype(np.uint8)
    return _freeze(cls, draft, kept, sides, cut, profile, crs, source, tuple(assumptions))


def _open_ways(draft: _Draft) -> sparse.csr_array:
    """Arrange the open directions for a search."""
    from scipy import sparse  # long to import, and few streets that all join need no search

    n = len(draft.node_xy)
    ahead = np.isfinite(draft.edge_minutes_forward)
    back = np.isfinite(draft.edge_minutes_backward)
    tail = np.concatenate([draft.edge_from[ahead], draft.edge_to[back]])
    head = np.concatenate([draft.edge_to[ahead], draft.edge_from[back]])
    # Parallel edges are summed into one: scipy's search for strong parts never ends on them.
    return sparse.coo_array((np.ones(len(tail), np.int32), (tail, head)), (n, n)).tocsr()


def _strong_parts(draft: _Draft, graph: Callable[[], sparse.csr_array]) -> NDArray[np.int32]:
    """Number the strongly connected part of every node."""
    n = len(draft.node_xy)
    both = np.isfinite(draft.edge_minutes_forward) & np.isfinite(draft.edge_minutes_backward)
    if n <= _FEW and both.all():
        part = _parts_of_few(draft.edge_from, draft.edge_to, n)
        if not part.any():
            return part
    from scipy.sparse.csgraph import connected_components

    label: NDArray[np.int32] = connected_components(graph(), directed=True, connection="strong")[1]
    return label


def _longest_part(draft: _Draft, label: NDArray[np.int32], usable: NDArray[np.bool_]) -> int:
    """The strong part with most street inside; where none has any, with most street at it."""
    ends = (label[draft.edge_from], label[draft.edge_to])
    for use in (usable & (ends[0] == ends[1]), usable):
        length = np.zeros(int(label.max()) + 1)
        for end in ends:
            length += np.bincount(end[use], draft.edge_metres[use] + 1e-9, len(length))
        if use.any():
            break
    return int(np.argmax(length))


def _around_core(
    draft: _Draft, core: NDArray[np.bool_], graph: Callable[[], sparse.csr_array]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Edges that lead to the core or are led to from it, and which of the two."""
    reached, reaching = core.copy(), core.copy()
    if not core.all():
        from scipy.sparse.csgraph import breadth_first_order

        start = int(np.argmax(core))
        for seen, links in ((reached, graph()), (reaching, graph().T.tocsr())):
            seen[breadth_first_order(links, start, return_predecessors=False)] = True
    ahead = np.isfinite(draft.edge_minutes_forward)
    back = np.isfinite(draft.edge_minutes_backward)
    u, v = draft.edge_from, draft.edge_to
    as_origin = (ahead & reaching[v]) | (back & reaching[u])
    as_target = (ahead & reached[u]) | (back & reached[v])
    sides = np.select([as_origin & as_target, as_origin], [BOTH, WAY_OUT], WAY_IN)
    return as_origin | as_target, sides.astype(np.uint8)


def _take_geometry(
    xy: _Floats, offsets: NDArray[np.int64], keep: NDArray[np.bool_]
) -> tuple[_Floats, NDArray[np.int64]]:
    """Keep the geometry of some edges."""
    sizes = np.diff(offsets)
    return xy[np.repeat(keep, sizes)], np.concatenate([[0], np.cumsum(sizes[keep])])


def _cut_off(
    draft: _Draft, cut: NDArray[np.bool_], graph: Callable[[], sparse.csr_array]
) -> _LeftOut:
    island = np.zeros(len(draft.node_xy), np.int32)
    if cut.any():
        from scipy.sparse.csgraph import connected_components

        _, island = connected_components(graph(), directed=False)
    own = island[draft.edge_from[cut]]
    main = island[draft.edge_from[~cut]]
    # What hangs on the kept streets and is still left out can be neither left nor entered.
    trapped = np.isin(own, main)
    size = np.bincount(own, weights=draft.edge_metres[cut], minlength=int(island.max()) + 1)
    rank = np.empty(len(size), np.int32)
    rank[np.argsort(-size, kind="stable")] = np.arange(1, len(size) + 1, dtype=np.int32)
    xy, offsets = _take_geometry(draft.geometry_xy, draft.geometry_offsets, cut)
    old = draft.refused
    code = len(old.reason) + trapped.astype(np.uint8)
    return _LeftOut(
        (*old.reason, "cut off from the main part", "one-way trap"),
        np.concatenate([old.reason_code, code.astype(np.uint8)]),
        np.concatenate([old.part, rank[own]]).astype(np.int32),
        np.concatenate([old.metres, draft.edge_metres[cut]]),
        np.concatenate([old.xy, xy]),
        np.concatenate([old.offsets, old.offsets[-1] + offsets[1:]]),
    )


def _kept_turns(turns: NDArray[np.int32] | None, kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Banned turns between edges that are kept, by their new numbers."""
    if turns is None:
        return np.zeros((0, 2), np.int32)
    new = np.cumsum(kept) - 1
    turns = turns[kept[turns // 2].all(axis=1)]
    return (2 * new[turns // 2] + turns % 2).astype(np.int32)


def _freeze(
    cls: type[_N],
    draft: _Draft,
    kept: NDArray[np.bool_],
    sides: NDArray[np.uint8],
    left_out: _LeftOut,
    profile: Profile,
    crs: str,
    source: _SourceInfo,
    assumptions: tuple[str, ...],
) -> _N:
    ends = np.concatenate([draft.edge_from[kept], draft.edge_to[kept]])
    used = np.zeros(len(draft.node_xy), bool)
    used[ends] = True
    new = (np.cumsum(used) - 1).astype(np.int32)
    n = int(kept.sum())
    xy, offsets = _take_geometry(draft.geometry_xy, draft.geometry_offsets, kept)
    touched = np.zeros(len(used), bool)
    touched[draft.edge_from] = touched[draft.edge_to] = True
    cut = left_out.reason_code >= len(draft.refused.reason)
    counts = {
        **draft.counts,
        "nodes": int(used.sum()),
        "edges": n,
        "km": float(draft.edge_metres[kept].sum() / 1000),
        "way_out_only_km": float(draft.edge_metres[kept & (sides == WAY_OUT)].sum() / 1000),
        "way_in_only_km": float(draft.edge_metres[kept & (sides == WAY_IN)].sum() / 1000),
        "cut_off_nodes": int((touched & ~used).sum()),
        "cut_off_edges": int(cut.sum()),
        "cut_off_km": float(left_out.metres[cut].sum() / 1000),
        "cut_off_parts": len(np.unique(left_out.part[cut & (left_out.part > 0)])),
    }

    def edges(values: NDArray[Any] | None, dtype: type) -> NDArray[Any]:
        return np.zeros(n, dtype) if values is None else values[kept].astype(dtype, copy=False)

    delay = draft.node_delay_minutes
    return cls(
        mode=profile.mode,
        crs=crs,
        profile=profile,
        node_lonlat=draft.node_lonlat[used],
        node_xy=draft.node_xy[used],
        node_ids=draft.node_ids[used],
        node_delay_minutes=np.zeros(int(used.sum())) if delay is None else delay[used],
        edge_from=new[draft.edge_from[kept]],
        edge_to=new[draft.edge_to[kept]],
        edge_metres=draft.edge_metres[kept],
        edge_minutes_forward=draft.edge_minutes_forward[kept],
        edge_minutes_backward=draft.edge_minutes_backward[kept],
        edge_class=draft.edge_class[kept],
        class_names=draft.class_names,
        edge_way=edges(draft.edge_way, np.int64) - (draft.edge_way is None),
        edge_name=edges(draft.edge_name, np.int32),
        street_names=draft.street_names,
        edge_speed_tagged=edges(draft.edge_speed_tagged, np.bool_),
        geometry_xy=xy,
        geometry_metres=draft.geometry_metres[np.repeat(kept, np.diff(draft.geometry_offsets))],
        geometry_offsets=offsets,
        source=source,
        counts=counts,
        left_out=left_out,
        assumptions=assumptions,
        edge_sides=sides[kept],
        edge_local=edges(draft.edge_local, np.bool_),
        banned_turns=_kept_turns(draft.banned_turns, kept),
    )


def _network_from_arrays(
    cls: type[_N],
    node_lon: ArrayLike,
    node_lat: ArrayLike,
    edge_from: ArrayLike,
    edge_to: ArrayLike,
    *,
    mode: str,
    metres: ArrayLike | None,
    minutes_forward: ArrayLike | None,
    minutes_backward: ArrayLike | None,
    edge_class: str | Sequence[str],
    geometry: Sequence[ArrayLike] | None,
    node_delay_minutes: ArrayLike | None,
    profile: Profile | None,
    crs: str | None,
    keep: str,
    source: _SourceInfo | str,
    assumptions: Sequence[str],
) -> _N:
    """Do the work of `Network.from_edges`; see there."""
    profile = profile or Profile.preset(mode)
    if profile.mode != mode:
        raise NetworkError(f"mode is {mode!r} but profile {profile.name!r} is for {profile.mode!r}")
    source = source if isinstance(source, _SourceInfo) else _SourceInfo(source)
    lonlat = np.column_stack([np.asarray(node_lon, float), np.asarray(node_lat, float)])
    u, v = np.asarray(edge_from, np.int64), np.asarray(edge_to, np.int64)
    _check_nodes(lonlat, u, v, source.name)
    if geometry is None:
        points, sizes = lonlat[np.column_stack([u, v]).ravel()], np.full(len(u), 2)
    else:
        points, sizes = _corners(geometry, len(u))
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    length = _line_metres(points, offsets) if metres is None else np.asarray(metres, float)
    names = [edge_class] * len(u) if isinstance(edge_class, str) else [str(c) for c in edge_class]
    classes, code = np.unique(np.array(names, dtype=object), return_inverse=True)
    speed = np.array([profile.speed(name) for name in classes])[code]
    ahead = length * 0.06 / speed if minutes_forward is None else np.asarray(minutes_forward, float)
    back = ahead if minutes_backward is None else np.asarray(minutes_backward, float)
    _check_edges(length, ahead, back, code, len(u), source.name)
    crs = crs or metric_crs(*lonlat[0])
    draft = _Draft(
        node_lonlat=lonlat,
        node_xy=project(lonlat[:, 0], lonlat[:, 1], crs),
        node_ids=np.arange(len(lonlat)),
        edge_from=u.astype(np.int32),
        edge_to=v.astype(np.int32),
        edge_metres=length.copy(),
        edge_minutes_forward=ahead.copy(),
        edge_minutes_backward=back.copy(),
        edge_class=code.astype(np.int16),
        class_names=tuple(map(str, classes)),
        geometry_xy=project(points[:, 0], points[:, 1], crs),
        geometry_metres=_corner_metres(points, offsets),
        geometry_offsets=offsets,
        node_delay_minutes=None
        if node_delay_minutes is None
        else np.array(node_delay_minutes, float),
    )
    return _finish(cls, draft, profile, crs=crs, source=source, keep=keep, assumptions=assumptions)


def _corners(geometry: Sequence[ArrayLike], n: int) -> tuple[_Floats, NDArray[np.int64]]:
    """Stack the corners of lines, and count those of each."""
    if len(geometry) != n:
        raise NetworkError(
            f"geometry has {len(geometry)} lines; expected one for each of {n} edges"
        )
    sizes = np.array([len(np.asarray(line)) for line in geometry], np.int64)
    return np.concatenate([np.asarray(line, float).reshape(-1, 2) for line in geometry]), sizes


def _corner_metres(lonlat: _Floats, offsets: NDArray[np.int64]) -> _Floats:
    """Metres on the ground (great circle) from the start of each line to its corner points."""
    step = great_circle_m(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1])
    so_far = np.concatenate([[0.0], np.cumsum(step)])
    out: _Floats = so_far - np.repeat(so_far[offsets[:-1]], np.diff(offsets))
    return out


def _line_metres(lonlat: _Floats, offsets: NDArray[np.int64]) -> _Floats:
    """Length on the ground of lines of lon/lat corner points (great circle)."""
    return _corner_metres(lonlat, offsets)[offsets[1:] - 1]


def _check_nodes(lonlat: _Floats, u: NDArray[Any], v: NDArray[Any], name: str) -> None:
    if u.shape != v.shape or u.ndim != 1 or not len(u):
        raise NetworkError(
            f"{name}: edge_from and edge_to have shapes {u.shape} and {v.shape}; "
            "expected two lists of node rows of one length, not empty"
        )
    bad = ~np.isfinite(lonlat).all(axis=1) | (np.abs(lonlat) > (180, 90)).any(axis=1)
    faults = [
        Fault(name, f"node {i}", "lon, lat", str(tuple(lonlat[i].tolist())), "WGS84 degrees")
        for i in np.flatnonzero(bad)[:20]
    ]
    off = np.flatnonzero((u < 0) | (v < 0) | (u >= len(lonlat)) | (v >= len(lonlat)))
    faults += [
        Fault(name, f"edge {i}", "ends", f"{u[i]}, {v[i]}", f"node rows 0 to {len(lonlat) - 1}")
        for i in off[:20]
    ]
    if faults:
        raise NetworkError("nodes and edges do not make a network", faults)


def _check_edges(
    metres: _Floats, ahead: _Floats, back: _Floats, code: NDArray[Any], n: int, name: str
) -> None:
    faults = []
    for column, values, top in (
        ("metres", metres, "metres, 0 or more"),
        ("minutes_forward", ahead, "minutes, 0 or more, or inf where closed"),
        ("minutes_backward", back, "minutes, 0 or more, or inf where closed"),
    ):
        if values.shape != (n,):
            faults.append(Fault(name, "", column, str(values.shape), f"one value for {n} edges"))
            continue
        wrong = np.isnan(values) | (values < 0)
        if column == "metres":
            wrong |= np.isinf(values)
        faults += [
            Fault(name, f"edge {i}", column, str(values[i]), top)
            for i in np.flatnonzero(wrong)[:20]
        ]
    if len(code) != n:
        faults.append(Fault(name, "", "edge_class", str(len(code)), f"one value for {n} edges"))
    if faults:
        raise NetworkError("edges do not make a network", faults)

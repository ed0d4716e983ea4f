"""`build_network`: one door for every source of streets."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import shapely
from numpy.typing import NDArray

from access.errors import NetworkError, ParameterError
from access.files import sha256_of
from access.network.access_rules import (
    _add_slope,
    _barrier_closed,
    _Heights,
    _judge,
    _read_heights,
    _Verdict,
)
from access.network.cache import _cache_key, _kept_network, _network_path
from access.network.data import _add_delays, _Draft, _finish, _LeftOut
from access.network.graph_io import _network_from_graph, _read_graphml
from access.network.network import Network
from access.network.osm import (
    _SUFFIXES,
    _is_street_file,
    _read_streets,
    _Streets,
    check_street_file,
)
from access.network.profiles import PRESETS, Profile
from access.network.route_rules import _bind
from access.units import great_circle_m, metric_crs_of, project

if TYPE_CHECKING:
    import networkx as nx

#: More entries than this on one square are thinned out, to keep the number of pairs in bounds.
_MOST_ENTRIES = 40


def _with_crossings(
    streets: _Streets, is_open: NDArray[np.bool_], xy: NDArray[np.float64]
) -> _Streets:
    """Add a way for every two entries of a square that see each other over it."""
    used = np.bincount(
        streets.refs[np.repeat(is_open, np.diff(streets.offsets))], minlength=len(xy)
    )
    tag_sets, added = list(streets.tag_sets), []
    for way, refs, square in _squares(streets, is_open, xy):
        tags = streets.tag_sets[streets.way_tags[way]]
        # The first node of a ring is also its last: it is an entry if used a third time.
        times = np.bincount(refs)
        doors = np.flatnonzero(times)
        doors = doors[used[doors] > times[doors]]
        pairs = _seen(xy, refs, square, doors)
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


def _squares(
    streets: _Streets, is_open: NDArray[np.bool_], xy: NDArray[np.float64]
) -> Iterator[tuple[int, NDArray[np.int32], shapely.Polygon]]:
    """A way of each open square, the nodes of its edge, and its shape without its ponds."""

    def nodes(way: int) -> NDArray[np.int32]:
        return streets.refs[streets.offsets[way] : streets.offsets[way + 1]]

    rows: dict[int, list[int]] = {}
    drawn: set[int] = set()
    if streets.squares:
        for row, key in enumerate(streets.way_ids.tolist()):
            rows.setdefault(key, []).append(row)
    for members in streets.squares:
        by_role: dict[bool, list[int]] = {True: [], False: []}
        for _, key, role in members:
            by_role[role == "inner"] += rows.get(key, [])
        outer = [way for way in by_role[False] if is_open[way]]
        drawn.update(outer)
        if not outer:
            continue
        shapes = [
            shapely.polygonize([shapely.linestrings(xy[nodes(way)]) for way in ways])
            for ways in (outer, by_role[True])
        ]
        whole, ponds = (shapely.unary_union(list(shape.geoms)) for shape in shapes)
        refs = np.concatenate([nodes(way) for way in outer])
        for part in shapely.get_parts(whole.difference(ponds)):
            if part.geom_type == "Polygon":
                own = shapely.intersects_xy(part.buffer(0.01), *xy[refs].T)
                yield outer[0], refs[own], part
    for way in np.flatnonzero(is_open).tolist():
        ring = nodes(way)
        tags = streets.tag_sets[streets.way_tags[way]]
        closed = ring[0] == ring[-1] and len(ring) >= 4
        if tags.get("area") == "yes" and closed and way not in drawn:
            yield way, ring, shapely.Polygon(xy[ring])


def _seen(
    xy: NDArray[np.float64],
    refs: NDArray[np.int32],
    square: shapely.Polygon,
    doors: NDArray[np.intp],
) -> list[tuple[int, int]]:
    if len(doors) < 2 or not square.is_valid:
        return []
    doors = doors[:: -(-len(doors) // _MOST_ENTRIES)]
    pairs = np.array(list(combinations(doors.tolist(), 2)))
    # A hair wider, so that a line along the edge counts as on the square.
    inside = shapely.covers(square.buffer(0.01), shapely.linestrings(xy[pairs]))
    beside = {frozenset(side) for side in pairwise(refs.tolist())}
    return [(a, b) for a, b in pairs[inside].tolist() if frozenset((a, b)) not in beside]


_Floats = NDArray[np.float64]

#: Steps measured at a time, so that a county needs no more memory than a town.
_BLOCK = 100_000
#: Reasons that an audit names when people live there.
_TOLD = ("private", "foot=no", "access=no", "closed to cars")


def _assemble(
    streets: _Streets, profile: Profile, *, keep: str = "main", heights: _Heights | None = None
) -> Network:
    """Build a profile's network from ways that were read from a file."""
    verdicts = [_judge(tags, profile) for tags in streets.tag_sets]
    is_open = np.array([not v.reason for v in verdicts])[streets.way_tags]
    if not is_open.any():
        raise NetworkError(
            f"{streets.info.name} holds no street that the profile {profile.name!r} may use"
        )
    crs = metric_crs_of(streets.lonlat)
    xy = project(streets.lonlat[:, 0], streets.lonlat[:, 1], crs)
    if profile.cross_squares:
        streets = _with_crossings(streets, is_open, xy)
        verdicts = [_judge(tags, profile) for tags in streets.tag_sets]
        is_open = np.array([not v.reason for v in verdicts])[streets.way_tags]
    closed = [row for row, tags in streets.node_tags.items() if _barrier_closed(tags, profile)]
    cut = _cut(streets, is_open, np.array(sorted(closed), np.int64))
    draft = _weigh(streets, profile, verdicts, cut, xy)
    if heights is not None:
        _add_slope(draft, profile, heights, crs)
    lights = [
        streets.node_ids[row]
        for row, tags in streets.node_tags.items()
        if tags.get("highway") == "traffic_signals"
    ]
    _add_delays(draft, profile, np.isin(draft.node_ids, lights))
    draft.refused = _refused(streets, verdicts, xy)
    draft.counts |= {
        "ways_read": len(streets.way_ids),
        "ways_open": int(is_open.sum()),
        "nodes_read": len(streets.node_ids),
        "nodes_outside_file": streets.missing_nodes,
        "barriers_closed": len(closed),
    }
    network = _finish(Network, draft, profile, crs=crs, source=streets.info, keep=keep)
    if profile.mode != "drive":
        return network
    return _bind(network, streets.turns, streets.turns_left_out)


@dataclass
class _Pieces:
    """Ways cut into edges: node rows of ends, way rows, and positions of their corner points."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    way: NDArray[np.int64]
    metres: _Floats
    corners: NDArray[np.int32]
    corner_metres: _Floats
    offsets: NDArray[np.int64]
    node_row: NDArray[np.int64]


def _cut(streets: _Streets, is_open: NDArray[np.bool_], closed: NDArray[np.int64]) -> _Pieces:
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


def _ground(lonlat: _Floats, refs: NDArray[np.int32]) -> _Floats:
    """Metres on the ground from the first of a row of nodes to each, block by block."""
    step = np.zeros(len(refs))
    for start in range(0, len(refs) - 1, _BLOCK):
        stop = min(start + _BLOCK, len(refs) - 1)
        a, b = lonlat[refs[start:stop]], lonlat[refs[start + 1 : stop + 1]]
        step[start + 1 : stop + 1] = great_circle_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    return np.cumsum(step, out=step)


def _weigh(
    streets: _Streets, profile: Profile, verdicts: list[_Verdict], cut: _Pieces, xy: _Floats
) -> _Draft:
    tag_set = streets.way_tags[cut.way]
    classes = sorted({v.street_class for v in verdicts if not v.reason})
    code = np.array([classes.index(v.street_class) if not v.reason else -1 for v in verdicts])

    def minutes(kmh: list[float], is_open: list[bool]) -> _Floats:
        pace = np.array([0.06 / k if o else np.inf for k, o in zip(kmh, is_open, strict=True)])
        with np.errstate(invalid="ignore"):
            at_pace = cut.metres * pace[tag_set]
            out = np.where(np.isnan(tagged) | np.isinf(at_pace), at_pace, tagged) + wait
        return np.where(np.isnan(out), np.inf, out)

    # A ferry's wait is shared among the pieces of its way, so that it is paid once.
    whole = np.bincount(cut.way, weights=cut.metres)[cut.way]
    share = np.divide(cut.metres, whole, out=np.zeros_like(whole), where=whole > 0)
    wait = share * np.array([v.wait_minutes for v in verdicts])[tag_set]
    tagged = share * np.array([v.whole_minutes for v in verdicts])[tag_set]
    ends, rows = np.unique(np.concatenate([cut.tail, cut.head]), return_inverse=True)
    at = cut.node_row[ends]
    tail, head = np.split(rows.astype(np.int32), 2)
    good = [not v.reason for v in verdicts]
    forward = [g and v.forward for g, v in zip(good, verdicts, strict=True)]
    backward = [g and v.backward for g, v in zip(good, verdicts, strict=True)]
    return _Draft(
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
        edge_joinable=np.array([v.joinable for v in verdicts])[tag_set],
        edge_local=np.array([v.local for v in verdicts])[tag_set],
    )


def _refused(streets: _Streets, verdicts: list[_Verdict], xy: _Floats) -> _LeftOut:
    """Private and closed streets, kept so that the audit can say who lives on them."""
    told = np.array([_TOLD.index(v.reason) if v.reason in _TOLD else 255 for v in verdicts])
    code = told[streets.way_tags]
    keep = code < 255
    sizes = np.diff(streets.offsets)
    refs = streets.refs[np.repeat(keep, sizes)]
    offsets = np.concatenate([[0], np.cumsum(sizes[keep])]).astype(np.int64)
    so_far = _ground(streets.lonlat, refs)
    metres = so_far[offsets[1:] - 1] - so_far[offsets[:-1]] if len(refs) else np.zeros(0)
    return _LeftOut(
        _TOLD, code[keep].astype(np.uint8), np.zeros(int(keep.sum()), np.int32), metres,
        xy[refs], offsets,
    )  # fmt: skip


def _is_graph(source: object) -> TypeGuard[nx.Graph]:
    """Say whether a source is a graph; networkx is loaded where somebody made one."""
    networkx = sys.modules.get("networkx")
    return networkx is not None and isinstance(source, networkx.Graph)


def build_network(
    source: str | Path | _Streets | nx.Graph,
    *,
    mode: str | None = None,
    profile: Profile | str | None = None,
    keep: str = "main",
    heights: _Heights | str | Path | None = None,
    cache: str | Path | None = None,
) -> Network:
    """Build the streets that one kind of traveller can use.

    Parameters
    ----------
    source : path, Streets or networkx graph
        An OpenStreetMap file (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``), a GraphML
        file, a networkx or osmnx graph, or what `access.network.osm._read_streets` read (read
        once, build several modes).
    mode : str, optional
        ``"walk"`` (the default) or ``"drive"``, or the name of any preset profile.
    profile : Profile or str, optional
        Rules and speeds, or a preset's name; the mode's preset when not given.
    keep : str
        ``"main"`` keeps the main connected part (strongly connected for driving) and counts
        what it leaves; ``"all"`` keeps everything.
    heights : Heights or path, optional
        A terrain grid (ESRI ASCII, as OS Terrain 50): walking speeds then follow the slope.
    cache : path, optional
        A folder to keep networks of street files in. What is kept is found again only for the
        same bytes, profile, options and code, and made again if it is damaged.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If the source cannot be read to its end, holds no usable streets, or has bad nodes or
        edges.
    ParameterError
        If mode and profile are unknown or disagree.

    Examples
    --------
    >>> import networkx as nx
    >>> town = nx.Graph()
    >>> town.add_node("a", x=-1.36, y=53.43), town.add_node("b", x=-1.35, y=53.43)
    (None, None)
    >>> town.add_edge("a", "b", length=700.0)
    >>> build_network(town, mode="walk").edge_minutes_forward.tolist()
    [8.75]
    """
    _check_options(keep, heights, cache)
    chosen, heights = _with_heights(_choose_profile(mode, profile), heights)
    if _is_graph(source):
        return _network_from_graph(source, chosen, keep=keep, heights=heights)
    if isinstance(source, _Streets):
        return _assemble(source, chosen, keep=keep, heights=heights)
    if not isinstance(source, (str, Path)):
        raise ParameterError(
            f"source is a {type(source).__name__}; expected a path, Streets or a networkx graph"
        )
    path = Path(source)
    check_street_file(path)
    if cache is None:
        return _from_file(path, chosen, keep, heights)
    key = _key(path, sha256_of(path), chosen, keep, heights)
    return _kept_network(cache, key, lambda: _from_file(path, chosen, keep, heights))


def build_networks(
    source: str | Path,
    profiles: Mapping[str, Profile],
    *,
    cache: str | Path | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> dict[str, Network]:
    """Build the streets of several kinds of traveller from one file, read once at most."""
    path = Path(source)
    whole: list[_Streets] = []

    def build(name: str, profile: Profile) -> Network:
        # GraphML comes as a graph of one mode's own; a street extract is read once for all
        if path.name.lower().endswith(".graphml"):
            progress(f"building the {name} network")
            return _from_file(path, profile, "main", None)
        if not whole:
            progress(f"reading {path.name}")
            whole.append(_read_streets(path))
        progress(f"building the {name} network")
        return _assemble(whole[0], profile)

    if cache is None or not path.is_file():
        return {name: build(name, profile) for name, profile in profiles.items()}
    sha256, found = sha256_of(path), {}
    for name, profile in profiles.items():
        key = _key(path, sha256, profile, "main", None)
        if _network_path(cache, key).exists():
            progress(f"taking the {name} network kept from an earlier run on {path.name}")
        found[name] = _kept_network(cache, key, partial(build, name, profile))
    return found


def _key(path: Path, sha256: str, profile: Profile, keep: str, heights: _Heights | None) -> str:
    """Name what decides a network made from a file."""
    grid = None if heights is None else [
        heights.crs, heights.west, heights.south, heights.cell_m, heights.metres.shape,
        hashlib.sha256(heights.metres.tobytes()).hexdigest(),
    ]  # fmt: skip
    parts = {"file": [path.name, sha256], "profile": profile.to_dict(), "keep": keep}
    return _cache_key({**parts, "heights": grid})


def _from_file(path: Path, profile: Profile, keep: str, heights: _Heights | None) -> Network:
    if path.name.lower().endswith(".graphml"):
        graph, info = _read_graphml(path)
        return _network_from_graph(graph, profile, info=info, keep=keep, heights=heights)
    if path.is_file() and not _is_street_file(path):
        raise NetworkError(
            f"{path} is not a street file; expected one of {', '.join((*_SUFFIXES, '.graphml'))}"
        )
    return _assemble(_read_streets(path), profile, keep=keep, heights=heights)


def _with_heights(
    profile: Profile, heights: _Heights | str | Path | None
) -> tuple[Profile, _Heights | None]:
    if heights is None:
        if profile.slope != "none":
            raise ParameterError(
                f"profile {profile.name!r} walks by slope ({profile.slope}), but no heights are "
                "given; give heights=..., or dataclasses.replace(profile, slope='none')"
            )
        return profile, None
    grid = heights if isinstance(heights, _Heights) else _read_heights(heights)
    return replace(profile, slope="tobler"), grid


def _check_options(keep: object, heights: object, cache: object) -> None:
    """Refuse arguments of a wrong type or value, each by its name."""
    if not isinstance(keep, str) or keep not in ("main", "all"):
        raise ParameterError(f"keep is {str(keep)[:80]!r}; expected 'main' or 'all'")
    if heights is not None and not isinstance(heights, (_Heights, str, Path)):
        raise ParameterError(f"heights is a {type(heights).__name__}; expected Heights or a path")
    if cache is not None and not isinstance(cache, (str, Path)):
        raise ParameterError(f"cache is a {type(cache).__name__}; expected a folder's path")


def _choose_profile(mode: str | None, profile: Profile | str | None) -> Profile:
    """Find the profile that a mode and a profile argument ask for."""
    if mode is not None and not (isinstance(mode, str) and mode in PRESETS):
        raise ParameterError(f"mode is {mode!r}; expected one of {sorted(PRESETS)}")
    if profile is None:
        return PRESETS[mode or "walk"]
    chosen: Any = Profile.preset(profile) if isinstance(profile, str) else profile
    if not isinstance(chosen, Profile):
        raise ParameterError(
            f"profile is a {type(chosen).__name__}; expected a Profile or one of {sorted(PRESETS)}"
        )
    if mode is not None and PRESETS[mode].mode != chosen.mode:
        raise ParameterError(f"mode is {mode!r} but profile {chosen.name!r} is for {chosen.mode!r}")
    return chosen

"""`travel_matrix`: minutes and metres from every area to every site."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from access.errors import NetworkError, ParameterError
from access.network.anchor import Ends, anchor, arriving, leaving
from access.network.chains import Chains
from access.network.graph import Network
from access.network.kept import cache_key, kept_matrix
from access.network.matrix import Status, TravelMatrix
from access.network.nearby import along_chains, within_trees
from access.network.places import Places, check_over, read_places
from access.network.search import least
from access.network.snap import Snaps, snap

Floats = NDArray[np.float64]
Table: TypeAlias = pd.DataFrame | gpd.GeoDataFrame | Places
_SAME_PLACE_DEGREES = 1e-7
#: Most pairs of one matrix, and arrays of its shape that are held while it is made.
MOST_PAIRS = 100_000_000
_ARRAYS_HELD = 14


def travel_matrix(
    network: Network,
    areas: Table,
    sites: Table,
    *,
    minimise: str = "minutes",
    snap_limit_m: float = 500.0,
    max_minutes: float | None = None,
    direction: str = "to_site",
    cache: str | Path | None = None,
) -> TravelMatrix:
    """Minutes and metres from every area to every site, on the streets of a network.

    A place joins the nearest point on any street of the network; the street is split there
    without changing the network. The leg to it is walked. Total = entry + network + exit.

    Parameters
    ----------
    network : Network
    areas, sites : DataFrame or GeoDataFrame
        ``id``, and ``lon`` and ``lat`` in WGS84 degrees or a geometry with a CRS.
    minimise : str
        ``"minutes"`` or ``"metres"``: what decides the path along the network. The other is
        summed along that same path.
    snap_limit_m : float
        Longest leg between a place and its street, metres.
    max_minutes : float, optional
        Totals above this are `Status.BEYOND_LIMIT`.
    direction : str
        ``"to_site"``, or ``"from_site"`` for the way home (it differs where streets are
        one-way).
    cache : path, optional
        A folder to keep matrices in, as for `build_network`.

    Returns
    -------
    TravelMatrix, shape (areas, sites)
        Every id that was handed over, in its order; ``inf`` and a status where there is no
        way.

    Raises
    ------
    ParameterError
        If ids are missing or duplicated, columns are missing, coordinates are swapped, in
        metres or missing, an option is unknown, or the pairs would not fit in memory.
    NetworkError
        If the network lies somewhere else altogether.

    Notes
    -----
    Dijkstra's algorithm from whichever side is fewer, against the streets where that is the
    destination's side.

    Examples
    --------
    >>> import pandas as pd
    >>> net = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1], metres=[800.0])
    >>> homes = pd.DataFrame({"id": ["home"], "lon": [-1.36], "lat": [53.43]})
    >>> centre = pd.DataFrame({"id": ["centre"], "lon": [-1.355], "lat": [53.43]})
    >>> m = travel_matrix(net, homes, centre)
    >>> round(m.network_metres.item()), round(m.total_minutes.item(), 1)
    (400, 5.0)
    """
    if minimise not in ("minutes", "metres"):
        raise ParameterError(f"minimise is {minimise!r}; expected 'minutes' or 'metres'")
    if direction not in ("to_site", "from_site"):
        raise ParameterError(f"direction is {direction!r}; expected 'to_site' or 'from_site'")
    if max_minutes is not None and not max_minutes > 0:
        raise ParameterError(f"max_minutes is {max_minutes!r}; expected minutes above 0")
    a, s = read_places(areas, "areas"), read_places(sites, "sites")
    if len(a.ids) * len(s.ids) > MOST_PAIRS:
        raise ParameterError(
            f"{len(a.ids):,} areas x {len(s.ids):,} sites would take about "
            f"{len(a.ids) * len(s.ids) * 8 * _ARRAYS_HELD / 1e9:.0f} GB of memory; expected at "
            f"most {MOST_PAIRS:,} pairs. Measure some sites at a time."
        )
    _check_covered(network, a, s)
    limit = np.inf if max_minutes is None else float(max_minutes)
    parameters = {
        "minimise": minimise,
        "snap_limit_m": float(snap_limit_m),
        "max_minutes": max_minutes,
    }
    if cache is None:
        return _measure(network, a, s, limit, direction, parameters)
    places = hashlib.sha256(repr((a.ids, s.ids)).encode())
    places.update(a.lonlat.tobytes() + s.lonlat.tobytes())
    about = [network.assumptions, network.to_dict()]
    key = cache_key(
        {**parameters, "network": about, "places": places.hexdigest(), "direction": direction}
    )
    return kept_matrix(cache, key, lambda: _measure(network, a, s, limit, direction, parameters))


def _measure(
    network: Network, a: Places, s: Places, limit: float, direction: str, parameters: dict
) -> TravelMatrix:
    snap_limit_m, to_site = parameters["snap_limit_m"], direction == "to_site"
    snap_a = snap(network, a, limit_m=snap_limit_m, as_origin=to_site)
    snap_s = snap(network, s, limit_m=snap_limit_m, as_origin=not to_site)
    pairs = _Pairs(network, snap_a, snap_s, parameters["minimise"], to_site, limit)
    pace = 0.06 / network.profile.off_network_kmh
    legs = [snaps.metres * pace for snaps in (snap_a, snap_s)]
    return TravelMatrix(
        area_ids=a.ids,
        site_ids=s.ids,
        mode=network.mode,
        direction=direction,
        assumptions=network.assumptions,
        provenance={"network": network.to_dict(), **parameters},
        **_arrays(pairs, legs, _same_place(a, s), limit),
    )


def _check_covered(network: Network, areas: Places, sites: Places) -> None:
    inside = [
        check_over(places, what, network.bounds_lonlat)
        for places, what in ((areas, "areas"), (sites, "sites"))
    ]
    if not inside[0].any() and not inside[1].any():
        west, south, east, north = network.bounds_lonlat
        lon, lat = np.vstack([areas.lonlat, sites.lonlat]).mean(axis=0)
        raise NetworkError(
            f"the network {network.source.name} misses the study area: its streets lie between "
            f"lon {west:.3f} and {east:.3f}, lat {south:.3f} and {north:.3f}, but the "
            f"{len(areas.ids)} areas and {len(sites.ids)} sites lie around lon {lon:.3f}, "
            f"lat {lat:.3f}. Give the street extract of the right county."
        )


def _only(snaps: Snaps, which: NDArray[np.intp]) -> Snaps:
    return replace(snaps, **{k: v[which] for k, v in vars(snaps).items()})


class _Pairs:
    """Network minutes and metres of every pair of snapped places, and who is cut off."""

    def __init__(
        self, network: Network, areas: Snaps, sites: Snaps, by: str, to_site: bool, limit: float
    ) -> None:
        rows, cols = np.flatnonzero(areas.found), np.flatnonzero(sites.found)
        shape = (len(areas.edge), len(sites.edge))
        self.minutes = np.full(shape, np.inf)
        self.metres = np.full(shape, np.inf)
        self.cut_off = np.zeros(shape, bool)
        if not len(rows) or not len(cols):
            return
        a, s = _only(areas, rows), _only(sites, cols)
        origins, targets = (a, s) if to_site else (s, a)
        first, second, cut = _least_pairs(network, origins, targets, by, limit)
        if not to_site:
            first, second, cut = first.T, second.T, cut.T
        at = np.ix_(rows, cols)
        self.minutes[at], self.metres[at] = (first, second)[:: 1 if by == "minutes" else -1]
        self.cut_off[at] = cut


def _least_pairs(
    network: Network, origins: Snaps, targets: Snaps, by: str, limit: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    chains = network.chains
    start, stop = anchor(network, origins), anchor(network, targets)
    shape = (len(origins.edge), len(targets.edge))
    first, second = np.full(shape, np.inf), np.full(shape, np.inf)
    joined = np.zeros(shape, bool)
    if chains.n_junctions:
        out, into = leaving(chains, start), arriving(chains, stop)
        backwards = shape[1] <= shape[0]
        graph = network.search(by, backwards=backwards)
        roots, leaves = (into, out) if backwards else (out, into)
        search_limit = limit if by == "minutes" else np.inf
        found = least(graph, roots, leaves, by=by, limit=search_limit)
        first, second = (array.T.copy() if backwards else array for array in found)
        if not np.isfinite(first).all():
            joined = _joined(chains, out, into)
    near = along_chains(network, start, stop) + within_trees(network, start, stop)
    for o, t, minutes, metres in near:
        one, other = (minutes, metres)[:: 1 if by == "minutes" else -1]
        joined[o, t] |= np.isfinite(one)
        better = one < first[o, t]
        first[o[better], t[better]] = one[better]
        second[o[better], t[better]] = other[better]
    return first, second, ~np.isfinite(first) & ~joined


def _joined(chains: Chains, out: Ends, into: Ends) -> NDArray[np.bool_]:
    """Which targets each origin can reach at all, however far."""
    n = chains.n_junctions
    ones = np.ones(len(chains.arc_from), np.int8)
    graph = sparse.coo_array((ones, (chains.arc_from, chains.arc_to)), (n, n)).tocsr()
    joined = np.zeros((len(out.minutes), len(into.minutes)), bool)
    _, part = csgraph.connected_components(graph, directed=True, connection="strong")
    known: dict[int, NDArray[np.bool_]] = {}
    for i in range(len(out.minutes)):
        for side in np.flatnonzero(np.isfinite(out.minutes[i])):
            start = int(out.junction[i, side])
            if part[start] not in known:
                seen = np.zeros(n, bool)
                seen[csgraph.breadth_first_order(graph, start, return_predecessors=False)] = True
                known[part[start]] = np.any(seen[into.junction] & np.isfinite(into.minutes), axis=1)
            joined[i] |= known[part[start]]
    return joined


def _same_place(areas: Places, sites: Places) -> NDArray[np.bool_]:
    """Pairs at one point, to a ten-millionth of a degree (a centimetre)."""
    points = np.rint(np.vstack([areas.lonlat, sites.lonlat]) / _SAME_PLACE_DEGREES)
    _, spot = np.unique(points.astype(np.int64), axis=0, return_inverse=True)
    spot_a, spot_s = np.split(spot.ravel(), [len(areas.ids)])
    return np.equal.outer(spot_a, spot_s)


def _arrays(
    pairs: _Pairs, legs: list[Floats], same: NDArray[np.bool_], limit: float
) -> dict[str, NDArray]:
    """Add the legs, and say of every pair how it came about."""
    entry = np.broadcast_to(legs[0][:, None], same.shape).copy()
    exit_ = np.broadcast_to(legs[1][None, :], same.shape).copy()
    minutes, metres = pairs.minutes, pairs.metres
    for array in (entry, exit_, minutes, metres):
        array[same] = 0.0
    total = entry + minutes + exit_
    unsnapped = ~(np.isfinite(entry) & np.isfinite(exit_))
    status = np.select(
        [same, unsnapped, pairs.cut_off, ~np.isfinite(total) | (total > limit)],
        [Status.SAME_PLACE, Status.UNSNAPPED, Status.UNREACHABLE, Status.BEYOND_LIMIT],
        default=Status.OK,
    )
    unreached = status > Status.SAME_PLACE
    for array in (entry, exit_, minutes, metres, total):
        array[unreached] = np.inf
    return {
        "entry_minutes": entry,
        "network_minutes": minutes,
        "exit_minutes": exit_,
        "total_minutes": total,
        "network_metres": metres,
        "status": status,
    }

"""Shortest paths between points on edges, over the drawn-together graph.

Dijkstra's algorithm (1959, as scipy's compiled `csgraph.dijkstra`) runs from the few roots only;
each root is a node of its own with arcs to the ends of the chain it lies on. The many leaves are
read off the ends of theirs. Paths that never leave a chain are compared in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from access.network.arcs import SearchGraph
from access.network.chains import Chains
from access.network.snap import Snaps

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

#: Most numbers held for one block of roots, so that memory does not grow with their number.
_BLOCK = 4_000_000


@dataclass(frozen=True, eq=False)
class Ends:
    """From points on edges to the junctions at the ends of their chains, both ways round.

    Parameters
    ----------
    half : ndarray of int32, shape (n, 2)
        Half-edge each way.
    share : ndarray, shape (n, 2)
        Share of the half-edge that lies before the point.
    junction : ndarray of int32, shape (n, 2)
    minutes, metres : ndarray, shape (n, 2)
        ``inf`` where the way is closed.
    """

    half: Ints
    share: Floats
    junction: Ints
    minutes: Floats
    metres: Floats


def leaving(chains: Chains, snaps: Snaps) -> Ends:
    """From each point to the junction at the end of its chain.

    Parameters
    ----------
    chains : Chains
    snaps : Snaps
        Snapped points only.

    Returns
    -------
    Ends
    """
    half, share = _sides(snaps)
    rest = 1 - share
    part = _part_out(chains, half, rest)
    closed = ~np.isfinite(part) | (chains.after_closed[half] > 0)
    minutes = np.where(closed, np.inf, part + chains.after_minutes[half])
    metres = rest * chains.metres[half] + chains.after_metres[half]
    return Ends(half, share, chains.head_junction[half], minutes, np.where(closed, np.inf, metres))


def arriving(chains: Chains, snaps: Snaps) -> Ends:
    """From the junction at the start of each point's chain to the point.

    Parameters
    ----------
    chains : Chains
    snaps : Snaps
        Snapped points only.

    Returns
    -------
    Ends
    """
    half, share = _sides(snaps)
    part = _part_in(chains, half, share)
    closed = ~np.isfinite(part) | (chains.before_closed[half] > 0)
    minutes = np.where(closed, np.inf, part + chains.before_minutes[half])
    metres = share * chains.metres[half] + chains.after_metres[half ^ 1]
    return Ends(
        half, share, chains.head_junction[half ^ 1], minutes, np.where(closed, np.inf, metres)
    )


def _sides(snaps: Snaps) -> tuple[Ints, Floats]:
    edge = snaps.edge.astype(np.int32)
    return (
        np.column_stack([2 * edge, 2 * edge + 1]),
        np.column_stack([snaps.along, 1 - snaps.along]),
    )


def _part_out(chains: Chains, half: Ints, rest: Floats) -> Floats:
    """Minutes over the rest of a half-edge and into the node at its head."""
    with np.errstate(invalid="ignore"):
        return np.where(rest > 0, rest * chains.minutes[half] + chains.delay[half], 0.0)


def _part_in(chains: Chains, half: Ints, share: Floats) -> Floats:
    """Minutes over the first part of a half-edge; the node's delay only if it is reached."""
    with np.errstate(invalid="ignore"):
        part = share * chains.minutes[half] + np.where(share == 1, chains.delay[half], 0.0)
    return np.where(share > 0, part, 0.0)


def least(
    graph: SearchGraph, roots: Ends, leaves: Ends, *, by: str, limit: float = np.inf
) -> tuple[Floats, Floats]:
    """Least cost between every root and every leaf, over paths through a junction.

    Parameters
    ----------
    graph : SearchGraph
    roots, leaves : Ends
        Costs between each point and the ends of its chain, in the direction of travel.
    by : str
        ``"minutes"`` or ``"metres"``.
    limit : float
        Search no further than this much of what is minimised.

    Returns
    -------
    first, second : ndarray, shape (roots, leaves)
        What was minimised, and the other along the same path; ``inf`` where not reached.
    """
    n_junctions, n = len(graph.indptr) - 1, len(roots.half)
    m = len(leaves.half)
    first, second = np.full((n, m), np.inf), np.full((n, m), np.inf)
    leaf_first, leaf_second = (leaves.minutes, leaves.metres)[:: 1 if by == "minutes" else -1]
    block = max(1, _BLOCK // (n_junctions + 1))
    for start in range(0, n, block):
        some = slice(start, min(start + block, n))
        matrix, arcs = _with_roots(graph, roots, some, by)
        sources = np.arange(n_junctions, matrix.shape[0])
        reach, before = csgraph.dijkstra(
            matrix, directed=True, indices=sources, return_predecessors=True, limit=limit
        )
        summed = _along(graph, arcs, reach, before)
        ways = reach[:, leaves.junction] + leaf_first
        pick = np.argmin(ways, axis=2)[..., None]
        first[some] = np.take_along_axis(ways, pick, axis=2)[..., 0]
        ways = summed[:, leaves.junction] + leaf_second
        second[some] = np.take_along_axis(ways, pick, axis=2)[..., 0]
    second[~np.isfinite(first)] = np.inf
    return first, second


def _with_roots(
    graph: SearchGraph, roots: Ends, some: slice, by: str
) -> tuple[sparse.csr_array, tuple[Ints, Ints, Floats]]:
    """Add the roots as nodes that can be left but not entered, after the junctions."""
    n_junctions = len(graph.indptr) - 1
    first, second = (roots.minutes, roots.metres)[:: 1 if by == "minutes" else -1]
    first, second, junction = first[some], second[some], roots.junction[some]
    n = len(first)
    use = np.isfinite(first)
    twice = junction[:, 0] == junction[:, 1]
    worse = (first[:, 0] < first[:, 1]).astype(np.intp)
    use[np.flatnonzero(twice), worse[twice]] = False
    indptr = np.concatenate([graph.indptr, graph.indptr[-1] + np.cumsum(use.sum(axis=1))])
    head = np.concatenate([graph.head, junction[use]]).astype(np.int32)
    data = np.concatenate([graph.first, first[use]])
    size = n_junctions + n
    matrix = sparse.csr_array((data, head, indptr.astype(np.int32)), shape=(size, size))
    tail = np.repeat(np.arange(n_junctions, size, dtype=np.int32), use.sum(axis=1))
    return matrix, (tail, junction[use], second[use])


def _along(
    graph: SearchGraph, arcs: tuple[Ints, Ints, Floats], reach: Floats, before: Ints
) -> Floats:
    """Sum the other weight along the paths of a search, by pointer doubling."""
    n_junctions = len(graph.indptr) - 1
    if not np.isnan(graph.ratio):
        return reach * graph.ratio
    out = np.empty_like(reach)
    own = np.arange(reach.shape[1], dtype=np.int32)
    root_tail, root_head, root_second = arcs
    for i, row in enumerate(before):
        step = np.zeros(reach.shape[1])
        taken = row[graph.head] == graph.tail
        step[graph.head[taken]] = graph.second[taken]
        mine = root_tail == n_junctions + i
        heads = root_head[mine]
        straight = row[heads] == n_junctions + i
        step[heads[straight]] = root_second[mine][straight]
        pointer = np.where(row < 0, own, row)
        while True:
            step += step[pointer]
            further = pointer[pointer]
            if np.array_equal(further, pointer):
                break
            pointer = further
        out[i] = step
    out[~np.isfinite(reach)] = np.inf
    return out


def direct(
    chains: Chains, origins: Snaps, targets: Snaps, *, by: str
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]:
    """Least cost between points of one chain along the chain itself.

    Parameters
    ----------
    chains : Chains
    origins, targets : Snaps
        Snapped points only.
    by : str
        ``"minutes"`` or ``"metres"``.

    Returns
    -------
    origin, target : ndarray of int, shape (pairs,)
        Pairs that share a chain.
    first, second : ndarray, shape (pairs,)
        What is minimised, and the other; ``inf`` where the chain does not lead there.
    """
    chain = [
        np.minimum(chains.last[2 * s.edge], chains.last[2 * s.edge + 1]) for s in (origins, targets)
    ]
    o, t = np.nonzero(chain[0][:, None] == chain[1][None, :])
    best = (np.full(len(o), np.inf), np.full(len(o), np.inf))
    if not len(o):
        return o, t, *best
    half_o, share_o = _sides(origins)
    half_t, share_t = _sides(targets)
    for side in (0, 1):
        ho, so = half_o[o, side], share_o[o, side]
        same_way = chains.last[half_t[t, 0]] == chains.last[ho]
        ht = np.where(same_way, half_t[t, 0], half_t[t, 1])
        st = np.where(same_way, share_t[t, 0], share_t[t, 1])
        minutes, metres = _along_chain(chains, ho, so, ht, st)
        first, second = (minutes, metres)[:: 1 if by == "minutes" else -1]
        better = first < best[0]
        best = np.where(better, first, best[0]), np.where(better, second, best[1])
    return o, t, *best


def _along_chain(
    chains: Chains, ho: Ints, so: Floats, ht: Ints, st: Floats
) -> tuple[Floats, Floats]:
    one = ho == ht
    # On one edge: from share to share.
    with np.errstate(invalid="ignore"):
        part = (st - so) * chains.minutes[ho] + np.where(st == 1, chains.delay[ho], 0.0)
    part = np.where(st > so, part, np.where(st == so, 0.0, np.inf))
    # On two: out of the one, over what lies between, into the other.
    between = chains.after_minutes[ho] - chains.after_minutes[ht]
    last = np.where(np.isfinite(chains.minutes[ht]), chains.minutes[ht] + chains.delay[ht], 0.0)
    shut = chains.after_closed[ho] - chains.after_closed[ht] - ~np.isfinite(chains.minutes[ht])
    apart = _part_out(chains, ho, 1 - so) + np.maximum(between - last, 0.0)
    apart = apart + _part_in(chains, ht, st)
    apart[(chains.place[ho] <= chains.place[ht]) | (shut > 0)] = np.inf
    minutes = np.where(one, part, apart)
    metres = np.where(
        one,
        (st - so) * chains.metres[ho],
        (1 - so) * chains.metres[ho]
        + np.maximum(chains.after_metres[ho] - chains.after_metres[ht] - chains.metres[ht], 0.0)
        + st * chains.metres[ht],
    )
    return minutes, np.where(np.isfinite(minutes), metres, np.inf)

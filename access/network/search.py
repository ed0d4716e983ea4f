"""Shortest paths between places, over the junctions of the drawn-together core.

Dijkstra's algorithm (1959, as scipy's compiled `csgraph.dijkstra`) runs from the few roots only;
each root is a node of its own with arcs to the ends of the chain it lies on. The many leaves are
read off the ends of theirs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from access.network.anchor import Ends
from access.network.arcs import SearchGraph

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

#: Most numbers held for one block of roots, so that memory does not grow with their number.
_BLOCK = 1_000_000


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
    n_junctions, n = len(graph.indptr) - 1, len(roots.minutes)
    m = len(leaves.minutes)
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
    out = np.zeros_like(reach)
    width = reach.shape[1]
    own = np.arange(width)
    head, tail = graph.head.astype(np.intp), graph.tail.astype(np.intp)
    root_tail, root_head, root_second = arcs
    further, gain = np.empty(width, np.intp), np.empty(width)
    # Row by row, so that everything a round of doubling touches stays in the cache.
    for i, (step, row) in enumerate(zip(out, before.astype(np.intp), strict=True)):
        # Which arc each junction was reached by, and what it adds.
        taken = np.flatnonzero(row.take(head) == tail)
        step[head[taken]] = graph.second[taken]
        mine = np.flatnonzero(root_tail == n_junctions + i)
        straight = mine[row[root_head[mine]] == n_junctions + i]
        step[root_head[straight]] = root_second[straight]
        pointer = np.where(row < 0, own, row)
        while True:
            step.take(pointer, out=gain, mode="clip")
            step += gain
            pointer.take(pointer, out=further, mode="clip")
            if (further == pointer).all():
                break
            pointer, further = further, pointer
    out[~np.isfinite(reach)] = np.inf
    return out

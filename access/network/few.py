"""Searches of few streets, as modelled ones are, in numpy alone.

SciPy's room of graphs searches many streets quickly, but takes longer to import than all that few
streets need. What is found here is the same to the last digit: a least cost is the least of sums
made in the order of the way, whichever search makes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
#: Streets are few up to so many places where they meet.
_FEW = 2_000
#: And a search of them is short up to so many pairs of a root and a junction.
_FEW_PAIRS = 200_000
#: Lengths of a usual arc by which costs that are handed on together may differ.
_STEP = 4


def _parts_of_few(u: NDArray[Any], v: NDArray[Any], n: int) -> NDArray[np.int32]:
    """Name the part of every node, whichever way its links run, by the first node in it."""
    part = np.arange(n, dtype=np.int32)
    while True:
        least = np.minimum(part[u], part[v])
        new = part.copy()
        np.minimum.at(new, part[u], least)
        np.minimum.at(new, part[v], least)
        new = new[new]
        if np.array_equal(new, part):
            return part
        part = new


def _costs_of_few(
    indptr: NDArray[Any], head: NDArray[Any], cost: _Floats, begin: _Floats, limit: float
) -> _Floats:
    """Least cost to every node, from costs to begin with: delta-stepping (Meyer, Sanders 2003).

    Costs are a row for each root and a column for each node, and above the limit ``inf``. Of
    those that have fallen, the least by up to a step are handed on along their arcs, all at once.
    """
    nodes, many = begin.shape[1], np.diff(indptr)
    step = _STEP * float(np.median(cost)) if len(cost) else 0.0
    reach = begin.ravel().copy()
    fallen = np.isfinite(reach)
    bound = -np.inf
    while len(at := np.flatnonzero(fallen)):
        if (least := reach[at].min()) > bound:
            bound = least + step
        at = at[reach[at] <= bound]
        fallen[at] = False
        node = at % nodes
        arcs_of = many[node]
        ends = np.cumsum(arcs_of)
        arc = np.arange(ends[-1]) + np.repeat(indptr[node] + arcs_of - ends, arcs_of)
        to = np.repeat(at - node, arcs_of) + head[arc]
        way = np.repeat(reach[at], arcs_of) + cost[arc]
        less = way < reach[to]
        np.minimum.at(reach, to[less], way[less])
        fallen[to[less]] = True
    reach[reach > limit] = np.inf
    return reach.reshape(begin.shape)

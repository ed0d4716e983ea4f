"""The drawn-together graph arranged for one kind of search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.network.chains import Chains

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SearchGraph:
    """Arcs between junctions, one for each pair, ready for the search.

    Parameters
    ----------
    indptr, tail, head : ndarray of int32
        Compressed rows, and both ends of every arc.
    first, second : ndarray, shape (arcs,)
        What is minimised, and what is summed along the way.
    ratio : float
        `second` over `first` where that is the same on every arc; ``nan`` otherwise.
    """

    indptr: Ints
    tail: Ints
    head: Ints
    first: Floats
    second: Floats
    ratio: float


def search_graph(chains: Chains, *, by: str, backwards: bool) -> SearchGraph:
    """Arrange the arcs for a search.

    Parameters
    ----------
    chains : Chains
    by : str
        ``"minutes"`` or ``"metres"``: what is minimised; the other is summed.
    backwards : bool
        Search against the arcs, from destinations.

    Returns
    -------
    SearchGraph
        The best of parallel arcs, by what is minimised, then by the other.
    """
    tail, head = (chains.arc_from, chains.arc_to)[:: -1 if backwards else 1]
    first, second = (chains.arc_minutes, chains.arc_metres)[:: 1 if by == "minutes" else -1]
    order = np.lexsort((second, first, head, tail))
    order = order[tail[order] != head[order]]
    pair = tail[order].astype(np.int64) * chains.n_junctions + head[order]
    best = order[np.concatenate([[True], pair[1:] != pair[:-1]])] if len(order) else order
    indptr = np.zeros(chains.n_junctions + 1, np.int32)
    np.cumsum(np.bincount(tail[best], minlength=chains.n_junctions), out=indptr[1:])
    first, second = first[best], second[best]
    return SearchGraph(indptr, tail[best], head[best], first, second, _ratio(chains, by))


def _ratio(chains: Chains, by: str) -> float:
    """Minutes for a metre, or metres for a minute, where the same everywhere."""
    is_open = np.isfinite(chains.minutes)
    minutes, metres = chains.minutes[is_open], chains.metres[is_open]
    first, second = (minutes, metres)[:: 1 if by == "minutes" else -1]
    if chains.delay.any() or not len(first) or not first.max() > 0:
        return np.nan
    with np.errstate(over="ignore"):  # metres over next to no minutes: no ratio then
        guess = float(second[np.argmax(first)] / first.max())
    if not 0 < guess < np.inf:
        return np.nan
    return guess if np.allclose(first * guess, second, rtol=1e-12, atol=1e-9) else np.nan

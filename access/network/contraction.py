"""The search graph: chains of streets drawn together, lengths exact; and few streets searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Searches of few streets, as modelled ones are, in numpy alone.
#
# SciPy's room of graphs searches many streets quickly, but takes longer to import than all that few
# streets need. What is found here is the same to the last digit: a least cost is the least of sums
# made in the order of the way, whichever search makes them.

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


# ------------------------------------------------------------------------------
# The search graph: chains of degree-2 nodes drawn together, with exact lengths kept.
#
# A street network has several nodes for every real junction. A node where only two edges meet
# offers no choice, so a search need not stop there: the chain of edges between two junctions
# becomes one arc whose cost is the sum of its parts. Sums are made by pointer doubling (list
# ranking, Wyllie 1979), so that no loop in Python touches an edge.
#
# Every edge has two half-edges: ``2 * e`` as it is drawn and ``2 * e + 1`` against it; the twin of
# half-edge ``h`` is ``h ^ 1``.

_Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Chains:
    """Half-edges in their chains, and the arcs between junctions.

    Parameters
    ----------
    minutes, metres : ndarray, shape (2 * edges,)
        Along each half-edge, without the delay at its head; minutes are ``inf`` where closed.
    delay : ndarray, shape (2 * edges,)
        Minutes lost on entering the node at each half-edge's head.
    after_minutes, after_metres, after_closed : ndarray, shape (2 * edges,)
        Summed over the half-edges that follow in the same chain: open minutes (delays
        included), metres, and how many are closed.
    before_minutes, before_closed : ndarray, shape (2 * edges,)
        The same over those that come before.
    last : ndarray of int32, shape (2 * edges,)
        Last half-edge of the chain in this direction; also the chain's name.
    place : ndarray of int32, shape (2 * edges,)
        How many half-edges follow.
    leaves_at, enters_at : ndarray of int32, shape (2 * edges,)
        Junction that who leaves along a half-edge comes to at the end of its chain, and the one
        from which who arrives over the half-edge set out at the chain's start.
    first_half : ndarray of int32, shape (nodes,)
        Some half-edge that leaves each node; -1 where none does.
    arc_from, arc_to : ndarray of int32, shape (arcs,)
        Arcs of the search graph, between junctions.
    arc_half : ndarray of int32, shape (arcs,)
        First half-edge of each arc's chain.
    junction : ndarray of int32, shape (nodes,)
        Number of each node among the junctions; -1 for others.
    root_leaves, root_enters : ndarray of int32, shape (nodes,), optional
        For each node of a dead end, the junction at which who comes out of it, or goes into it,
        passes its root, where rules concern that; else -1.
    """

    minutes: _Floats
    metres: _Floats
    delay: _Floats
    after_minutes: _Floats
    after_metres: _Floats
    after_closed: _Ints
    before_minutes: _Floats
    before_closed: _Ints
    last: _Ints
    place: _Ints
    leaves_at: _Ints
    enters_at: _Ints
    first_half: _Ints
    n_junctions: int
    arc_from: _Ints
    arc_to: _Ints
    arc_minutes: _Floats
    arc_metres: _Floats
    arc_half: _Ints
    junction: _Ints
    root_leaves: _Ints | None = None
    root_enters: _Ints | None = None


def _draw_together(
    tail: _Ints,
    head: _Ints,
    minutes: _Floats,
    metres: _Floats,
    node_delay: _Floats,
    held: NDArray[np.bool_] | None = None,
) -> _Chains:
    """Find the chains of a graph and the arcs that replace them; held nodes stay junctions."""
    inner = _inner_nodes(tail, head, len(node_delay), held)
    following = _following(tail, head, inner)
    closed = ~np.isfinite(minutes)
    delay = node_delay[head]
    cost = np.where(closed, 0.0, minutes + delay)
    steps = np.ones(len(tail), np.int32)
    last, (after_minutes, after_metres, after_closed, place) = _rank(
        following, (cost, metres, closed.astype(np.int32), steps)
    )
    twin = np.arange(len(tail), dtype=np.int32) ^ 1
    preceding = following[twin] ^ 1
    _, (before_minutes, before_closed) = _rank(preceding, (cost, closed.astype(np.int32)))
    name = np.full(len(node_delay), -1, np.int32)
    met = np.bincount(tail, minlength=len(inner)) > 0
    junctions = np.flatnonzero(~inner & met)
    name[junctions] = np.arange(len(junctions), dtype=np.int32)
    head_junction = name[head[last]]
    first_half = np.full(len(inner), -1, np.int32)
    first_half[tail[::-1]] = twin[::-1] ^ 1
    whole = np.flatnonzero((preceding == np.arange(len(tail))) & ~closed & (after_closed == 0))
    return _Chains(
        minutes=minutes,
        metres=metres,
        delay=delay,
        after_minutes=after_minutes,
        after_metres=after_metres,
        after_closed=after_closed,
        before_minutes=before_minutes,
        before_closed=before_closed,
        last=last,
        place=place,
        leaves_at=head_junction,
        enters_at=head_junction[twin],
        first_half=first_half,
        n_junctions=len(junctions),
        arc_from=name[tail[whole]],
        arc_to=head_junction[whole],
        arc_minutes=cost[whole] + after_minutes[whole],
        arc_metres=metres[whole] + after_metres[whole],
        arc_half=whole.astype(np.int32),
        junction=name,
    )


def _inner_nodes(
    tail: _Ints, head: _Ints, n_nodes: int, held: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Nodes where exactly two different edges meet, less one node for each bare ring."""
    loop = tail == head
    inner: NDArray[np.bool_] = np.bincount(tail, minlength=n_nodes) == 2
    inner[tail[loop]] = False
    if held is not None:
        inner &= ~held
    through = inner[tail] & inner[head]
    if not through.any():
        return inner
    group = _parts(tail[through], head[through], n_nodes)
    # A ring is a group of inner nodes none of which has a neighbour that is a junction.
    anchored = np.zeros(group.max() + 1, bool)
    leaves = inner[tail] & ~inner[head]
    anchored[group[tail[leaves]]] = True
    nodes = np.flatnonzero(inner)
    loose = nodes[~anchored[group[nodes]]]
    _, first = np.unique(group[loose], return_index=True)
    inner[loose[first]] = False
    return inner


def _parts(u: _Ints, v: _Ints, n_nodes: int) -> _Ints:
    """Number the part of every node, whichever way its links run."""
    if n_nodes <= _FEW:
        return _parts_of_few(u, v, n_nodes)
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    graph = sparse.coo_array((np.ones(len(u), np.int8), (u, v)), (n_nodes, n_nodes))
    part: _Ints = connected_components(graph.tocsr(), directed=False)[1]
    return part


def _following(tail: _Ints, head: _Ints, inner: NDArray[np.bool_]) -> _Ints:
    """Next half-edge of the chain; a half-edge that ends at a junction follows itself."""
    own = np.arange(len(tail), dtype=np.int32)
    # Two half-edges leave an inner node: their sum less the way back is the way on.
    leaving = np.bincount(tail, weights=own, minlength=len(inner)).astype(np.int64)
    onward = (leaving[head] - (own ^ 1)).astype(np.int32)
    return np.where(inner[head], onward, own)


def _rank(
    pointer: _Ints, values: tuple[NDArray[Any], ...]
) -> tuple[_Ints, tuple[NDArray[Any], ...]]:
    """Sum values over all that follow along pointers, by doubling."""
    ends = pointer == np.arange(len(pointer))
    sums = tuple(np.where(ends, 0, value[pointer]).astype(value.dtype) for value in values)
    while True:
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            return pointer, sums
        sums = tuple(total + total[pointer] for total in sums)
        pointer = further


@dataclass(frozen=True, eq=False)
class _Trees:
    """For every node, its way up to the core and down again.

    Parameters
    ----------
    parent_half : ndarray of int32, shape (nodes,)
        Half-edge from the node to its parent; -1 for nodes of the core.
    parent : ndarray of int32, shape (nodes,)
        The parent; of nodes of the core, themselves.
    root : ndarray of int32, shape (nodes,)
        Node of the core that the tree hangs on.
    depth : ndarray of int32, shape (nodes,)
        Edges up to the root.
    up_minutes, down_minutes : ndarray, shape (nodes,)
        From the node to its root and back, delays included, closed edges left out.
    up_closed, down_closed : ndarray of int32, shape (nodes,)
        Closed edges on the way.
    metres : ndarray, shape (nodes,)
        Length of the way.
    """

    parent_half: _Ints
    parent: _Ints
    root: _Ints
    depth: _Ints
    up_minutes: _Floats
    up_closed: _Ints
    down_minutes: _Floats
    down_closed: _Ints
    metres: _Floats


def _peel(
    tail: _Ints,
    head: _Ints,
    minutes: _Floats,
    metres: _Floats,
    node_delay: _Floats,
    held: NDArray[np.bool_] | None = None,
) -> _Trees:
    """Peel the leaves off a graph until only its core is left; held nodes stay in the core."""
    n = len(node_delay)
    half = np.arange(len(tail), dtype=np.int64)
    degree = np.bincount(tail, minlength=n)
    # The sum of the half-edges that leave a node is, once only one is left, that one.
    leaving = np.bincount(tail, weights=half, minlength=n).astype(np.int64)
    up = np.full(n, -1, np.int32)
    held = np.zeros(n, bool) if held is None else held
    leaves = np.flatnonzero((degree == 1) & ~held)
    while len(leaves):
        way = leaving[leaves]
        parents = head[way]
        # Of two leaves that face each other, one stays as the core of what was a bare tree.
        stays = (degree[parents] == 1) & (leaves < parents) & ~held[parents]
        leaves, way, parents = leaves[~stays], way[~stays], parents[~stays]
        up[leaves] = way
        degree[leaves] = 0
        np.subtract.at(degree, parents, 1)
        np.subtract.at(leaving, parents, way ^ 1)
        leaves = np.unique(parents)
        leaves = leaves[(degree[leaves] == 1) & ~held[leaves]]
    in_tree = up >= 0
    way = np.where(in_tree, up, 0)
    parent = np.where(in_tree, head[way], np.arange(n, dtype=np.int32)).astype(np.int32)
    costs = []
    for direction, delayed in ((way, parent), (way ^ 1, np.arange(n))):
        closed = in_tree & ~np.isfinite(minutes[direction])
        open_minutes = np.where(in_tree & ~closed, minutes[direction] + node_delay[delayed], 0.0)
        costs += [open_minutes, closed.astype(np.int32)]
    length = np.where(in_tree, metres[way], 0.0)
    own = (*costs, length, in_tree.astype(np.int32))
    root, beyond = _rank(parent, own)
    sums = [mine + rest for mine, rest in zip(own, beyond, strict=True)]
    return _Trees(
        parent_half=up,
        parent=parent,
        root=root,
        depth=sums[5],
        up_minutes=sums[0],
        up_closed=sums[1],
        down_minutes=sums[2],
        down_closed=sums[3],
        metres=sums[4],
    )


def _meeting(trees: _Trees, a: _Ints, b: _Ints) -> _Ints:
    """Lowest node that is at or above both nodes of each pair, in one tree."""
    a, b = a.copy(), b.copy()
    while True:
        apart = a != b
        if not apart.any():
            return a
        deep_a = apart & (trees.depth[a] >= trees.depth[b])
        deep_b = apart & (trees.depth[b] >= trees.depth[a])
        a[deep_a], b[deep_b] = trees.parent[a[deep_a]], trees.parent[b[deep_b]]


@dataclass(frozen=True, eq=False)
class _SearchGraph:
    """Arcs between junctions, one for each pair, ready for the search.

    Parameters
    ----------
    indptr, tail, head : ndarray of int32
        Compressed rows, and both ends of every arc.
    first, second : ndarray, shape (arcs,)
        What is minimised, and what is summed along the way.
    ratio : float
        `second` over `first` where that is the same on every street, those of dead ends too;
        ``nan`` otherwise.
    """

    indptr: _Ints
    tail: _Ints
    head: _Ints
    first: _Floats
    second: _Floats
    ratio: float


def _search_graph(chains: _Chains, ratio: float, *, by: str, backwards: bool) -> _SearchGraph:
    """Arrange the arcs for a search."""
    tail, head = (chains.arc_from, chains.arc_to)[:: -1 if backwards else 1]
    first, second = (chains.arc_minutes, chains.arc_metres)[:: 1 if by == "minutes" else -1]
    order = np.lexsort((second, first, head, tail))
    order = order[tail[order] != head[order]]
    pair = tail[order].astype(np.int64) * chains.n_junctions + head[order]
    best = order[np.concatenate([[True], pair[1:] != pair[:-1]])] if len(order) else order
    indptr = np.zeros(chains.n_junctions + 1, np.int32)
    np.cumsum(np.bincount(tail[best], minlength=chains.n_junctions), out=indptr[1:])
    first, second = first[best], second[best]
    return _SearchGraph(indptr, tail[best], head[best], first, second, ratio)


def _ratio(minutes: _Floats, metres: _Floats, by: str) -> float:
    """Minutes for a metre, or metres for a minute, where the same along all half-edges."""
    is_open = np.isfinite(minutes)
    first, second = (minutes[is_open], metres[is_open])[:: 1 if by == "minutes" else -1]
    if not len(first) or not first.max() > 0:
        return np.nan
    with np.errstate(over="ignore"):  # metres over next to no minutes: no ratio then
        guess = float(second[np.argmax(first)] / first.max())
    if not 0 < guess < np.inf:
        return np.nan
    return guess if np.allclose(first * guess, second, rtol=1e-12, atol=1e-9) else np.nan

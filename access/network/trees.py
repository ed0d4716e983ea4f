"""Dead ends: the trees that hang on the core of a network, peeled off leaf by leaf.

A path between two places outside a cul-de-sac never goes into it, so a search need not either.
What is left after peeling every leaf is the 2-core of the graph (Seidman 1983); every other node
knows its way up to the node of the core that its tree hangs on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.network.chains import rank

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Trees:
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

    parent_half: Ints
    parent: Ints
    root: Ints
    depth: Ints
    up_minutes: Floats
    up_closed: Ints
    down_minutes: Floats
    down_closed: Ints
    metres: Floats


def peel(tail: Ints, head: Ints, minutes: Floats, metres: Floats, node_delay: Floats) -> Trees:
    """Peel the leaves off a graph until only its core is left.

    Parameters
    ----------
    tail, head : ndarray of int32, shape (2 * edges,)
        Nodes of every half-edge; the twin of ``h`` is ``h ^ 1``.
    minutes : ndarray, shape (2 * edges,)
        ``inf`` where closed.
    metres : ndarray, shape (2 * edges,)
    node_delay : ndarray, shape (nodes,)

    Returns
    -------
    Trees
        Of a graph without any ring, the node with the lowest row of the last two is the core.

    Examples
    --------
    A ring of three nodes with a cul-de-sac of two:

    >>> u, v = np.array([0, 1, 2, 2, 3]), np.array([1, 2, 0, 3, 4])
    >>> tail, head = np.column_stack([u, v]).ravel(), np.column_stack([v, u]).ravel()
    >>> trees = peel(tail, head, np.ones(10), np.ones(10), np.zeros(5))
    >>> trees.root.tolist(), trees.depth.tolist()
    ([0, 1, 2, 2, 2], [0, 0, 0, 1, 2])
    """
    n = len(node_delay)
    half = np.arange(len(tail), dtype=np.int64)
    degree = np.bincount(tail, minlength=n)
    # The sum of the half-edges that leave a node is, once only one is left, that one.
    leaving = np.bincount(tail, weights=half, minlength=n).astype(np.int64)
    up = np.full(n, -1, np.int32)
    leaves = np.flatnonzero(degree == 1)
    while len(leaves):
        way = leaving[leaves]
        parents = head[way]
        # Of two leaves that face each other, one stays as the core of what was a bare tree.
        stays = (degree[parents] == 1) & (leaves < parents)
        leaves, way, parents = leaves[~stays], way[~stays], parents[~stays]
        up[leaves] = way
        degree[leaves] = 0
        np.subtract.at(degree, parents, 1)
        np.subtract.at(leaving, parents, way ^ 1)
        leaves = np.unique(parents)
        leaves = leaves[degree[leaves] == 1]
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
    root, beyond = rank(parent, own)
    sums = [mine + rest for mine, rest in zip(own, beyond, strict=True)]
    return Trees(
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


def meeting(trees: Trees, a: Ints, b: Ints) -> Ints:
    """Lowest node that is at or above both nodes of each pair, in one tree.

    Parameters
    ----------
    trees : Trees
    a, b : ndarray of int32, shape (pairs,)
        Nodes with the same root.

    Returns
    -------
    ndarray of int32, shape (pairs,)

    Examples
    --------
    >>> u, v = np.array([0, 1, 1]), np.array([1, 2, 3])
    >>> tail, head = np.column_stack([u, v]).ravel(), np.column_stack([v, u]).ravel()
    >>> trees = peel(tail, head, np.ones(6), np.ones(6), np.zeros(4))
    >>> meeting(trees, np.array([2, 0]), np.array([3, 3])).tolist()
    [1, 1]
    """
    a, b = a.copy(), b.copy()
    while True:
        apart = a != b
        if not apart.any():
            return a
        deep_a = apart & (trees.depth[a] >= trees.depth[b])
        deep_b = apart & (trees.depth[b] >= trees.depth[a])
        a[deep_a], b[deep_b] = trees.parent[a[deep_a]], trees.parent[b[deep_b]]

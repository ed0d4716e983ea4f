"""Paths that never pass a junction: along one chain, or within one dead end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from access.network.anchor import Anchors, half_costs, part_in, part_out, tree_in, tree_out
from access.network.chains import Chains
from access.network.graph import Network
from access.network.trees import Trees, meeting

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]


def along_chains(network: Network, origins: Anchors, targets: Anchors) -> list[Pairs]:
    """Both ways along the chain between places that are anchored on the same one.

    Parameters
    ----------
    network : Network
    origins, targets : Anchors

    Returns
    -------
    list of (origin, target, minutes, metres)
        Pairs of rows; ``inf`` where the chain does not lead there.
    """
    chains = network.chains
    if not len(chains.last):
        return []
    names = []
    for places in (origins, targets):
        ends = chains.last[np.maximum(places.half, 0)]
        names.append(np.where(places.half[:, 0] < 0, -1, ends.min(axis=1)))
    o, t = np.nonzero((names[0][:, None] == names[1][None, :]) & (names[0][:, None] >= 0))
    if not len(o):
        return []
    found = []
    half_t, share_t = targets.half[t], targets.share[t]
    for side in (0, 1):
        ho, so = origins.half[o, side], origins.share[o, side]
        same_way = chains.last[half_t[:, 0]] == chains.last[ho]
        ht = np.where(same_way, half_t[:, 0], half_t[:, 1])
        st = np.where(same_way, share_t[:, 0], share_t[:, 1])
        minutes, metres = _on_chain(chains, ho, so, ht, st)
        minutes = minutes + origins.out_minutes[o] + targets.in_minutes[t]
        metres = metres + origins.metres[o] + targets.metres[t]
        found.append((o, t, minutes, np.where(np.isfinite(minutes), metres, np.inf)))
    return found


def _on_chain(chains: Chains, ho: Ints, so: Floats, ht: Ints, st: Floats) -> tuple[Floats, Floats]:
    one = ho == ht
    # On one edge: from share to share.
    with np.errstate(invalid="ignore"):
        part = (st - so) * chains.minutes[ho] + np.where(st == 1, chains.delay[ho], 0.0)
    part = np.where(st > so, part, np.where(st == so, 0.0, np.inf))
    # On two: out of the one, over what lies between, into the other.
    is_open = np.isfinite(chains.minutes[ht])
    last = np.where(is_open, chains.minutes[ht] + chains.delay[ht], 0.0)
    between = chains.after_minutes[ho] - chains.after_minutes[ht] - last
    shut = chains.after_closed[ho] - chains.after_closed[ht] - ~is_open
    apart = part_out(1 - so, chains.minutes[ho], chains.delay[ho])
    apart = apart + np.maximum(between, 0.0) + part_in(st, chains.minutes[ht], chains.delay[ht])
    apart[(chains.place[ho] <= chains.place[ht]) | (shut > 0)] = np.inf
    gap = chains.after_metres[ho] - chains.after_metres[ht] - chains.metres[ht]
    metres = np.where(
        one,
        (st - so) * chains.metres[ho],
        (1 - so) * chains.metres[ho] + np.maximum(gap, 0.0) + st * chains.metres[ht],
    )
    return np.where(one, part, apart), metres


def within_trees(network: Network, origins: Anchors, targets: Anchors) -> list[Pairs]:
    """The one way between places in the same dead end.

    Parameters
    ----------
    network : Network
    origins, targets : Anchors

    Returns
    -------
    list of (origin, target, minutes, metres)
        Pairs of rows; ``inf`` where the way is closed.
    """
    trees = network.trees
    roots = [np.where(p.child < 0, -1, trees.root[p.child]) for p in (origins, targets)]
    o, t = np.nonzero((roots[0][:, None] == roots[1][None, :]) & (roots[0][:, None] >= 0))
    if not len(o):
        return []
    a, b = origins.child[o], targets.child[t]
    up_a, up_b = trees.parent_half[a], trees.parent_half[b]
    rest_a, rest_b = origins.rest[o], targets.rest[t]
    found = [(o, t, *_on_tree_edge(network, up_a, up_b, rest_a, rest_b))]
    long_a, long_b = network.edge_metres[up_a // 2], network.edge_metres[up_b // 2]
    # Each place joins its tree at either end of its edge; of the four ways the least is the path.
    leave = (
        (a, tree_out(network, up_a ^ 1, 1 - rest_a), (1 - rest_a) * long_a),
        (trees.parent[a], tree_out(network, up_a, rest_a), rest_a * long_a),
    )
    enter = (
        (b, tree_in(network, up_b, 1 - rest_b), (1 - rest_b) * long_b),
        (trees.parent[b], tree_in(network, up_b ^ 1, rest_b), rest_b * long_b),
    )
    for x, out, out_metres in leave:
        for y, into, into_metres in enter:
            minutes, metres = _between_nodes(trees, x, y)
            minutes = out + minutes + into
            metres = out_metres + metres + into_metres
            found.append((o, t, minutes, np.where(np.isfinite(minutes), metres, np.inf)))
    return found


def _on_tree_edge(
    network: Network, up_a: Ints, up_b: Ints, rest_a: Floats, rest_b: Floats
) -> tuple[Floats, Floats]:
    """Straight along the edge that both places of a pair are on, up or down."""
    share = np.abs(rest_a - rest_b)
    half = np.where(rest_a > rest_b, up_a, up_a ^ 1)
    reached = np.where(rest_a > rest_b, rest_b == 0, rest_b == 1)
    minutes, delay = half_costs(network, half)
    with np.errstate(invalid="ignore"):
        cost = share * minutes + np.where(reached, delay, 0.0)
    cost = np.where(share > 0, cost, 0.0)
    cost = np.where(up_a == up_b, cost, np.inf)
    metres = share * network.edge_metres[up_a // 2]
    return cost, np.where(np.isfinite(cost), metres, np.inf)


def _between_nodes(trees: Trees, x: Ints, y: Ints) -> tuple[Floats, Floats]:
    """Up from one node of a tree to where the ways meet, and down to the other."""
    m = meeting(trees, x, y)
    up = np.maximum(trees.up_minutes[x] - trees.up_minutes[m], 0.0)
    down = np.maximum(trees.down_minutes[y] - trees.down_minutes[m], 0.0)
    shut = (trees.up_closed[x] > trees.up_closed[m]) | (trees.down_closed[y] > trees.down_closed[m])
    metres = trees.metres[x] + trees.metres[y] - 2 * trees.metres[m]
    return np.where(shut, np.inf, up + down), np.maximum(metres, 0.0)

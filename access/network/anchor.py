"""Where snapped places stand in the search graph: on a chain of the core, or up a dead end.

A place in a dead end is anchored at the core node that its tree hangs on, with the minutes and
metres of the way there and back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.network.chains import Chains
from access.network.graph import Network
from access.network.snap import Snaps

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Anchors:
    """Places on the core, and their way to it.

    Parameters
    ----------
    half : ndarray of int32, shape (n, 2)
        Half-edge of the core each way; -1 where the place's part has no core.
    share : ndarray, shape (n, 2)
        Share of the half-edge that lies before the place.
    out_minutes, in_minutes, metres : ndarray, shape (n,)
        From the place to its anchor and back; 0 on the core, ``inf`` where closed.
    child : ndarray of int32, shape (n,)
        For a place in a dead end the further node of its edge; -1 on the core.
    rest : ndarray, shape (n,)
        For a place in a dead end the share of its edge between it and the nearer node.
    """

    half: Ints
    share: Floats
    out_minutes: Floats
    in_minutes: Floats
    metres: Floats
    child: Ints
    rest: Floats


@dataclass(frozen=True, eq=False)
class Ends:
    """Between places and the junctions at the ends of their chains, both ways round.

    Parameters
    ----------
    junction : ndarray of int32, shape (n, 2)
    minutes, metres : ndarray, shape (n, 2)
        ``inf`` where the way is closed.
    """

    junction: Ints
    minutes: Floats
    metres: Floats


def part_out(rest: Floats, minutes: Floats, delay: Floats) -> Floats:
    """Minutes over the last part of a half-edge and into the node at its head.

    Parameters
    ----------
    rest : ndarray
        Share of the half-edge that is left; 0 stands on the node and costs nothing.
    minutes, delay : ndarray
        Of the whole half-edge (``inf`` where closed), and of the node at its head.

    Returns
    -------
    ndarray
    """
    with np.errstate(invalid="ignore"):
        return np.where(rest > 0, rest * minutes + delay, 0.0)


def part_in(share: Floats, minutes: Floats, delay: Floats) -> Floats:
    """Minutes over the first part of a half-edge; the node's delay only if it is reached.

    Parameters
    ----------
    share : ndarray
        Share of the half-edge to the place; 0 stands on the node that it leaves.
    minutes, delay : ndarray
        Of the whole half-edge (``inf`` where closed), and of the node at its head.

    Returns
    -------
    ndarray
    """
    with np.errstate(invalid="ignore"):
        part = share * minutes + np.where(share == 1, delay, 0.0)
    return np.where(share > 0, part, 0.0)


def anchor(network: Network, snaps: Snaps) -> Anchors:
    """Find where snapped places stand on the core.

    Parameters
    ----------
    network : Network
    snaps : Snaps
        Snapped places only.

    Returns
    -------
    Anchors
    """
    n = len(snaps.edge)
    core = network.core_edges[snaps.edge]
    half = np.column_stack([2 * core, 2 * core + 1]).astype(np.int32)
    share = np.column_stack([snaps.along, 1 - snaps.along])
    out, into, metres = np.zeros(n), np.zeros(n), np.zeros(n)
    child, rest = np.full(n, -1, np.int32), np.zeros(n)
    hang = np.flatnonzero(core < 0)
    if len(hang):
        trees, chains = network.trees, network.chains
        child[hang], up = _child(network, snaps.edge[hang])
        rest[hang] = np.where(up % 2 == 0, 1 - snaps.along[hang], snaps.along[hang])
        parent = trees.parent[child[hang]]
        out[hang] = _above(trees.up_minutes, trees.up_closed, parent) + tree_out(
            network, up, rest[hang]
        )
        into[hang] = _above(trees.down_minutes, trees.down_closed, parent) + tree_in(
            network, up ^ 1, rest[hang]
        )
        metres[hang] = trees.metres[parent] + rest[hang] * network.edge_metres[up // 2]
        first = chains.first_half[trees.root[child[hang]]]
        half[hang] = np.column_stack([first, np.where(first < 0, -1, first ^ 1)])
        share[hang] = (0.0, 1.0)
    return Anchors(half, share, out, into, metres, child, rest)


def tree_out(network: Network, half: Ints, rest: Floats) -> Floats:
    """Minutes over the last part of half-edges of dead ends; see `part_out`."""
    minutes, delay = half_costs(network, half)
    return part_out(rest, minutes, delay)


def tree_in(network: Network, half: Ints, share: Floats) -> Floats:
    """Minutes over the first part of half-edges of dead ends; see `part_in`."""
    minutes, delay = half_costs(network, half)
    return part_in(share, minutes, delay)


def half_costs(network: Network, half: Ints) -> tuple[Floats, Floats]:
    """Minutes along half-edges, and the delay at their heads.

    Parameters
    ----------
    network : Network
    half : ndarray of int32
        Half-edges of the whole network.

    Returns
    -------
    minutes, delay : ndarray
    """
    edge, as_drawn = half // 2, half % 2 == 0
    minutes = np.where(
        as_drawn, network.edge_minutes_forward[edge], network.edge_minutes_backward[edge]
    )
    head = np.where(as_drawn, network.edge_to[edge], network.edge_from[edge])
    return minutes, network.node_delay_minutes[head]


def _child(network: Network, edge: Ints) -> tuple[Ints, Ints]:
    """Further node of each dead-end edge, and the half-edge that leads up from it."""
    up = network.trees.parent_half
    u, v = network.edge_from[edge], network.edge_to[edge]
    child = np.where(up[u] // 2 == edge, u, v).astype(np.int32)
    return child, up[child]


def _above(minutes: Floats, closed: Ints, node: Ints) -> Floats:
    return np.where(closed[node] > 0, np.inf, minutes[node])


def leaving(chains: Chains, places: Anchors) -> Ends:
    """From each place to the junction at the end of its chain, each way.

    Parameters
    ----------
    chains : Chains
    places : Anchors

    Returns
    -------
    Ends
    """
    half, rest = np.maximum(places.half, 0), 1 - places.share
    minutes = part_out(rest, chains.minutes[half], chains.delay[half])
    minutes = minutes + chains.after_minutes[half] + places.out_minutes[:, None]
    metres = rest * chains.metres[half] + chains.after_metres[half] + places.metres[:, None]
    shut = chains.after_closed[half] > 0
    return _ends(places, chains.head_junction[half], minutes, metres, shut)


def arriving(chains: Chains, places: Anchors) -> Ends:
    """From the junction at the start of each place's chain to the place, each way.

    Parameters
    ----------
    chains : Chains
    places : Anchors

    Returns
    -------
    Ends
    """
    half = np.maximum(places.half, 0)
    minutes = part_in(places.share, chains.minutes[half], chains.delay[half])
    minutes = minutes + chains.before_minutes[half] + places.in_minutes[:, None]
    metres = places.share * chains.metres[half] + chains.after_metres[half ^ 1]
    metres = metres + places.metres[:, None]
    shut = chains.before_closed[half] > 0
    return _ends(places, chains.head_junction[half ^ 1], minutes, metres, shut)


def _ends(
    places: Anchors, junction: Ints, minutes: Floats, metres: Floats, shut: NDArray[np.bool_]
) -> Ends:
    shut = shut | ~np.isfinite(minutes) | (places.half < 0)
    return Ends(junction, np.where(shut, np.inf, minutes), np.where(shut, np.inf, metres))

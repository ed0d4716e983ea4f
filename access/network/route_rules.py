"""Rules that bind a whole route and no single street: banned turns, and no through traffic.

Both are met by giving the junctions they concern several nodes in the search graph, and all
others one, so that a search stays exact and costs what it did:

* A junction with a banned turn gets a node for each street that arrives and each that leaves,
  and an arc of no length for each turn that is allowed (edge-based graph, at that junction only).
* On streets without through traffic a trip is in one of three states: still leaving where it
  began, on the open streets, or already where it ends. Their junctions have a node for each.

A driver may turn round at any junction of three streets or more, unless that turn is banned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from access.network.contraction import _Chains, _Trees
from access.network.data import _NetworkData

if TYPE_CHECKING:
    from access.network.osm import _Turn

_Ints = NDArray[np.int32]
_LEAVING, _OPEN, _ENTERING = 0, 1, 2

_N = TypeVar("_N", bound=_NetworkData)


class _Streets(Protocol):
    """What of a `Network` is needed here; that module imports this one."""

    @property
    def n_nodes(self) -> int: ...
    @property
    def n_edges(self) -> int: ...
    @property
    def edge_from(self) -> _Ints: ...
    @property
    def edge_to(self) -> _Ints: ...
    @property
    def edge_local(self) -> NDArray[np.bool_]: ...
    @property
    def banned_turns(self) -> _Ints: ...
    @property
    def half_edges(self) -> tuple[_Ints, _Ints, NDArray[np.float64], NDArray[np.float64]]: ...
    @property
    def core_edges(self) -> _Ints: ...
    @property
    def trees(self) -> _Trees: ...


def _nodes_at_bans(network: _Streets) -> NDArray[np.bool_] | None:
    """Junctions with a banned turn and the ends of their streets; None where there are none."""
    if not len(network.banned_turns):
        return None
    _, head, _, _ = network.half_edges
    via = np.zeros(network.n_nodes, bool)
    via[head[network.banned_turns[:, 0]]] = True
    held = via.copy()
    held[network.edge_from[via[network.edge_to]]] = True
    held[network.edge_to[via[network.edge_from]]] = True
    return held


def _nodes_at_rules(network: _Streets) -> NDArray[np.bool_] | None:
    """Those, and where streets without through traffic meet open ones; None where none does."""
    held = _nodes_at_bans(network)
    core = network.core_edges >= 0
    local = core & network.edge_local if len(network.edge_local) else np.zeros_like(core)
    if not local.any():
        return held
    touched = []
    for some in (local, core & ~local):
        met = np.zeros(network.n_nodes, bool)
        met[network.edge_from[some]] = met[network.edge_to[some]] = True
        touched.append(met)
    both = touched[0] & touched[1]
    return both if held is None else held | both


#: Said where streets are many files, and no count is to be had.
TURNS_LEFT_OUT = (
    "Driving heeds the turn restrictions of the street map, but for those over whole streets, "
    "which are not modelled."
)
_GRAPH_TURNS = "Banned turns are not modelled: a graph does not say them."


def _bind(network: _N, turns: Sequence[_Turn], left_out: int) -> _N:
    """Bind a driver's network to the rules of whole routes."""
    banned, lost = _banned_turns(network, turns)
    told = []
    if turns or left_out:
        told.append(
            f"Driving heeds {len(turns) - lost:,} of the {len(turns) + left_out:,} turn "
            "restrictions in the street map (those over whole streets, or on streets closed to "
            "cars, are not modelled); drivers may turn round at any other junction."
        )
    return replace(
        network,
        banned_turns=banned,
        edge_local=_no_through_traffic(network),
        assumptions=(*network.assumptions, *told),
        counts={**network.counts, "turn_restrictions": len(turns) - lost}
        if turns
        else network.counts,
    )


def _banned_turns(network: _NetworkData, turns: Sequence[_Turn]) -> tuple[_Ints, int]:
    """Half-edges that may not follow each other; also how many restrictions name no such."""
    by_node: dict[int, list[int]] = {}
    wanted = np.isin(network.node_ids, [turn.via for turn in turns])
    closed = np.column_stack((network.edge_minutes_forward, network.edge_minutes_backward)).ravel()
    tail = np.column_stack((network.edge_from, network.edge_to)).ravel()
    for half in np.flatnonzero(wanted[tail]).tolist():
        by_node.setdefault(int(tail[half]), []).append(half)
    rows: dict[int, list[int]] = {}
    for node in by_node:
        rows.setdefault(int(network.node_ids[node]), []).append(node)
    found: set[tuple[int, int]] = set()
    lost = 0
    for turn in turns:
        bans: list[tuple[int, int]] = []
        for node in rows.get(turn.via, ()):
            out = [half for half in by_node[node] if np.isfinite(closed[half])]
            into = [half ^ 1 for half in by_node[node] if np.isfinite(closed[half ^ 1])]
            bans += _bans(turn, into, out, network.edge_way)
        lost += not bans
        found.update(bans)
    return np.array(sorted(found), np.int32).reshape(-1, 2), lost


def _bans(
    turn: _Turn, into: list[int], out: list[int], way: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Pairs of half-edges at one node that a restriction bans."""
    before = [half for half in into if way[half // 2] == turn.before]
    after = [half for half in out if way[half // 2] == turn.after]
    if turn.before == turn.after and turn.kind == "no":
        return [(half, half ^ 1) for half in before if half ^ 1 in after]
    if len(before) != 1 or len(after) != 1:  # a way that runs on past the node: which half?
        return []
    if turn.kind == "no":
        return [(before[0], after[0])]
    return [(before[0], half) for half in out if half != after[0]]


def _no_through_traffic(network: _NetworkData) -> NDArray[np.bool_]:
    """Streets closed to through traffic, and those that can only be reached over them."""
    local = network.edge_local
    if not local.any():
        return local
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    n, u, v = len(network.node_xy), network.edge_from, network.edge_to
    ahead = ~local & np.isfinite(network.edge_minutes_forward)
    back = ~local & np.isfinite(network.edge_minutes_backward)
    tail, head = np.concatenate([u[ahead], v[back]]), np.concatenate([v[ahead], u[back]])
    # Parallel edges are summed into one: scipy's search for strong parts never ends on them.
    graph = sparse.coo_array((np.ones(len(tail), np.int32), (tail, head)), (n, n)).tocsr()
    _, part = connected_components(graph, directed=True, connection="strong")
    inside = ~local & (part[u] == part[v])
    length = np.bincount(part[u[inside]], network.edge_metres[inside], minlength=part.max() + 1)
    main = int(np.argmax(length))
    shut = local | (part[u] != main) | (part[v] != main)
    # What hangs on one open junction cannot be passed through anyway.
    ones = np.ones(int(shut.sum()), np.int8)
    joined = sparse.coo_array((ones, (u[shut], v[shut])), (n, n)).tocsr()
    _, area = connected_components(joined, directed=False)
    mouths = np.zeros(n, bool)
    mouths[u[~shut]] = mouths[v[~shut]] = True
    ends = np.zeros(n, bool)
    ends[u[shut]] = ends[v[shut]] = True
    doors = np.bincount(area[mouths & ends], minlength=n)
    through: NDArray[np.bool_] = shut & (doors[area[u]] > 1)
    return through


class _Nodes:
    """Nodes and arcs that are added to a search graph."""

    def __init__(self, chains: _Chains, tail: _Ints, head: _Ints) -> None:
        self.count = chains.n_junctions
        self.arcs: list[tuple[int, int]] = []
        # By half-edge and state: where it is entered at its tail, and where it ends at its head.
        self.start = np.repeat(chains.junction[tail][:, None], 3, axis=1)
        self.end = np.repeat(chains.junction[head][:, None], 3, axis=1)
        # By node and whether the dead end that hangs there is closed to through traffic.
        self.root_leaves = np.full((len(chains.junction), 2), -1, np.int32)
        self.root_enters = self.root_leaves.copy()

    def new(self) -> int:
        self.count += 1
        return self.count - 1


def _with_rules(chains: _Chains, network: _Streets, tail: _Ints, head: _Ints) -> _Chains:
    """Give the junctions that rules concern the nodes and arcs they need."""
    edge = np.flatnonzero(network.core_edges >= 0)
    every = network.edge_local if len(network.edge_local) else np.zeros(network.n_edges, bool)
    local = np.repeat(every[edge], 2)
    own = network.core_edges[network.banned_turns // 2] * 2 + network.banned_turns % 2
    banned = set(map(tuple, own.tolist()))
    nodes = _Nodes(chains, tail, head)
    via = {int(head[before]) for before, _ in banned}
    leaving: dict[int, list[int]] = {node: [] for node in via}
    for half in np.flatnonzero(np.isin(tail, list(via))).tolist():
        leaving[int(tail[half])].append(half)
    for node in sorted(via):
        _split(nodes, node, leaving[node], local, banned)
    zone = np.unique(tail[local & (chains.junction[tail] >= 0)])
    for node in zone.tolist():
        if node not in via:
            _three(nodes, node, int(chains.junction[node]))
    _settle_three(nodes, tail, head, local, via)
    return _arranged(chains, nodes, local, *_dead_ends(network, every))


def _dead_ends(
    network: _Streets, local: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], _Ints, NDArray[np.bool_]]:
    """Nodes in dead ends, their roots, and whether the street at the root is local."""
    trees = network.trees
    top = np.where(trees.depth > 1, trees.parent, np.arange(network.n_nodes))
    while not np.array_equal(further := top[top], top):
        top = further
    inside = np.flatnonzero(trees.parent_half >= 0)
    return inside, trees.root[inside], local[trees.parent_half[top[inside]] // 2]


def _split(
    nodes: _Nodes,
    node: int,
    halves: list[int],
    local: NDArray[np.bool_],
    banned: set[tuple[int, int]],
) -> None:
    """Give a junction with banned turns a node for each way in and out."""

    def states(half: int) -> tuple[int, ...]:
        return (_LEAVING, _ENTERING) if local[half] else (_OPEN,)

    out = [(half, state) for half in halves for state in states(half)]
    into = [(half ^ 1, state) for half, state in out]
    for half, state in out:
        nodes.start[half, state] = nodes.new()
    for half, state in into:
        nodes.end[half, state] = nodes.new()
    nodes.arcs += [
        (nodes.end[before, one], nodes.start[after, other])
        for before, one in into
        for after, other in out
        if one <= other and (before, after) not in banned
    ]
    # Dead ends hang on the junction itself, and no ban concerns them.
    for local_end in (0, 1):
        one, other = nodes.new(), nodes.new()
        nodes.root_leaves[node, local_end], nodes.root_enters[node, local_end] = one, other
        nodes.arcs += [
            (one, nodes.start[half, state]) for half, state in out if local_end or state != _LEAVING
        ]
        nodes.arcs += [
            (nodes.end[half, state], other)
            for half, state in into
            if local_end or state != _ENTERING
        ]


def _three(nodes: _Nodes, node: int, junction: int) -> None:
    """Give a junction at streets without through traffic a node for each state of a trip."""
    leaves, enters = nodes.new(), nodes.new()
    nodes.root_leaves[node], nodes.root_enters[node] = (junction, leaves), (junction, enters)
    nodes.arcs += [(leaves, junction), (junction, enters)]


def _settle_three(
    nodes: _Nodes, tail: _Ints, head: _Ints, local: NDArray[np.bool_], via: Iterable[int]
) -> None:
    """Let streets without through traffic end at the nodes of their states."""
    split = np.zeros(len(nodes.root_leaves), bool)
    split[list(via)] = True
    for table, ends in ((nodes.start, tail), (nodes.end, head)):
        for state, roots in ((_LEAVING, nodes.root_leaves), (_ENTERING, nodes.root_enters)):
            own = roots[:, 1]
            here = local & ~split[ends] & (own[ends] >= 0)
            table[here, state] = own[ends[here]]


def _arranged(
    chains: _Chains,
    nodes: _Nodes,
    local: NDArray[np.bool_],
    inside: NDArray[np.intp],
    root: _Ints,
    local_end: NDArray[np.bool_],
) -> _Chains:
    """Arcs of the search graph with rules, and where places meet it."""
    passed = np.full((2, len(chains.junction)), -1, np.int32)
    for own, table in zip(passed, (nodes.root_leaves, nodes.root_enters), strict=True):
        own[inside] = table[root, local_end.astype(np.intp)]
    half = np.arange(len(local), dtype=np.int32)
    last, first = chains.last, chains.last[half ^ 1] ^ 1
    arc, final = chains.arc_half, chains.last[chains.arc_half]
    free, closed = np.flatnonzero(~local[arc]), np.flatnonzero(local[arc])
    tails, heads, which = [], [], []
    for some, state in ((free, _OPEN), (closed, _LEAVING), (closed, _ENTERING)):
        tails.append(nodes.start[arc[some], state])
        heads.append(nodes.end[final[some], state])
        which.append(some)
    added = np.array(nodes.arcs, np.int32).reshape(-1, 2)
    taken, none = np.concatenate(which), np.zeros(len(added))
    return replace(
        chains,
        leaves_at=np.where(local, nodes.end[last, _LEAVING], nodes.end[last, _OPEN]),
        enters_at=np.where(local, nodes.start[first, _ENTERING], nodes.start[first, _OPEN]),
        n_junctions=nodes.count,
        arc_from=np.concatenate([*tails, added[:, 0]]).astype(np.int32),
        arc_to=np.concatenate([*heads, added[:, 1]]).astype(np.int32),
        arc_minutes=np.concatenate([chains.arc_minutes[taken], none]),
        arc_metres=np.concatenate([chains.arc_metres[taken], none]),
        arc_half=np.concatenate([arc[taken], np.full(len(added), -1, np.int32)]),
        root_leaves=passed[0],
        root_enters=passed[1],
    )

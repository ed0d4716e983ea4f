"""Banned turns and streets without through traffic, against a search over every state of a trip."""

from __future__ import annotations

import heapq
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import access
from access.network import Network
from access.network.route_rules import _no_through_traffic

LON, LAT, STEP = -1.36, 53.43, 0.002


def town(seed: int) -> Network:
    """A grid with gaps, dead ends, one-way streets, delays, bans and local streets."""
    rng = np.random.default_rng(seed)
    wide, high = rng.integers(2, 5, 2)
    spot = [(i, j) for i in range(wide) for j in range(high)]
    sides = [
        (a, b)
        for a, (i, j) in enumerate(spot)
        for b, (k, m) in enumerate(spot)
        if (k - i, m - j) in ((1, 0), (0, 1)) and rng.random() < 0.85
    ]
    if not sides:
        sides = [(0, 1)]
    u, v = np.array(sides).T
    minutes = rng.integers(1, 9, len(u)).astype(float)
    back = np.where(rng.random(len(u)) < 0.2, np.inf, minutes)
    net = Network.from_edges(
        [LON + i * STEP for i, _ in spot], [LAT + j * STEP for _, j in spot], u, v, mode="drive",
        metres=np.full(len(u), 300.0), minutes_forward=minutes, minutes_backward=back,
        node_delay_minutes=rng.integers(0, 3, len(spot)) / 4,
    )  # fmt: skip
    tail, head, cost, _ = net.half_edges
    pairs = [
        (a, b)
        for a in range(len(tail))
        for b in np.flatnonzero(tail == head[a]).tolist()
        if np.isfinite(cost[a]) and np.isfinite(cost[b])
    ]
    banned = [pair for pair in pairs if rng.random() < rng.choice([0, 0.05, 0.3])]
    local = rng.random(net.n_edges) < rng.choice([0, 0.15, 0.4])
    net = replace(net, banned_turns=np.array(banned, np.int32).reshape(-1, 2), edge_local=local)
    return replace(net, edge_local=_no_through_traffic(net))


@lru_cache(maxsize=1)
def as_lists(net: Network) -> tuple[list[float], list[float], list[bool], list[list[int]]]:
    """Give the cost, delay at its end, rule and ways on of every half-edge; lists are quick."""
    tail, head, cost, _ = (array.tolist() for array in net.half_edges)
    delay = net.node_delay_minutes[head].tolist()
    local = np.repeat(net.edge_local, 2).tolist()
    banned = set(map(tuple, net.banned_turns.tolist()))
    junction = net.chains.junction.tolist()
    leaving: dict[int, list[int]] = {}
    for half, node in enumerate(tail):
        if cost[half] < np.inf:
            leaving.setdefault(node, []).append(half)
    ways_on = [
        [
            onward for onward in leaving.get(node, ())
            if (half, onward) not in banned and (onward != half ^ 1 or junction[node] >= 0)
        ]
        for half, node in enumerate(head)
    ]  # fmt: skip
    return cost, delay, local, ways_on


def searched(net: Network, edge: int, share: float, to_edge: int, to_share: float) -> float:
    """Least minutes from one edge to another, over half-edges and states."""
    cost, delay, local, ways_on = as_lists(net)

    def entered(half: int, state: int) -> tuple[int, ...]:
        if local[half]:
            return (0, 2) if state == 0 else (2,)
        return (1,) if state <= 1 else ()

    best = np.inf
    if edge == to_edge:
        half = 2 * edge + (to_share < share)
        best = abs(to_share - share) * cost[half] if to_share != share else 0.0
    queue = []
    for half, rest in ((2 * edge, 1 - share), (2 * edge + 1, share)):
        if cost[half] < np.inf:
            queue.append((rest * cost[half] + delay[half], half, 0 if local[half] else 1))
    heapq.heapify(queue)
    done = set()
    while queue and queue[0][0] < best:
        spent, half, state = heapq.heappop(queue)
        if (half, state) in done:
            continue
        done.add((half, state))
        for onward in ways_on[half]:
            for then in entered(onward, state):
                if onward // 2 == to_edge:
                    part = to_share if onward % 2 == 0 else 1 - to_share
                    best = min(best, spent + part * cost[onward])
                heapq.heappush(queue, (spent + cost[onward] + delay[onward], onward, then))
    return best


@pytest.mark.parametrize("direction", ["to_site", "from_site"])
@settings(max_examples=80)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_trip_is_the_best_that_the_rules_allow(direction, seed):
    net = town(seed)
    rng = np.random.default_rng(seed)

    def spots(n: int) -> list[tuple[int, float]]:
        return [(int(rng.integers(net.n_edges)), float(rng.uniform(0.1, 0.9))) for _ in range(n)]

    def frame(where: list[tuple[int, float]]) -> pd.DataFrame:
        ends = net.node_lonlat[np.column_stack([net.edge_from, net.edge_to])]
        at = [ends[e, 0] + share * (ends[e, 1] - ends[e, 0]) for e, share in where]
        return pd.DataFrame(at, columns=["lon", "lat"]).assign(id=range(len(where)))

    homes, sites = spots(5), spots(int(rng.choice([2, 8])))
    both = net.edge_sides == 0
    homes = [h for h in homes if both[h[0]]]
    sites = [s for s in sites if both[s[0]]]
    if not homes or not sites:
        return
    found = access.travel_matrix(net, frame(homes), frame(sites), direction=direction)
    there = [
        [searched(net, *(h + s if direction == "to_site" else s + h)) for s in sites] for h in homes
    ]
    assert found.network_minutes == pytest.approx(np.array(there), abs=1e-2)

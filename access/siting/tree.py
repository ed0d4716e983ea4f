"""Branch and cut: when the relaxation's answer is not whole, split on a site and bound again."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from access.siting.interchange import Interchange
from access.siting.master import Master, Relaxed
from access.siting.model import Bools, Floats, Ints, Model, tolerance
from access.siting.search import Best, Stop, Watch, relative_gap

_WHOLE = 1e-6
_HEURISTIC_NODES = 20


@dataclass(order=True)
class _Node:
    bound: float
    number: int
    must: Bools = field(compare=False)
    may: Bools = field(compare=False)
    site: int = field(compare=False, default=-1)
    up: bool = field(compare=False, default=False)
    share: float = field(compare=False, default=1.0)


class Tree:
    """Best-bound search with dives, all cuts shared between its nodes.

    Parameters
    ----------
    model : Model
    master : Master
    best : Best
    search : Interchange or None
        Improves rounded answers; None where swaps cannot keep the rules.
    watch : Watch
    floor : float
        A bound proven beforehand.
    gap : float
        Stop once the proven gap is at or under this share.
    """

    def __init__(
        self,
        model: Model,
        master: Master,
        best: Best,
        search: Interchange | None,
        watch: Watch,
        floor: float,
        gap: float = 0.0,
    ) -> None:
        self.model, self.master, self.best = model, master, best
        self.search, self.watch = search, watch
        self.floor, self.gap = floor, gap
        self.queue: list[_Node] = []
        self.left_behind = np.inf
        self.cut_again: set[bytes] = set()
        self.counter = 0
        sites = model.shape[1]
        self.gain = np.zeros((2, sites))
        self.tries = np.zeros((2, sites))

    def bound(self, here: float = np.inf) -> float:
        """Give the bound proven so far over everything not yet searched."""
        waiting = self.queue[0].bound if self.queue else np.inf
        return max(self.floor, min(waiting, here, self.left_behind, self.best.value))

    def run(self, must: Bools, may: Bools) -> float:
        """Search below the given fixings.

        Returns
        -------
        float
            The proven bound; the incumbent's value when the search was finished.

        Raises
        ------
        Stop
            When the watch ends the search; `bound` then holds for what was reached.
        """
        here: _Node | None = _Node(self.floor, 0, must, may)
        try:
            # Ends: a branch fixes one more site, and a whole answer met again is cut off: sites
            # and sets of them are finite.
            while here is not None:
                following = self._visit(here)
                if self.gap and relative_gap(self.best.value, self.bound()) <= self.gap:
                    break
                if following is None and self.queue:
                    following = heapq.heappop(self.queue)
                here = following
        except (Stop, KeyboardInterrupt):
            if here is not None:
                self._push(here)
            raise
        return self.bound()

    def _push(self, node: _Node) -> None:
        heapq.heappush(self.queue, node)

    def _drop(self, bound: float) -> None:
        """Remember the least bound among the parts that were closed."""
        self.left_behind = min(self.left_behind, max(bound, self.floor))

    def _visit(self, node: _Node) -> _Node | None:
        """Bound one node; give the child to dive into, if any."""
        best, master = self.best, self.master
        if node.bound > best.cutoff:
            self._drop(node.bound)
            return None
        self.watch.tick("tree", self.bound(node.bound), best.value)
        self.watch.nodes += 1
        master.forget()
        master.bounds(node.must, node.may)
        answer = master.solve(
            best.cutoff, watch=self.watch, tick=lambda bound: self.tick(node, bound)
        )
        if not answer.feasible:
            return None
        value = max(answer.value, node.bound)
        self._learn(node, value)
        if value > best.cutoff:
            self._drop(value)
            return None
        y = answer.y
        loose = np.flatnonzero((y > _WHOLE) & (y < 1 - _WHOLE))
        if len(loose) == 0:
            return self._whole(node, y, value)
        self._round(y, node)
        must, may = fix_by_reduced_cost(answer, best.cutoff, node.must, node.may)
        if value > best.cutoff:
            self._drop(value)
            return None
        return self._branch(_Node(value, node.number, must, may), y, loose)

    def tick(self, node: _Node, bound: float) -> None:
        """Let the watch look in between two rounds of cuts."""
        self.watch.tick("tree", self.bound(max(bound, node.bound)), self.best.value)

    def _whole(self, node: _Node, y: Floats, value: float) -> _Node | None:
        """Take a whole answer; go on below it only where more answers are wanted."""
        chosen = np.flatnonzero(y > 0.5)
        true = self.model.value(chosen)
        keeps, key = self.model.holds(chosen), chosen.tobytes()
        if keeps:
            self.best.offer(chosen, true)
        if keeps and true <= value + tolerance(true):
            if self.best.keep == 1:
                self._drop(value)
                return None
        elif key not in self.cut_again and self.master.separate(np.rint(y), 0.0):
            self.cut_again.add(key)
            return _Node(value, node.number, node.must, node.may)
        # Noted, or whole only up to the programme's own rounding: cut off this one set.
        self.forbid(chosen)
        return _Node(value, node.number, node.must, node.may)

    def forbid(self, chosen: Ints) -> None:
        """Cut off one set of sites (and nothing else)."""
        columns = self.master.columns
        inside = np.isin(columns, chosen)
        every = np.arange(len(columns))
        sign = np.where(inside, 1.0, -1.0)
        self.master.row(-np.inf, float(len(chosen) - 1), every, sign)

    def _round(self, y: Floats, node: _Node) -> None:
        """Make a whole answer of a fractional one, and improve it by swaps."""
        nodes = self.watch.nodes
        if self.search is None or (nodes > _HEURISTIC_NODES and nodes % 25):
            return
        count = int(np.clip(round(float(y.sum())), self.model.fewest, self.model.most))
        ranked = np.argsort(-y - node.must, kind="stable")
        chosen = ranked[:count]
        if self.model.holds(chosen):
            self.best.offer(chosen, self.model.value(chosen))
            chosen, value = self.search.improve(chosen)
            self.best.offer(chosen, value)

    def _branch(self, node: _Node, y: Floats, loose: Ints) -> _Node:
        site = self._pick(y, loose)
        share = float(y[site])
        up_must, down_may = node.must.copy(), node.may.copy()
        up_must[site], down_may[site] = True, False
        self.counter += 2
        up = _Node(node.bound, -self.counter, up_must, node.may, site, True, 1 - share)
        down = _Node(node.bound, -self.counter - 1, node.must, down_may, site, False, share)
        first, second = (up, down) if share >= 0.5 else (down, up)
        self._push(second)
        return first

    def _learn(self, node: _Node, value: float) -> None:
        """Remember how much the bound rose by branching on a site (its pseudo-cost)."""
        if node.site >= 0 and np.isfinite(value):
            rise = max(value - node.bound, 0.0) / max(node.share, _WHOLE)
            self.gain[int(node.up), node.site] += rise
            self.tries[int(node.up), node.site] += 1

    def _pick(self, y: Floats, loose: Ints) -> int:
        """Choose the site whose two branches promise the greatest rise of the bound."""
        share = y[loose]
        tried = self.tries.sum()
        usual = self.gain.sum() / tried if tried else 1.0
        rate = np.where(
            self.tries[:, loose] > 0,
            self.gain[:, loose] / np.maximum(self.tries[:, loose], 1),
            max(usual, 1e-12),
        )
        tiny = 1e-6 * max(usual, 1e-12)
        score = np.maximum(rate[0] * share, tiny) * np.maximum(rate[1] * (1 - share), tiny)
        return int(loose[np.argmax(score)])


def fix_by_reduced_cost(
    answer: Relaxed, cutoff: float, must: Bools, may: Bools
) -> tuple[Bools, Bools]:
    """Fix sites whose reduced cost alone takes the programme's answer past the cutoff.

    Parameters
    ----------
    answer : Relaxed
    cutoff : float
    must, may : ndarray of bool, shape (sites,)

    Returns
    -------
    tuple of ndarray of bool
        New `must` and `may`.
    """
    slack = cutoff - answer.value + tolerance(answer.value)
    if not np.isfinite(slack):
        return must, may
    shut = (answer.y < _WHOLE) & (answer.reduced > slack)
    held = (answer.y > 1 - _WHOLE) & (-answer.reduced > slack)
    return must | (held & may), may & ~(shut & ~must)

"""Branch and cut on sites; and every set measured, where few are left."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from access.measure.distribution import weighted_sums
from access.siting.constraints import _feasible_sites
from access.siting.cutting_planes import _CuttingPlanes, _Relaxed
from access.siting.heuristics import _Bound, _greedy, _Interchange, _Near, _Relaxation
from access.siting.search import (
    Bools,
    Floats,
    Ints,
    _Best,
    _Model,
    _Stop,
    _tolerance,
    _Watch,
)

# Every set of sites that a bound leaves, measured: where few are left, the quickest proof there is.

_MOST_SETS = 60_000
"""Sets up to which they are listed, before those that break a rule are left out."""
_MOST_CELLS = 20_000_000
"""Pairs of a set and an area up to which all are measured: some hundredths of a second."""
_CELLS_AT_ONCE = 1 << 17


def _blocks_of_sets(m: int, k: int, step: int) -> Iterator[Ints]:
    """List all choices of k of m positions, so many at a time."""
    every = itertools.combinations(range(m), k)
    while block := list(itertools.islice(every, step)):  # ends: the choices are finite
        yield np.array(block, dtype=np.intp)


def _sets_under(
    base: float, rho: Floats, must: Bools, may: Bools, count: int, limit: float
) -> Ints | None:
    """List sets of so many sites whose bound is not above a limit; None where they are too many.

    Parameters
    ----------
    base : float
    rho : ndarray, shape (sites,)
        No set costs less than the base and what each of its sites adds to it.
    """
    fixed, free = np.flatnonzero(must), np.flatnonzero(may & ~must)
    free = free[np.argsort(rho[free], kind="stable")]
    adds = rho[free]
    upto = np.append(0.0, np.cumsum(adds))
    sums, first = np.array([base + rho[fixed].sum()]), np.zeros(1, np.intp)
    steps: list[tuple[Ints, Ints]] = []
    for wanted in range(count - len(fixed), 0, -1):
        # a set goes on with a site if it is under the limit with those that add least after it
        end = np.searchsorted(upto[wanted:] - upto[:-wanted], limit - sums, side="right")
        many = np.maximum(end - first, 0)
        if many.sum() > _MOST_SETS:
            return None
        begun = np.repeat(np.arange(len(sums)), many)
        site = np.arange(len(begun)) + np.repeat(first + many - np.cumsum(many), many)
        sums, first = sums[begun] + adds[site], site + 1
        steps.append((begun, site))
    sets = np.empty((len(sums), count), np.intp)
    sets[:, : len(fixed)] = fixed
    at = np.arange(len(sums))
    for place, (begun, site) in zip(range(count - 1, -1, -1), reversed(steps), strict=False):
        sets[:, place] = free[site[at]]
        at = begun[at]
    return sets


def _offer_all(model: _Model, sets: Ints, best: _Best) -> None:
    """Measure sets of as many sites, and hand in those that may matter."""
    by_site = np.ascontiguousarray(model.minutes.T)
    step = max(1, _CELLS_AT_ONCE // len(model.minutes))
    for start in range(0, len(sets), step):
        block = sets[start : start + step]
        near = by_site[block[:, 0]]
        for column in block.T[1:]:
            np.minimum(near, by_site[column], out=near)
        values = weighted_sums(near, model.weights) + model.opening[block].sum(axis=1)
        for k in np.argsort(values, kind="stable"):
            if not values[k] <= _limit(best):
                break
            chosen = np.sort(block[k])
            if model.holds(chosen):
                best.offer(chosen, model.value(chosen))


def _limit(best: _Best) -> float:
    """Above this nothing is wanted; sums in another order differ by less than the slack."""
    return best.cutoff + _tolerance(best.cutoff)


# ------------------------------------------------------------------------------
# Branch and cut: when the relaxation's answer is not whole, split on a site and bound again.

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


class _Tree:
    """Best-bound search with dives, all cuts shared between its nodes.

    Parameters
    ----------
    search : Interchange or None
        Improves rounded answers; None where swaps cannot keep the rules.
    floor : float
        A bound proven beforehand.
    gap : float
        Stop once the proven gap is at or under this share.
    """

    def __init__(
        self,
        model: _Model,
        master: _CuttingPlanes,
        best: _Best,
        search: _Interchange | None,
        watch: _Watch,
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
        """Search below the given fixings."""
        here: _Node | None = _Node(self.floor, 0, must, may)
        try:
            # Ends: a branch fixes one more site, and a whole answer met again is cut off: sites
            # and sets of them are finite.
            while here is not None:
                following = self._visit(here)
                if self.gap and self.best.gap(self.bound()) <= self.gap:
                    break
                if following is None and self.queue:
                    following = heapq.heappop(self.queue)
                here = following
        except (_Stop, KeyboardInterrupt):
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
        must, may = _fix_by_reduced_cost(answer, best.cutoff, node.must, node.may)
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
        if keeps and true <= value + _tolerance(true):
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


def _fix_by_reduced_cost(
    answer: _Relaxed, cutoff: float, must: Bools, may: Bools
) -> tuple[Bools, Bools]:
    """Fix sites whose reduced cost alone takes the programme's answer past the cutoff."""
    slack = cutoff - answer.value + _tolerance(answer.value)
    if not np.isfinite(slack):
        return must, may
    shut = (answer.y < _WHOLE) & (answer.reduced > slack)
    held = (answer.y > 1 - _WHOLE) & (-answer.reduced > slack)
    return must | (held & may), may & ~(shut & ~must)


_CLIMB_ROUNDS = 5
_CLIMB_STEPS = 40
_SAMPLE_AREAS = 8_000
_COPY_CELLS = 25_000_000
_ROUNDINGS = 12
_SLACK_CUTS = 1_000
_SWAP_CELLS = 5_000_000
_MOST_LOOKED_AT = 60


@dataclass(frozen=True, eq=False)
class _Outcome:
    """What a search ended with.

    Parameters
    ----------
    best : Best
        Answers found.
    bound : float
        Proven lower bound; ``inf`` when the model has no answer.
    complete : bool
        Whether the search was finished (else it was stopped).
    method : str
        Which stage closed the proof.
    """

    best: _Best
    bound: float
    complete: bool
    method: str


def _minimise(
    model: _Model,
    *,
    watch: _Watch,
    keep: int = 1,
    within: float = 0.0,
    start: Ints | None = None,
    gap: float = 0.0,
    seed: int = 0,
    shift: float = 0.0,
) -> _Outcome:
    """Find the best sets of sites, with a proof."""
    best = _Best(model.unit(), keep=keep, within=within, shift=shift)
    watch.unit, watch.shift = model.scale, shift
    return _Search(model, watch, best, gap, seed).run(start)


class _Search:
    def __init__(self, model: _Model, watch: _Watch, best: _Best, gap: float, seed: int) -> None:
        self.model = _without_idle_areas(model)
        self.watch, self.best, self.gap, self.seed = watch, best, gap, seed
        self.must, self.may = model.must.copy(), model.may.copy()
        # Nobody is nearer than the nearest allowed site, wherever the search ends.
        floor = self.model.minutes[:, self.may].min(axis=1) if self.may.any() else np.zeros(1)
        least = np.sort(self.model.opening[self.may])[: self.model.fewest].sum()
        self.bound = float(self.model.weights @ floor + least) if self.may.any() else -np.inf
        self.method = "heuristic"
        self.tree: _Tree | None = None
        self.prices: Floats | None = None
        self.looked_at: set[tuple[int, ...]] = set()
        self.swapped: set[bytes] = set()

    def run(self, start: Ints | None) -> _Outcome:
        try:
            return self._stages(start)
        except (_Stop, KeyboardInterrupt) as stop:
            if isinstance(stop, KeyboardInterrupt):
                self.watch.stopped = "interrupted"
            if not self.best.pool:
                self._anything()
            bound = self.bound if self.tree is None else max(self.bound, self.tree.bound())
            return _Outcome(self.best, min(bound, self.best.value), False, self.method)

    def _stages(self, start: Ints | None) -> _Outcome:
        first = self._feasible(start)
        if first is None:
            return _Outcome(self.best, np.inf, True, "no set of sites keeps the rules")
        self._start(first)
        if not self.model.limits and self.best.pool and self._lagrange():
            return self._closed()
        if self._root():
            return self._closed()
        self.method = "branch and cut"
        self.tree = _Tree(
            self.model, self.master, self.best, self._swaps(), self.watch, self.bound, self.gap
        )
        self.tree.run(self.must, self.may)
        if not self.best.pool:
            return _Outcome(self.best, np.inf, True, self.method)
        self.bound = max(self.bound, self.tree.bound())
        return self._closed()

    def _anything(self) -> None:
        """Have some answer where the search was stopped before it found its first."""
        spare = np.flatnonzero(self.may & ~self.must)
        near = self.model.minutes[:, spare].mean(axis=0)
        more = spare[np.argsort(near, kind="stable")]
        opened = np.flatnonzero(self.must)
        count = max(self.model.fewest, 1) - len(opened)
        self._offer_if_kept(np.sort(np.append(opened, more[: max(count, 0)])))

    def _closed(self) -> _Outcome:
        bound = self.bound
        # Every possible value is a multiple of the unit, so the bound may be rounded up.
        if self.best.unit and bound > self.best.cutoff:
            bound = self.best.value
        return _Outcome(self.best, min(bound, self.best.value), True, self.method)

    def _done(self) -> bool:
        if self.bound > self.best.cutoff:
            return True
        return self.best.keep == 1 and self.best.gap(self.bound) <= self.gap

    # -- first answers ------------------------------------------------------------------
    def _feasible(self, start: Ints | None) -> Ints | None:
        """Give a set that keeps the side rows, None where there is none."""
        if start is not None and self.model.rows.hold(start):
            return start
        if not len(self.model.rows):
            least = max(self.model.fewest, int(self.model.must.sum()), 1)
            enough = least <= min(int(self.model.may.sum()), self.model.most)
            return np.zeros(0, np.intp) if enough else None
        return _feasible_sites(self.model, self.watch)

    def _start(self, first: Ints) -> None:
        model = self.model
        sites = model.shape[1]
        self.columns = np.flatnonzero(model.may)
        keep = max(40, int(np.ceil(6 * sites / max(model.most, 1))))
        self.near = _Near.of(model.minutes, self.columns, keep)
        self.watch.tick("start", self.bound, self.best.value)
        self.swaps = _Interchange(model, self.near)
        if len(first):
            self._offer_if_kept(first)
            self._improve(first)
        many = model.shape[0] > 3 * _SAMPLE_AREAS
        self._improve(self._sampled() if many else _greedy(model, self.near))

    def _tick_start(self) -> None:
        self.watch.tick("swaps", self.bound, self.best.value)

    def _sampled(self) -> Ints:
        """Find a first answer on every so-manieth area: cheap, and close."""
        step = self.model.shape[0] // _SAMPLE_AREAS
        part = replace(
            self.model, minutes=self.model.minutes[::step], weights=self.model.weights[::step]
        )
        near = _Near.of(part.minutes, self.columns, self.near.site.shape[1])
        chosen, _ = _Interchange(part, near).improve(_greedy(part, near), tick=self._tick_start)
        return chosen

    def _offer_if_kept(self, chosen: Ints) -> None:
        if self.model.holds(chosen):
            self.best.offer(chosen, self.model.value(chosen))

    def _improve(self, chosen: Ints) -> None:
        """Swap from a set, once and where swaps keep the rules, and keep what comes out."""
        key = np.sort(chosen).tobytes()
        if key not in self.swapped and self.model.rows.hold(chosen):
            better, _ = self.swaps.improve(chosen, tick=self._tick_start)
            self.swapped |= {key, better.tobytes()}
            self._offer_if_kept(better)

    def _swaps(self) -> _Interchange | None:
        return None if self.model.limits else self.swaps

    # -- bounds -------------------------------------------------------------------------
    def _lagrange(self) -> bool:
        """Climb and fix until nothing moves; True when that closes the proof."""
        model = self.model
        d1, d2 = self.swaps.two_nearest(self.best.chosen)
        cap = 2.0 * np.maximum(d2, 0.2 * d2.mean())
        relaxation = _Relaxation(model, self.near, cap, self.must, self.may)
        prices, last = (d1 + d2) / 2, -np.inf
        for turn in range(_CLIMB_ROUNDS):
            bound = relaxation.climb(
                prices, self.best.value, _CLIMB_STEPS, tick=self._tick_lagrange
            )
            self._keep_bound(bound)
            prices = bound.prices
            self._improve(bound.chosen)
            if self._done():
                return True
            self._fill()
            self.must, self.may = relaxation.fix(bound, self.best.cutoff)
            # a second climb mostly closes the proof, but where many answers are wanted
            base = bound.value - float(bound.rho[bound.chosen].sum())
            if (turn or self.best.keep > 1) and self._listed(base, bound.rho):
                return True
            if self.may.sum() < 0.8 * relaxation.may.sum():
                pace = relaxation.pace
                relaxation = _Relaxation(model, self.near, relaxation.cap, self.must, self.may)
                relaxation.pace = pace
            else:
                relaxation.must, relaxation.may = self.must, self.may
            if bound.value - last < 0.05 * (self.best.cutoff - bound.value):
                break
            last = bound.value
        self.prices, self.rho = prices, bound.rho
        return False

    def _fill(self) -> None:
        """Where many answers are wanted, find most of them by swaps: only better ones matter then.

        Each set's swaps are looked at once, the best sets' first.
        """
        model, best = self.model, self.best
        if best.keep == 1 or model.fewest != model.most or model.limits:
            return
        if model.minutes.size * model.most > _SWAP_CELLS:
            return
        while len(self.looked_at) < _MOST_LOOKED_AT:
            key = next((key for _, key in best.pool if key not in self.looked_at), None)
            if key is None:
                return
            self.looked_at.add(key)
            chosen = np.array(key, dtype=np.intp)
            values = self.swaps.around(chosen)
            order = np.argsort(values, axis=None, kind="stable")
            for slot, site in zip(*np.unravel_index(order[: best.keep], values.shape), strict=True):
                if not values[slot, site] <= best.cutoff:
                    break
                self._offer_if_kept(np.sort(np.append(np.delete(chosen, slot), site)))

    def _listed(self, base: float, rho: Floats) -> bool:
        """Measure every set that a bound leaves, where they are few; True when that was done."""
        model, best = self.model, self.best
        if model.fewest != model.most or model.limits:
            return False
        sets = _sets_under(base, rho, self.must, self.may, model.most, _limit(best))
        if sets is None:
            return False
        sets = sets[model.rows.keep(sets)]
        if len(sets) * model.shape[0] > _MOST_CELLS:
            return False
        self.watch.tick("every set", self.bound, best.value)
        _offer_all(model, sets, best)
        self.bound, self.method = best.value, "every set that is left"
        return bool(best.pool)

    def _tick_lagrange(self, value: float) -> None:
        self.bound = max(self.bound, value)
        self.watch.tick("lagrange", self.bound, self.best.value)

    def _keep_bound(self, bound: _Bound) -> None:
        self.bound = max(self.bound, bound.value)
        self.method = "Lagrangian bound"

    def _root(self) -> bool:
        """Solve the programme at the root, shrinking it as sites are fixed."""
        groups = max(300, 10 * self.model.most, int(self.may.sum()))
        if self.prices is None:
            self.rho = self.model.weights @ self.model.minutes
            self.prices = self.model.minutes[:, self.columns].mean(axis=1)
        master = _CuttingPlanes(
            self.model, self.near, self.must, self.may, self.rho, most_groups=groups
        )
        master.cut(self.prices)
        self.method = "linear programme with cuts"
        shrunk = False
        while True:  # ends: each turn but the first has three tenths of the sites fewer
            self.master = master
            answer = master.solve(self.best.cutoff, watch=self.watch, tick=self._tick_root)
            if not answer.feasible:
                self.bound = self.best.value
                return True
            self.bound = max(self.bound, answer.value)
            self._roundings(answer.y)
            if self._done():
                return True
            self.must, self.may = _fix_by_reduced_cost(
                answer, self.best.cutoff, self.must, self.may
            )
            if self._listed(answer.value - float(answer.reduced @ answer.y), answer.reduced):
                return True
            cuts = master.tight()
            slack = master.cuts - master.held
            if self.may.sum() > 0.7 * master.k and (shrunk or slack < _SLACK_CUTS):
                return False
            shrunk = True
            rho = np.where(self.may, answer.reduced - answer.y, np.inf)
            master = _CuttingPlanes(
                self.model, self.near, self.must, self.may, rho, most_groups=groups
            )
            master.adopt(cuts)

    def _tick_root(self, value: float) -> None:
        self.bound = max(self.bound, value)
        self.watch.tick("programme", self.bound, self.best.value)

    def _roundings(self, y: Floats) -> None:
        """Draw whole answers from the programme's and improve each by swaps."""
        if self.model.limits:
            return
        rng = np.random.default_rng(self.seed)
        count = int(np.clip(round(float(y.sum())), self.model.fewest, self.model.most))
        whole = bool(((y < 1e-6) | (y > 1 - 1e-6)).all())
        for attempt in range(1 if whole else _ROUNDINGS):
            noise = rng.gumbel(size=len(y)) if attempt else 0.0
            score = np.log(np.maximum(y, 1e-12)) + noise
            score[self.must] = np.inf
            score[~self.may] = -np.inf
            self._improve(np.sort(np.argsort(-score, kind="stable")[:count]))


def _without_idle_areas(model: _Model) -> _Model:
    """Leave out areas that weigh nothing anywhere."""
    used = model.weights > 0
    for limit in model.limits:
        used = used | (limit.weights > 0)
    if used.all() or not used.any() or model.minutes.size > _COPY_CELLS:
        return model
    limits = tuple(replace(limit, weights=limit.weights[used]) for limit in model.limits)
    return replace(model, minutes=model.minutes[used], weights=model.weights[used], limits=limits)

"""The exact search: good answer, Lagrangian bound, programme with cuts, tree. In that order.

Each stage hands on what it fixed, so that the next works on fewer sites, and each stage may
already close the proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from access.siting.interchange import Interchange, greedy
from access.siting.lagrange import Bound, Relaxation
from access.siting.master import Master
from access.siting.model import Floats, Ints, Model
from access.siting.near import Near
from access.siting.rows import feasible_sites
from access.siting.search import Best, Stop, Watch, relative_gap
from access.siting.tree import Tree, fix_by_reduced_cost

_CLIMB_ROUNDS = 5
_CLIMB_STEPS = 40
_SAMPLE_AREAS = 8_000
_COPY_CELLS = 25_000_000
_ROUNDINGS = 12
_SLACK_CUTS = 1_000


@dataclass(frozen=True, eq=False)
class Outcome:
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

    best: Best
    bound: float
    complete: bool
    method: str


def minimise(
    model: Model,
    *,
    watch: Watch,
    keep: int = 1,
    within: float = 0.0,
    start: Ints | None = None,
    gap: float = 0.0,
    seed: int = 0,
) -> Outcome:
    """Find the best sets of sites, with a proof.

    Parameters
    ----------
    model : Model
    watch : Watch
    keep : int
        How many of the best sets are wanted.
    within : float
        Only those up to this share worse than the best.
    start : ndarray of int, optional
        A set to begin from.
    gap : float
        Stop once the proven gap is at or under this share.
    seed : int
        Of the random roundings.

    Returns
    -------
    Outcome
    """
    return _Search(model, watch, Best(model.unit(), keep=keep, within=within), gap, seed).run(start)


class _Search:
    def __init__(self, model: Model, watch: Watch, best: Best, gap: float, seed: int) -> None:
        self.model = _without_idle_areas(model)
        self.watch, self.best, self.gap, self.seed = watch, best, gap, seed
        self.must, self.may = model.must.copy(), model.may.copy()
        # Nobody is nearer than the nearest allowed site, wherever the search ends.
        floor = self.model.minutes[:, self.may].min(axis=1) if self.may.any() else np.zeros(1)
        least = np.sort(self.model.opening[self.may])[: self.model.fewest].sum()
        self.bound = float(self.model.weights @ floor + least) if self.may.any() else -np.inf
        self.method = "heuristic"
        self.tree: Tree | None = None
        self.prices: Floats | None = None

    def run(self, start: Ints | None) -> Outcome:
        try:
            return self._stages(start)
        except (Stop, KeyboardInterrupt) as stop:
            if isinstance(stop, KeyboardInterrupt):
                self.watch.stopped = "interrupted"
            if not self.best.pool:
                self._anything()
            bound = self.bound if self.tree is None else max(self.bound, self.tree.bound())
            return Outcome(self.best, min(bound, self.best.value), False, self.method)

    def _stages(self, start: Ints | None) -> Outcome:
        first = self._feasible(start)
        if first is None:
            return Outcome(self.best, np.inf, True, "no set of sites keeps the rules")
        self._start(first)
        if not self.model.limits and self.best.pool and self._lagrange():
            return self._closed("Lagrangian bound")
        if self._root():
            return self._closed("linear programme with cuts")
        self.method = "branch and cut"
        self.tree = Tree(
            self.model, self.master, self.best, self._swaps(), self.watch, self.bound, self.gap
        )
        self.tree.run(self.must, self.may)
        if not self.best.pool:
            return Outcome(self.best, np.inf, True, self.method)
        return self._closed(self.method, max(self.bound, self.tree.bound()))

    def _anything(self) -> None:
        """Have some answer where the search was stopped before it found its first."""
        spare = np.flatnonzero(self.may & ~self.must)
        near = self.model.minutes[:, spare].mean(axis=0)
        more = spare[np.argsort(near, kind="stable")]
        opened = np.flatnonzero(self.must)
        count = max(self.model.fewest, 1) - len(opened)
        self._offer_if_kept(np.sort(np.append(opened, more[: max(count, 0)])))

    def _closed(self, method: str, bound: float | None = None) -> Outcome:
        bound = self.bound if bound is None else bound
        # Every possible value is a multiple of the unit, so the bound may be rounded up.
        if self.best.unit and bound > self.best.cutoff:
            bound = self.best.value
        return Outcome(self.best, min(bound, self.best.value), True, method)

    def _done(self) -> bool:
        if self.bound > self.best.cutoff:
            return True
        return self.best.keep == 1 and relative_gap(self.best.value, self.bound) <= self.gap

    # -- first answers ------------------------------------------------------------------
    def _feasible(self, start: Ints | None) -> Ints | None:
        """Give a set that keeps the side rows, None where there is none."""
        if start is not None and self.model.rows.hold(start):
            return start
        if not len(self.model.rows):
            least = max(self.model.fewest, int(self.model.must.sum()), 1)
            enough = least <= min(int(self.model.may.sum()), self.model.most)
            return np.zeros(0, np.intp) if enough else None
        return feasible_sites(self.model, self.watch)

    def _start(self, first: Ints) -> None:
        model = self.model
        sites = model.shape[1]
        self.columns = np.flatnonzero(model.may)
        keep = max(40, int(np.ceil(6 * sites / max(model.most, 1))))
        self.near = Near.of(model.minutes, self.columns, keep)
        self.watch.tick("start", self.bound, self.best.value)
        self.swaps = Interchange(model, self.near)
        if len(first):
            self._offer_if_kept(first)
            self._improve(first)
        many = model.shape[0] > 3 * _SAMPLE_AREAS
        self._improve(self._sampled() if many else greedy(model, self.near))

    def _tick_start(self) -> None:
        self.watch.tick("swaps", self.bound, self.best.value)

    def _sampled(self) -> Ints:
        """Find a first answer on every so-manieth area: cheap, and close."""
        step = self.model.shape[0] // _SAMPLE_AREAS
        part = replace(
            self.model, minutes=self.model.minutes[::step], weights=self.model.weights[::step]
        )
        near = Near.of(part.minutes, self.columns, self.near.site.shape[1])
        chosen, _ = Interchange(part, near).improve(greedy(part, near), tick=self._tick_start)
        return chosen

    def _offer_if_kept(self, chosen: Ints) -> None:
        if self.model.holds(chosen):
            self.best.offer(chosen, self.model.value(chosen))

    def _improve(self, chosen: Ints) -> None:
        """Swap from a set, where swaps can keep the rules, and keep what comes out."""
        if self.model.rows.hold(chosen):
            better, _ = self.swaps.improve(chosen, tick=self._tick_start)
            self._offer_if_kept(better)

    def _swaps(self) -> Interchange | None:
        return None if self.model.limits else self.swaps

    # -- bounds -------------------------------------------------------------------------
    def _lagrange(self) -> bool:
        """Climb and fix until nothing moves; True when that closes the proof."""
        model = self.model
        d1, d2 = self.swaps.two_nearest(self.best.chosen)
        cap = 2.0 * np.maximum(d2, 0.2 * d2.mean())
        relaxation = Relaxation(model, self.near, cap, self.must, self.may)
        prices, last = (d1 + d2) / 2, -np.inf
        for _ in range(_CLIMB_ROUNDS):
            bound = relaxation.climb(
                prices, self.best.value, _CLIMB_STEPS, tick=self._tick_lagrange
            )
            self._keep_bound(bound)
            prices = bound.prices
            self._improve(bound.chosen)
            if self._done():
                return True
            self.must, self.may = relaxation.fix(bound, self.best.cutoff)
            if self.may.sum() < 0.8 * relaxation.may.sum():
                pace = relaxation.pace
                relaxation = Relaxation(model, self.near, relaxation.cap, self.must, self.may)
                relaxation.pace = pace
            else:
                relaxation.must, relaxation.may = self.must, self.may
            if bound.value - last < 0.05 * (self.best.cutoff - bound.value):
                break
            last = bound.value
        self.prices, self.rho = prices, bound.rho
        return False

    def _tick_lagrange(self, value: float) -> None:
        self.bound = max(self.bound, value)
        self.watch.tick("lagrange", self.bound, self.best.value)

    def _keep_bound(self, bound: Bound) -> None:
        self.bound = max(self.bound, bound.value)
        self.method = "Lagrangian bound"

    def _root(self) -> bool:
        """Solve the programme at the root, shrinking it as sites are fixed."""
        groups = max(300, 10 * self.model.most, int(self.may.sum()))
        if self.prices is None:
            self.rho = self.model.weights @ self.model.minutes
            self.prices = self.model.minutes[:, self.columns].mean(axis=1)
        master = Master(self.model, self.near, self.must, self.may, self.rho, most_groups=groups)
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
            self.must, self.may = fix_by_reduced_cost(answer, self.best.cutoff, self.must, self.may)
            cuts = master.tight()
            slack = master.cuts - master.held
            if self.may.sum() > 0.7 * master.k and (shrunk or slack < _SLACK_CUTS):
                return False
            shrunk = True
            rho = np.where(self.may, answer.reduced - answer.y, np.inf)
            master = Master(self.model, self.near, self.must, self.may, rho, most_groups=groups)
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


def _without_idle_areas(model: Model) -> Model:
    """Leave out areas that weigh nothing anywhere."""
    used = model.weights > 0
    for limit in model.limits:
        used = used | (limit.weights > 0)
    if used.all() or not used.any() or model.minutes.size > _COPY_CELLS:
        return model
    limits = tuple(replace(limit, weights=limit.weights[used]) for limit in model.limits)
    return replace(model, minutes=model.minutes[used], weights=model.weights[used], limits=limits)

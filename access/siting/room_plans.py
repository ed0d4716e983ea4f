"""Good answers where sites have limited room: sites by prices of room, then who goes where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from access.siting.interchange import _Interchange, greedy
from access.siting.lagrangian import _Near
from access.siting.model import Bools, Floats, Ints, _Model, _SideRows
from access.siting.progress import _Watch

_STEPS, _FIRM_STEPS = 60, 200
"""Steps in which prices of room are sought: at first, and before a swap is taken."""
_DEFLECTION, _PATIENCE, _SHRINK, _AHEAD = 0.7, 5, 0.6, 0.01
_NEAR_SITES = 12
"""Sites near an open one that are tried in its place."""
_APART_ROWS = 1000
_ROOMIEST = (0.25, 0.5, 0.75)
"""Shares of sites left out, the least roomy first, where a start has too little room."""
_MOST_SWAPPED = 1500
"""With more areas than these single ones are shifted, and none swapped."""


@dataclass(frozen=True, eq=False)
class _Plan:
    """Open sites and who goes where.

    Parameters
    ----------
    value : float
        Weighted sum of minutes.
    chosen : ndarray of int
        Positions of the open sites.
    parts : ndarray, shape (areas, sites)
        Which part of each area goes to each site.
    """

    value: float
    chosen: Ints
    parts: Floats


@dataclass(frozen=True, eq=False)
class _CapacitatedModel:
    """The arrays of one capacitated problem.

    Parameters
    ----------
    cost : ndarray, shape (areas, sites)
        Weight times minutes; ``inf`` where an area may not go.
    uses : ndarray, shape (areas,)
        What each area takes up.
    room : ndarray, shape (sites,)
        What each site can take.
    fewest, most : int
        Least and greatest number of open sites.
    must, may : ndarray of bool, shape (sites,)
        Locked open; not locked closed.
    rows : SideRows
        The rules on open sites.
    split : bool
        Whether an area may be shared among sites.
    """

    cost: Floats
    uses: Floats
    room: Floats
    fewest: int
    most: int
    must: Bools
    may: Bools
    rows: _SideRows
    split: bool

    def part(self, areas: Ints, sites: Ints, others: Ints) -> _CapacitatedModel:
        """Give the problem of some areas and sites, where other open sites stay as they are."""
        given = self.rows.matrix[:, others].sum(axis=1)
        rows = _SideRows(self.rows.matrix[:, sites], self.rows.low - given, self.rows.high - given)
        count = self.most - len(others)
        return _CapacitatedModel(
            self.cost[np.ix_(areas, sites)], self.uses[areas], self.room[sites], count, count,
            self.must[sites], self.may[sites], rows, self.split,
        )  # fmt: skip


def _better_plan(one: _Plan | None, other: _Plan | None) -> _Plan | None:
    """Give the better of two plans, either of which may be missing; of equals the first."""
    plans = [plan for plan in (one, other) if plan is not None]
    return min(plans, key=lambda plan: plan.value) if plans else None


def _plan_of(shape: _CapacitatedModel, chosen: Ints, where: Ints) -> _Plan:
    rows = np.arange(len(where))
    parts = np.zeros_like(shape.cost)
    parts[rows, chosen[where]] = 1.0
    return _Plan(float(shape.cost[rows, chosen[where]].sum()), chosen, parts)


def _room_prices(
    cost: Floats, uses: Floats, room: Floats, prices: Floats, steps: int, enough: float = np.inf
) -> tuple[float, Floats]:
    """Bound what open sites cost the areas if areas may be split, by prices of a unit of room.

    Parameters
    ----------
    cost : ndarray, shape (areas, open sites)
    prices : ndarray, shape (open sites,)
        To begin with.
    enough : float
        A bound that is not raised further.

    Returns
    -------
    float and ndarray, shape (open sites,)
        The bound, and its prices.
    """
    rows = np.arange(len(cost))
    best, kept, pace, idle = -np.inf, prices, 1.0, 0
    heading: Floats | None = None
    for _ in range(steps):
        priced = cost + uses[:, None] * prices
        where = priced.argmin(axis=1)
        value = float(priced[rows, where].sum() - prices @ room)
        if not np.isfinite(value):
            return np.inf, kept  # an area may go to none of them
        over = np.bincount(where, uses, len(room)) - room
        if value > best + 1e-9 * max(1.0, abs(value)):
            best, kept, idle = value, prices, 0
        else:
            idle += 1
        if best >= enough:
            break
        if idle >= _PATIENCE:
            pace, idle, heading, prices = pace * _SHRINK, 0, None, kept
            continue
        over = over if heading is None else _DEFLECTION * over + (1 - _DEFLECTION) * heading
        heading = over
        move = np.where((prices <= 0) & (over < 0), 0.0, over)
        if not move.any():
            break
        ahead = best + _AHEAD * abs(best) + 1e-9
        prices = np.maximum(prices + pace * (ahead - value) / float(move @ move) * move, 0.0)
    return best, kept


def _near_sites(cost: Floats) -> Ints:
    """List to every site the others, those first that cost the areas most alike."""
    some = cost[:: max(1, len(cost) // _APART_ROWS)]
    top = float(some[np.isfinite(some)].max(initial=0.0))
    full = np.where(np.isfinite(some), some, top)
    out = np.zeros((full.shape[1], full.shape[1]), np.intp)
    for j in range(full.shape[1]):
        out[j] = np.argsort(np.abs(full - full[:, [j]]).mean(axis=0), kind="stable")
    return out


class _Sites:
    """A set of open sites that is bettered by swaps, as if areas could be split."""

    def __init__(self, shape: _CapacitatedModel, watch: _Watch) -> None:
        self.shape, self.watch = shape, watch
        self.need = float(shape.uses.sum()) * (1 - 1e-9)

    @cached_property
    def near(self) -> Ints:
        """Sites by site, those first that cost the areas most alike."""
        return _near_sites(self.shape.cost)

    def first(self) -> Ints | None:
        """Give the sites that are best where room is no matter but for all together."""
        shape = self.shape
        top = float(shape.cost[np.isfinite(shape.cost)].max(initial=0.0))
        full = np.where(np.isfinite(shape.cost), shape.cost, 10.0 * top + 1.0)
        rows = shape.rows.and_row(shape.room, self.need, np.inf)
        m, p = len(shape.room), shape.most
        for least in (0.0, *(float(np.quantile(shape.room[shape.may], q)) for q in _ROOMIEST)):
            may = shape.must | (shape.may & (shape.room >= least))
            near = _Near.of(full, np.flatnonzero(may), max(40, 6 * m // p))
            model = _Model(full, np.ones(len(full)), np.zeros(m), p, p, shape.must, may, rows)
            chosen = greedy(model, near)
            if len(chosen) == p and rows.hold(chosen):
                return np.sort(_Interchange(model, near).improve(chosen)[0])
        return None

    def possible(self, chosen: Ints) -> bool:
        """Tell whether a set of sites keeps the rules and has room for all together."""
        shape = self.shape
        return bool(shape.room[chosen].sum() >= self.need and shape.rows.hold(chosen))

    def _bound(
        self, chosen: Ints, prices: Floats, steps: int, enough: float = np.inf
    ) -> tuple[float, Floats]:
        shape = self.shape
        self.watch.spend(len(shape.uses) * len(chosen) * steps)
        return _room_prices(
            shape.cost[:, chosen], shape.uses, shape.room[chosen], prices, steps, enough
        )

    def improve(self, chosen: Ints) -> tuple[Ints, Floats, float]:
        """Swap open sites for ones near them while that helps; give them, their prices, a bound."""
        chosen = np.sort(chosen)
        value, prices = self._bound(chosen, np.zeros(len(chosen)), _FIRM_STEPS)
        seen: set[bytes] = set()
        again = True
        while again:
            again = False
            for out in [int(j) for j in chosen]:
                self.watch.tick("sites", -np.inf, np.inf)
                for trial, start in self._swaps(chosen, prices, out):
                    if trial.tobytes() in seen:
                        continue
                    seen.add(trial.tobytes())
                    found, at = self._bound(trial, start, _STEPS, value)
                    if found < value - 1e-6 * abs(value):
                        found, at = self._bound(trial, at, _FIRM_STEPS, value)
                    if found < value - 1e-6 * abs(value):
                        chosen, value, prices, again = trial, found, at, True
                        break
        return chosen, prices, value

    def below(self, chosen: Ints, prices: Floats, limit: float) -> list[tuple[float, Ints, Floats]]:
        """Give sets one swap away that may cost less than a limit: bound, set and prices."""
        found = []
        for out in chosen:
            self.watch.tick("sites", -np.inf, limit)
            for trial, start in self._swaps(chosen, prices, int(out)):
                value, at = self._bound(trial, start, _STEPS, limit)
                if value < limit:
                    found.append((value, trial, at))
        return sorted(found, key=lambda item: item[0])

    def _swaps(self, chosen: Ints, prices: Floats, out: int) -> Iterator[tuple[Ints, Floats]]:
        """Give sets with another site in place of one, and prices to begin with."""
        shape = self.shape
        if shape.must[out] or out not in chosen:
            return
        near = self.near[out]
        allowed = shape.may[near] & ~np.isin(near, chosen)
        old = {int(j): float(price) for j, price in zip(chosen, prices, strict=True)}
        for into in near[allowed][:_NEAR_SITES]:
            trial = np.sort(np.append(chosen[chosen != out], into))
            if self.possible(trial):
                yield trial, np.array([old.get(int(j), old[out]) for j in trial])


def _fill(shape: _CapacitatedModel, chosen: Ints, prices: Floats) -> Ints | None:
    """Send whole areas to open sites, those with most to lose first; None where they do not fit."""
    cost = shape.cost[:, chosen]
    priced = cost + shape.uses[:, None] * prices
    ranked = np.sort(priced, axis=1)
    second = ranked[:, 1] if len(chosen) > 1 else ranked[:, 0]
    with np.errstate(invalid="ignore"):
        regret = np.where(np.isfinite(second), second - ranked[:, 0], np.inf)
    best: Ints | None = None
    least = np.inf
    for order in (np.lexsort((-shape.uses, -regret)), np.lexsort((-regret, -shape.uses))):
        filled = _packed(shape, chosen, priced, order)
        if filled is None:
            continue
        where, room = filled
        _polish(cost, shape.uses, room, where)
        value = float(cost[np.arange(len(where)), where].sum())
        if value < least:
            best, least = where, value
    return best


def _packed(
    shape: _CapacitatedModel, chosen: Ints, priced: Floats, order: Ints
) -> tuple[Ints, Floats] | None:
    """Send areas in order, each to the cheapest site that has room."""
    room = shape.room[chosen].astype(float)
    where = np.full(len(priced), -1, np.intp)
    for i in order:
        fits = np.where(room + 1e-9 >= shape.uses[i], priced[i], np.inf)
        site = int(fits.argmin())
        if not np.isfinite(fits[site]):
            return None
        where[i] = site
        room[site] -= shape.uses[i]
    return where, room


def _polish(cost: Floats, uses: Floats, room: Floats, where: Ints) -> None:
    """Shift single areas and swap pairs while that helps; changes `where` and `room`."""
    n = len(uses)
    rows = np.arange(n)
    for _ in range(20 * n):
        now = cost[rows, where]
        gain = np.where(uses[:, None] <= room[None, :] + 1e-9, now[:, None] - cost, -np.inf)
        i, j = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[i, j] > 1e-9:
            room[where[i]] += uses[i]
            room[j] -= uses[i]
            where[i] = j
            continue
        if n > _MOST_SWAPPED:
            return
        there = cost[:, where]
        swap = now[:, None] + now[None, :] - there - there.T
        change = uses[:, None] - uses[None, :]
        fits = (change <= room[where][None, :] + 1e-9) & (-change <= room[where][:, None] + 1e-9)
        swap[~fits | (where[:, None] == where[None, :]) | ~np.isfinite(swap)] = -np.inf
        i, h = np.unravel_index(int(swap.argmax()), swap.shape)
        if swap[i, h] <= 1e-9:
            return
        room[where[i]] += uses[i] - uses[h]
        room[where[h]] += uses[h] - uses[i]
        where[i], where[h] = where[h], where[i]

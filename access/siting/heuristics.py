"""Good sets quickly: nearest sites and prices, greedy opening and swaps, and sites with room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from access.measure.distribution import weighted_sums
from access.siting.search import Bools, Floats, Ints, _Model, _SideRows, _tolerance, _Watch

# Each area's nearest sites in order, as far as they can matter.

_BLOCK_CELLS = 2_000_000
_MOST_ENTRIES = 40_000_000


@dataclass(frozen=True, eq=False)
class _Near:
    """The nearest sites of every area, in order of minutes, ties by site position.

    Parameters
    ----------
    site : ndarray of int32, shape (areas, kept)
        Site positions.
    cost : ndarray, shape (areas, kept)
        Minutes to them, rising along each row.
    limit : ndarray, shape (areas,)
        Every site nearer than this stands in the row; ``inf`` where all do.
    """

    site: NDArray[np.int32]
    cost: Floats
    limit: Floats

    @classmethod
    def of(cls, minutes: Floats, columns: Ints, keep: int) -> _Near:
        """List the `keep` nearest of some sites for every area."""
        n, m = len(minutes), len(columns)
        keep = max(1, min(keep, m, _MOST_ENTRIES // max(1, n)))
        everything = m == minutes.shape[1]
        site = np.empty((n, keep), np.int32)
        cost = np.empty((n, keep))
        step = max(1, _BLOCK_CELLS // max(1, m))
        for start in range(0, n, step):
            block = slice(start, start + step)
            part = minutes[block] if everything else minutes[block][:, columns]
            if keep < m:
                picked = np.argpartition(part, keep - 1, axis=1)[:, :keep]
                picked.sort(axis=1)
                part = np.take_along_axis(part, picked, 1)
                order = np.argsort(part, axis=1, kind="stable")
                site[block] = columns[np.take_along_axis(picked, order, 1)]
            else:
                order = np.argsort(part, axis=1, kind="stable")
                site[block] = columns[order]
            cost[block] = np.take_along_axis(part, order, 1)
        limit = cost[:, -1].copy() if keep < m else np.full(n, np.inf)
        return cls(site, cost, limit)

    def within(self, rows: Ints | slice, radius: Floats) -> tuple[Ints, NDArray[np.int32], Floats]:
        """List the sites of some rows that are nearer than a radius of each row."""
        cost = self.cost[rows]
        mask = cost < radius[:, None]
        # Rows rise, so whole columns beyond the last hit can be left out before the search.
        depth = int(mask.any(axis=0).sum())
        mask = mask[:, :depth]
        row = np.repeat(np.arange(len(mask)), mask.sum(axis=1))
        return row, self.site[rows][:, :depth][mask], cost[:, :depth][mask]


_DEFLECTION = 0.4
_PATIENCE = 8
_SHRINK = 0.7


@dataclass(frozen=True, eq=False)
class _Bound:
    """A proven lower bound and what it came from.

    Parameters
    ----------
    rho : ndarray, shape (sites,)
        What opening each site adds to the bound; ``inf`` for sites no longer allowed.
    chosen : ndarray of int
        The sites that the relaxation opens.
    """

    value: float
    prices: Floats
    rho: Floats
    chosen: Ints


class _Relaxation:
    """The relaxation over the sites that are still free, for prices up to a cap.

    Parameters
    ----------
    cap : ndarray, shape (areas,)
        Prices are held at or under this (and under what `near` knows of).
    must, may : ndarray of bool, shape (sites,)
        Fixed open; not fixed closed.
    """

    def __init__(self, model: _Model, near: _Near, cap: Floats, must: Bools, may: Bools) -> None:
        n, m = model.shape
        self.model, self.must, self.may = model, must, may
        self.cap = np.minimum(cap, near.limit)
        self.pace = 1.0
        self.cap[model.weights <= 0] = 0.0
        row, site, cost = near.within(slice(None), self.cap)
        if not may.all():
            kept = may[site]
            row, site, cost = row[kept], site[kept], cost[kept]
        cost = cost * model.weights[row]
        starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
        by_site = sp.csr_matrix((cost, site, starts), shape=(n, m)).tocsc()
        self.area, self.cost, self.start = by_site.indices, by_site.data, by_site.indptr
        self.used = np.flatnonzero(np.diff(self.start))

    def bound(self, prices: Floats) -> tuple[_Bound, Floats]:
        """Give the bound at some prices and the direction in which prices should move."""
        worth = self.model.weights * prices
        saving = worth[self.area]
        saving -= self.cost
        np.maximum(saving, 0.0, out=saving)
        rho = self.model.opening.copy()
        if len(self.used):
            rho[self.used] -= np.add.reduceat(saving, self.start[self.used])
        rho[~self.may] = np.inf
        chosen = self.choose(rho)
        value = float(worth.sum() + rho[chosen].sum())
        parts = [np.arange(self.start[j], self.start[j + 1]) for j in chosen]
        entries = np.concatenate(parts) if parts else np.zeros(0, np.intp)
        served = self.area[entries][saving[entries] > 0]
        direction: Floats = 1.0 - np.bincount(served, minlength=len(prices)).astype(float)
        return _Bound(value, prices, rho, chosen), direction

    def choose(self, rho: Floats) -> Ints:
        """Pick the sites that the relaxation opens: the cheapest, as many as are allowed."""
        fixed = np.flatnonzero(self.must)
        free = np.flatnonzero(self.may & ~self.must)
        order = free[np.argsort(rho[free], kind="stable")]
        least = max(self.model.fewest - len(fixed), 0)
        most = max(self.model.most - len(fixed), 0)
        wanted = min(max(int((rho[order[:most]] < 0).sum()), least), len(order))
        return np.concatenate([fixed, order[:wanted]])

    def climb(
        self,
        prices: Floats,
        target: float,
        steps: int,
        *,
        tick: Callable[[float], None] | None = None,
    ) -> _Bound:
        """Raise the bound by deflected subgradient steps."""
        best: _Bound | None = None
        heading: Floats | None = None
        idle = 0
        for _ in range(steps):
            prices = np.clip(prices, 0.0, self.cap)
            now, direction = self.bound(prices)
            if best is None or now.value > best.value:
                idle = (
                    0 if best is None or now.value > best.value + 1e-9 * abs(target) else idle + 1
                )
                best = now
            else:
                idle += 1
            if tick is not None:
                tick(best.value)
            if best.value >= target or self.pace < 1e-3 or not direction.any():
                break
            if idle >= _PATIENCE:
                self.pace, idle, heading, prices = self.pace * _SHRINK, 0, None, best.prices
                continue
            heading = (
                direction
                if heading is None
                else (1 - _DEFLECTION) * direction + _DEFLECTION * heading
            )
            length = float((self.model.weights * heading * heading).sum())
            gap = max(target - now.value, 1e-9 * abs(target))
            prices = prices + self.pace * gap / max(length, 1e-300) * heading
        if best is None:
            best, _ = self.bound(np.clip(prices, 0.0, self.cap))
        return best

    def fix(self, bound: _Bound, cutoff: float) -> tuple[Bools, Bools]:
        """Fix sites that no answer at or under the cutoff can leave out, or can open."""
        return _fix_by_price(bound, cutoff, self.must, self.may, self.model)


def _fix_by_price(
    bound: _Bound, cutoff: float, must: Bools, may: Bools, model: _Model
) -> tuple[Bools, Bools]:
    """Fix sites by what the bound becomes when one is forced in or out."""
    rho = bound.rho
    opened = np.zeros(len(rho), bool)
    opened[bound.chosen] = True
    free = may & ~must
    inside, outside = free & opened, free & ~opened
    count = len(bound.chosen)
    dearest = rho[inside].max() if inside.any() else -np.inf
    cheapest = rho[outside].min() if outside.any() else np.inf
    leave = dearest if count >= model.most else max(dearest, 0.0)
    enter = cheapest if count <= model.fewest else min(cheapest, 0.0)
    new_may, new_must = may.copy(), must.copy()
    new_may[outside] = bound.value + rho[outside] - leave <= cutoff
    new_must[inside] = bound.value - rho[inside] + enter > cutoff
    return new_must, new_may


# ------------------------------------------------------------------------------
# Good sets of sites quickly: greedy opening, then swaps until none helps.
#
# The gain of every swap is kept up to date as in Resende and Werneck's fast interchange (2004):
# opening h gains `gain[h]`, closing r costs `loss[r]`, and `extra[r, h]` mends what the two count
# twice. After a swap only the areas whose nearest two sites changed are counted again.


def _greedy(model: _Model, near: _Near) -> Ints:
    """Open one site after another, each time the one that helps most; ties by position."""
    m = model.shape[1]
    chosen = [int(j) for j in np.flatnonzero(model.must)]
    allowed = model.may & ~model.must
    weights = model.weights
    nearest = near.limit.copy()
    nearest[np.isinf(nearest)] = float(near.cost[:, -1].max()) + 1.0
    if chosen:
        nearest = np.minimum(nearest, model.minutes[:, chosen].min(axis=1))
    while len(chosen) < model.most and allowed.any():  # ends: each turn opens an allowed site
        row, site, cost = near.within(slice(None), nearest)
        gain = np.bincount(site, weights[row] * (nearest[row] - cost), m) - model.opening
        gain[~allowed] = -np.inf
        best = int(gain.argmax())
        if len(chosen) >= max(model.fewest, 1) and gain[best] <= 0:
            break
        chosen.append(best)
        allowed[best] = False
        nearest = np.minimum(nearest, model.minutes[:, best])
    return np.sort(np.array(chosen, dtype=np.intp))


class _Interchange:
    """Improve sets of sites by swapping, opening and closing, while every rule is kept."""

    def __init__(self, model: _Model, near: _Near) -> None:
        self.model = model
        self.near = near
        rows = model.rows
        self.covers = (rows.low == 1) & np.isinf(rows.high) & np.isin(rows.matrix, (0, 1)).all(1)

    def improve(
        self, chosen: Ints, *, moves: int = 10_000, tick: Callable[[], None] | None = None
    ) -> tuple[Ints, float]:
        """Take the best move again and again until none helps; each strictly lowers the value."""
        self._start(np.array(chosen, dtype=np.intp))
        final, value = self.chosen.copy(), self._value()
        for _ in range(moves):
            if tick is not None:
                tick()
            move = self._best_move()
            if move is None:
                break
            self._apply(*move)
            # Gains are kept up by adding and taking away: where rounding alone promised one, the
            # same sets would come round again.
            if not self._value() < value:
                break
            final, value = self.chosen.copy(), self._value()
        final = np.sort(final)
        return final, self.model.value(final)

    def _value(self) -> float:
        return float(self.model.weights @ self.d1 + self.model.opening[self.chosen].sum())

    def around(self, chosen: Ints) -> Floats:
        """Give the value of every swap, by slot to close and site to open; ``inf`` where none is.

        Side rows are not looked at.
        """
        model = self.model
        values = np.empty((len(chosen), model.shape[1]))
        for slot in range(len(chosen)):
            stays = np.delete(chosen, slot)
            near = model.minutes[:, stays].min(axis=1, initial=np.inf)
            opening = model.opening + model.opening[stays].sum()
            nearest = np.minimum(model.minutes, near[:, None]).T
            values[slot] = weighted_sums(nearest, model.weights) + opening
        values[model.must[chosen]] = np.inf
        values[:, ~model.may] = np.inf
        values[:, chosen] = np.inf
        return values

    def two_nearest(self, chosen: Ints) -> tuple[Floats, Floats]:
        """Give each area's minutes to the nearest and second-nearest of some sites."""
        self.chosen = np.array(chosen, dtype=np.intp)
        _, d1, d2 = self._two_nearest(np.arange(self.model.shape[0]))
        return d1, d2

    def _start(self, chosen: Ints) -> None:
        n, m = self.model.shape
        self.chosen = chosen
        self.slots = len(chosen)
        self.open = np.zeros(m, bool)
        self.open[chosen] = True
        self.slot1, self.d1, self.d2 = self._two_nearest(np.arange(n))
        self.gain = np.zeros(m)
        self.loss = np.zeros(self.slots)
        self.extra = np.zeros(self.slots * m)
        self._count(np.arange(n), 1.0)

    def _two_nearest(self, rows: Ints) -> tuple[Ints, Floats, Floats]:
        costs = self.model.minutes[np.ix_(rows, self.chosen)]
        if len(self.chosen) == 1:
            d1 = costs[:, 0].copy()
            return np.zeros(len(rows), np.intp), d1, np.maximum(d1, self.near.cost[rows, -1]) + 1.0
        two = np.argpartition(costs, 1, axis=1)[:, :2]
        pair = np.take_along_axis(costs, two, 1)
        first = pair.argmin(axis=1)
        at = np.arange(len(rows))
        return two[at, first], pair[at, first], pair[at, 1 - first]

    def _count(self, rows: Ints, sign: float) -> None:
        d1, d2, slot = self.d1[rows], self.d2[rows], self.slot1[rows]
        weights = sign * self.model.weights[rows]
        row, site, cost = self.near.within(rows, d2)
        first, weight = d1[row], weights[row]
        m = self.model.shape[1]
        self.gain += np.bincount(site, weight * np.maximum(first - cost, 0.0), m)
        self.loss += np.bincount(slot, weights * (d2 - d1), self.slots)
        key = slot[row] * m + site
        worth = weight * (d2[row] - np.maximum(cost, first))
        if len(key) * 4 > len(self.extra):
            self.extra += np.bincount(key, worth, len(self.extra))
        else:
            np.add.at(self.extra, key, worth)

    def _best_move(self) -> tuple[int, int] | None:
        """Give (slot to close or -1, site to open or -1) of the best helpful move."""
        model = self.model
        m = model.shape[1]
        into = self.gain - model.opening
        out = model.opening[self.chosen] - self.loss
        worth = into[None, :] + out[:, None] + self.extra.reshape(self.slots, m)
        worth[model.must[self.chosen], :] = -np.inf
        worth[:, self.open | ~model.may] = -np.inf
        if len(model.rows):
            worth[~self._swaps_allowed()] = -np.inf
        best = int(worth.argmax())
        enough = 1e-2 * _tolerance(float(self.model.weights @ self.d1))
        moves = [(float(worth.flat[best]), divmod(best, m))]
        if model.fewest < model.most and not len(model.rows):
            moves += self._single_moves(into, out)
        top = max(moves, key=lambda move: move[0])
        return top[1] if top[0] > enough else None

    def _single_moves(self, into: Floats, out: Floats) -> list[tuple[float, tuple[int, int]]]:
        model, moves = self.model, []
        if self.slots < model.most:
            gain = np.where(self.open | ~model.may, -np.inf, into)
            moves.append((float(gain.max()), (-1, int(gain.argmax()))))
        if self.slots > max(model.fewest, 1):
            gain = np.where(model.must[self.chosen], -np.inf, out)
            moves.append((float(gain.max()), (int(gain.argmax()), -1)))
        return moves

    def _swaps_allowed(self) -> Bools:
        """Tell which swaps keep every side row."""
        rows = self.model.rows
        inside = rows.matrix[:, self.chosen]
        now = inside.sum(axis=1)
        allowed = np.ones((self.slots, self.model.shape[1]), bool)
        for k in np.flatnonzero(~self.covers):
            after = now[k] - inside[k][:, None] + rows.matrix[k][None, :]
            allowed &= (after >= rows.low[k] - 1e-9) & (after <= rows.high[k] + 1e-9)
        # "One of these is open": only rows held by a single open site can break.
        single = self.covers & (now < 1.5)
        held = (inside[single] > 0.5).astype(np.float32)
        missing = (rows.matrix[single] < 0.5).astype(np.float32)
        allowed &= held.T @ missing < 0.5
        return allowed

    def _apply(self, slot: int, site: int) -> None:
        if slot < 0 or site < 0:  # the number of open sites changes: rare, so start again
            kept = self.chosen if slot < 0 else np.delete(self.chosen, slot)
            self._start(np.append(kept, site) if site >= 0 else kept)
            return
        closed = self.chosen[slot]
        before, after = self.model.minutes[:, closed], self.model.minutes[:, site]
        rows = np.flatnonzero((before <= self.d2) | (after < self.d2))
        self._count(rows, -1.0)
        self.open[closed], self.open[site] = False, True
        self.chosen[slot] = site
        self.slot1[rows], self.d1[rows], self.d2[rows] = self._two_nearest(rows)
        self._count(rows, 1.0)


# ------------------------------------------------------------------------------
# Good answers where sites have limited room: sites by prices of room, then who goes where.

_STEPS, _FIRM_STEPS = 60, 200
"""Steps in which prices of room are sought: at first, and before a swap is taken."""
_ROOM_DEFLECTION, _ROOM_PATIENCE, _ROOM_SHRINK, _AHEAD = 0.7, 5, 0.6, 0.01
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
        if idle >= _ROOM_PATIENCE:
            pace, idle, heading, prices = pace * _ROOM_SHRINK, 0, None, kept
            continue
        over = (
            over if heading is None else _ROOM_DEFLECTION * over + (1 - _ROOM_DEFLECTION) * heading
        )
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
            chosen = _greedy(model, near)
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

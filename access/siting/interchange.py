"""Good sets of sites quickly: greedy opening, then swaps until none helps.

The gain of every swap is kept up to date as in Resende and Werneck's fast interchange (2004):
opening h gains `gain[h]`, closing r costs `loss[r]`, and `extra[r, h]` mends what the two count
twice. After a swap only the areas whose nearest two sites changed are counted again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from access.measure.distribution import weighted_sums
from access.siting.lagrangian import _Near
from access.siting.model import Bools, Floats, Ints, _Model, _tolerance


def greedy(model: _Model, near: _Near) -> Ints:
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

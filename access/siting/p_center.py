"""The least worst minutes: a search over the distances that occur, each asked as a cover.

Some set of sites has every area within R exactly when a cover exists (Minieka 1970), so the
answer is found by halving the sorted list of minutes that occur in the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from access.siting.constraints import _cover_rows, _inside, _join_rows, _solve_rows
from access.siting.model import Bools, Floats, Ints, _Levels, _SideRows
from access.siting.progress import _Stop, _Watch

_HALF = 0.5
_MOST_COMPARED = 6_000
_NEARLY = 0.2
_SWAPS = 60
_WAIT = 8


@dataclass(frozen=True, eq=False)
class _Worst:
    """The least worst minutes found, and what was proven."""

    value: float
    bound: float
    chosen: Ints
    complete: bool


def _least_worst(
    minutes: Floats,
    rows: _SideRows,
    *,
    fewest: int,
    most: int,
    must: Bools,
    may: Bools,
    start: Ints,
    levels: _Levels,
    watch: _Watch,
) -> _Worst:
    """Find the sites whose worst-off row is best off."""
    chosen, value = start, float(minutes[:, start].min(axis=1).max())
    # Levels under `low` are proven too small, and an answer at level `high` is known.
    low = levels.level(float(minutes[:, may].min(axis=1).max()))
    high = levels.level(value)
    complete = True
    try:
        while low < high:  # ends: each turn high - low shrinks, as low <= middle < high
            bound = float(levels.low[low])
            watch.tick("radius", bound, value)
            middle = (low + high) // 2
            found = _cover_within(
                minutes, float(levels.top[middle]), rows, fewest=fewest, most=most,
                must=must, may=may, watch=watch,
            )  # fmt: skip
            watch.nodes += 1
            if found is None:
                low = middle + 1
            else:
                chosen, value = found, float(minutes[:, found].min(axis=1).max())
                high = min(levels.level(value), middle)
    except (_Stop, KeyboardInterrupt) as stop:
        if isinstance(stop, KeyboardInterrupt):
            watch.stopped = "interrupted"
        complete = False
    bound = value if low >= high else float(levels.low[low])
    return _Worst(value, bound, chosen, complete)


def _cover_within(
    minutes: Floats,
    radius: float,
    rows: _SideRows,
    *,
    fewest: int,
    most: int,
    must: Bools,
    may: Bools,
    watch: _Watch,
) -> Ints | None:
    """Find sites that keep the rows and have every row of minutes within a radius."""
    near = minutes <= radius
    if len(rows):
        cover = _cover_rows(near, may)
        every = _SideRows(np.ones((1, minutes.shape[1])), np.array([fewest]), np.array([most]))
        together, low, high = _join_rows(rows, cover, every), must, may
    else:
        # Without other rules a site that serves less than another is never needed.
        missing = ~near[:, must].any(axis=1)
        spare = most - int(must.sum())
        quick = _Quick(near[missing], may & ~must, spare)
        if (found := quick.cover()) is not None:
            return _filled(found, fewest, must, may)
        if quick.apart() > spare:
            return None
        cover, useful = _shrunk_cover(near[missing], may & ~must)
        room = np.array([float(spare)])
        every = _SideRows(np.ones((1, minutes.shape[1])), np.zeros(1), room)
        together, low, high = _join_rows(cover, every), np.zeros(len(must), bool), useful
    answer = _solve_rows(
        np.ones(minutes.shape[1]),
        together.matrix,
        together.low,
        together.high,
        column_low=low.astype(float),
        column_high=high.astype(float),
        watch=watch,
        target=float(most),
    )
    if not answer.feasible:
        return None
    return _filled(answer.chosen, fewest, must, may)


def _filled(found: Ints, fewest: int, must: Bools, may: Bools) -> Ints:
    """Add the sites that must be open, and others up to the fewest."""
    chosen = np.union1d(found, np.flatnonzero(must))
    spare = np.setdiff1d(np.flatnonzero(may), chosen)[: max(fewest - len(chosen), 0)]
    return np.union1d(chosen, spare).astype(np.intp)


class _Quick:
    """Answers to a cover that need no programme: a cover found, or rows that no site shares.

    Parameters
    ----------
    near : ndarray of bool, shape (rows, sites)
    allowed : ndarray of bool, shape (sites,)
    most : int
        Sites that a cover may have.
    """

    def __init__(self, near: Bools, allowed: Bools, most: int) -> None:
        self.sites = np.flatnonzero(allowed)
        self.near = np.ascontiguousarray(near[:, allowed], np.float32)
        self.most = most

    def cover(self) -> Ints | None:
        """Look for a cover: greedily, then by swaps while they cover more; None where none is."""
        rows = len(self.near)
        if not rows:
            return np.zeros(0, np.intp)
        if not self.near.any(axis=1).all() or self.most < 1:
            return None
        chosen, left = self._greedy()
        # a swap seldom covers more than a row or two
        if left.any() and left.sum() <= _NEARLY * rows:
            chosen, left = self._swapped(chosen)
        return None if left.any() else self.sites[np.unique(chosen)]

    def apart(self) -> int:
        """Count rows of which no two share a site: a cover has a site for each."""
        order = np.argsort(self.near.sum(axis=1), kind="stable")
        free, count = np.ones(len(self.near), bool), 0
        for row in order:
            if free[row]:
                free &= self.near @ self.near[row] < _HALF
                free[row], count = False, count + 1
        return count

    def _greedy(self) -> tuple[list[int], Bools]:
        """Take, of the sites near the row that has fewest, the one near most rows left."""
        near, left = self.near, np.ones(len(self.near), bool)
        chosen: list[int] = []
        scarce, gain = near.sum(axis=1), near.sum(axis=0)
        while left.any() and len(chosen) < self.most:
            row = int(np.where(left, scarce, np.inf).argmin())
            site = int(np.where(near[row] > 0, gain, -1.0).argmax())
            taken = left & (near[:, site] > 0)
            gain -= near[taken].sum(axis=0)
            left &= ~taken
            chosen.append(site)
        return chosen, left

    def _swapped(self, chosen: list[int]) -> tuple[list[int], Bools]:
        """Swap one site for another again and again, the best swap first; none that was swapped out
        comes back before some others did.
        """
        near, chosen, barred = self.near, list(chosen), np.zeros(self.near.shape[1], int)
        times = near[:, chosen].sum(axis=1)
        best = list(chosen), times < _HALF
        for turn in range(_SWAPS):
            left, once = times < _HALF, np.abs(times - 1) < _HALF
            gain = near[left].sum(axis=0)
            new = np.flatnonzero((gain > 0) & (barred <= turn))
            if not left.any() or not len(new):
                break
            alone = near[once]
            mine = alone[:, chosen]
            change = gain[new, None] + alone[:, new].T @ mine - mine.sum(axis=0)
            best_new, slot = np.unravel_index(int(change.argmax()), change.shape)
            out, into = chosen[slot], int(new[best_new])
            times += near[:, into] - near[:, out]
            chosen[slot], barred[out] = into, turn + _WAIT
            if (times < _HALF).sum() < best[1].sum():
                best = list(chosen), times < _HALF
        return best


def _shrunk_cover(near: Bools, allowed: Bools) -> tuple[_SideRows, Bools]:
    """Leave out rows that others imply and sites that others outdo, until neither is left."""
    useful = allowed & near.any(axis=0)
    rows = _cover_rows(near, useful)
    while len(rows):  # ends: each turn takes a useful site away, or is the last
        columns = np.flatnonzero(useful)
        outdone = _outdone(rows.matrix[:, columns])
        if not outdone.any():
            break
        useful[columns[outdone]] = False
        rows = _cover_rows(rows.matrix > 0.5, useful)
    return rows, useful


def _outdone(matrix: Floats) -> Bools:
    """Find columns whose ones are all in another column (the first of equals stays)."""
    sets = matrix.T > _HALF
    size = sets.sum(axis=1)
    outdone: Bools = size == 0
    if len(sets) <= _MOST_COMPARED:
        inner, outer = _inside(sets)
        more = (size[outer] > size[inner]) | ((size[outer] == size[inner]) & (outer < inner))
        outdone[inner[more]] = True
    return outdone
